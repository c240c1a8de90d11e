import * as pulumi from "@pulumi/pulumi";

import type { DatabaseUser } from "../../budget/database/mongodb";
import { DEFAULT_BUDGET, mergeBudget } from "../../budget/core/performance-budget";
import { BackupBucket } from "../../components/database/mongodb/backup-bucket";
import { DataModelJob } from "../../components/database/data-model/data-model-job";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { AtlasCluster } from "../../components/database/atlas/atlas-cluster";
import { MongoDbCluster } from "../../components/database/mongodb/mongodb-cluster";
import { MAX_SURGE } from "../../components/workload/elastic-service";
import { createAtlas } from "./atlas";
import type { ServiceConfig, StackConfig } from "../stack-file/config";
import { databasePoolSize, planOf } from "./derived";

/** The database of a stack. */
export interface Database {
  readonly cluster: MongoDbCluster | AtlasCluster;
  /** Done when servers answer and the indexes are there. */
  readonly dataModel: DataModelJob;
}

/** The database, its backups, and the Job that keeps its indexes. */
export function createDatabase(
  config: StackConfig,
  options: pulumi.ComponentResourceOptions,
  priorityClassName?: pulumi.Input<string>,
): Database | undefined {
  const { database, cluster, services } = config;
  if (database === undefined) return undefined;
  const users = Object.entries(services).flatMap(([name, service]) => databaseUser(config, name, service));
  if (database.kind === "atlas") return createAtlas(config, database, users, options);
  const { namespace, zones, monitoringNamespace, storageClassName } = cluster;
  const configKey = "retrofitlink:database";
  const stackBudget = mergeBudget(DEFAULT_BUDGET, config.budget);
  const slowMs = Math.round(stackBudget.databaseQuerySeconds.critical * 1000);
  const bucket = createBackupBucket(config, database.backup.retentionDays, options);
  const mongodb = new MongoDbCluster(
    "mongodb",
    {
      configKey,
      namespace,
      zones,
      monitoringNamespace,
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...database,
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
      users,
      queryTime: stackBudget.databaseQuerySeconds,
      profilerLevel: database.profilerLevel ?? defaultProfilerLevel(config.environment),
      protect: cluster.cloud !== "local",
      ...(bucket === undefined ? {} : { backupReady: bucket.ready }),
      backup: bucket?.target,
    },
    options,
  );
  const dataModel = new DataModelJob(
    "mongodb-data-model",
    {
      configKey,
      namespace,
      endpoint: mongodb.endpoint,
      sharded: true,
      catalogue: CATALOGUE,
      shardGiB: database.dataGiB / database.shards,
      slowMs,
      allowDrops: database.allowDrops,
    },
    { ...options, dependsOn: [mongodb] },
  );
  return { cluster: mongodb, dataModel };
}

/** Everything is written down where few measure; where users wait, and where it is tested how long, only what is slow. */
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
    "mongodb-backup",
    { configKey, namespace, stack: pulumi.getStack(), retentionDays, cloud },
    options,
  );
}

function databaseUser(config: StackConfig, name: string, service: ServiceConfig): DatabaseUser[] {
  if (service.database === undefined) return [];
  return [
    {
      service: name,
      maxReplicas: planOf(config, service).max,
      maxSurge: MAX_SURGE,
      processesPerPod: service.processesPerPod,
      poolSize: databasePoolSize(service, service.database),
      peakRps: service.demand.peakRps,
      ...service.database,
    },
  ];
}
