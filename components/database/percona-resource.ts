/** The PerconaServerMongoDB object: what Percona's operator builds the cluster from. Pure but for outputs it carries. */
import type * as k8s from "@pulumi/kubernetes";
import { stringify } from "yaml";

import { restrictedContainer, restrictedPod } from "../shared/kubernetes";
import { IMAGES, PERCONA_CR_VERSION } from "../shared/versions";
import { DATABASE } from "./database-endpoint";
import {
  VOTERS,
  type BackupTarget,
  type MongoDbClusterArgs,
  type MongoDbSizes,
} from "./mongodb-cluster-args";

/** Name of the object. The operator joins it with a replica set's name: `mongodb-optimized`. */
export const CLUSTER_NAME = "mongodb";

/** Name of the first shard, by which operators find it. Later ones are `shard-2`, `shard-3`, … */
const FIRST_SHARD = "optimized";

/** Names of the Secrets that the object refers to. */
export const SECRET_NAMES = {
  users: `${CLUSTER_NAME}-users`,
  application: `${CLUSTER_NAME}-application`,
  /** Made by the operator, or by cert-manager for it. */
  tls: `${CLUSTER_NAME}-ssl`,
} as const;

/** Users besides the operator's own: the application, and the Job that applies the data model. */
export const APPLICATION_USERS = {
  application: { name: "application", passwordKey: "application-password" },
  dataModel: { name: "data-model", passwordKey: "data-model-password" },
} as const;

/** Role of the data-model Job: indexes, profiler and shard keys of one database, and nothing else. */
const DATA_MODEL_ROLE = "dataModelKeeper";

/** Tag that the operator gives to non-voting members. */
export const READ_REPLICA_TAGS = "nonVoting:true";

/** Where the exporter of a pod answers. */
export const METRICS_PORT = 9216;

/** Service account of the database's pods: the clouds let it, and nobody else, write backups. */
export const BACKUP_ACCOUNT = `${CLUSTER_NAME}-backup`;

/** User and group of Percona's images. */
const PERCONA_USER = 1001;

/** Replica set names, the first of which gives `mongodb-optimized`. */
export function shardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, i) => (i === 0 ? FIRST_SHARD : `shard-${i + 1}`));
}

/** Host names of the routers, one Service each: a cursor lives on the router that opened it. */
export function routerHosts(routers: number, namespace: string): string[] {
  return Array.from(
    { length: routers },
    (_, i) => `${CLUSTER_NAME}-mongos-${i}.${namespace}.svc.cluster.local:27017`,
  );
}

type Json = Record<string, unknown>;

/** `spec` of the object. */
export function perconaSpec(args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  const { shards, routers } = args;
  return {
    crVersion: PERCONA_CR_VERSION,
    image: IMAGES.mongodb,
    imagePullPolicy: "IfNotPresent",
    // One member at a time, the primary last and stepped down first.
    updateStrategy: "SmartUpdate",
    // Versions are pinned here, not looked up by the operator.
    upgradeOptions: { apply: "disabled", setFCV: false },
    // The servers take no invalid certificate from each other's authority; clients need none, they sign in with a password.
    tls: { mode: "requireTLS" },
    secrets: { users: SECRET_NAMES.users, ssl: SECRET_NAMES.tls },
    initContainerSecurityContext: restrictedContainer(),
    replsets: shardNames(shards).map((name) => replicaSet(name, args, sizes)),
    sharding: {
      enabled: true,
      balancer: { enabled: true },
      configsvrReplSet: {
        size: VOTERS,
        ...pod(args.zones, { cpu: "500m", memory: "2Gi" }),
        ...volume(10, args.storageClassName),
        configuration: stringify({ net: { maxIncomingConnections: sizes.connections.memberMaxConnections } }),
        sidecars: [exporter()],
        sidecarVolumes: [tlsVolume()],
      },
      mongos: {
        size: sizes.routers,
        ...pod(args.zones, { cpu: `${routers.cpuCores}`, memory: `${sizes.routerMemoryGiB * 1024}Mi` }),
        expose: { type: "ClusterIP", servicePerPod: true },
        configuration: stringify(routerConfiguration(sizes)),
        sidecars: [exporter()],
        sidecarVolumes: [tlsVolume()],
      },
    },
    roles: [
      {
        role: DATA_MODEL_ROLE,
        db: "admin",
        privileges: [
          { resource: { db: DATABASE, collection: "" }, actions: ["enableSharding"] },
          { resource: { db: "config", collection: "collections" }, actions: ["find"] },
        ],
        roles: [{ role: "dbAdmin", db: DATABASE }],
      },
    ],
    users: [
      user(APPLICATION_USERS.application, [{ name: "readWrite", db: DATABASE }]),
      user(APPLICATION_USERS.dataModel, [{ name: DATA_MODEL_ROLE, db: "admin" }]),
    ],
    backup: backup(args.backup),
    logcollector: { enabled: false },
    pmm: { enabled: false },
  };
}

function replicaSet(name: string, args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  const { memory, storageGiB } = sizes;
  const resources = { cpu: `${args.cpuCores}`, memory: `${memory.limitGiB}Gi` };
  const member = {
    ...pod(args.zones, resources),
    ...volume(storageGiB, args.storageClassName),
    configuration: stringify(memberConfiguration(args, sizes)),
    ...(args.backup === undefined ? {} : { serviceAccountName: BACKUP_ACCOUNT }),
  };
  return {
    name,
    size: VOTERS,
    ...member,
    storage: {
      engine: "wiredTiger",
      wiredTiger: { engineConfig: { cacheSizeRatio: memory.cacheRatio } },
    },
    sidecars: [exporter()],
    sidecarVolumes: [tlsVolume()],
    // Read replicas do not vote: a slow one never decides an election, and any number of them leaves the majority at two.
    nonvoting: { enabled: args.readReplicas > 0, size: args.readReplicas, ...member },
    expose: { enabled: false },
  };
}

function memberConfiguration(args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  return {
    net: { maxIncomingConnections: sizes.connections.memberMaxConnections },
    operationProfiling: {
      mode: (["off", "slowOp", "all"] as const)[args.profilerLevel ?? 1],
      slowOpThresholdMs: sizes.slowMs,
    },
    // A member that was away for a night catches up without copying everything.
    storage: { oplogMinRetentionHours: 24 },
  };
}

function routerConfiguration({ connections, slowMs }: MongoDbSizes): Json {
  return {
    net: { maxIncomingConnections: connections.routerMaxConnections },
    operationProfiling: { slowOpThresholdMs: slowMs },
    setParameter: {
      taskExecutorPoolSize: 1,
      ShardingTaskExecutorPoolMaxSize: connections.routerPoolSize,
      // Warm connections: a burst does not begin with handshakes.
      ShardingTaskExecutorPoolMinSize: Math.ceil(connections.routerPoolSize / 4),
      // Connections of a burst stay for the next: four times the minute in which bursts come.
      ShardingTaskExecutorPoolHostTimeoutMS: 300_000,
      ShardingTaskExecutorPoolMaxConnecting: 2,
    },
  };
}

/** Requests equal limits, so that the node never takes memory back; members on nodes, spread over zones, of their own. */
function pod(zones: number, resources: { readonly cpu: string; readonly memory: string }): Json {
  return {
    affinity: { antiAffinityTopologyKey: "kubernetes.io/hostname" },
    ...(zones > 1
      ? {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "topology.kubernetes.io/zone",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: { "app.kubernetes.io/instance": CLUSTER_NAME } },
            },
          ],
        }
      : {}),
    podDisruptionBudget: { maxUnavailable: 1 },
    resources: { requests: { ...resources }, limits: { ...resources } },
    podSecurityContext: restrictedPod(PERCONA_USER),
    // The entry script writes its configuration below /tmp, which the operator gives no volume for.
    containerSecurityContext: { ...restrictedContainer(), readOnlyRootFilesystem: false },
  };
}

function volume(sizeGiB: number, storageClassName: string | undefined): Json {
  return {
    volumeSpec: {
      persistentVolumeClaim: {
        ...(storageClassName === undefined ? {} : { storageClassName }),
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: `${sizeGiB}Gi` } },
      },
    },
  };
}

function user(
  { name, passwordKey }: { readonly name: string; readonly passwordKey: string },
  roles: readonly Json[],
): Json {
  return {
    name,
    db: "admin",
    passwordSecretRef: { name: SECRET_NAMES.application, key: passwordKey },
    roles,
  };
}

function backup(target: BackupTarget | undefined): Json {
  const common = { image: IMAGES.mongodbBackup, containerSecurityContext: restrictedContainer() };
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
        retention: { type: "count", count: retentionDays, deleteFromStorage: true },
      },
    ],
  };
}

/** Metrics of the server in the same pod, with the operator's monitoring user. */
function exporter(): k8s.types.input.core.v1.Container {
  const fromUsers = (key: string): k8s.types.input.core.v1.EnvVarSource => ({
    secretKeyRef: { name: SECRET_NAMES.users, key },
  });
  return {
    name: "exporter",
    image: IMAGES.mongodbExporter,
    args: ["--collect-all", "--compatible-mode", `--web.listen-address=:${METRICS_PORT}`],
    env: [
      { name: "MONGODB_USER", valueFrom: fromUsers("MONGODB_CLUSTER_MONITOR_USER") },
      { name: "MONGODB_PASSWORD", valueFrom: fromUsers("MONGODB_CLUSTER_MONITOR_PASSWORD") },
      {
        name: "MONGODB_URI",
        value:
          "mongodb://localhost:27017/admin?directConnection=true&tls=true&tlsCAFile=/etc/mongodb-ssl/ca.crt",
      },
    ],
    ports: [{ name: "metrics", containerPort: METRICS_PORT }],
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "128Mi" } },
    securityContext: { ...restrictedContainer(), runAsNonRoot: true, runAsUser: 65_535 },
    volumeMounts: [{ name: "exporter-tls", mountPath: "/etc/mongodb-ssl", readOnly: true }],
  };
}

function tlsVolume(): Json {
  return { name: "exporter-tls", secret: { secretName: SECRET_NAMES.tls } };
}
