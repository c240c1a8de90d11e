import assert from "node:assert/strict";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import {
  AtlasCluster,
  type AtlasClusterArgs,
  type AtlasNetwork,
} from "../../../../components/database/atlas/atlas-cluster";
import { record, type RecordedResource } from "../../../helpers/pulumi";

export const AWS: Extract<AtlasNetwork, { kind: "aws" }> = {
  kind: "aws",
  region: "eu-central-1",
  vpcId: "vpc-0a1b2c3d",
  subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
  clientCidrs: ["10.0.0.0/16"],
};

export const GCP: Extract<AtlasNetwork, { kind: "gcp" }> = {
  kind: "gcp",
  region: "europe-west1",
  project: "retrofitlink-production",
  network: "main",
  subnetwork: "nodes",
};

/** Two shards with a read replica each, on AWS. */
export const ATLAS = {
  configKey: "retrofitlink:database",
  namespace: "retrofitlink",
  databaseName: "retrofitlink",
  projectId: "0123456789abcdef01234567",
  clusterName: "retrofitlink-production",
  network: AWS,
  shards: 2,
  readReplicas: 1,
  analyticsNodes: 0,
  dataGiB: 400,
  workingSetGiB: 24,
  queriesPerCore: 400,
  users: [
    {
      service: "backend",
      maxReplicas: 14,
      maxSurge: 0.25,
      processesPerPod: 1,
      poolSize: 4,
      peakRps: 1200,
      queriesPerRequest: 1.5,
      querySeconds: 0.006,
    },
  ],
  budget: DEFAULT_BUDGET,
  retentionDays: 30,
} satisfies AtlasClusterArgs;

export const CLUSTER = "mongodbatlas:index/advancedCluster:AdvancedCluster";
export const LOOK_UP = "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters";

/** What Atlas and the clouds add to their inputs. @param endpointId of the private endpoint */
export const atlasOutputs = (endpointId: string): Readonly<Record<string, object>> => ({
  [CLUSTER]: {
    connectionStrings: {
      privateEndpoints: [
        {
          srvConnectionString: "mongodb+srv://retrofitlink-pl-0.abcde.mongodb.net",
          endpoints: [{ endpointId }],
        },
      ],
    },
  },
  "mongodbatlas:index/privateLinkEndpoint:PrivateLinkEndpoint": {
    privateLinkId: "link",
    endpointServiceName: "com.amazonaws.vpce.eu-central-1.vpce-svc-1",
    serviceAttachmentNames: ["projects/atlas/regions/europe-west1/serviceAttachments/one"],
  },
  "gcp:compute/address:Address": { address: "10.0.0.9" },
  "random:index/randomPassword:RandomPassword": { result: "aRandomPassword" },
});

/** Records the cluster above with something changed, beside the clusters that its project already has. */
export async function recordAtlas(
  change: Partial<AtlasClusterArgs> = {},
  options: { preview?: boolean; clusters?: readonly object[]; endpointId?: string } = {},
): ReturnType<typeof record> {
  const { preview = false, clusters = [], endpointId } = options;
  const endpoint = endpointId ?? "mongodb-private-endpoint-vpc-endpoint-id";
  return record(() => new AtlasCluster("mongodb", { ...ATLAS, ...change }), {
    preview,
    invokes: { [LOOK_UP]: { projectId: ATLAS.projectId, results: clusters } },
    outputs: atlasOutputs(endpoint),
  });
}

/** The inputs of the resource of that name. */
export const inputsOf = (found: readonly RecordedResource[], name: string): Record<string, unknown> => {
  const resource = found.find((candidate) => candidate.name === name);
  assert.ok(resource, name);
  return resource.inputs;
};
