import type * as pulumi from "@pulumi/pulumi";

import type { AtlasCluster } from "../../components/database/atlas/atlas-cluster";
import { DataModelJob } from "../../components/database/data-model/data-model-job";
import type { MongoDbCluster } from "../../components/database/mongodb/mongodb-cluster";
import { DATABASE_NAME, type PlannedDatabase } from "../../plan/plan-database";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { StackConfig } from "../stack-file/config";
import type { DatabaseConfig } from "../stack-file/schema/stack";

/** Where the database is in a stack file. */
export const CONFIG_KEY = "retrofitlink:database";

/** Database of the application. */
export const DATABASE = "retrofitlink";

/** The Job that keeps the indexes of a database, of either kind. */
export function createDataModel(
  { cluster }: StackConfig,
  { dataGiB, shards, allowDrops }: DatabaseConfig,
  database: MongoDbCluster | AtlasCluster,
  { numbers }: PlannedDatabase["plan"],
  options: pulumi.ComponentResourceOptions,
): DataModelJob {
  return new DataModelJob(
    `${DATABASE_NAME}-data-model`,
    {
      configKey: CONFIG_KEY,
      namespace: cluster.namespace,
      endpoint: database.endpoint,
      catalogue: CATALOGUE,
      shardGiB: dataGiB / shards,
      slowMs: Math.round(numbers.slow.value * 1000),
      allowDrops,
    },
    { ...options, dependsOn: [database] },
  );
}
