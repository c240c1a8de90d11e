import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { neededGiB, peakQueries, queriesInFlight } from "../../../budget/database/mongodb";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { MongoDbSummary } from "../../../budget/database/summary";
import { livingGenerations, ofGeneration, userOfGeneration } from "../../shared/generations";
import { commonLabels, metadataOf, selectorLabels } from "../../shared/kubernetes";
import {
  DEFAULT_MONITORING_NAMESPACE,
  NAMES,
  POD_IDENTITY,
  admits,
  podsLabelled,
  podsOfNamespace,
  reaches,
  reachesOutside,
  type EgressRule,
  type IngressRule,
} from "../../shared/network-policy";
import { refuse } from "../../shared/problems";
import { transformed } from "../../shared/transform";
import { CHARTS } from "../../shared/versions";
import { CA_FILE, DATABASE, readPreference, type DatabaseEndpoint } from "../database-endpoint";
import { mongoDbClusterProblems, mongoDbSizes, type MongoDbClusterArgs } from "./mongodb-cluster-args";
import {
  APPLICATION_USERS,
  CLUSTER_NAME,
  DATA_MODEL_APP,
  METRICS_PORT,
  OPERATOR_NAME,
  READ_REPLICA_TAGS,
  SECRET_NAMES,
  passwordKey,
  perconaSpec,
  routerHosts,
  shardNames,
} from "./percona-resource";

export { mongoDbClusterProblems, mongoDbSizes } from "./mongodb-cluster-args";
export type { BackupTarget, MongoDbClusterArgs } from "./mongodb-cluster-args";

/** The operator's own users, by their prefix in the Secret. */
const SYSTEM_USERS = {
  DATABASE_ADMIN: "databaseAdmin",
  CLUSTER_ADMIN: "clusterAdmin",
  CLUSTER_MONITOR: "clusterMonitor",
  USER_ADMIN: "userAdmin",
  BACKUP: "backup",
} as const;

/**
 * A sharded MongoDB in the cluster, run by Percona's operator: shards of three voters and any number of read replicas,
 * config servers, routers. Memory, connections, pools and volumes follow from the working set and from the services.
 *
 * Trap: the operator owns the StatefulSets. Change `shards` and `readReplicas` in the stack file; an HPA on them would
 * fight it. Taking a shard away moves its data first and takes as long as that takes.
 *
 * Cost: `shards * (3 + readReplicas)` members of `cpuCores` and the derived memory, three config servers, the routers.
 */
export class MongoDbCluster extends pulumi.ComponentResource {
  readonly endpoint: DatabaseEndpoint;
  /** The part of a connection string that sends reads to the read replicas. */
  readonly readPreference: string;
  /** Processes of `mongos`. */
  readonly routers: number;
  /** Resolves when the operator knows of the cluster; what needs it depends on this. */
  readonly cluster: k8s.apiextensions.CustomResource;

  constructor(name: string, args: MongoDbClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("MongoDbCluster", name, mongoDbClusterProblems(args), args.configKey);
    const sizes = mongoDbSizes(args);
    const { memory, connections } = sizes;
    const tags = args.readReplicas > 0 ? READ_REPLICA_TAGS : "";
    const summary: MongoDbSummary = {
      configKey: args.configKey,
      workload: CLUSTER_NAME,
      namespace: args.namespace,
      shards: args.shards,
      statefulSets: shardNames(args.shards).map((shard) => `${CLUSTER_NAME}-${shard}`),
      readReplicas: args.readReplicas,
      dataGiB: args.dataGiB,
      workingSetGiB: args.workingSetGiB,
      expectedClients: connections.clientsPerRouter,
      maxClients: connections.routerMaxConnections,
      slowMs: sizes.slowMs,
      profilerLevel: args.profilerLevel ?? 1,
      readPreference: readPreference(tags),
      zones: args.zones,
      peakQueriesPerSecond: peakQueries(args.users),
      queriesInFlight: queriesInFlight(args.users),
      routerQueriesPerSecond: args.routers.cpuCores * args.routers.queriesPerCore,
      routers: sizes.routers,
      cacheGiB: memory.cacheGiB,
      neededMemoryGiB: neededGiB(memory),
      memoryLimitGiB: memory.limitGiB,
      routerMemoryGiB: sizes.routerMemoryGiB,
      storageGiB: sizes.storageGiB,
      memberMaxConnections: connections.memberMaxConnections,
      routerPoolSize: connections.routerPoolSize,
      backupDays: args.backup?.retentionDays ?? 0,
    };
    super(COMPONENT_TYPES.mongoDbCluster, name, summary, opts);
    this.routers = sizes.routers;
    this.readPreference = summary.readPreference;

    const { namespace, transform = {} } = args;
    const labels = commonLabels(CLUSTER_NAME, "database");
    const metadata = metadataOf(namespace, labels);
    const child = { parent: this };
    const kept = { ...child, protect: args.protect ?? true };

    const dependencies: pulumi.Resource[] = [];
    if (args.installOperator ?? true) {
      const operatorName = `${name}-operator`;
      const { chart, version, repository } = CHARTS.perconaOperator;
      dependencies.push(
        new k8s.helm.v3.Release(
          ...transformed<k8s.helm.v3.ReleaseArgs>(
            transform.operator,
            operatorName,
            {
              name: OPERATOR_NAME,
              namespace,
              chart,
              version,
              repositoryOpts: { repo: repository },
              values: {
                disableTelemetry: true,
                resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "256Mi" } },
                podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              },
            },
            { ...child, dependsOn: [...(args.backupReady ?? [])] },
          ),
        ),
      );
    }

    const operatorUsers = new k8s.core.v1.Secret(
      `${name}-users`,
      { metadata: metadata(SECRET_NAMES.users), stringData: systemUsers(name, kept) },
      kept,
    );
    const hosts = routerHosts(sizes.routers, namespace).join(",");
    const uri = ({ user, password }: DatabaseAccount): pulumi.Output<string> =>
      pulumi.interpolate`mongodb://${user}:${password}@${hosts}/${DATABASE}?authSource=admin&tls=true&tlsCAFile=${CA_FILE}`;
    const application = accounts(name, APPLICATION_USERS.application, args.passwordGeneration, child);
    const dataModel = accounts(name, APPLICATION_USERS.dataModel, args.passwordGeneration, child);
    const credentials = new k8s.core.v1.Secret(
      `${name}-application`,
      {
        metadata: metadata(SECRET_NAMES.application),
        stringData: {
          ...Object.fromEntries(
            [...application, ...dataModel].map(({ user, password }) => [passwordKey(user), password]),
          ),
          uri: uri(application[0]),
          "data-model-uri": uri(dataModel[0]),
        },
      },
      kept,
    );

    const clusterName = `${name}-cluster`;
    this.cluster = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.cluster,
        clusterName,
        {
          apiVersion: "psmdb.percona.com/v1",
          kind: "PerconaServerMongoDB",
          metadata: {
            ...metadata(CLUSTER_NAME),
            // Members leave one by one; their volumes stay, for nobody meant to delete data by deleting an object.
            finalizers: ["percona.com/delete-psmdb-pods-in-order"],
          },
          spec: perconaSpec(args, sizes),
        },
        { ...kept, dependsOn: [...dependencies, ...(args.backupReady ?? []), operatorUsers, credentials] },
      ),
    );

    const networkPolicyName = `${name}-network-policy`;
    new k8s.networking.v1.NetworkPolicy(
      ...transformed(
        transform.networkPolicy,
        networkPolicyName,
        {
          metadata: metadata(CLUSTER_NAME),
          spec: {
            podSelector: { matchLabels: MEMBERS },
            policyTypes: ["Ingress", "Egress"],
            ingress: ingressRules(args),
            egress: egressRules(args),
          },
        },
        child,
      ),
    );

    this.endpoint = {
      uriSecret: { name: credentials.metadata.name, key: "uri" },
      adminUriSecret: { name: credentials.metadata.name, key: "data-model-uri" },
      caSecret: { name: SECRET_NAMES.tls, key: "ca.crt" },
      readReplicaTags: tags,
      destination: { labels: MEMBERS, ports: [PORT] },
    };
    this.registerOutputs({ readPreference: this.readPreference, routers: this.routers });
  }
}

/** Users of the operator itself. They keep their passwords when the operator is replaced. */
function systemUsers(
  name: string,
  options: pulumi.CustomResourceOptions,
): Record<string, pulumi.Input<string>> {
  const entries = Object.entries(SYSTEM_USERS).flatMap(([prefix, user]): [string, pulumi.Input<string>][] => [
    [`MONGODB_${prefix}_USER`, user],
    [`MONGODB_${prefix}_PASSWORD`, password(`${name}-${user}-password`, options)],
  ]);
  return Object.fromEntries(entries);
}

interface DatabaseAccount {
  readonly user: string;
  readonly password: pulumi.Output<string>;
}

/** The account of this generation, then that of the one before. Not protected: others take their place. */
function accounts(
  name: string,
  user: string,
  passwordGeneration = 1,
  options: pulumi.CustomResourceOptions,
): readonly [DatabaseAccount, ...DatabaseAccount[]] {
  const account = (generation: number): DatabaseAccount => ({
    user: userOfGeneration(user, generation),
    password: password(ofGeneration(`${name}-${user}-password`, generation), options),
  });
  const [current, ...former] = livingGenerations(passwordGeneration);
  return [account(current), ...former.map(account)];
}

/** Letters and digits only: a connection string needs no quoting then. 40 of them are 238 bits. */
function password(name: string, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 40, special: false }, options).result;
}

/** Members, config servers and routers. */
const MEMBERS = { "app.kubernetes.io/instance": CLUSTER_NAME };

/** Of every server and router. */
const PORT = 27017;

/** Members call each other and the name service, and where there are backups the cloud's storage. */
function egressRules({ backup }: MongoDbClusterArgs): EgressRule[] {
  return [
    NAMES,
    reaches({ labels: MEMBERS, ports: [PORT] }),
    ...(backup === undefined ? [] : [reachesOutside({ port: 443 })]),
    // On AWS the account of the members gets its credentials from the agent of the node.
    ...(backup?.storage.type === "s3" ? [POD_IDENTITY] : []),
  ];
}

/** Members talk to each other, the operator to all, services and the data-model Job to them, monitoring to the exporters. */
function ingressRules(args: MongoDbClusterArgs): IngressRule[] {
  const clients = [
    selectorLabels(DATA_MODEL_APP),
    ...args.users.map(({ service }) => selectorLabels(service)),
  ];
  const peers = [MEMBERS, { "app.kubernetes.io/name": OPERATOR_NAME }, ...clients];
  const monitoring = args.monitoringNamespace ?? DEFAULT_MONITORING_NAMESPACE;
  return [
    ...admits(peers.map(podsLabelled), [PORT]),
    ...admits([podsOfNamespace(monitoring)], [METRICS_PORT]),
  ];
}
