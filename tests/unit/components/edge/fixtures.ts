/** A CDN of each kind with the same behaviours, as the specs use it. */
import * as pulumi from "@pulumi/pulumi";

import { edgePlan } from "../../../../budget/edge/edge";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { edgeBehaviors, type EdgeBehavior } from "../../../../components/edge/behaviors";
import type { CloudFrontArgs } from "../../../../components/edge/cloudfront/cloudfront";
import type { CloudflareArgs } from "../../../../components/edge/cloudflare/cloudflare";
import type { EdgeArgs } from "../../../../components/edge/edge-args";
import { PUBLIC_KEYS, inventedOutputs } from "../../../helpers/cdn";

export const LOCK = "a-secret-that-only-the-cdn-knows";

export const behaviors: readonly EdgeBehavior[] = edgeBehaviors({
  media: { paths: ["/media/*"] },
  publicApi: { paths: ["/api/public/*"] },
  webSocket: { paths: ["/socket.io/*"] },
});

const shares = { assets: 0.5, images: 0.2, media: 0.05, publicApi: 0.05, api: 0.1, html: 0.1 };

export const edge: EdgeArgs = {
  configKey: "retrofitlink:cdn",
  hosts: ["www.example.com", "example.com"],
  zone: { name: "example.com", id: "Z0EXAMPLE" },
  origin: { hostname: "lb.example.net" },
  originLock: { headerName: "X-Origin-Lock", headerValue: LOCK },
  behaviors,
  plan: edgePlan({
    traffic: { peakRps: 4000, shares },
    classes: behaviors.map(({ class: name, cache, target }) => ({
      name,
      cached: cache.kind === "cached",
      target,
    })),
    cacheHitRatio: DEFAULT_BUDGET.cacheHitRatio,
  }),
  timeouts: { readSeconds: 62, keepAliveSeconds: 55 },
  headers: "edge",
  clientRequestsPerMinute: 1200,
};

export const cloudFront: CloudFrontArgs = {
  ...edge,
  site: {
    region: "eu-central-1",
    originShieldRegion: "eu-central-1",
    priceClass: "PriceClass_100",
    logDays: 90,
  },
  publicKeys: PUBLIC_KEYS,
};

export const cloudflare: CloudflareArgs = {
  ...edge,
  zone: { name: "example.com", id: "0123456789abcdef0123456789abcdef" },
  account: {
    id: "fedcba9876543210fedcba9876543210",
    plan: "enterprise",
    cacheReserve: true,
    authenticatedOriginPulls: false,
    advancedCertificate: false,
  },
  signatures: { generation: 3, lifetimeSeconds: 3600 },
  healthPath: "/health",
};

/** What AWS and the generator of passwords add to their inputs. */
export function edgeOutputs(type: string, inputs: Record<string, unknown>, name: string): object {
  if (type === "random:index/randomPassword:RandomPassword")
    return { result: pulumi.secret(`made for ${name}`) };
  if (type === "random:index/randomId:RandomId") return { hex: "0a1b2c3d" };
  return inventedOutputs(type, inputs);
}
