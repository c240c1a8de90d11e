import type * as pulumi from "@pulumi/pulumi";

import { BackupBucket } from "../../components/database/mongodb/backup-bucket";
import type { DataModelJob } from "../../components/database/data-model/data-model-job";
import type { AtlasCluster } from "../../components/database/atlas/atlas-cluster";
import { MongoDbCluster } from "../../components/database/mongodb/mongodb-cluster";
import { createAtlas } from "./atlas";
import { CONFIG_KEY, DATABASE, createDataModel } from "./data-model";
import { DATABASE_NAME, plannedOfKind } from "../../plan/plan-database";
import type { StackPlan } from "../../plan/plan-stack";
import type { StackConfig } from "../stack-file/config";

/** The database of a stack. */
export interface Database {
  readonly cluster: MongoDbCluster | AtlasCluster;
  /** Done when servers answer and the indexes are there. */
  readonly dataModel: DataModelJob;
}

/** The database, its backups, and the Job that keeps its indexes. */
export function createDatabase(
  config: StackConfig,
  plan: StackPlan,
  options: pulumi.ComponentResourceOptions,
  priorityClassName?: pulumi.Input<string>,
): Database | undefined {
  const { database, cluster } = config;
  const planned = plan.database;
  if (database === undefined || planned === undefined) return undefined;
  if (database.kind === "atlas") return createAtlas(config, plan, database, options);
  const { namespace, zones, monitoringNamespace, storageClassName } = cluster;
  const bucket = createBackupBucket(config, database.backup.retentionDays, options);
  const mongodb = new MongoDbCluster(
    DATABASE_NAME,
    {
      configKey: CONFIG_KEY,
      namespace,
      zones,
      monitoringNamespace,
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...database,
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
      databaseName: DATABASE,
      users: plan.databaseUsers,
      budget: plan.budget,
      plan: plannedOfKind("percona", planned).plan,
      profilerLevel: database.profilerLevel ?? defaultProfilerLevel(config.environment),
      protect: cluster.cloud !== "local",
      ...(bucket === undefined ? {} : { backupReady: bucket.ready }),
      backup: bucket?.target,
    },
    options,
  );
  return {
    cluster: mongodb,
    dataModel: createDataModel(config, database, mongodb, plannedOfKind("percona", planned).plan, options),
  };
}

/** Slow operations where users wait and where it is tested how long; all operations elsewhere. */
function defaultProfilerLevel(environment: string): 1 | 2 {
  return environment === "production" || environment === "staging" ? 1 : 2;
}

/** Backups go to the cluster's cloud; on a machine of one's own there are none. */
function createBackupBucket(
  { cluster }: StackConfig,
  retentionDays: number,
  options: pulumi.ComponentResourceOptions,
): BackupBucket | undefined {
  const { namespace } = cluster;
  if (cluster.cloud === "local") return undefined;
  const cloud =
    cluster.cloud === "aws"
      ? ({ kind: "aws", region: cluster.region, clusterName: cluster.clusterName } as const)
      : ({ kind: "gcp", region: cluster.region, project: cluster.project } as const);
  const configKey = "retrofitlink:database.backup";
  return new BackupBucket(
    `${DATABASE_NAME}-backup`,
    { configKey, namespace, retentionDays, cloud, bucketPrefix: "retrofitlink-mongodb-" },
    options,
  );
}
