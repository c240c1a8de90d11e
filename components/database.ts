export { AtlasCluster } from "./database/atlas/atlas-cluster";
export type { AtlasClusterArgs } from "./database/atlas/atlas-cluster-args";
export {
  AtlasPrivateEndpoint,
  type AtlasNetwork,
  type AtlasPrivateEndpointArgs,
} from "./database/atlas/atlas-private-endpoint";
export { DataModelJob, type DataModelJobArgs } from "./database/data-model/data-model-job";
export type { DatabaseEndpoint } from "./database/database-endpoint";
export { BackupBucket, type BackupBucketArgs } from "./database/mongodb/backup-bucket";
export { MongoDbCluster } from "./database/mongodb/mongodb-cluster";
export type { BackupTarget, MongoDbClusterArgs } from "./database/mongodb/mongodb-cluster-args";
export type { Collection, HotQuery, Index } from "../budget/database/data-model/collection";
