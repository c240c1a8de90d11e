/** The eight stacks that the platform is meant for: the shipped production file in other clouds, behind other CDNs, with other databases and caches. */
import { shippedConfig } from "./preview";
import { onGcp, type Change, type StackFile } from "./stack-file";
import type { StackConfig } from "../../stacks/stack-file/config";

const behindCloudflare: Change = (file) => {
  file["cdn"].provider = "cloudflare";
};

/** Caches that a cloud runs. What is rented has no cores to choose, and replicas anyway. */
const managedCaches =
  (kind: string, more: object = {}): Change =>
  (file) => {
    for (const cache of Object.values<StackFile>(file["caches"])) {
      delete cache["cpuCores"];
      delete cache["standby"];
      Object.assign(cache, { kind, ...more });
    }
    // Its provider takes a minute for a fail-over, and not 20 seconds.
    file["services"].backend.resilience = { cacheLossSeconds: 120 };
  };

const atlas: Change = (file) => {
  file["database"] = {
    kind: "atlas",
    projectId: "0123456789abcdef01234567",
    shards: 2,
    readReplicas: 1,
    dataGiB: 400,
    workingSetGiB: 24,
    queriesPerCore: 400,
    ...(file["cluster"].cloud === "aws" ? { clientCidrs: ["10.0.0.0/16"] } : {}),
  };
};

/** Changes of the production file, by the name of the variant. */
export const VARIANTS: Readonly<Record<string, readonly Change[]>> = {
  "aws behind CloudFront": [],
  "aws behind Cloudflare": [behindCloudflare],
  "gcp behind CloudFront": [onGcp],
  "gcp behind Cloudflare": [onGcp, behindCloudflare],
  "aws with ElastiCache": [managedCaches("elasticache", { securityGroupIds: ["sg-0a1b2c3d4e5f60731"] })],
  "gcp with Memorystore": [onGcp, managedCaches("memorystore")],
  "aws with Atlas": [atlas],
  "gcp with Atlas": [onGcp, atlas],
};

export function variantConfig(name: string, ...more: readonly Change[]): StackConfig {
  return shippedConfig("production", ...(VARIANTS[name] ?? []), ...more);
}
