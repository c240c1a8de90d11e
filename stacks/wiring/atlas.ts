import type * as pulumi from "@pulumi/pulumi";

import { AtlasCluster, type AtlasNetwork } from "../../components/database/atlas/atlas-cluster";
import type { DataModelJob } from "../../components/database/data-model/data-model-job";
import { DATABASE_NAME, plannedOfKind } from "../../plan/plan-database";
import type { StackPlan } from "../../plan/plan-stack";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { ClusterConfig, StackConfig } from "../stack-file/config";
import type { DatabaseConfig } from "../stack-file/schema/stack";
import { CONFIG_KEY, DATABASE, createDataModel } from "./data-model";

type AtlasConfig = Extract<DatabaseConfig, { kind: "atlas" }>;

/** The database that Atlas runs, and the Job that keeps its indexes. */
export function createAtlas(
  config: StackConfig,
  { budget, databaseUsers, database: planned }: StackPlan,
  database: AtlasConfig,
  options: pulumi.ComponentResourceOptions,
): { readonly cluster: AtlasCluster; readonly dataModel: DataModelJob } {
  const { backup, clientCidrs, clusterName, ...sizes } = database;
  const atlas = new AtlasCluster(
    DATABASE_NAME,
    {
      configKey: CONFIG_KEY,
      namespace: config.cluster.namespace,
      ...sizes,
      clusterName: clusterName ?? `retrofitlink-${config.environment}`,
      databaseName: DATABASE,
      network: atlasNetwork(config.cluster, clientCidrs),
      users: databaseUsers,
      budget,
      dataModel: CATALOGUE,
      plan: plannedOfKind("atlas", planned).plan,
      retentionDays: backup.retentionDays,
    },
    options,
  );
  return {
    cluster: atlas,
    dataModel: createDataModel(config, database, atlas, plannedOfKind("atlas", planned).plan, options),
  };
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
