import * as pulumi from "@pulumi/pulumi";

import { cdnBehaviors } from "../../budget/edge/behaviors";
import { CloudFront, type CloudFrontImages } from "../../components/edge/cloudfront/cloudfront";
import { Cloudflare } from "../../components/edge/cloudflare/cloudflare";
import type { EdgeArgs, EdgeOriginLock } from "../../components/edge/edge-args";
import { shieldRegion } from "../stack-file/cdn-checks";
import type { PublicOrigin } from "./public-load-balancer";
import { own } from "../../budget/core/own";
import type { PlannedService, StackPlan } from "../../plan/plan-stack";
import type { CdnConfig, StackConfig } from "../stack-file/config";

/** A load balancer that the internet reaches, and the header without which it answers nobody. */
interface LockedOrigin {
  readonly hostname: string;
  readonly originLock: EdgeOriginLock;
}

/** Name of the component, and beginning of its children's names. */
const NAME = "cdn";

/**
 * The CDN that the stack file chooses, in front of the load balancer.
 *
 * @throws pulumi.RunError when there is a CDN and no load balancer for it
 */
export function createEdge(
  config: StackConfig,
  plan: StackPlan,
  origin: PublicOrigin | undefined,
  options: pulumi.ComponentResourceOptions,
): CloudFront | Cloudflare | undefined {
  const { cdn } = config;
  if (cdn === undefined) return undefined;
  const service = own(plan.services, config.loadBalancer?.service ?? "");
  const originLock = origin?.originLock;
  if (origin === undefined || originLock === undefined || service === undefined) {
    throw new pulumi.RunError(
      "retrofitlink:cdn: got a CDN; allowed is one in front of a load balancer that the internet reaches. " +
        "Add retrofitlink:loadBalancer.public, or remove retrofitlink:cdn.",
    );
  }
  const args = edgeArgs(config, cdn, service, plan, { hostname: origin.hostname, originLock });
  if (cdn.provider === "cloudfront") {
    const { cloudfront } = cdn;
    const originShieldRegion = shieldRegion(cdn, config.cluster) ?? "";
    return new CloudFront(
      NAME,
      {
        ...args,
        zone: { name: cdn.zone, id: cloudfront.zoneId },
        site: {
          region: config.cluster.cloud === "aws" ? config.cluster.region : originShieldRegion,
          originShieldRegion,
          priceClass: cloudfront.priceClass,
          logDays: cloudfront.logDays,
        },
        publicKeys: cloudfront.publicKeys,
        ...(cdn.images === undefined ? {} : { images: cloudFrontImages(cdn.images, plan) }),
      },
      options,
    );
  }
  const { cloudflare } = cdn;
  const { originCertificateRequest } = cloudflare;
  return new Cloudflare(
    NAME,
    {
      ...args,
      zone: { name: cdn.zone, id: cloudflare.zoneId },
      account: {
        id: cloudflare.accountId,
        plan: cloudflare.plan,
        cacheReserve: cloudflare.cacheReserve,
        authenticatedOriginPulls: cloudflare.authenticatedOriginPulls,
        advancedCertificate: cloudflare.advancedCertificate,
        ...(originCertificateRequest === undefined ? {} : { originCertificateRequest }),
      },
      signatures: cloudflare.signedUrls,
      healthPath: cloudflare.healthPath,
      images: cdn.images !== undefined,
    },
    options,
  );
}

function cloudFrontImages(
  { originalsBucket, secondsPerImage, reserveConcurrency }: NonNullable<CdnConfig["images"]>,
  { images }: StackPlan,
): CloudFrontImages {
  return {
    ...(images === undefined ? {} : { plan: images }),
    ...(originalsBucket === undefined ? {} : { originals: { name: originalsBucket } }),
    ...(secondsPerImage === undefined ? {} : { secondsPerImage }),
    ...(reserveConcurrency === undefined ? {} : { reserveConcurrency }),
  };
}

/** What is the same for every CDN. */
function edgeArgs(
  config: StackConfig,
  cdn: CdnConfig,
  { budget, timeouts }: PlannedService,
  { cdn: plan, front }: StackPlan,
  { hostname, originLock }: LockedOrigin,
): Omit<EdgeArgs, "zone"> {
  const { peakRps, shares, hitRatios } = cdn.traffic;
  return {
    configKey: "retrofitlink:cdn",
    hosts: cdn.hosts,
    origin: {
      hostname,
      // Google's load balancer has one address for the whole world.
      anycast: config.cluster.cloud === "gcp",
      ...(cdn.failover === undefined ? {} : { failover: cdn.failover }),
    },
    originLock,
    traffic: { peakRps, shares, ...(hitRatios === undefined ? {} : { hitRatios }) },
    behaviors: cdnBehaviors(cdn),
    budget,
    timeouts: front ?? timeouts,
    headers: cdn.headers,
    ...(plan === undefined ? {} : { plan }),
  };
}
