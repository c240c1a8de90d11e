import type * as pulumi from "@pulumi/pulumi";

import { AtlasCluster, type AtlasNetwork } from "../../components/database/atlas/atlas-cluster";
import { DataModelJob } from "../../components/database/data-model/data-model-job";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { StackPlan } from "../../plan/plan-stack";
import type { ClusterConfig, StackConfig } from "../stack-file/config";
import type { DatabaseConfig } from "../stack-file/schema/stack";

type AtlasConfig = Extract<DatabaseConfig, { kind: "atlas" }>;

/** The database that Atlas runs, and the Job that keeps its indexes. */
export function createAtlas(
  config: StackConfig,
  { budget, databaseUsers }: StackPlan,
  database: AtlasConfig,
  options: pulumi.ComponentResourceOptions,
): { readonly cluster: AtlasCluster; readonly dataModel: DataModelJob } {
  const { backup, allowDrops, clientCidrs, clusterName, ...sizes } = database;
  const { namespace } = config.cluster;
  const configKey = "retrofitlink:database";
  const atlas = new AtlasCluster(
    "mongodb",
    {
      configKey,
      namespace,
      ...sizes,
      clusterName: clusterName ?? `retrofitlink-${config.environment}`,
      network: atlasNetwork(config.cluster, clientCidrs),
      users: databaseUsers,
      budget,
      retentionDays: backup.retentionDays,
    },
    options,
  );
  const dataModel = new DataModelJob(
    "mongodb-data-model",
    {
      configKey,
      namespace,
      endpoint: atlas.endpoint,
      sharded: true,
      catalogue: CATALOGUE,
      shardGiB: database.dataGiB / database.shards,
      slowMs: Math.round(budget.databaseQuerySeconds.critical * 1000),
      allowDrops,
    },
    { ...options, dependsOn: [atlas] },
  );
  return { cluster: atlas, dataModel };
}

function atlasNetwork(cluster: ClusterConfig, clientCidrs: readonly string[]): AtlasNetwork {
  if (cluster.cloud === "aws") {
    const { region, vpcId, subnetIds } = cluster;
    return { kind: "aws", region, vpcId, subnetIds, clientCidrs };
  }
  if (cluster.cloud === "gcp") {
    const { region, project, network, subnetwork } = cluster;
    return { kind: "gcp", region, project, network, subnetwork };
  }
  throw new RangeError("the checks of the stack file let Atlas run in a cloud only");
}
