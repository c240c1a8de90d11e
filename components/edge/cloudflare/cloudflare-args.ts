/** What Cloudflare is given besides what every CDN is. */
import type { ArgoTieredCachingArgs } from "@pulumi/cloudflare/argoTieredCaching";
import type { CertificatePackArgs } from "@pulumi/cloudflare/certificatePack";
import type { CloudConnectorRulesArgs } from "@pulumi/cloudflare/cloudConnectorRules";
import type { DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord";
import type { LoadBalancerArgs } from "@pulumi/cloudflare/loadBalancer";
import type { LoadBalancerMonitorArgs } from "@pulumi/cloudflare/loadBalancerMonitor";
import type { LoadBalancerPoolArgs } from "@pulumi/cloudflare/loadBalancerPool";
import type { OriginCaCertificateArgs } from "@pulumi/cloudflare/originCaCertificate";
import type { R2BucketArgs } from "@pulumi/cloudflare/r2bucket";
import type { R2CustomDomainArgs } from "@pulumi/cloudflare/r2customDomain";
import type { RulesetArgs } from "@pulumi/cloudflare/ruleset";
import type { TieredCacheArgs } from "@pulumi/cloudflare/tieredCache";
import type { ZoneCacheReserveArgs } from "@pulumi/cloudflare/zoneCacheReserve";
import type { ZoneCacheVariantsArgs } from "@pulumi/cloudflare/zoneCacheVariants";
import type { ZoneSettingArgs } from "@pulumi/cloudflare/zoneSetting";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";
import { z } from "zod";

import { issue, type Issue, issueList, issuesOf, within, words } from "../../../budget/core/issues";
import { cloudflareSettings } from "../../../budget/edge/settings";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";
import type { EdgeBehavior } from "../../../budget/edge/behaviors";
import { classCondition } from "./cloudflare-expressions";
import { cloudflareImageRules } from "./cloudflare-images";
import { zoneIssues, type CloudflarePlan } from "./cloudflare-zone";
import {
  FEWER_PATTERNS,
  completeEdgeArgs,
  edgeIssues,
  type CompleteEdgeArgs,
  type EdgeArgs,
} from "../edge-args";
import { imageVariantIssues } from "../images/image-paths";

export type { CloudflarePlan } from "./cloudflare-zone";

/** The account, and what it has been subscribed to. */
export interface CloudflareAccount {
  readonly id: pulumi.Input<string>;
  /** Of the zone. @default "pro" */
  readonly plan?: CloudflarePlan;
  /** Keeps what was cached once in a store of its own, for a price by the byte. @default false */
  readonly cacheReserve?: boolean;
  /**
   * Cloudflare shows every origin of the zone the client certificate that all its customers share. What asks for it is not
   * made here; who asks is known by the origin lock. @default false
   */
  readonly authenticatedOriginPulls?: boolean;
  /** Orders a certificate for hosts more than one label below the zone. The account needs Advanced Certificate Manager. @default false */
  readonly advancedCertificate?: boolean;
  /** PEM of a request for an origin certificate. Its private key stays with whoever made it. @default none */
  readonly originCertificateRequest?: string;
}

/** Signatures of URLs: HMAC with secrets that are made here. */
export interface CloudflareSignatures {
  /** Raised by one to rotate: the secret of the generation before stays valid until the next rise. Whole number, >= 1. */
  readonly generation: number;
  /** How long a signature is good for, seconds, 1 to 604800. */
  readonly lifetimeSeconds: number;
}

/** Escape hatches, one for each child; where there are several of a kind, for each of them. */
export interface CloudflareTransforms {
  readonly zoneSetting?: Transform<ZoneSettingArgs>;
  readonly ruleset?: Transform<RulesetArgs>;
  readonly dnsRecord?: Transform<DnsRecordArgs>;
  readonly monitor?: Transform<LoadBalancerMonitorArgs>;
  readonly pool?: Transform<LoadBalancerPoolArgs>;
  readonly loadBalancer?: Transform<LoadBalancerArgs>;
  readonly bucket?: Transform<R2BucketArgs>;
  /** What the bucket's name ends with. */
  readonly bucketSuffix?: Transform<random.RandomIdArgs>;
  readonly bucketDomain?: Transform<R2CustomDomainArgs>;
  /** Sends the paths of built files to the bucket. */
  readonly bucketRoute?: Transform<CloudConnectorRulesArgs>;
  readonly signingSecret?: Transform<random.RandomPasswordArgs>;
  /** Argo's tiers, of which `tieredCache` is the topology. */
  readonly tiers?: Transform<ArgoTieredCachingArgs>;
  readonly tieredCache?: Transform<TieredCacheArgs>;
  readonly cacheReserve?: Transform<ZoneCacheReserveArgs>;
  readonly imageVariants?: Transform<ZoneCacheVariantsArgs>;
  /** That clients see. */
  readonly certificate?: Transform<CertificatePackArgs>;
  /** That Cloudflare sees. */
  readonly originCertificate?: Transform<OriginCaCertificateArgs>;
}

export interface CloudflareArgs extends EdgeArgs {
  readonly account: CloudflareAccount;
  /** @default the first generation, good for an hour */
  readonly signatures?: CloudflareSignatures;
  /** Path that a healthy origin answers with 200. Asked for when there are two origins. @default "/health" */
  readonly healthPath?: string;
  /** Cloudflare makes the variants of images, from originals of the service. @default false */
  readonly images?: boolean;
  readonly transform?: CloudflareTransforms;
}

/** Arguments with their defaults and their plan. */
export type CompleteCloudflareArgs = Omit<
  CompleteEdgeArgs<CloudflareArgs>,
  "account" | "signatures" | "healthPath"
> & {
  readonly account: CloudflareAccount & Required<Omit<CloudflareAccount, "originCertificateRequest">>;
  readonly signatures: CloudflareSignatures;
  readonly healthPath: string;
};

export function completeCloudflareArgs(args: CloudflareArgs): CompleteCloudflareArgs {
  const { account, signatures = { generation: 1, lifetimeSeconds: 3600 }, healthPath = "/health" } = args;
  const defaults = {
    plan: "pro" as const,
    cacheReserve: false,
    authenticatedOriginPulls: false,
    advancedCertificate: false,
  };
  return {
    ...completeEdgeArgs("cloudflare", args),
    account: withDefaults(defaults, account),
    signatures,
    healthPath,
  };
}

/** Source: limits of Cloudflare's rules. */
const MOST_RULE_CHARACTERS = 4096;

/** Source: limits of Cloudflare's rules are 4096 characters; the rest is for what a rule adds to the class's own paths. */
const MOST_CONDITION_CHARACTERS = 3000;

/** Source: Cloudflare's limits of custom rules: five on the plan free, of which bucket and methods take two. */
const MOST_QUERY_CLASSES_FREE = 3;

const OWN_KEYS = "a plan that keys on them: enterprise";

/** What the plan of a zone does not allow, and what is wrong with a request for a certificate. */
export function accountIssues(
  {
    plan,
    originCertificateRequest,
  }: {
    readonly plan: CloudflarePlan;
    readonly originCertificateRequest?: string | undefined;
  },
  behaviors: readonly EdgeBehavior[],
): Issue[] {
  const { issues, check } = issueList();
  for (const { class: name, cache, signed } of behaviors) {
    if (cache.kind === "cached" && plan !== "enterprise") {
      const { headers, cookies, query } = cache.key;
      const at = `behaviors.${name}.key`;
      const fix = "Change the plan of the zone, or leave it out of the key.";
      check(headers.length === 0, `${at}.headers`, headers, OWN_KEYS, fix);
      check(cookies.length === 0, `${at}.cookies`, cookies, OWN_KEYS, fix);
      // The whole query is in the key of the smaller plans, and the signature with it.
      check(!signed || query.length === 0, `${at}.query`, query, OWN_KEYS, fix);
    }
    check(
      !signed || plan !== "free",
      `behaviors.${name}.signed`,
      signed,
      "false on the plan free, which checks no signatures",
      "Change the plan of the zone to pro at least.",
    );
  }
  const withQuery = behaviors.filter(({ cache }) => cache.kind === "cached" && cache.key.query.length > 0);
  check(
    plan !== "free" || withQuery.length <= MOST_QUERY_CLASSES_FREE,
    "behaviors",
    words(`query parameters in the keys of ${withQuery.map((behavior) => behavior.class).join(", ")}`),
    `at most ${MOST_QUERY_CLASSES_FREE} classes with some on the plan free, which has five custom rules`,
    "Leave key.query out of one, or change the plan of the zone.",
  );
  if (originCertificateRequest !== undefined) {
    const isKey = originCertificateRequest.includes("PRIVATE KEY");
    check(
      !isKey && originCertificateRequest.includes("BEGIN CERTIFICATE REQUEST"),
      "account.originCertificateRequest",
      words(isKey ? "a private key" : "text that is none"),
      "a certificate request, PEM",
      "Make one: `openssl req -new -newkey rsa:2048 -nodes -keyout origin.pem -subj /CN=origin`.",
    );
  }
  return issues;
}

/** What keeps a zone of this plan from making the variants of images. */
export function cloudflareImageIssues(plan: CloudflarePlan, behaviors: readonly EdgeBehavior[]): Issue[] {
  const issues = imageVariantIssues(behaviors);
  if (plan === "free") {
    issues.push(
      issue("images", words("variants of images on the plan free"), {
        allowed: "a plan with more than ten rules that rewrite",
        fix: "Change the plan of the zone to pro at least, or remove images.",
      }),
    );
  }
  if (behaviors.some((behavior) => behavior.class === "images" && behavior.signed)) {
    issues.push(
      issue("behaviors.images.signed", true, {
        allowed:
          "false where Cloudflare makes the variants: they are looked for without the query that is signed",
        fix: "Move the images to behaviors.media, or remove images from the CDN.",
      }),
    );
  }
  return issues;
}

/** Everything that makes a zone impossible to build or unsafe. An empty list means that it is sound. */
export function cloudflareIssues(given: CloudflareArgs): Issue[] {
  const args = completeCloudflareArgs(given);
  const { account, signatures, behaviors } = args;
  const { issues, check } = issueList([
    ...edgeIssues(args),
    ...zoneIssues({ ...account, zone: args.zone.name, hosts: args.hosts }),
    ...accountIssues(account, behaviors),
  ]);
  const longest = Math.max(...behaviors.map((each) => classCondition(args.hosts, each, behaviors).length));
  check(
    longest <= MOST_CONDITION_CHARACTERS,
    "behaviors",
    words(`a condition of ${longest} characters`),
    `at most ${MOST_CONDITION_CHARACTERS} for one class`,
    FEWER_PATTERNS,
  );
  if (args.images === true) {
    issues.push(...cloudflareImageIssues(account.plan, behaviors));
    const images = behaviors.filter((behavior) => behavior.class === "images");
    const longestRule = Math.max(
      0,
      ...images
        .map((each) => cloudflareImageRules(args.hosts, classCondition(args.hosts, each, behaviors)))
        .flatMap(({ rewrites, refusals }) => [...rewrites, ...refusals])
        .map(({ expression }) => JSON.stringify(expression).length),
    );
    check(
      longestRule <= MOST_RULE_CHARACTERS,
      "behaviors.images.paths",
      words(`a rule of ${longestRule} characters`),
      `at most ${MOST_RULE_CHARACTERS}, which Cloudflare takes`,
      "Leave fewer patterns of other classes within the folder of the images.",
    );
  }
  const { generation, lifetimeSeconds } = cloudflareSettings;
  issues.push(...within(["signatures"], issuesOf(z.object({ generation, lifetimeSeconds }), signatures)));
  return issues;
}
