/** The PerconaServerMongoDB object: what Percona's operator builds the cluster from. Pure but for outputs it carries. */
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";

import { VOTERS } from "../../../budget/database/mongodb";
import type { DatabaseNumbers } from "../../../budget/database/plan";
import { livingGenerations, userOfGeneration } from "../../shared/generations";
import { restrictedContainer, restrictedPod } from "../../shared/kubernetes";
import { IMAGES, PERCONA_CR_VERSION } from "../../shared/versions";
import type { MongoDbSettings } from "./mongodb-cluster-args";
import { shellEnvironment, shellHook } from "./operator-shell";
import { perconaBackup } from "./percona-backup";

/** Name of the operator's release, which is also its service account's and its pods' `app.kubernetes.io/name`. */
export const OPERATOR_NAME = "psmdb-operator";

/** Name of the first shard, by which operators find it. Later ones are `shard-2`, `shard-3`, … */
const FIRST_SHARD = "optimized";

/** Names of the Secrets that the object refers to. */
export function secretNames(cluster: string): {
  readonly users: string;
  readonly application: string;
  /** Made by the operator, or by cert-manager for it. */
  readonly tls: string;
} {
  return { users: `${cluster}-users`, application: `${cluster}-application`, tls: `${cluster}-ssl` };
}

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

/** `app` of the Job that applies the data model: the name that the Job has to have. */
export const dataModelApp = (cluster: string): string => `${cluster}-data-model`;

/** User and group of Percona's images. */
const PERCONA_USER = 1001;

/** Replica set names, the first of which gives `mongodb-optimized`. */
export function shardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, i) => (i === 0 ? FIRST_SHARD : `shard-${i + 1}`));
}

/** Domain of the cluster's Services. */
const SERVICE_DOMAIN = "svc.cluster.local";

/** Host names of the routers, one Service each: a cursor lives on the router that opened it. */
export function routerHosts(
  cluster: string,
  routers: number,
  namespace: pulumi.Input<string>,
): pulumi.Output<string[]> {
  return pulumi
    .output(namespace)
    .apply((where) =>
      Array.from({ length: routers }, (_, i) => `${cluster}-mongos-${i}.${where}.${SERVICE_DOMAIN}:27017`),
    );
}

type Json = Record<string, unknown>;

/** What the object is made from. */
export type PerconaArgs = MongoDbSettings & { readonly name: string };

/** `spec` of the object. */
export function perconaSpec(args: PerconaArgs, numbers: DatabaseNumbers): Json {
  const { shards, zones, databaseName } = args;
  const secrets = secretNames(args.name);
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
    secrets: { users: secrets.users, ssl: secrets.tls },
    initContainerSecurityContext: restrictedContainer(),
    replsets: shardNames(shards).map((name) => replicaSet(name, args, numbers)),
    sharding: {
      enabled: true,
      balancer: { enabled: true },
      configsvrReplSet: configServers(args, numbers),
      mongos: {
        size: numbers.routers.value,
        ...pod(args, "mongos", {
          cpu: `${args.routers.cpuCores}`,
          memory: `${numbers.routerMemory.value * 1024}Mi`,
        }),
        ...evenly(zones),
        env: shellEnvironment(),
        expose: { type: "ClusterIP", servicePerPod: true },
        configuration: stringify(routerConfiguration(numbers)),
      },
    },
    roles: [
      {
        role: DATA_MODEL_ROLE,
        db: "admin",
        privileges: [
          { resource: { db: databaseName, collection: "" }, actions: ["enableSharding"] },
          { resource: { db: "config", collection: "collections" }, actions: ["find"] },
        ],
        roles: [{ role: "dbAdmin", db: databaseName }],
      },
    ],
    // In this order: when the Job can sign in, the application can.
    users: [
      ...users(args, APPLICATION_USERS.application, [{ name: "readWrite", db: databaseName }]),
      ...users(args, APPLICATION_USERS.dataModel, [{ name: DATA_MODEL_ROLE, db: "admin" }]),
    ],
    backup: perconaBackup(args.backup),
    logcollector: { enabled: false },
  };
}

function replicaSet(name: string, args: PerconaArgs, numbers: DatabaseNumbers): Json {
  const resources = { cpu: `${args.cpuCores}`, memory: `${numbers.memory.value}Gi` };
  const configuration = stringify(memberConfiguration(args, numbers));
  const data = volume(numbers.storage.value, args.storageClassName);
  return {
    name,
    size: VOTERS,
    ...pod(args, "mongod", resources),
    ...inZonesOfTheirOwn(args.zones),
    ...backupAccount(args),
    ...data,
    env: shellEnvironment(),
    configuration,
    storage: wiredTiger(numbers.cacheRatio.value),
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

function configServers(args: PerconaArgs, numbers: DatabaseNumbers): Json {
  return {
    size: VOTERS,
    ...pod(args, "mongod", { cpu: "500m", memory: `${numbers.configServerMemory.value}Gi` }),
    ...inZonesOfTheirOwn(args.zones),
    // A backup of a sharded cluster has a part of every replica set, and this is one.
    ...backupAccount(args),
    ...volume(numbers.configServerStorage.value, args.storageClassName),
    env: shellEnvironment(),
    configuration: stringify({ net: net(numbers.memberConnections.value) }),
    storage: wiredTiger(numbers.configServerCacheRatio.value),
  };
}

function memberConfiguration(args: PerconaArgs, numbers: DatabaseNumbers): Json {
  return {
    net: net(numbers.memberConnections.value),
    operationProfiling: {
      mode: (["off", "slowOp", "all"] as const)[args.profilerLevel],
      slowOpThresholdMs: slowMs(numbers),
    },
    // A member that was away for a night catches up without copying everything.
    storage: { oplogMinRetentionHours: 24 },
  };
}

function routerConfiguration(numbers: DatabaseNumbers): Json {
  const pool = numbers.routerPool.value;
  return {
    net: net(numbers.maxClients.value),
    operationProfiling: { slowOpThresholdMs: slowMs(numbers) },
    setParameter: {
      taskExecutorPoolSize: 1,
      ShardingTaskExecutorPoolMaxSize: pool,
      // Warm connections: a burst does not begin with handshakes.
      ShardingTaskExecutorPoolMinSize: Math.ceil(pool / 4),
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

/** `slowms`, milliseconds. */
export function slowMs({ slow }: Pick<DatabaseNumbers, "slow">): number {
  return Math.round(slow.value * 1000);
}

function wiredTiger(cacheSizeRatio: number): Json {
  return { engine: "wiredTiger", wiredTiger: { engineConfig: { cacheSizeRatio } } };
}

/**
 * Requests equal limits, so that the node never takes memory back; never two of a set on one node.
 *
 * @param container the server's, into which `kubectl exec` goes without being told
 */
function pod(
  { name, priorityClassName }: PerconaArgs,
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
    sidecars: [exporter(secretNames(name).users)],
    sidecarVolumes: [{ name: EXPORTER_TLS, secret: { secretName: secretNames(name).tls } }],
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

function backupAccount({ backup }: PerconaArgs): Json {
  return backup === undefined ? {} : { serviceAccountName: backup.serviceAccount };
}

function volume(sizeGiB: number, storageClassName: pulumi.Input<string> | undefined): Json {
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
function users(
  { name: cluster, passwordGeneration }: PerconaArgs,
  name: string,
  roles: readonly Json[],
): Json[] {
  return livingGenerations(passwordGeneration)
    .map((generation) => userOfGeneration(name, generation))
    .sort()
    .map((user) => ({
      name: user,
      db: "admin",
      passwordSecretRef: { name: secretNames(cluster).application, key: passwordKey(user) },
      roles,
    }));
}

/** Entry of the Secret with the password of a user. */
export const passwordKey = (user: string): string => `${user}-password`;

const EXPORTER_TLS = "exporter-tls";

/** User of the exporter's image. */
const EXPORTER_USER = 65_535;

/** Metrics of the server in the same pod, with the operator's monitoring user. */
function exporter(usersSecret: string): k8s.types.input.core.v1.Container {
  const fromUsers = (key: string): k8s.types.input.core.v1.EnvVarSource => ({
    secretKeyRef: { name: usersSecret, key },
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
