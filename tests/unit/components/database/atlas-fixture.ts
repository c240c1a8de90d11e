import type { AtlasClusterArgs, AtlasNetwork } from "../../../../components/database/atlas-cluster";
import { DEFAULT_BUDGET } from "../../../../budget/performance-budget";

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
export const ATLAS: AtlasClusterArgs = {
  configKey: "retrofitlink:database",
  namespace: "retrofitlink",
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
};
