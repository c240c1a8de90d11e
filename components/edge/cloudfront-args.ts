/** What CloudFront is given besides what every CDN is. */
import { createPublicKey } from "node:crypto";

import type * as acm from "@pulumi/aws/acm";
import type * as cloudfront from "@pulumi/aws/cloudfront";
import type * as route53 from "@pulumi/aws/route53";
import type * as s3 from "@pulumi/aws/s3";
import type * as wafv2 from "@pulumi/aws/wafv2";

import type { Problem } from "../shared/problems";
import type { Transform } from "../shared/transform";
import type { BehaviorClass } from "./behaviors";
import { edgeProblems, type EdgeArgs } from "./edge-args";

/** Code that runs at the edge, in the runtime cloudfront-js-2.0. */
export interface EdgeFunction {
  /** Suffix of the resource, unique among the functions of a distribution. */
  readonly name: string;
  readonly code: string;
}

/** Functions of one class of paths. */
export interface EdgeFunctions {
  /** Before the cache is looked at. For images it has to put the negotiated format into the path. */
  readonly viewerRequest?: EdgeFunction;
}

/** Where the parts of CloudFront are that have a place. */
export interface CloudFrontSite {
  /** Of the buckets. */
  readonly region: string;
  /** Nearest to the load balancer; one of {@link ORIGIN_SHIELD_REGIONS}. */
  readonly originShieldRegion: string;
  /** Where the edge is: `PriceClass_100` is Europe, Israel and North America, `PriceClass_All` everywhere. */
  readonly priceClass: "PriceClass_100" | "PriceClass_200" | "PriceClass_All";
  /** How long access logs are kept, days. */
  readonly logDays: number;
}

export interface CloudFrontTransforms {
  readonly distribution?: Transform<cloudfront.DistributionArgs>;
  readonly cachePolicy?: Transform<cloudfront.CachePolicyArgs>;
  readonly originRequestPolicy?: Transform<cloudfront.OriginRequestPolicyArgs>;
  readonly responseHeadersPolicy?: Transform<cloudfront.ResponseHeadersPolicyArgs>;
  readonly webAcl?: Transform<wafv2.WebAclArgs>;
  readonly certificate?: Transform<acm.CertificateArgs>;
  readonly record?: Transform<route53.RecordArgs>;
  readonly bucket?: Transform<s3.BucketArgs>;
}

export interface CloudFrontArgs extends EdgeArgs {
  readonly site: CloudFrontSite;
  /** RSA public keys of signed URLs, PEM: the one that signs, and during a rotation the one before or after it. */
  readonly publicKeys: readonly string[];
  readonly functions?: { readonly [Class in BehaviorClass]?: EdgeFunctions };
  readonly transform?: CloudFrontTransforms;
}

/** Source: "Choosing the AWS Region for your Origin Shield" of the CloudFront documentation. */
export const ORIGIN_SHIELD_REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "ap-south-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "sa-east-1",
  "me-central-1",
] as const;

/** Patterns of a distribution besides the one for everything. Source: quotas of CloudFront. */
const MOST_PATTERNS = 75;

const KEYGEN = "`openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`";

/** What is wrong with the public keys of signed URLs, wherever they are given. */
export function publicKeyProblems(
  publicKeys: readonly string[],
  signed: readonly BehaviorClass[],
): Problem[] {
  const problems = publicKeys.flatMap((pem, index): Problem[] => {
    const property = `publicKeys[${index}]`;
    if (pem.includes("PRIVATE KEY")) {
      const fix = "Take it out of the file and of its history, and make a new pair: this one is known now.";
      return [{ property, got: "a private key", allowed: "a public key, PEM", fix }];
    }
    if (publicKeys.indexOf(pem) !== index) {
      return [
        { property, got: "a key that is there already", allowed: "two different keys", fix: "Remove it." },
      ];
    }
    const size = rsaBits(pem);
    if (size === 2048) return [];
    const got = size === undefined ? "text that is none" : `an RSA key of ${size} bits`;
    return [{ property, got, allowed: "an RSA public key of 2048 bits, PEM", fix: `Make one: ${KEYGEN}.` }];
  });
  if (publicKeys.length > 2) {
    problems.push({
      property: "publicKeys",
      got: publicKeys.length,
      allowed: "at most 2 keys, the old and the new one",
      fix: "Remove those that no service signs with any more.",
    });
  }
  if (publicKeys.length === 0 && signed.length > 0) {
    problems.push({
      property: "publicKeys",
      got: 0,
      allowed: `at least 1 key, for ${signed.map((each) => `behaviors.${each}`).join(" and ")} asks for signatures`,
      fix: `Make a pair and give its public half: ${KEYGEN}.`,
    });
  }
  return problems;
}

function rsaBits(pem: string): number | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === "rsa" ? key.asymmetricKeyDetails?.modulusLength : undefined;
  } catch {
    return undefined;
  }
}

/** CloudFront keeps an idle connection to an origin at most so long, seconds. */
const LONGEST_KEEP_ALIVE_SECONDS = 120;

/** Everything that makes a distribution impossible to build or unsafe. An empty list means that it is sound. */
export function cloudFrontProblems(args: CloudFrontArgs): Problem[] {
  const problems = edgeProblems(args);
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const { site, behaviors, publicKeys, functions = {} } = args;
  check(
    args.timeouts.keepAliveSeconds <= LONGEST_KEEP_ALIVE_SECONDS,
    "timeouts.keepAliveSeconds",
    args.timeouts.keepAliveSeconds,
    `at most ${LONGEST_KEEP_ALIVE_SECONDS} (seconds)`,
    "Keep it below what CloudFront keeps.",
  );
  const shielded: readonly string[] = ORIGIN_SHIELD_REGIONS;
  check(
    shielded.includes(site.originShieldRegion),
    "cloudfront.originShieldRegion",
    site.originShieldRegion,
    `one of ${ORIGIN_SHIELD_REGIONS.join(", ")}`,
    "Choose the one that is nearest to the load balancer.",
  );
  check(
    Number.isInteger(site.logDays) && site.logDays >= 1,
    "cloudfront.logDays",
    site.logDays,
    "a whole number of at least 1 (days)",
    "Say how long access logs are kept.",
  );
  const patterns = behaviors.flatMap(({ paths }) => paths).length - 1;
  check(
    patterns <= MOST_PATTERNS,
    "behaviors",
    patterns,
    `at most ${MOST_PATTERNS} path patterns`,
    "Replace several patterns by one.",
  );
  const signed = behaviors.filter((behavior) => behavior.signed).map((behavior) => behavior.class);
  problems.push(
    ...publicKeyProblems(publicKeys, signed).map((problem) => ({
      ...problem,
      property: `cloudfront.${problem.property}`,
    })),
  );
  const names = Object.values(functions).flatMap(({ viewerRequest }) => viewerRequest?.name ?? []);
  check(
    new Set(names).size === names.length,
    "functions",
    names,
    "a name of its own for each function",
    "Rename one of them.",
  );
  return problems;
}
