import type { MongoDbClusterArgs } from "../../../../components/database/mongodb/mongodb-cluster";
import type { DatabaseEndpoint } from "../../../../components/database/database-endpoint";

/** A cluster as production has it. A spec changes what it is about. */
export const clusterArgs = {
  configKey: "retrofitlink:database",
  namespace: "retrofitlink",
  databaseName: "retrofitlink",
  shards: 2,
  readReplicas: 1,
  dataGiB: 400,
  workingSetGiB: 24,
  cpuCores: 2,
  routers: { cpuCores: 1, queriesPerCore: 2000 },
  users: [
    {
      service: "backend",
      maxReplicas: 10,
      maxSurge: 0.25,
      processesPerPod: 1,
      poolSize: 4,
      peakRps: 1200,
      queriesPerRequest: 1.5,
      querySeconds: 0.006,
    },
  ],
  zones: 3,
} satisfies MongoDbClusterArgs;

export const s3Backup: NonNullable<MongoDbClusterArgs["backup"]> = {
  storage: { type: "s3", bucket: "backups", region: "eu-central-1" },
  serviceAccount: "mongodb-backup",
  retentionDays: 30,
};

export const endpoint: DatabaseEndpoint = {
  database: "retrofitlink",
  uriSecret: { name: "mongodb-application", key: "uri" },
  adminUriSecret: { name: "mongodb-application", key: "data-model-uri" },
  caSecret: { name: "mongodb-ssl", key: "ca.crt" },
  readReplicaTags: "nonVoting:true",
  destination: { labels: { "app.kubernetes.io/instance": "mongodb" }, ports: [27017] },
};
