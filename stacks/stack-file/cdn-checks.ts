/** Rules of `retrofitlink:cdn` that look at more than one key. They run on a block that is sound by itself. */
import { issue, type Issue, issuesOf, words } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";
import { NO_ORIGINALS, cloudFrontSettings } from "../../budget/edge/settings";
import { behaviorIssues } from "../../components/edge/behavior-issues";
import { own } from "../../budget/core/own";
import { cdnBehaviors, edgeBehaviors } from "../../budget/edge/behaviors";
import { accountIssues, cloudflareImageIssues } from "../../components/edge/cloudflare/cloudflare-args";
import { aliasIssues, publicKeyIssues } from "../../components/edge/cloudfront/cloudfront-args";
import { zoneIssues } from "../../components/edge/cloudflare/cloudflare-zone";
import { hostIssues } from "../../components/edge/edge-args";
import { imageVariantIssues } from "../../components/edge/images/image-paths";
import { wayIssues, type CdnOrigin } from "./cdn-way-checks";
import type { CdnConfig, ClusterConfig } from "./schema/stack";

/** What the rules need of the rest of the file; undefined where that is not sound by itself. */
export interface CdnSurroundings {
  readonly cluster: ClusterConfig | undefined;
  readonly hasLoadBalancer: boolean;
  readonly origin: CdnOrigin;
}

/** Shares that people write add up to 1 but for rounding. */
const SHARES_TOLERANCE = 0.01;

export function cdnIssues(cdn: CdnConfig | undefined, surroundings: CdnSurroundings): Issue[] {
  if (cdn === undefined) return [];
  const { hosts, zone } = cdn;
  const behaviors = cdnBehaviors(cdn);
  const ofProvider =
    cdn.provider === "cloudfront"
      ? [
          ...aliasIssues(hosts),
          ...publicKeyIssues(
            cdn.cloudfront.publicKeys,
            behaviors.filter(({ signed }) => signed).map((behavior) => behavior.class),
          ),
        ]
      : [
          ...zoneIssues({ ...cdn.cloudflare, zone, hosts }),
          ...accountIssues(
            { ...cdn.cloudflare, originCertificateRequest: cdn.cloudflare.originCertificateRequest },
            behaviors,
          ),
        ];
  return [
    ...placeIssues(cdn, surroundings),
    ...[...hostIssues(hosts, zone), ...behaviorIssues(behaviors), ...ofProvider].map(ofFile),
    ...trafficIssues(cdn),
    ...wayIssues(cdn, behaviors, surroundings.origin),
    ...imageIssues(cdn, surroundings),
  ];
}

/** What keeps the CDN from making the variants of images. */
function imageIssues(cdn: CdnConfig, { cluster }: CdnSurroundings): Issue[] {
  if (cdn.images === undefined) return [];
  const behaviors = cdnBehaviors(cdn);
  const issues: Issue[] =
    cdn.provider === "cloudflare"
      ? cloudflareImageIssues(cdn.cloudflare.plan, behaviors)
      : imageVariantIssues(behaviors);
  const add = (property: string, got: unknown, allowed: string, fix: string): void =>
    void issues.push(issue(property, got, { allowed, fix }));
  const { key } = cdn.behaviors.images ?? {};
  if (key !== undefined) {
    const fix = "Remove the key, or remove retrofitlink:cdn.images.";
    add("behaviors.images.key", key, "nothing where images is given: the path of a variant is its key", fix);
  }
  if (cdn.provider === "cloudfront") {
    if (cluster?.cloud === "gcp") {
      add(
        "images",
        words("variants of images by CloudFront in front of gcp"),
        "CloudFront in front of aws, or Cloudflare",
        "Remove the key, and the service answers for images; or set provider to cloudflare.",
      );
    }
    if (cdn.images.originalsBucket === undefined && !behaviors.some(({ target }) => target === "assets")) {
      issues.push(issue("images.originalsBucket", undefined, NO_ORIGINALS));
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
  return issues.map(ofFile);
}

/** Where the file has what is an argument of its own in a component. */
const KEYS: Readonly<Record<string, SettingPath>> = {
  publicKeys: ["cloudfront", "publicKeys"],
  account: ["cloudflare"],
};

/** An issue of a component's arguments at the key of the file that they come from. */
function ofFile(found: Issue): Issue {
  const [first = "", ...rest] = found.path;
  return { ...found, path: ["cdn", ...(own(KEYS, String(first)) ?? [first]), ...rest] };
}

function placeIssues(cdn: CdnConfig, { cluster, hasLoadBalancer }: CdnSurroundings): Issue[] {
  const issues: Issue[] = [];
  const add = (path: SettingPath, got: unknown, allowed: string, fix: string): void =>
    void issues.push(issue(["cdn", ...path], got, { allowed, fix }));
  if (!hasLoadBalancer) {
    add(
      [],
      words("a CDN"),
      "a CDN in front of a load balancer",
      "Add retrofitlink:loadBalancer, or remove the key.",
    );
  }
  if (cluster?.cloud === "local") {
    const fix = "Remove the key: nobody on the internet reaches this cluster.";
    add([], words("a CDN"), "a CDN for a cluster of aws or gcp", fix);
  }
  if (cdn.provider === "cloudfront" && cluster !== undefined && cluster.cloud !== "local") {
    const region = shieldRegion(cdn, cluster);
    for (const { allowed, fix } of issuesOf(cloudFrontSettings.originShieldRegion, region)) {
      add(["cloudfront", "originShieldRegion"], cdn.cloudfront.originShieldRegion, allowed, fix);
    }
  }
  return issues;
}

/** The AWS region of Origin Shield: what the file says, or the cluster's own where that is one of AWS. */
export function shieldRegion(
  cdn: Extract<CdnConfig, { provider: "cloudfront" }>,
  cluster: ClusterConfig,
): string | undefined {
  return cdn.cloudfront.originShieldRegion ?? (cluster.cloud === "aws" ? cluster.region : undefined);
}

function trafficIssues({ traffic, behaviors }: CdnConfig): Issue[] {
  const known = edgeBehaviors(behaviors).map((behavior) => behavior.class as string);
  const issues = (["shares", "hitRatios"] as const).flatMap((map) =>
    Object.keys(traffic[map] ?? {})
      .filter((name) => !known.includes(name))
      .map((name): Issue =>
        issue(["cdn", "traffic", map, name], name, {
          allowed: `a class that has paths: ${known.join(", ")}`,
          fix: `Give retrofitlink:cdn.behaviors.${name} paths, or remove the key.`,
        }),
      ),
  );
  const sum = Object.values(traffic.shares).reduce((total, share) => total + share, 0);
  if (issues.length === 0 && Math.abs(sum - 1) > SHARES_TOLERANCE) {
    issues.push({
      path: ["cdn", "traffic", "shares"],
      got: `shares that make ${Number(sum.toFixed(3))}`,
      allowed: "shares that make 1",
      fix: "Every request belongs to a class; what is nothing else is html.",
    });
  }
  return issues;
}
