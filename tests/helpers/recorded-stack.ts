/** Whole stacks as they are registered against mocks, for what has to hold in each of them. */
import type { StackConfig } from "../../stacks/stack-file/config";
import { createPlatform } from "../../stacks/platform";
import { inventedOutputs } from "./cdn";
import { shippedConfig } from "./preview";
import { record, type InventedOutputs, type Recording } from "./pulumi";
import type { Change } from "./stack-file";
import { VARIANTS, variantConfig } from "./variants";

const haproxy: Change = (file) => (file["loadBalancer"].proxy = "haproxy");

/** A second public service at a host and a path, with limits of its own, which the first one calls as well. */
export const twoPublic: Change = (file) => {
  const { backend } = file["services"];
  file["services"].matching = {
    ...backend,
    caches: {},
    database: undefined,
    demand: { baseRps: 20, peakRps: 100, growthPerMinute: 0.25 },
    maxRequestSeconds: 5,
    budget: { throughputRps: { target: 90, warning: 40, critical: 10 } },
    public: {
      hosts: ["matching.example.org"],
      paths: ["/matches"],
      routes: [{ path: "/matches/live", kind: "sse" }],
      maxBodyMiB: 2,
      rateLimit: { requestsPerSecond: 5, burst: 10, connections: 20 },
    },
  };
  backend.maxRequestSeconds = 30;
  backend.calls = { matching: { callsPerRequest: 0.1 } };
};

/** What makes images runs outside the cluster, and would have to be built first. */
const withoutImages: Change = (file) => delete file["cdn"].images;

/** The configuration of a variant, changed by the test. */
export function clusterConfig(variant: string, ...changes: readonly Change[]): StackConfig {
  const makesImages = variantConfig(variant).cdn?.images !== undefined;
  return variantConfig(variant, ...(makesImages ? [withoutImages] : []), ...changes);
}

/** Every way to run production, the other proxy, and the other shipped stacks. */
export const STACKS: Readonly<Record<string, StackConfig>> = {
  ...Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, clusterConfig(name)])),
  "aws with HAProxy": clusterConfig("aws behind CloudFront", haproxy),
  staging: shippedConfig("staging", withoutImages),
  local: shippedConfig("local"),
  "local with two public services": shippedConfig("local", twoPublic),
  "local with two public services behind HAProxy": shippedConfig("local", twoPublic, haproxy),
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
 * What a stack registers.
 *
 * @param change outputs that a test wants otherwise, by the name and type of a resource; undefined leaves the usual ones
 */
export async function recordStack(
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
