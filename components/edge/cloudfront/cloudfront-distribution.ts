/** The distribution itself, from behaviours and from the ids of what it refers to. */
import type { input as aws } from "@pulumi/aws/types";
import type * as cloudfront from "@pulumi/aws/cloudfront";
import * as pulumi from "@pulumi/pulumi";

import { IMAGE_READ_SECONDS } from "../../../budget/edge/images";
import { edgeRoutes, type BehaviorClass, type EdgeBehavior } from "../../../budget/edge/behaviors";
import type { CompleteCloudFrontArgs } from "./cloudfront-args";
import { CACHING_DISABLED } from "./cloudfront-policies";
import { EVERY_PATH } from "../../../budget/edge/path-patterns";

type Id = pulumi.Input<string>;

/** What the distribution refers to. */
export interface DistributionParts {
  readonly certificateArn: Id;
  readonly webAclArn: Id;
  /** Undefined when nothing of the behaviours is in a bucket. */
  readonly assets: { readonly domainName: Id; readonly accessControlId: Id } | undefined;
  readonly cachePolicyIds: ReadonlyMap<BehaviorClass, Id>;
  readonly responseHeadersPolicyIds: ReadonlyMap<BehaviorClass, Id>;
  readonly passedOnRequestPolicyId: Id;
  readonly functionArns: ReadonlyMap<BehaviorClass, Id>;
  /** Undefined where the service answers for images. */
  readonly images: { readonly hostname: Id; readonly accessControlId: Id } | undefined;
  /** Undefined without public keys. */
  readonly keyGroupId: Id | undefined;
}

/** Ids within the distribution. */
const ORIGIN = {
  loadBalancer: "load-balancer",
  failover: "failover",
  group: "load-balancers",
  assets: "assets",
  images: "images",
} as const;

const IMAGE_KEEP_ALIVE_SECONDS = 5;

const METHODS = {
  read: ["GET", "HEAD", "OPTIONS"],
  images: ["GET", "HEAD"],
  all: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
} as const;

/** The origin's failures, which the second origin may not have. */
const FAILOVER_STATUSES = [500, 502, 503, 504];

export function distributionArgs(
  args: CompleteCloudFrontArgs,
  parts: DistributionParts,
): cloudfront.DistributionArgs {
  const routes = edgeRoutes(args.behaviors);
  const rest = routes.find(({ pattern }) => pattern === EVERY_PATH);
  if (rest === undefined) throw new RangeError("behaviours without one for every other path");
  return {
    enabled: true,
    comment: args.hosts.join(" ").slice(0, 128),
    aliases: [...args.hosts],
    httpVersion: "http2and3",
    isIpv6Enabled: true,
    priceClass: args.site.priceClass,
    webAclId: parts.webAclArn,
    origins: origins(args, parts),
    originGroups:
      args.origin.failover === undefined
        ? []
        : [
            {
              originId: ORIGIN.group,
              failoverCriteria: { statusCodes: FAILOVER_STATUSES },
              members: [{ originId: ORIGIN.loadBalancer }, { originId: ORIGIN.failover }],
            },
          ],
    defaultCacheBehavior: cacheBehavior(args, parts, rest.behavior),
    orderedCacheBehaviors: routes
      .filter((route) => route !== rest)
      .map(({ pattern, behavior }) => ({ pathPattern: pattern, ...cacheBehavior(args, parts, behavior) })),
    // An error is asked for again after a second, not after the ten that CloudFront would wait.
    customErrorResponses: FAILOVER_STATUSES.map((errorCode) => ({ errorCode, errorCachingMinTtl: 1 })),
    restrictions: { geoRestriction: { restrictionType: "none" } },
    viewerCertificate: {
      acmCertificateArn: parts.certificateArn,
      sslSupportMethod: "sni-only",
      minimumProtocolVersion: "TLSv1.2_2021",
    },
  };
}

function origins(
  args: CompleteCloudFrontArgs,
  parts: DistributionParts,
): aws.cloudfront.DistributionOrigin[] {
  const { origin, originLock, plan, site } = args;
  const originShield = { enabled: true, originShieldRegion: site.originShieldRegion };
  const onlyTls = {
    httpPort: 80,
    httpsPort: 443,
    originProtocolPolicy: "https-only",
    originSslProtocols: ["TLSv1.2"],
  };
  const loadBalancer = (originId: string, domainName: Id): aws.cloudfront.DistributionOrigin => ({
    originId,
    domainName,
    connectionAttempts: 2,
    connectionTimeout: 5,
    customHeaders: [{ name: originLock.headerName, value: pulumi.secret(originLock.headerValue) }],
    customOriginConfig: {
      ...onlyTls,
      originReadTimeout: plan.numbers.responseTimeout.value,
      originKeepaliveTimeout: plan.numbers.idle.value,
    },
    originShield,
  });
  return [
    loadBalancer(ORIGIN.loadBalancer, origin.hostname),
    ...(origin.failover === undefined ? [] : [loadBalancer(ORIGIN.failover, origin.failover.hostname)]),
    ...(parts.assets === undefined
      ? []
      : [
          {
            originId: ORIGIN.assets,
            domainName: parts.assets.domainName,
            originAccessControlId: parts.assets.accessControlId,
            originShield,
          },
        ]),
    ...(parts.images === undefined
      ? []
      : [
          {
            originId: ORIGIN.images,
            domainName: parts.images.hostname,
            originAccessControlId: parts.images.accessControlId,
            customOriginConfig: {
              ...onlyTls,
              originReadTimeout: IMAGE_READ_SECONDS,
              originKeepaliveTimeout: IMAGE_KEEP_ALIVE_SECONDS,
            },
            originShield,
          },
        ]),
  ];
}

function cacheBehavior(
  args: CompleteCloudFrontArgs,
  parts: DistributionParts,
  behavior: EdgeBehavior,
): aws.cloudfront.DistributionDefaultCacheBehavior {
  const name = behavior.class;
  const functionArn = parts.functionArns.get(name);
  const responseHeadersPolicyId = parts.responseHeadersPolicyIds.get(name);
  // An origin group does not take a request that may change something: the first origin may have done it already.
  const service =
    args.origin.failover !== undefined && behavior.methods === "read" ? ORIGIN.group : ORIGIN.loadBalancer;
  return {
    targetOriginId: behavior.target === "service" ? service : ORIGIN[behavior.target],
    viewerProtocolPolicy: "redirect-to-https",
    allowedMethods: [...METHODS[behavior.target === "images" ? "images" : behavior.methods]],
    cachedMethods: ["GET", "HEAD"],
    compress: behavior.compress,
    cachePolicyId: parts.cachePolicyIds.get(name) ?? CACHING_DISABLED,
    ...(behavior.cache.kind === "none" ? { originRequestPolicyId: parts.passedOnRequestPolicyId } : {}),
    ...(responseHeadersPolicyId === undefined ? {} : { responseHeadersPolicyId }),
    ...(functionArn === undefined
      ? {}
      : { functionAssociations: [{ eventType: "viewer-request", functionArn }] }),
    ...(behavior.signed && parts.keyGroupId !== undefined ? { trustedKeyGroups: [parts.keyGroupId] } : {}),
  };
}
