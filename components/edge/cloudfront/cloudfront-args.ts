/** What CloudFront is given besides what every CDN is. */
import { createPublicKey } from "node:crypto";

import type * as acm from "@pulumi/aws/acm";
import type * as cloudfront from "@pulumi/aws/cloudfront";
import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as lambda from "@pulumi/aws/lambda";
import type * as route53 from "@pulumi/aws/route53";
import type * as s3 from "@pulumi/aws/s3";
import type * as wafv2 from "@pulumi/aws/wafv2";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { issue, type Issue, issueList, issuesOf, within, words } from "../../../budget/core/issues";
import type { ImagePlan } from "../../../budget/edge/image-plan";
import { NO_ORIGINALS, cloudFrontSettings } from "../../../budget/edge/settings";
import type { BucketPartTransforms } from "../../shared/private-bucket";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";
import type { BehaviorClass } from "../../../budget/edge/behaviors";
import {
  FEWER_PATTERNS,
  completeEdgeArgs,
  edgeIssues,
  type CompleteEdgeArgs,
  type EdgeArgs,
} from "../edge-args";
import { imageOptimizerIssues, type AwsImageOptimizerArgs } from "../images/image-optimizer-args";
import { imagePrefix, imageVariantIssues } from "../images/image-paths";

/** Variants of images are made where they are asked for, by a function of Lambda. */
export interface CloudFrontImages {
  /** Mean time of one image, seconds. @default 1.5 */
  readonly secondsPerImage?: number;
  /** Keeps the function's calls at peak free for it. @default true */
  readonly reserveConcurrency?: boolean;
  /** Private bucket with the originals. @default the bucket of built files */
  readonly originals?: { readonly name: pulumi.Input<string> };
  /** The plan of the whole stack for it. @default it plans alone, from the load of the class `images` */
  readonly plan?: ImagePlan;
  /** Folder with what `make image-function` built. @default build/image-function of this checkout */
  readonly bundles?: string;
}

/** Where the parts of CloudFront are that have a place. */
export interface CloudFrontSite {
  /** Of the buckets. */
  readonly region: string;
  /** Nearest to the load balancer; one of those in budget/edge/settings.ts. @default `region` */
  readonly originShieldRegion?: string;
  /** Where the edge is: `PriceClass_100` is Europe, Israel and North America, `PriceClass_All` everywhere. @default "PriceClass_100" */
  readonly priceClass?: "PriceClass_100" | "PriceClass_200" | "PriceClass_All";
  /** How long access logs are kept, days, whole number from 1 to 3650. @default 90 */
  readonly logDays?: number;
}

/** Escape hatches, one for each child; where there are several of a kind, for each of them. */
export interface CloudFrontTransforms {
  readonly distribution?: Transform<cloudfront.DistributionArgs>;
  readonly cachePolicy?: Transform<cloudfront.CachePolicyArgs>;
  readonly originRequestPolicy?: Transform<cloudfront.OriginRequestPolicyArgs>;
  readonly responseHeadersPolicy?: Transform<cloudfront.ResponseHeadersPolicyArgs>;
  readonly webAcl?: Transform<wafv2.WebAclArgs>;
  readonly certificate?: Transform<acm.CertificateArgs>;
  readonly record?: Transform<route53.RecordArgs>;
  readonly certificateValidation?: Transform<acm.CertificateValidationArgs>;
  /** Of built files and of access logs, and of what is around them. */
  readonly bucket?: Transform<s3.BucketArgs>;
  readonly bucketParts?: BucketPartTransforms;
  /** By which the distribution proves itself to a bucket or to the image function. */
  readonly originAccessControl?: Transform<cloudfront.OriginAccessControlArgs>;
  readonly function?: Transform<cloudfront.FunctionArgs>;
  readonly publicKey?: Transform<cloudfront.PublicKeyArgs>;
  readonly keyGroup?: Transform<cloudfront.KeyGroupArgs>;
  readonly monitoring?: Transform<cloudfront.MonitoringSubscriptionArgs>;
  readonly logSource?: Transform<cloudwatch.LogDeliverySourceArgs>;
  readonly logDestination?: Transform<cloudwatch.LogDeliveryDestinationArgs>;
  readonly logDelivery?: Transform<cloudwatch.LogDeliveryArgs>;
  /** Of the image function and of what is around it. */
  readonly images?: AwsImageOptimizerArgs["transform"];
  /** Lets the distribution call the image function. */
  readonly imagePermission?: Transform<lambda.PermissionArgs>;
}

export interface CloudFrontArgs extends EdgeArgs {
  readonly site: CloudFrontSite;
  /** Public keys of signed URLs, PEM, of RSA with 2048 bits or of the curve P-256: the one that signs, and during a rotation the one before or after it. @default none, and nothing is signed */
  readonly publicKeys?: readonly string[];
  /** Absent: the service answers for images. */
  readonly images?: CloudFrontImages;
  readonly transform?: CloudFrontTransforms;
}

/** Arguments with their defaults and their plan. */
export type CompleteCloudFrontArgs = Omit<CompleteEdgeArgs<CloudFrontArgs>, "site" | "publicKeys"> & {
  readonly site: Required<CloudFrontSite>;
  readonly publicKeys: readonly string[];
};

export function completeCloudFrontArgs(args: CloudFrontArgs): CompleteCloudFrontArgs {
  const { site, publicKeys = [] } = args;
  const defaults = {
    originShieldRegion: site.region,
    priceClass: "PriceClass_100" as const,
    logDays: 90,
  };
  return { ...completeEdgeArgs("cloudfront", args), site: withDefaults(defaults, site), publicKeys };
}

/** Names of one distribution, and of one certificate where the account's quota of 10 was raised. Source: quotas of CloudFront and ACM. */
const MOST_HOSTS = 100;

/** What a distribution does not take as its names. */
export function aliasIssues(hosts: readonly string[]): Issue[] {
  if (hosts.length <= MOST_HOSTS) return [];
  return [
    issue("hosts", words(`${hosts.length} names`), {
      allowed: `at most ${MOST_HOSTS}, which one certificate and one distribution hold`,
      fix: "Lead the others to one of these by a redirect.",
    }),
  ];
}

/** Patterns of a distribution besides the one for everything. Source: quotas of CloudFront. */
const MOST_PATTERNS = 75;

const KEYGEN = "`openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`";

/** What is wrong with the public keys of signed URLs, wherever they are given. */
export function publicKeyIssues(publicKeys: readonly string[], signed: readonly BehaviorClass[]): Issue[] {
  const issues = publicKeys.flatMap((pem, index): Issue[] => {
    const property = `publicKeys[${index}]`;
    if (pem.includes("PRIVATE KEY")) {
      const fix = "Take it out of the file and of its history, and make a new pair: this one is known now.";
      return [issue(property, words("a private key"), { allowed: "a public key, PEM", fix })];
    }
    if (publicKeys.indexOf(pem) !== index) {
      return [
        issue(property, words("a key that is there already"), {
          allowed: "two different keys",
          fix: "Remove it.",
        }),
      ];
    }
    const got = otherKey(pem);
    if (got === undefined) return [];
    const allowed = "a public key of RSA with 2048 bits or of the curve P-256, PEM";
    return [issue(property, words(got), { allowed, fix: `Make one: ${KEYGEN}.` })];
  });
  if (publicKeys.length > 2) {
    issues.push(
      issue("publicKeys", publicKeys.length, {
        allowed: "at most 2 keys, the old and the new one",
        fix: "Remove those that no service signs with any more.",
      }),
    );
  }
  if (publicKeys.length === 0 && signed.length > 0) {
    issues.push(
      issue("publicKeys", 0, {
        allowed: `at least 1 key, for ${signed.map((each) => `behaviors.${each}`).join(" and ")} asks for signatures`,
        fix: `Make a pair and give its public half: ${KEYGEN}.`,
      }),
    );
  }
  return issues;
}

/** What a text is, where it is no key that CloudFront takes. */
function otherKey(pem: string): string | undefined {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(pem);
    const { modulusLength, namedCurve } = details ?? {};
    if (type === "rsa") return modulusLength === 2048 ? undefined : `an RSA key of ${modulusLength} bits`;
    if (type === "ec") return namedCurve === "prime256v1" ? undefined : `a key of the curve ${namedCurve}`;
    return `a key of ${type ?? "another kind"}`;
  } catch {
    return "text that is none";
  }
}

/** What the function that makes the variants is sized by, as far as the distribution knows it. */
export function imageDemand(
  { plan, behaviors, site, budget }: Pick<CompleteCloudFrontArgs, "plan" | "behaviors" | "site" | "budget">,
  { secondsPerImage, reserveConcurrency, bundles, plan: ownPlan }: CloudFrontImages,
): Omit<AwsImageOptimizerArgs, "originals" | "configKey"> {
  const load = plan.classes.find(({ name }) => name === "images");
  return {
    cloud: "aws",
    region: site.region,
    prefix: imagePrefix(behaviors) ?? "",
    peakRps: load?.rps ?? 0,
    hitRatio: load?.hitRatio ?? 0,
    maxUtilization: budget.cpuUtilization.target,
    ...(ownPlan === undefined ? {} : { plan: ownPlan }),
    ...(secondsPerImage === undefined ? {} : { secondsPerImage }),
    ...(reserveConcurrency === undefined ? {} : { reserveConcurrency }),
    ...(bundles === undefined ? {} : { bundles }),
  };
}

/** An issue of the function's arguments, at the argument of the CDN that they come from. */
function ofFunction(found: Issue): Issue {
  switch (String(found.path[0])) {
    case "peakRps":
      return {
        ...found,
        path: ["traffic", "shares", "images"],
        got: `${found.got} images/s`,
        fix: "Give traffic.hitRatios.images if more of them are found at the edge, or leave images out.",
      };
    case "hitRatio":
      return { ...found, path: ["traffic", "hitRatios", "images"] };
    case "prefix":
      return { ...found, path: ["behaviors", "images", "paths"] };
    default:
      return { ...found, path: ["images", ...found.path] };
  }
}

function imageIssues(args: CompleteCloudFrontArgs): Issue[] {
  const { images, behaviors } = args;
  const toFunction = behaviors.some(({ target }) => target === "images");
  if (toFunction !== (images !== undefined)) {
    return [
      issue("images", images, {
        allowed: "arguments for the function exactly where behaviours lead to it",
        fix: "Make the behaviours with withImageVariants, or leave both out.",
      }),
    ];
  }
  if (images === undefined) return [];
  const issues = imageVariantIssues(behaviors);
  if (issues.length > 0) return issues;
  if (images.originals === undefined && !behaviors.some(({ target }) => target === "assets")) {
    issues.push(issue("images.originals", words("no bucket"), NO_ORIGINALS));
  }
  const demand = { ...imageDemand(args, images), originals: { name: "", arn: "" } };
  return [...issues, ...imageOptimizerIssues(demand).map(ofFunction)];
}

/** CloudFront keeps an idle connection to an origin at most so long, seconds. */
const LONGEST_KEEP_ALIVE_SECONDS = 120;

/** Everything that makes a distribution impossible to build or unsafe. An empty list means that it is sound. */
export function cloudFrontIssues(given: CloudFrontArgs): Issue[] {
  const args = completeCloudFrontArgs(given);
  const { issues, check } = issueList([...edgeIssues(args), ...aliasIssues(args.hosts)]);
  const { site, behaviors, publicKeys } = args;
  check(
    args.timeouts.idle.edge <= LONGEST_KEEP_ALIVE_SECONDS,
    "timeouts.idle.edge",
    args.timeouts.idle.edge,
    `at most ${LONGEST_KEEP_ALIVE_SECONDS} (seconds)`,
    "Keep it below what CloudFront keeps.",
  );
  const patterns = behaviors.flatMap(({ paths }) => paths).length - 1;
  check(
    patterns <= MOST_PATTERNS,
    "behaviors",
    patterns,
    `at most ${MOST_PATTERNS} path patterns`,
    FEWER_PATTERNS,
  );
  const signed = behaviors.filter((behavior) => behavior.signed).map((behavior) => behavior.class);
  return [
    ...issues,
    ...within(["site"], issuesOf(z.object(cloudFrontSettings), site)),
    ...publicKeyIssues(publicKeys, signed),
    ...imageIssues(args),
  ];
}
