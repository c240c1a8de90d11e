/** A CDN of each kind with the same behaviours, as the specs use it. */
import * as pulumi from "@pulumi/pulumi";

import { edgeBehaviors, type EdgeBehavior } from "../../../../budget/edge/behaviors";
import {
  completeCloudFrontArgs,
  type CompleteCloudFrontArgs,
} from "../../../../components/edge/cloudfront/cloudfront-args";
import {
  completeCloudflareArgs,
  type CompleteCloudflareArgs,
} from "../../../../components/edge/cloudflare/cloudflare-args";
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
  traffic: { peakRps: 4000, shares },
};

/** Without the plan, which follows from what a spec changes. */
function unplanned<Args extends { readonly plan: unknown }>({ plan, ...args }: Args): Omit<Args, "plan"> {
  void plan;
  return args;
}

export const cloudFront: Omit<CompleteCloudFrontArgs, "plan"> = unplanned(
  completeCloudFrontArgs({ ...edge, site: { region: "eu-central-1" }, publicKeys: PUBLIC_KEYS }),
);

export const cloudflare: Omit<CompleteCloudflareArgs, "plan"> = unplanned(
  completeCloudflareArgs({
    ...edge,
    zone: { name: "example.com", id: "0123456789abcdef0123456789abcdef" },
    account: { id: "fedcba9876543210fedcba9876543210", plan: "enterprise", cacheReserve: true },
    signatures: { generation: 3, lifetimeSeconds: 3600 },
  }),
);

/** What AWS and the generator of passwords add to their inputs. */
export function edgeOutputs(type: string, inputs: Record<string, unknown>, name: string): object {
  if (type === "random:index/randomPassword:RandomPassword")
    return { result: pulumi.secret(`made for ${name}`) };
  if (type === "random:index/randomId:RandomId") return { hex: "0a1b2c3d" };
  return inventedOutputs(type, inputs);
}
