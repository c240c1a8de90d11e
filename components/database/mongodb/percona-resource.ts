/** The PerconaServerMongoDB object: what Percona's operator builds the cluster from. Pure but for outputs it carries. */
import type * as k8s from "@pulumi/kubernetes";
import { stringify } from "yaml";

import { CONFIG_SERVER_STORAGE_GIB, type MongodMemory } from "../../../budget/database/mongodb";
import { livingGenerations, userOfGeneration } from "../../shared/generations";
import { restrictedContainer, restrictedPod } from "../../shared/kubernetes";
import { IMAGES, PERCONA_CR_VERSION } from "../../shared/versions";
import { DATABASE } from "../database-endpoint";
import { VOTERS, type MongoDbClusterArgs, type MongoDbSizes } from "./mongodb-cluster-args";
import { shellEnvironment, shellHook } from "./operator-shell";
import { BACKUP_ACCOUNT, perconaBackup } from "./percona-backup";

/** Name of the object. The operator joins it with a replica set's name: `mongodb-optimized`. */
export const CLUSTER_NAME = "mongodb";

/** Name of the operator's release, which is also its service account's and its pods' `app.kubernetes.io/name`. */
export const OPERATOR_NAME = "psmdb-operator";

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
  application: "application",
  dataModel: "data-model",
} as const;

/** Role of the data-model Job: indexes, profiler and shard keys of one database, and nothing else. */
const DATA_MODEL_ROLE = "dataModelKeeper";

/** Tag that the operator gives to non-voting members. */
export const READ_REPLICA_TAGS = "nonVoting:true";

/** Where the exporter of a pod answers. */
export const METRICS_PORT = 9216;

/** `app` of the Job that applies the data model. */
export const DATA_MODEL_APP = `${CLUSTER_NAME}-data-model`;

/** User and group of Percona's images. */
const PERCONA_USER = 1001;

/** Replica set names, the first of which gives `mongodb-optimized`. */
export function shardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, i) => (i === 0 ? FIRST_SHARD : `shard-${i + 1}`));
}

/** Domain of the cluster's Services. */
const SERVICE_DOMAIN = "svc.cluster.local";

/** Host names of the routers, one Service each: a cursor lives on the router that opened it. */
export function routerHosts(routers: number, namespace: string): string[] {
  return Array.from(
    { length: routers },
    (_, i) => `${CLUSTER_NAME}-mongos-${i}.${namespace}.${SERVICE_DOMAIN}:27017`,
  );
}

type Json = Record<string, unknown>;

/** `spec` of the object. */
export function perconaSpec(args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  const { shards, zones } = args;
  return {
    crVersion: PERCONA_CR_VERSION,
    image: IMAGES.mongodb,
    imagePullPolicy: "IfNotPresent",
    // One member at a time, the primary last and stepped down first.
    updateStrategy: "SmartUpdate",
    // Versions are pinned here, not looked up by the operator.
    upgradeOptions: { apply: "disabled", setFCV: false },
    tls: {
      mode: "requireTLS",
      // Without cert-manager the operator signs the servers' and the clients' certificates by two authorities, and the
      // servers know only one of them. Who comes in is decided by password, and between members by x.509.
      allowInvalidCertificates: true,
    },
    // Only for the names in the certificates: those of the routers' own Services are `*.<namespace>.<this suffix>`.
    multiCluster: { enabled: false, DNSSuffix: SERVICE_DOMAIN },
    secrets: { users: SECRET_NAMES.users, ssl: SECRET_NAMES.tls },
    initContainerSecurityContext: restrictedContainer(),
    replsets: shardNames(shards).map((name) => replicaSet(name, args, sizes)),
    sharding: {
      enabled: true,
      balancer: { enabled: true },
      configsvrReplSet: configServers(args, sizes),
      mongos: {
        size: sizes.routers,
        ...pod(args, "mongos", {
          cpu: `${args.routers.cpuCores}`,
          memory: `${sizes.routerMemoryGiB * 1024}Mi`,
        }),
        ...evenly(zones),
        env: shellEnvironment(),
        expose: { type: "ClusterIP", servicePerPod: true },
        configuration: stringify(routerConfiguration(sizes)),
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
    // In this order: when the Job can sign in, the application can.
    users: [
      ...users(args, APPLICATION_USERS.application, [{ name: "readWrite", db: DATABASE }]),
      ...users(args, APPLICATION_USERS.dataModel, [{ name: DATA_MODEL_ROLE, db: "admin" }]),
    ],
    backup: perconaBackup(args.backup),
    logcollector: { enabled: false },
  };
}

function replicaSet(name: string, args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  const resources = { cpu: `${args.cpuCores}`, memory: `${sizes.memory.limitGiB}Gi` };
  const configuration = stringify(memberConfiguration(args, sizes));
  const data = volume(sizes.storageGiB, args.storageClassName);
  return {
    name,
    size: VOTERS,
    ...pod(args, "mongod", resources),
    ...inZonesOfTheirOwn(args.zones),
    ...backupAccount(args),
    ...data,
    env: shellEnvironment(),
    configuration,
    storage: wiredTiger(sizes.memory),
    // Read replicas do not vote: a slow one never decides an election, and any number of them leaves the majority at two.
    nonvoting: {
      enabled: args.readReplicas > 0,
      size: args.readReplicas,
      ...pod(args, "mongod-nv", resources),
      ...evenly(args.zones),
      ...backupAccount(args),
      ...data,
      configuration,
    },
    expose: { enabled: false },
  };
}

function configServers(args: MongoDbClusterArgs, { configServer, connections }: MongoDbSizes): Json {
  return {
    size: VOTERS,
    ...pod(args, "mongod", { cpu: "500m", memory: `${configServer.limitGiB}Gi` }),
    ...inZonesOfTheirOwn(args.zones),
    // A backup of a sharded cluster has a part of every replica set, and this is one.
    ...backupAccount(args),
    ...volume(CONFIG_SERVER_STORAGE_GIB, args.storageClassName),
    env: shellEnvironment(),
    configuration: stringify({ net: net(connections.memberMaxConnections) }),
    storage: wiredTiger(configServer),
  };
}

function memberConfiguration(args: MongoDbClusterArgs, sizes: MongoDbSizes): Json {
  return {
    net: net(sizes.connections.memberMaxConnections),
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
    net: net(connections.routerMaxConnections),
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

/** A client signs in with its password; without this the servers would also want a certificate of it. */
function net(maxIncomingConnections: number): Json {
  return { maxIncomingConnections, tls: { allowConnectionsWithoutCertificates: true } };
}

function wiredTiger({ cacheRatio }: MongodMemory): Json {
  return { engine: "wiredTiger", wiredTiger: { engineConfig: { cacheSizeRatio: cacheRatio } } };
}

/**
 * Requests equal limits, so that the node never takes memory back; never two of a set on one node.
 *
 * @param container the server's, into which `kubectl exec` goes without being told
 */
function pod(
  { priorityClassName }: MongoDbClusterArgs,
  container: string,
  resources: { readonly cpu: string; readonly memory: string },
): Json {
  return {
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    annotations: { "kubectl.kubernetes.io/default-container": container },
    affinity: { antiAffinityTopologyKey: "kubernetes.io/hostname" },
    podDisruptionBudget: { maxUnavailable: 1 },
    resources: { requests: { ...resources }, limits: { ...resources } },
    podSecurityContext: restrictedPod(PERCONA_USER),
    // The entry script writes its configuration below /tmp, which the operator gives no volume for.
    containerSecurityContext: { ...restrictedContainer(), readOnlyRootFilesystem: false },
    hookScript: { script: shellHook() },
    sidecars: [exporter()],
    sidecarVolumes: [{ name: EXPORTER_TLS, secret: { secretName: SECRET_NAMES.tls } }],
  };
}

const ZONE = "topology.kubernetes.io/zone";

/**
 * Voters wait rather than share a zone unevenly: a set whose majority is in one zone goes down with it. Without a
 * selector the operator takes the labels of the set.
 */
function inZonesOfTheirOwn(zones: number): Json {
  if (zones === 1) return {};
  const minDomains = Math.min(zones, VOTERS);
  return {
    topologySpreadConstraints: [
      { maxSkew: 1, minDomains, topologyKey: ZONE, whenUnsatisfiable: "DoNotSchedule" },
    ],
  };
}

/** What serves reads serves them better from a crowded zone than not at all. */
function evenly(zones: number): Json {
  if (zones === 1) return {};
  return {
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: "ScheduleAnyway" }],
  };
}

function backupAccount({ backup }: MongoDbClusterArgs): Json {
  return backup === undefined ? {} : { serviceAccountName: BACKUP_ACCOUNT };
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

/** The user of this generation, and of the one before. */
function users({ passwordGeneration = 1 }: MongoDbClusterArgs, name: string, roles: readonly Json[]): Json[] {
  return livingGenerations(passwordGeneration)
    .map((generation) => userOfGeneration(name, generation))
    .sort()
    .map((user) => ({
      name: user,
      db: "admin",
      passwordSecretRef: { name: SECRET_NAMES.application, key: passwordKey(user) },
      roles,
    }));
}

/** Entry of the Secret with the password of a user. */
export const passwordKey = (user: string): string => `${user}-password`;

const EXPORTER_TLS = "exporter-tls";

/** User of the exporter's image. */
const EXPORTER_USER = 65_535;

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
    securityContext: { ...restrictedContainer(), runAsNonRoot: true, runAsUser: EXPORTER_USER },
    volumeMounts: [{ name: EXPORTER_TLS, mountPath: "/etc/mongodb-ssl", readOnly: true }],
  };
}
