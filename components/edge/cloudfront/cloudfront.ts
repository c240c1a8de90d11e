import { createHash } from "node:crypto";

import * as cloudfront from "@pulumi/aws/cloudfront";
import type * as s3 from "@pulumi/aws/s3";
import * as wafv2 from "@pulumi/aws/wafv2";
import * as pulumi from "@pulumi/pulumi";

import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { Witness } from "../../../budget/core/witness";
import type { CdnPlan } from "../../../budget/edge/plan";
import { bucketPolicy, privateBucket } from "../../shared/private-bucket";
import { transformed } from "../../shared/transform";
import type { BehaviorClass, EdgeBehavior } from "../../../budget/edge/behaviors";
import {
  cloudFrontIssues,
  completeCloudFrontArgs,
  type CloudFrontArgs,
  type CompleteCloudFrontArgs,
} from "./cloudfront-args";
import { bucketArgs } from "./cloudfront-buckets";
import { aliasRecords, provedCertificate } from "./cloudfront-certificate";
import { distributionArgs } from "./cloudfront-distribution";
import { imageOrigin } from "./cloudfront-images";
import { accessLogs } from "./cloudfront-logs";
import { cachePolicyArgs, passedOnRequestArgs, responseHeadersArgs } from "./cloudfront-policies";
import { webAclArgs } from "./cloudfront-web-acl";
import { edgeSetsHeaders, edgeSummary } from "../edge-args";
import { assetRequestFunction, imageRequestFunction, type ViewerRequestFunction } from "../edge-functions";
import { allowDistribution } from "../images/allow-distribution";
import type { ImageOptimizer } from "../images/image-optimizer";

export { cloudFrontIssues } from "./cloudfront-args";
export type { CloudFrontArgs, CloudFrontImages } from "./cloudfront-args";

/**
 * Region of CloudFront's certificate, rules and log delivery, wherever the stack is. Each of them says so itself: a second
 * provider would know nothing of the profile, the roles, the tags and the allowed accounts in the stack's configuration.
 */
const IN_GLOBAL_REGION = { region: "us-east-1" } as const;

/**
 * CloudFront in front of a load balancer and of a bucket of built files, with the behaviours that every CDN here has.
 *
 * Trap: `Cache-Control` of the origin counts. An answer that says nothing is kept for the time of its class; one with
 * `no-store` or `private` is not kept at all. `stale-while-revalidate` and `stale-if-error` work only when the origin
 * sends them.
 *
 * Cost: requests and bytes by price class, WAF (5 rules) by request, Origin Shield by miss, metrics by distribution.
 */
export class CloudFront extends pulumi.ComponentResource {
  /** `d111111abcdef8.cloudfront.net`, to which the hosts lead. */
  readonly domainName: pulumi.Output<string>;
  readonly distributionId: pulumi.Output<string>;
  /** `https://` and the first host. */
  readonly url: string;
  /** Where built files go; undefined when no behaviour reads from it. */
  readonly assetsBucket: pulumi.Output<string> | undefined;
  /** Ids of the public keys, in the order in which they were given: a signer names its own. */
  readonly signingKeyIds: readonly pulumi.Output<string>[];

  readonly plan: CdnPlan;
  readonly distribution: cloudfront.Distribution;
  readonly webAcl: wafv2.WebAcl;
  /** Of built files; undefined when no behaviour reads from it. */
  readonly assets: s3.Bucket | undefined;
  /** Of access logs. */
  readonly logs: s3.Bucket;
  /** Makes the variants of images; undefined where the service answers for them. */
  readonly images: ImageOptimizer | undefined;

  constructor(name: string, given: CloudFrontArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("CloudFront", name, cloudFrontIssues(given), given.configKey);
    const args = completeCloudFrontArgs(given);
    super(
      COMPONENT_TYPES.cloudFront,
      name,
      edgeSummary(name, "cloudfront", args, distributionWitnesses(name, args)),
      opts,
    );
    this.plan = args.plan;
    const { behaviors, transform = {} } = args;
    const child = { parent: this };

    const needsBucket = behaviors.some(({ target }) => target === "assets");
    const assets = needsBucket
      ? privateBucket(
          `${name}-assets`,
          // Documents of users are in it: they go when somebody deletes them, not with the CDN.
          { ...bucketArgs(args), prefix: `${name.toLowerCase()}-assets-`, onRemoval: "kept" },
          child,
        )
      : undefined;
    const accessControl =
      assets === undefined
        ? undefined
        : new cloudfront.OriginAccessControl(
            ...transformed<cloudfront.OriginAccessControlArgs>(
              transform.originAccessControl,
              `${name}-assets-access`,
              { originAccessControlOriginType: "s3", signingBehavior: "always", signingProtocol: "sigv4" },
              child,
            ),
          );
    const images =
      args.images === undefined ? undefined : imageOrigin(name, args, args.images, assets?.bucket, child);

    const cachePolicyIds = new Map<BehaviorClass, pulumi.Output<string>>();
    const responseHeadersPolicyIds = new Map<BehaviorClass, pulumi.Output<string>>();
    const functionArns = new Map<BehaviorClass, pulumi.Output<string>>();
    for (const behavior of behaviors) {
      const viewerRequest = viewerRequestFunction(behavior);
      if (viewerRequest !== undefined) {
        const made = new cloudfront.Function(
          ...transformed<cloudfront.FunctionArgs>(
            transform.function,
            `${name}-${viewerRequest.name}`,
            { runtime: "cloudfront-js-2.0", code: viewerRequest.code, publish: true },
            child,
          ),
        );
        functionArns.set(behavior.class, made.arn);
      }
      if (behavior.cache.kind === "cached") {
        const policyName = `${name}-${behavior.class}-cache`;
        const policy = cachePolicyArgs(behavior, behavior.cache);
        const made = new cloudfront.CachePolicy(
          ...transformed(transform.cachePolicy, policyName, policy, child),
        );
        cachePolicyIds.set(behavior.class, made.id);
      }
      const headers = responseHeadersArgs(behavior, edgeSetsHeaders(args, behavior));
      if (headers !== undefined) {
        const policyName = `${name}-${behavior.class}-headers`;
        const made = new cloudfront.ResponseHeadersPolicy(
          ...transformed(transform.responseHeadersPolicy, policyName, headers, child),
        );
        responseHeadersPolicyIds.set(behavior.class, made.id);
      }
    }
    const requestPolicyName = `${name}-passed-on-request`;
    const passedOnRequest = new cloudfront.OriginRequestPolicy(
      ...transformed(transform.originRequestPolicy, requestPolicyName, passedOnRequestArgs(), child),
    );

    const publicKeys = args.publicKeys.map(
      (pem) =>
        new cloudfront.PublicKey(
          ...transformed<cloudfront.PublicKeyArgs>(
            transform.publicKey,
            `${name}-signing-key-${createHash("sha256").update(pem.trim()).digest("hex").slice(0, 8)}`,
            // Without the line's end CloudFront would give back another text than it got.
            { encodedKey: `${pem.trim()}\n` },
            child,
          ),
        ),
    );
    const keyGroup =
      publicKeys.length === 0
        ? undefined
        : new cloudfront.KeyGroup(
            ...transformed<cloudfront.KeyGroupArgs>(
              transform.keyGroup,
              `${name}-signing-keys`,
              { items: publicKeys.map(({ id }) => id) },
              child,
            ),
          );

    const webAclName = `${name}-web-acl`;
    const webAcl = new wafv2.WebAcl(
      ...transformed(
        transform.webAcl,
        webAclName,
        {
          ...IN_GLOBAL_REGION,
          ...webAclArgs(args.plan.numbers.clientRequestsPerMinute.value),
        },
        child,
      ),
    );
    const distributionName = `${name}-distribution`;
    const distribution = new cloudfront.Distribution(
      ...transformed(
        transform.distribution,
        distributionName,
        distributionArgs(args, {
          certificateArn: provedCertificate(name, args, IN_GLOBAL_REGION, child),
          webAclArn: webAcl.arn,
          assets:
            assets === undefined || accessControl === undefined
              ? undefined
              : { domainName: assets.bucket.bucketRegionalDomainName, accessControlId: accessControl.id },
          cachePolicyIds,
          responseHeadersPolicyIds,
          passedOnRequestPolicyId: passedOnRequest.id,
          functionArns,
          images,
          keyGroupId: keyGroup?.id,
        }),
        child,
      ),
    );
    if (assets !== undefined) {
      const read = {
        service: "cloudfront.amazonaws.com",
        action: "s3:GetObject",
        source: { arn: distribution.arn },
      };
      bucketPolicy(`${name}-assets-policy`, assets, [read], child, transform.bucketParts?.policy);
    }
    if (images !== undefined)
      allowDistribution(name, images.origin, distribution.arn, child, transform.imagePermission);
    aliasRecords(name, args, distribution, child);
    new cloudfront.MonitoringSubscription(
      ...transformed<cloudfront.MonitoringSubscriptionArgs>(
        transform.monitoring,
        `${name}-metrics`,
        {
          distributionId: distribution.id,
          monitoringSubscription: {
            realtimeMetricsSubscriptionConfig: { realtimeMetricsSubscriptionStatus: "Enabled" },
          },
        },
        child,
      ),
    );
    this.logs = accessLogs(name, args, IN_GLOBAL_REGION, distribution, child);

    this.distribution = distribution;
    this.webAcl = webAcl;
    this.assets = assets?.bucket;
    this.images = images?.optimizer;
    this.domainName = distribution.domainName;
    this.distributionId = distribution.id;
    this.url = `https://${args.hosts[0] ?? ""}`;
    this.assetsBucket = assets?.bucket.id;
    this.signingKeyIds = publicKeys.map(({ id }) => id);
    this.registerOutputs({ domainName: this.domainName, distributionId: this.distributionId });
  }
}

/** What the distribution has to hold so that the proofs are about what runs. */
function distributionWitnesses(name: string, { origin, plan }: CompleteCloudFrontArgs): Witness[] {
  const { responseTimeout, idle } = plan.numbers;
  return (origin.failover === undefined ? ["0"] : ["0", "1"]).flatMap((place) =>
    (
      [
        ["originReadTimeout", responseTimeout.value],
        ["originKeepaliveTimeout", idle.value],
      ] as const
    ).map(([setting, is]) => ({
      type: "aws:cloudfront/distribution:Distribution",
      name: `${name}-distribution`,
      at: ["origins", place, "customOriginConfig", setting],
      is,
    })),
  );
}

/** What runs before the cache is looked at: the path that it leaves is the one that is looked for. */
function viewerRequestFunction({ class: name, target }: EdgeBehavior): ViewerRequestFunction | undefined {
  if (target === "images") return imageRequestFunction();
  // Variants that are compressed in advance are of what `make assets` uploads.
  return name === "assets" && target === "assets" ? assetRequestFunction() : undefined;
}
