/** Rules of `retrofitlink:cdn` that look at more than one key. They run on a block that is sound by itself. */
import type { Problem } from "../../components/shared/problems";
import { behaviorProblems } from "../../components/edge/behavior-problems";
import { cdnBehaviors, edgeBehaviors } from "../../budget/edge/behaviors";
import { accountProblems, cloudflareImageProblems } from "../../components/edge/cloudflare/cloudflare-args";
import {
  ORIGIN_SHIELD_REGIONS,
  aliasProblems,
  publicKeyProblems,
} from "../../components/edge/cloudfront/cloudfront-args";
import { zoneProblems } from "../../components/edge/cloudflare/cloudflare-zone";
import { hostProblems } from "../../components/edge/edge-args";
import { imageVariantProblems } from "../../components/edge/images/image-paths";
import { show, type ConfigPath, type ConfigProblem } from "./config-problems";
import { wayMistakes, type CdnOrigin } from "./cdn-way-checks";
import type { CdnConfig, ClusterConfig } from "./schema/stack";

/** What the rules need of the rest of the file; undefined where that is not sound by itself. */
export interface CdnSurroundings {
  readonly cluster: ClusterConfig | undefined;
  readonly hasLoadBalancer: boolean;
  readonly origin: CdnOrigin;
}

/** Shares that people write add up to 1 but for rounding. */
const SHARES_TOLERANCE = 0.01;

export function cdnMistakes(cdn: CdnConfig | undefined, surroundings: CdnSurroundings): ConfigProblem[] {
  if (cdn === undefined) return [];
  const { hosts, zone } = cdn;
  const behaviors = cdnBehaviors(cdn);
  const own =
    cdn.provider === "cloudfront"
      ? [
          ...aliasProblems(hosts),
          ...publicKeyProblems(
            cdn.cloudfront.publicKeys,
            behaviors.filter(({ signed }) => signed).map((behavior) => behavior.class),
          ),
        ]
      : [
          ...zoneProblems({ ...cdn.cloudflare, zone, hosts }),
          ...accountProblems(
            { ...cdn.cloudflare, originCertificateRequest: cdn.cloudflare.originCertificateRequest },
            behaviors,
          ),
        ];
  return [
    ...placeMistakes(cdn, surroundings),
    ...[...hostProblems(hosts, zone), ...behaviorProblems(behaviors), ...own].map(mistake),
    ...trafficMistakes(cdn),
    ...wayMistakes(cdn, behaviors, surroundings.origin),
    ...imageMistakes(cdn, surroundings),
  ];
}

/** What keeps the CDN from making the variants of images. */
function imageMistakes(cdn: CdnConfig, { cluster }: CdnSurroundings): ConfigProblem[] {
  if (cdn.images === undefined) return [];
  const behaviors = cdnBehaviors(cdn);
  const problems: Problem[] =
    cdn.provider === "cloudflare"
      ? cloudflareImageProblems(cdn.cloudflare.plan, behaviors)
      : imageVariantProblems(behaviors);
  const add = (property: string, got: unknown, allowed: string, fix: string): void =>
    void problems.push({ property, got, allowed, fix });
  const { key } = cdn.behaviors.images ?? {};
  if (key !== undefined) {
    const fix = "Remove the key, or remove retrofitlink:cdn.images.";
    add("behaviors.images.key", key, "nothing where images is given: the path of a variant is its key", fix);
  }
  if (cdn.provider === "cloudfront") {
    if (cluster?.cloud === "gcp") {
      add(
        "images",
        "variants of images by CloudFront in front of gcp",
        "CloudFront in front of aws, or Cloudflare",
        "Remove the key, and the service answers for images; or set provider to cloudflare.",
      );
    }
    if (cdn.images.originalsBucket === undefined && !behaviors.some(({ target }) => target === "assets")) {
      add(
        "images.originalsBucket",
        undefined,
        "the name of a bucket, where no class of paths is answered by one",
        "Name the private bucket with the originals.",
      );
    }
    if (!((cdn.traffic.shares["images"] ?? 0) > 0)) {
      add(
        "traffic.shares.images",
        cdn.traffic.shares["images"],
        "a share above 0 where images is given",
        "The function that makes images is sized by it.",
      );
    }
  }
  return problems.map(mistake);
}

/** Where the file has what is an argument of its own in a component. */
const KEYS: readonly (readonly [argument: RegExp, key: string])[] = [
  [/^publicKeys/, "cloudfront.publicKeys"],
  [/^account\./, "cloudflare."],
];

/** `behaviors.api.paths[0]` as a path of the file. */
function mistake({ property, got, allowed, fix }: Problem): ConfigProblem {
  const path = KEYS.reduce((text, [argument, key]) => text.replace(argument, key), property)
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { path: ["cdn", ...path], got: show(got), allowed, fix };
}

function placeMistakes(cdn: CdnConfig, { cluster, hasLoadBalancer }: CdnSurroundings): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: ConfigPath, got: unknown, allowed: string, fix: string): void =>
    void problems.push({ path: ["cdn", ...path], got: show(got), allowed, fix });
  if (!hasLoadBalancer) {
    add(
      [],
      "a CDN",
      "a CDN in front of a load balancer",
      "Add retrofitlink:loadBalancer, or remove the key.",
    );
  }
  if (cluster?.cloud === "local") {
    const fix = "Remove the key: nobody on the internet reaches this cluster.";
    add([], "a CDN", "a CDN for a cluster of aws or gcp", fix);
  }
  if (cdn.provider === "cloudfront" && cluster !== undefined && cluster.cloud !== "local") {
    const region = shieldRegion(cdn, cluster);
    const regions: readonly string[] = ORIGIN_SHIELD_REGIONS;
    if (region === undefined || !regions.includes(region)) {
      add(
        ["cloudfront", "originShieldRegion"],
        cdn.cloudfront.originShieldRegion,
        `one of ${ORIGIN_SHIELD_REGIONS.join(", ")}`,
        "Choose the one that is nearest to the load balancer.",
      );
    }
  }
  return problems;
}

/** The AWS region of Origin Shield: what the file says, or the cluster's own where that is one of AWS. */
export function shieldRegion(
  cdn: Extract<CdnConfig, { provider: "cloudfront" }>,
  cluster: ClusterConfig,
): string | undefined {
  return cdn.cloudfront.originShieldRegion ?? (cluster.cloud === "aws" ? cluster.region : undefined);
}

function trafficMistakes({ traffic, behaviors }: CdnConfig): ConfigProblem[] {
  const known = edgeBehaviors(behaviors).map((behavior) => behavior.class as string);
  const problems = (["shares", "hitRatios"] as const).flatMap((map) =>
    Object.keys(traffic[map] ?? {})
      .filter((name) => !known.includes(name))
      .map((name): ConfigProblem => ({
        path: ["cdn", "traffic", map, name],
        got: show(name),
        allowed: `a class that has paths: ${known.join(", ")}`,
        fix: `Give retrofitlink:cdn.behaviors.${name} paths, or remove the key.`,
      })),
  );
  const sum = Object.values(traffic.shares).reduce((total, share) => total + share, 0);
  if (problems.length === 0 && Math.abs(sum - 1) > SHARES_TOLERANCE) {
    problems.push({
      path: ["cdn", "traffic", "shares"],
      got: `shares that make ${Number(sum.toFixed(3))}`,
      allowed: "shares that make 1",
      fix: "Every request belongs to a class; what is nothing else is html.",
    });
  }
  return problems;
}
