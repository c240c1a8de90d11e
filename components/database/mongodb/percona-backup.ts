/** The `backup` section of a PerconaServerMongoDB: daily, with point-in-time recovery between the backups. */
import { restrictedContainer } from "../../shared/kubernetes";
import { IMAGES } from "../../shared/versions";
import type { BackupTarget } from "./mongodb-cluster-args";

/** @param target where backups go; undefined for none */
export function perconaBackup(target: BackupTarget | undefined): Record<string, unknown> {
  const common = {
    image: IMAGES.mongodbBackup,
    // The entry script joins key and certificate in /tmp, which the operator gives no volume for.
    containerSecurityContext: { ...restrictedContainer(), readOnlyRootFilesystem: false },
  };
  if (target === undefined) return { enabled: false, ...common };
  const { storage, retentionDays } = target;
  const settings =
    storage.type === "s3"
      ? { s3: { bucket: storage.bucket, region: storage.region } }
      : { gcs: { bucket: storage.bucket, credentialsSecret: storage.credentialsSecret } };
  return {
    enabled: true,
    ...common,
    resources: {
      requests: { cpu: "300m", memory: "1Gi" },
      limits: { memory: "1Gi" },
    },
    storages: { main: { main: true, type: storage.type, ...settings } },
    pitr: { enabled: true, compressionType: "gzip", compressionLevel: 6 },
    tasks: [
      {
        name: "daily",
        enabled: true,
        schedule: "0 2 * * *",
        type: "logical",
        storageName: "main",
        compressionType: "gzip",
        compressionLevel: 6,
        // With a backup goes the oplog before the one that follows it.
        retention: { type: "count", count: retentionDays, deleteFromStorage: true },
      },
    ],
  };
}
