/** The eight stacks that the platform is meant for: the shipped production file in other clouds, behind other CDNs, with other databases and caches. */
import { SECURITY_GROUPS, managedCaches } from "./managed-caches";
import { shippedConfig } from "./preview";
import { onGcp, type Change } from "./stack-file";
import type { StackConfig } from "../../stacks/stack-file/config";

const behindCloudflare: Change = (file) => {
  file["cdn"].provider = "cloudflare";
};

/** Both caches of production. */
const rented = (kind: string, more: object = {}): Change =>
  managedCaches(kind, more, "redis-cache", "redis-session");

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
  "aws with ElastiCache": [rented("elasticache", SECURITY_GROUPS)],
  "gcp with Memorystore": [onGcp, rented("memorystore")],
  "aws with Atlas": [atlas],
  "gcp with Atlas": [onGcp, atlas],
};

export function variantConfig(name: string, ...more: readonly Change[]): StackConfig {
  return shippedConfig("production", ...(VARIANTS[name] ?? []), ...more);
}
