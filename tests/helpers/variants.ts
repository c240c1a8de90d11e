/** The ways to run production, for what has to hold in each of them. */
import type { StackConfig } from "../../stacks/config";
import { createPlatform } from "../../stacks/platform";
import { inventedOutputs } from "./cdn";
import { shippedConfig } from "./preview";
import { record, type InventedOutputs, type Recording } from "./pulumi";
import { onGcp, type Change, type StackFile } from "./stack-file";

/** Both caches of production run by a cloud. */
const managed =
  (kind: string, more: object = {}): Change =>
  (file) => {
    for (const cache of Object.values<StackFile>(file["caches"])) {
      delete cache["cpuCores"];
      Object.assign(cache, { kind, ...more });
    }
  };

const haproxy: Change = (file) => (file["loadBalancer"].proxy = "haproxy");

const cloudflare: Change = (file) => (file["cdn"].provider = "cloudflare");

const atlas =
  (more: object = {}): Change =>
  (file) => {
    file["database"] = {
      kind: "atlas",
      projectId: "0123456789abcdef01234567",
      shards: 2,
      dataGiB: 400,
      workingSetGiB: 24,
      queriesPerCore: 400,
      ...more,
    };
  };

export const VARIANTS: Readonly<Record<string, readonly [stack: string, ...changes: readonly Change[]]>> = {
  "production on aws": ["production"],
  "production on gcp": ["production", onGcp],
  "production with HAProxy behind Cloudflare": ["production", haproxy, cloudflare],
  "production with ElastiCache and Atlas": [
    "production",
    managed("elasticache", { securityGroupIds: ["sg-0a1b2c3d4e5f60731"] }),
    atlas({ clientCidrs: ["10.0.0.0/16"] }),
  ],
  "production with Memorystore and Atlas": ["production", onGcp, managed("memorystore"), atlas()],
  staging: ["staging"],
  local: ["local"],
};

/** What clouds add to what they are asked for. */
const OUTPUTS: Readonly<Record<string, object>> = {
  "gcp:redis/instance:Instance": { host: "10.0.9.9", serverCaCerts: [{ cert: "an authority" }] },
  "mongodbatlas:index/privateLinkEndpoint:PrivateLinkEndpoint": {
    privateLinkId: "link",
    endpointServiceName: "com.amazonaws.vpce.eu-central-1.vpce-svc-1",
    serviceAttachmentNames: ["projects/atlas/regions/europe-west3/serviceAttachments/one"],
  },
  "mongodbatlas:index/privateLinkEndpointService:PrivateLinkEndpointService": {
    endpointServiceId: "endpoint",
  },
  "mongodbatlas:index/advancedCluster:AdvancedCluster": {
    connectionStrings: {
      privateEndpoints: [
        {
          srvConnectionString: "mongodb+srv://retrofitlink-pl-0.abcde.mongodb.net",
          endpoints: [{ endpointId: "endpoint" }],
        },
      ],
    },
  },
};

/** A password of 40 letters for each resource, by its name. */
const byName = (name: string): string => name.replaceAll("-", "").padEnd(40, "x");

/**
 * What a variant registers.
 *
 * @param change what other passwords and authorities a test wants, by resource: undefined leaves the usual one
 */
export async function recordVariant(
  config: StackConfig,
  change: (name: string, type: string) => object | undefined = () => undefined,
): Promise<Recording> {
  const outputs: InventedOutputs = (type, inputs, name) => ({
    ...inventedOutputs(type, inputs),
    ...OUTPUTS[type],
    ...(type === "random:index/randomPassword:RandomPassword" ? { result: byName(name) } : {}),
    ...(type === "gcp:redis/instance:Instance" ? { authString: byName(name) } : {}),
    ...change(name, type),
  });
  return await record(() => createPlatform(config), {
    outputs,
    invokes: {
      "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d4e5f60718" },
      "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters": { results: [] },
    },
  });
}

/** The configuration of a variant, changed by the test. */
export function variantConfig(name: string, ...changes: readonly Change[]): StackConfig {
  const [stack, ...others] = VARIANTS[name] ?? ["production"];
  // What makes pictures runs outside the cluster, and has to be built first.
  const withoutImages: Change = (file) => delete file["cdn"]?.images;
  const makesImages = shippedConfig(stack, ...others).cdn?.images !== undefined;
  return shippedConfig(stack, ...others, ...(makesImages ? [withoutImages] : []), ...changes);
}

/** A Deployment, StatefulSet or Job, as far as tests look at it. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: {
      readonly containers: readonly {
        readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
      }[];
      readonly priorityClassName?: string;
    };
  };
}

/** Everything whose pods Pulumi describes. */
export function workloadsOf({ resources }: Recording): Workload[] {
  return resources.flatMap(({ type, name, inputs }) => {
    const kind = /^kubernetes:(apps|batch)\/v1:(Deployment|StatefulSet|Job)$/.exec(type)?.[2];
    if (kind === undefined) return [];
    const { metadata, spec } = inputs as {
      metadata: { name?: string; namespace: string };
      spec: Pick<Workload, "template">;
    };
    return [{ kind, name: metadata.name ?? name, namespace: metadata.namespace, template: spec.template }];
  });
}
