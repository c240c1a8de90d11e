import * as pulumi from "@pulumi/pulumi";

import { clientRequestsPerMinute, edgePlan } from "../../budget/edge/edge";
import { CloudFront, type CloudFrontImages } from "../../components/edge/cloudfront/cloudfront";
import { Cloudflare } from "../../components/edge/cloudflare/cloudflare";
import type { EdgeArgs, EdgeOriginLock } from "../../components/edge/edge-args";
import { cdnBehaviors, shieldRegion } from "../stack-file/cdn-checks";
import type { PublicOrigin } from "./cloud-load-balancer";
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
  { services }: StackPlan,
  origin: PublicOrigin | undefined,
  options: pulumi.ComponentResourceOptions,
): CloudFront | Cloudflare | undefined {
  const { cdn } = config;
  if (cdn === undefined) return undefined;
  const service = own(services, config.loadBalancer?.service ?? "");
  const originLock = origin?.originLock;
  if (origin === undefined || originLock === undefined || service === undefined) {
    throw new pulumi.RunError(
      "retrofitlink:cdn: got a CDN; allowed is one in front of a load balancer that the internet reaches. " +
        "Add retrofitlink:loadBalancer.public, or remove retrofitlink:cdn.",
    );
  }
  const args = edgeArgs(config, cdn, service, { hostname: origin.hostname, originLock });
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
        ...(cdn.images === undefined ? {} : { images: cloudFrontImages(cdn.images, service) }),
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
  { originalsBucket, secondsPerPicture, reserveConcurrency }: NonNullable<CdnConfig["images"]>,
  { budget }: PlannedService,
): CloudFrontImages {
  return {
    maxUtilization: budget.cpuUtilization.target,
    ...(originalsBucket === undefined ? {} : { originals: { name: originalsBucket } }),
    ...(secondsPerPicture === undefined ? {} : { secondsPerPicture }),
    ...(reserveConcurrency === undefined ? {} : { reserveConcurrency }),
  };
}

/** What is the same for every CDN. */
function edgeArgs(
  config: StackConfig,
  cdn: CdnConfig,
  { budget: { cacheHitRatio }, timeouts }: PlannedService,
  { hostname, originLock }: LockedOrigin,
): Omit<EdgeArgs, "zone"> {
  const behaviors = cdnBehaviors(cdn);
  const plan = edgePlan({
    traffic: {
      peakRps: cdn.traffic.peakRps,
      shares: cdn.traffic.shares,
      ...(cdn.traffic.hitRatios === undefined ? {} : { hitRatios: cdn.traffic.hitRatios }),
    },
    classes: behaviors.map(({ class: name, cache, target }) => ({
      name,
      cached: cache.kind === "cached",
      target,
    })),
    cacheHitRatio,
  });
  const rateLimit = config.loadBalancer?.rateLimit ?? { requestsPerSecond: 20, burst: 40 };
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
    behaviors,
    plan,
    timeouts: {
      readSeconds: timeouts.request.edge,
      keepAliveSeconds: timeouts.idle.edge,
    },
    headers: cdn.headers,
    clientRequestsPerMinute: clientRequestsPerMinute(rateLimit, plan),
  };
}
