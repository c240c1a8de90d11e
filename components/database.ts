export { AtlasCluster } from "./database/atlas/atlas-cluster";
export type { AtlasClusterArgs } from "./database/atlas/atlas-cluster-args";
export { DataModelJob, type DataModelJobArgs } from "./database/data-model/data-model-job";
export { BackupBucket, type BackupBucketArgs } from "./database/mongodb/backup-bucket";
export { MongoDbCluster } from "./database/mongodb/mongodb-cluster";
export type { MongoDbClusterArgs } from "./database/mongodb/mongodb-cluster-args";
