import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { plannedPart } from "../../../budget/core/summary";
import type { DatabasePlan } from "../../../budget/database/plan";
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
import { transformed, type Transform } from "../../shared/transform";
import { CHARTS } from "../../shared/versions";
import { CA_FILE, readPreference, type DatabaseEndpoint } from "../database-endpoint";
import {
  mongoDbClusterIssues,
  mongoDbPlan,
  mongoDbSettings,
  type MongoDbClusterArgs,
  type MongoDbSettings,
} from "./mongodb-cluster-args";
import { mongoDbWitnesses } from "./mongodb-witnesses";
import {
  APPLICATION_USERS,
  METRICS_PORT,
  OPERATOR_NAME,
  READ_REPLICA_TAGS,
  dataModelApp,
  passwordKey,
  perconaSpec,
  routerHosts,
  secretNames,
  shardNames,
  slowMs,
} from "./percona-resource";

export { mongoDbClusterIssues } from "./mongodb-cluster-args";
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
 * Trap: the operator owns the StatefulSets. Change `shards` and `readReplicas` here; an HPA on them would fight it. Taking a shard away moves its data first and takes as long as that takes.
 *
 * Trap: a `DataModelJob` of this cluster has to be called `<name>-data-model`, the name that the network policy lets in.
 *
 * Cost: `shards * (3 + readReplicas)` members of `cpuCores` and the derived memory, three config servers, the routers.
 */
export class MongoDbCluster extends pulumi.ComponentResource {
  readonly endpoint: DatabaseEndpoint;
  readonly plan: DatabasePlan;
  /** The part of a connection string that sends reads to the read replicas. */
  readonly readPreference: string;
  /** Processes of `mongos`. */
  readonly routers: number;
  /** A query that takes longer is slow, milliseconds. */
  readonly slowMs: number;
  /** Resolves when the operator knows of the cluster; what needs it depends on this. */
  readonly cluster: k8s.apiextensions.CustomResource;
  /** Undefined where it was there already. */
  readonly operator: k8s.helm.v3.Release | undefined;
  /** Names and passwords of the operator's own users. */
  readonly operatorUsers: k8s.core.v1.Secret;
  /** Connection strings and passwords of the application and of the data-model Job. */
  readonly application: k8s.core.v1.Secret;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;

  constructor(name: string, args: MongoDbClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("MongoDbCluster", name, mongoDbClusterIssues(args), args.configKey);
    const settings = mongoDbSettings(args);
    const { namespace, databaseName, shards, readReplicas, transform = {} } = settings;
    const plan = mongoDbPlan(name, settings);
    const { numbers } = plan;
    const tags = readReplicas > 0 ? READ_REPLICA_TAGS : "";
    const summary: MongoDbSummary = {
      configKey: args.configKey ?? name,
      workload: name,
      ...(typeof namespace === "string" ? { namespace } : {}),
      shards,
      statefulSets: shardNames(shards).map((shard) => `${name}-${shard}`),
      readReplicas,
      profilerLevel: settings.profilerLevel,
      readPreference: readPreference(tags),
      zones: settings.zones,
      ...plannedPart(plan, mongoDbWitnesses(name, settings, numbers)),
    };
    super(COMPONENT_TYPES.mongoDbCluster, name, summary, opts);
    this.plan = plan;
    this.routers = numbers.routers.value;
    this.slowMs = slowMs(numbers);
    this.readPreference = summary.readPreference;

    const labels = commonLabels(name, "database");
    const metadata = metadataOf(namespace, labels);
    const secrets = secretNames(name);
    const child = { parent: this };
    const kept = { ...child, protect: args.protect ?? true };
    const ready = args.backupReady ?? [];
    const password: Passwords = (resource, options) =>
      new random.RandomPassword(
        ...transformed<random.RandomPasswordArgs>(
          transform.password,
          resource,
          // Letters and digits only: a connection string needs no quoting then. 40 of them are 238 bits.
          { length: 40, special: false },
          options,
        ),
      ).result;

    this.operator =
      (args.installOperator ?? true)
        ? installOperator(name, namespace, transform.operator, { ...child, dependsOn: [...ready] })
        : undefined;
    this.operatorUsers = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.operatorUsers,
        `${name}-users`,
        { metadata: metadata(secrets.users), stringData: systemUsers(name, (of) => password(of, kept)) },
        kept,
      ),
    );
    const hosts = routerHosts(name, this.routers, namespace).apply((found) => found.join(","));
    const uri = (account: DatabaseAccount): pulumi.Output<string> =>
      pulumi.interpolate`mongodb://${account.user}:${account.password}@${hosts}/${databaseName}?authSource=admin&tls=true&tlsCAFile=${CA_FILE}`;
    const accountsOf = (user: string): ReturnType<typeof accounts> =>
      accounts(name, user, settings.passwordGeneration, (of) => password(of, child));
    const application = accountsOf(APPLICATION_USERS.application);
    const dataModel = accountsOf(APPLICATION_USERS.dataModel);
    this.application = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.application,
        `${name}-application`,
        {
          metadata: metadata(secrets.application),
          stringData: {
            ...Object.fromEntries(
              [...application, ...dataModel].map((account) => [passwordKey(account.user), account.password]),
            ),
            uri: uri(application[0]),
            "data-model-uri": uri(dataModel[0]),
          },
        },
        kept,
      ),
    );

    const needed = [...(this.operator === undefined ? [] : [this.operator]), ...ready];
    this.cluster = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.cluster,
        `${name}-cluster`,
        {
          apiVersion: "psmdb.percona.com/v1",
          kind: "PerconaServerMongoDB",
          metadata: {
            ...metadata(name),
            // Members leave one by one; their volumes stay, for nobody meant to delete data by deleting an object.
            finalizers: ["percona.com/delete-psmdb-pods-in-order"],
          },
          spec: perconaSpec({ ...settings, name }, numbers),
        },
        { ...kept, dependsOn: [...needed, this.operatorUsers, this.application] },
      ),
    );

    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        `${name}-network-policy`,
        {
          metadata: metadata(name),
          spec: {
            podSelector: { matchLabels: membersOf(name) },
            policyTypes: ["Ingress", "Egress"],
            ingress: ingressRules(name, settings),
            egress: egressRules(name, settings),
          },
        },
        child,
      ),
    );

    this.endpoint = {
      database: databaseName,
      uriSecret: { name: this.application.metadata.name, key: "uri" },
      adminUriSecret: { name: this.application.metadata.name, key: "data-model-uri" },
      caSecret: { name: secrets.tls, key: "ca.crt" },
      readReplicaTags: tags,
      destination: { labels: membersOf(name), ports: [PORT] },
    };
    this.registerOutputs({ readPreference: this.readPreference, routers: this.routers });
  }
}

/** Makes a password. */
type Passwords = (resource: string, options: pulumi.CustomResourceOptions) => pulumi.Output<string>;

/** The operator, at a pinned version, for the namespace. */
function installOperator(
  name: string,
  namespace: pulumi.Input<string>,
  transform: Transform<k8s.helm.v3.ReleaseArgs> | undefined,
  options: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const { chart, version, repository } = CHARTS.perconaOperator;
  return new k8s.helm.v3.Release(
    ...transformed<k8s.helm.v3.ReleaseArgs>(
      transform,
      `${name}-operator`,
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
      options,
    ),
  );
}

/** Users of the operator itself. They keep their passwords when the operator is replaced. */
function systemUsers(
  name: string,
  password: (resource: string) => pulumi.Output<string>,
): Record<string, pulumi.Input<string>> {
  const entries = Object.entries(SYSTEM_USERS).flatMap(([prefix, user]): [string, pulumi.Input<string>][] => [
    [`MONGODB_${prefix}_USER`, user],
    [`MONGODB_${prefix}_PASSWORD`, password(`${name}-${user}-password`)],
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
  passwordGeneration: number,
  password: (resource: string) => pulumi.Output<string>,
): readonly [DatabaseAccount, ...DatabaseAccount[]] {
  const account = (generation: number): DatabaseAccount => ({
    user: userOfGeneration(user, generation),
    password: password(ofGeneration(`${name}-${user}-password`, generation)),
  });
  const [current, ...former] = livingGenerations(passwordGeneration);
  return [account(current), ...former.map(account)];
}

/** Members, config servers and routers. */
const membersOf = (name: string): Record<string, string> => ({ "app.kubernetes.io/instance": name });

/** Of every server and router. */
const PORT = 27017;

/** Members call each other and the name service, and where there are backups the cloud's storage. */
function egressRules(name: string, { backup }: MongoDbSettings): EgressRule[] {
  return [
    NAMES,
    reaches({ labels: membersOf(name), ports: [PORT] }),
    ...(backup === undefined ? [] : [reachesOutside({ port: 443 })]),
    // On AWS the account of the members gets its credentials from the agent of the node.
    ...(backup?.storage.type === "s3" ? [POD_IDENTITY] : []),
  ];
}

/** Members talk to each other, the operator to all, services and the data-model Job to them, monitoring to the exporters. */
function ingressRules(name: string, args: MongoDbSettings): IngressRule[] {
  const clients = [
    selectorLabels(dataModelApp(name)),
    ...args.users.map(({ service }) => selectorLabels(service)),
  ];
  const peers = [membersOf(name), { "app.kubernetes.io/name": OPERATOR_NAME }, ...clients];
  const monitoring = args.monitoringNamespace ?? DEFAULT_MONITORING_NAMESPACE;
  return [
    ...admits(peers.map(podsLabelled), [PORT]),
    ...admits([podsOfNamespace(monitoring)], [METRICS_PORT]),
  ];
}
