/** The shipped production stack as each cloud and CDN has it, and with what the clouds manage instead of the cluster. */
import { createPlatform } from "../../stacks/platform";
import { inventedOutputs } from "./cdn";
import { shippedConfig } from "./preview";
import { record, type Recording } from "./pulumi";
import { onGcp, type Change } from "./stack-file";

const onCloudflare: Change = (file) => (file["cdn"].provider = "cloudflare");

/** Both caches of the stack, run by the provider. */
const managedCaches =
  (kind: string, more: object = {}): Change =>
  (file) => {
    for (const cache of Object.values<Record<string, unknown>>(file["caches"])) {
      delete cache["cpuCores"];
      Object.assign(cache, { kind, ...more });
    }
  };

const onAtlas: Change = (file) => {
  file["database"] = {
    kind: "atlas",
    projectId: "0123456789abcdef01234567",
    shards: 2,
    readReplicas: 1,
    dataGiB: 400,
    workingSetGiB: 24,
    queriesPerCore: 400,
    ...(file["cluster"].cloud === "aws" ? { clientCidrs: ["10.0.0.0/16"] } : {}),
    backup: { retentionDays: 30 },
  };
};

export const CLOUD_VARIANTS: Readonly<Record<string, readonly Change[]>> = {
  "aws-cloudfront": [],
  "aws-cloudflare": [onCloudflare],
  "gcp-cloudfront": [onGcp],
  "gcp-cloudflare": [onCloudflare, onGcp],
  "aws-elasticache": [managedCaches("elasticache", { securityGroupIds: ["sg-0a1b2c3d4e5f60710"] })],
  "gcp-memorystore": [onCloudflare, onGcp, managedCaches("memorystore")],
  "aws-atlas": [onAtlas],
  "gcp-atlas": [onCloudflare, onGcp, onAtlas],
};

/** What the clouds add to the inputs, as far as other resources are made of it. */
function outputs(type: string, inputs: Record<string, unknown>): object {
  const added: Readonly<Record<string, object>> = {
    "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
    "aws:ec2/securityGroup:SecurityGroup": { ownerId: "123456789012" },
    "random:index/randomPassword:RandomPassword": { result: "s3cret" },
  };
  return { ...inventedOutputs(type, inputs), ...added[type] };
}

const recorded = new Map<string, Promise<Recording>>();

/** Recorded once, for several specs look at the same. */
export function recordVariant(variant: string): Promise<Recording> {
  const known = recorded.get(variant) ?? recordConfig(...(CLOUD_VARIANTS[variant] ?? []));
  recorded.set(variant, known);
  return known;
}

/** Records the shipped production stack with changes. */
export async function recordConfig(...changes: readonly Change[]): Promise<Recording> {
  const config = shippedConfig("production", ...changes);
  return await record(() => createPlatform(config), {
    preview: true,
    stack: config.environment,
    outputs,
    invokes: { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d4e5f60718" } },
  });
}
