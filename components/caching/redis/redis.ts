import { basename } from "node:path/posix";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";

import { assertValid } from "../../shared/issues";
import {
  DEFAULT_CPU_CORES,
  DEFAULT_ZONES,
  planRedis,
  isReplicated,
  storedNumbers,
  type RedisPlan,
  type StoredNumbers,
} from "../../../budget/caching/plan-redis";
import type { RedisSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { plannedPart } from "../../../budget/core/summary";
import { DisruptionBudget } from "../../autoscaling/disruption-budget";
import { checksum } from "../../shared/checksum";
import { commonLabels, metadataOf, selectorLabels } from "../../shared/kubernetes";
import { DEFAULT_MONITORING_NAMESPACE } from "../../shared/network-policy";
import { transformed } from "../../shared/transform";
import { DEFAULT_NAMESPACE, type Cache, type CacheEndpoint } from "../cache-endpoint";
import { redisArgsIssues, redisInputs, type RedisArgs, type RedisStorage } from "./redis-args";
import { plannedConf, redisConf, REDIS_PATHS, REDIS_PORT } from "./redis-conf";
import { redisNetworkPolicy } from "./redis-network";
import { CLI_KEY, CREDENTIAL_KEYS, DATA_VOLUME, METRICS_PORT, redisPod } from "./redis-pod";
import { redisSecrets } from "./redis-secrets";
import {
  OPERATORS_CLI,
  type RedisUserName,
  passwordOf,
  sentinelUsersConf,
  serverUsersConf,
} from "./redis-users";
import { redisWitnesses } from "./redis-witnesses";
import { replicationScripts } from "./replication-scripts";
import { SENTINEL_PATHS, SENTINEL_PORT, sentinelConf, sentinelList, statefulMembers } from "./sentinel-conf";

export { redisArgsIssues } from "./redis-args";
export type { CacheRedisArgs, RedisArgs, RedisStorage, SessionRedisArgs } from "./redis-args";

/**
 * Redis sized by its plan: `maxclients` from the largest fleet of its users, `maxmemory` from the working set, the
 * container's limit from `maxmemory`. Only its users' pods reach it, and only with the generated password.
 *
 * A cache is one server, or, with `standby`, three. A session store is a primary with two replicas, and a Sentinel beside each: when the primary is
 * gone for five seconds, two of them make a replica the primary.
 *
 * Trap: a client has to ask the Sentinels who takes writes. The Service of a session store reaches any of its members.
 *
 *     new Redis("cache", { purpose: "cache", workingSetMiB: 512 });
 *
 * Cost: the requests equal the limits, `cpuCores` and `memoryLimitMiB`; a session store is three of them with a volume each.
 */
export class Redis extends pulumi.ComponentResource implements Cache {
  /** What services are told. */
  readonly endpoint: CacheEndpoint;
  /** Host name in the cluster: `redis-cache.retrofitlink.svc`. Known once the Service exists. */
  readonly host: pulumi.Output<string>;
  readonly port: number = REDIS_PORT;
  /** `redis://host:port`, without the password. */
  readonly url: pulumi.Output<string>;
  /** Where the password is, for `secretKeyRef`. The password itself is no output. */
  readonly passwordSecret: { readonly name: pulumi.Output<string>; readonly key: string };
  /** `maxclients`. */
  readonly maxClients: number;

  readonly plan: RedisPlan;
  /** Generated passwords of all generations that are accepted. */
  readonly passwords: readonly random.RandomPassword[];
  readonly credentials: k8s.core.v1.Secret;
  readonly config: k8s.core.v1.ConfigMap;
  readonly service: k8s.core.v1.Service;
  /** The Deployment of a cache that is alone, or the StatefulSet of several members. */
  readonly workload: k8s.apps.v1.Deployment | k8s.apps.v1.StatefulSet;
  /** The headless Service that gives each of several members its name. */
  readonly pods: k8s.core.v1.Service | undefined;
  readonly disruptionBudget: DisruptionBudget;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    const workload = args.name ?? name;
    assertValid("Redis", name, redisArgsIssues(name, args), args.configKey);
    const { cpuCores = DEFAULT_CPU_CORES, namespace = DEFAULT_NAMESPACE, users = [], transform = {} } = args;
    const plan = args.plan ?? planRedis(redisInputs(workload, args));
    const { numbers } = plan;
    super(
      COMPONENT_TYPES.redis,
      name,
      {
        kind: "in-cluster",
        configKey: args.configKey ?? name,
        workload,
        ...(typeof namespace === "string" ? { namespace } : {}),
        purpose: args.purpose,
        ...plannedPart(plan, redisWitnesses(name, args.purpose, cpuCores, plan)),
      } satisfies RedisSummary,
      opts,
    );
    this.plan = plan;
    this.maxClients = numbers.maxClients.value;

    const labels = commonLabels(workload, args.purpose);
    const selector = { matchLabels: selectorLabels(workload) };
    const metadata = metadataOf(namespace, labels);
    const child = { parent: this };

    const secrets = redisSecrets(name, args, child);
    this.passwords = secrets.passwords;
    const isMember = isReplicated(args);
    const stored = storedNumbers(plan);
    const podsService = `${workload}-pods`;
    const currently = (user: RedisUserName) => secrets.all.apply(({ current }) => passwordOf(user, current));

    const [credentialsName, credentialsArgs, credentialsOpts] = transformed<k8s.core.v1.SecretArgs>(
      transform.credentials,
      `${name}-credentials`,
      {
        metadata: metadata(`${workload}-credentials`),
        stringData: {
          [CREDENTIAL_KEYS.password]: currently("default"),
          [CREDENTIAL_KEYS.operator]: currently("operator"),
          [CREDENTIAL_KEYS.exporter]: currently("exporter"),
          [CREDENTIAL_KEYS.users]: secrets.all.apply((all) => serverUsersConf(isMember, all)),
          ...(isMember
            ? {
                [CREDENTIAL_KEYS.sentinelUsers]: secrets.all.apply((all) => sentinelUsersConf(workload, all)),
              }
            : {}),
        },
      },
      child,
    );
    this.credentials = new k8s.core.v1.Secret(credentialsName, credentialsArgs, credentialsOpts);

    const [configName, configArgs, configOpts] = transformed<k8s.core.v1.ConfigMapArgs>(
      transform.config,
      `${name}-config`,
      {
        metadata: metadata(`${workload}-config`),
        data: inNamespace(namespace, (known) => ({
          [basename(REDIS_PATHS.config)]: redisConf(plannedConf(args.purpose, plan)),
          [CLI_KEY]: OPERATORS_CLI,
          ...(isMember
            ? {
                [basename(SENTINEL_PATHS.settings)]: sentinelConf({ masterName: workload }),
                ...replicationScripts({
                  masterName: workload,
                  members: statefulMembers(workload, podsService, known),
                }),
              }
            : {}),
        })),
      },
      child,
    );
    this.config = new k8s.core.v1.ConfigMap(configName, configArgs, configOpts);

    this.service = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.service,
        `${name}-service`,
        {
          metadata: metadata(workload),
          spec: {
            type: "ClusterIP",
            selector: selector.matchLabels,
            ports: [
              { name: "redis", port: REDIS_PORT, targetPort: "redis" },
              ...(isMember ? [{ name: "sentinel", port: SENTINEL_PORT, targetPort: "sentinel" }] : []),
              { name: "metrics", port: METRICS_PORT, targetPort: "metrics" },
            ],
          },
        },
        child,
      ),
    );

    const template = redisPod({
      labels,
      cpuCores,
      memoryLimitMiB: numbers.limit.value,
      ...(isMember
        ? { member: { app: workload, zones: args.zones ?? DEFAULT_ZONES, stored: stored !== undefined } }
        : {}),
      config: { name: this.config.metadata.name, checksum: checksum(configArgs.data) },
      // A digest of so many random bits gives nothing away; kept secret it would hide the whole pod in every preview.
      credentials: {
        name: this.credentials.metadata.name,
        checksum: pulumi.unsecret(checksum(credentialsArgs.stringData)),
      },
    });

    if (!isMember) {
      this.workload = new k8s.apps.v1.Deployment(
        ...transformed<k8s.apps.v1.DeploymentArgs>(
          args.purpose === "cache" ? args.transform?.deployment : undefined,
          `${name}-deployment`,
          {
            metadata: metadata(workload),
            spec: {
              replicas: numbers.members.value,
              // Never two caches at once: a key deleted in one would live on in the other until its TTL.
              strategy: { type: "Recreate" },
              revisionHistoryLimit: 3,
              selector,
              template,
            },
          },
          child,
        ),
      );
    } else {
      this.pods = this.membersService(name, args, metadata(podsService), selector.matchLabels);
      this.workload = this.members(name, args, this.pods, {
        metadata: metadata(workload),
        selector,
        template,
      });
    }

    this.disruptionBudget = new DisruptionBudget(
      `${name}-disruption-budget`,
      {
        workload,
        namespace,
        labels,
        matchLabels: selector.matchLabels,
        // Of one server anything stricter would let no node be drained, ever; a cache fills again. Of three, two go on.
        maxUnavailable: 1,
        transform,
      },
      child,
    );

    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        `${name}-network-policy`,
        {
          metadata: metadata(workload),
          spec: redisNetworkPolicy({
            workload,
            clients: args.clients ?? users.map((user) => selectorLabels(user.service)),
            ...(args.clientNamespaces === undefined ? {} : { clientNamespaces: args.clientNamespaces }),
            monitoringNamespace: args.monitoringNamespace ?? DEFAULT_MONITORING_NAMESPACE,
            replicated: isMember,
          }),
        },
        child,
      ),
    );

    this.host = pulumi.interpolate`${this.service.metadata.name}.${namespace}.svc`;
    this.url = pulumi.interpolate`redis://${this.host}:${REDIS_PORT}`;
    this.passwordSecret = { name: this.credentials.metadata.name, key: CREDENTIAL_KEYS.password };
    const sentinel = {
      addresses: inNamespace(namespace, (known) =>
        sentinelList(statefulMembers(workload, podsService, known)),
      ),
      masterName: workload,
    };
    this.endpoint = {
      host: this.host,
      port: this.port,
      passwordSecret: this.passwordSecret,
      destination: {
        labels: selector.matchLabels,
        ports: [REDIS_PORT, ...(isMember ? [SENTINEL_PORT] : [])],
      },
      ...(isMember ? { sentinel } : {}),
    };
    this.registerOutputs({
      host: this.host,
      port: this.port,
      url: this.url,
      passwordSecret: this.passwordSecret,
      maxClients: this.maxClients,
    });
  }

  /** Gives each member its name. */
  private membersService(
    name: string,
    { transform = {} }: RedisArgs,
    metadata: k8s.types.input.meta.v1.ObjectMeta,
    selector: Record<string, string>,
  ): k8s.core.v1.Service {
    return new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.pods,
        `${name}-pods`,
        {
          metadata,
          spec: {
            clusterIP: "None",
            // Members look for each other before they are ready: none of them could ever be the first otherwise.
            publishNotReadyAddresses: true,
            selector,
            ports: [
              { name: "redis", port: REDIS_PORT, targetPort: "redis" },
              { name: "sentinel", port: SENTINEL_PORT, targetPort: "sentinel" },
            ],
          },
        },
        { parent: this },
      ),
    );
  }

  /** The servers of a session store: names, volumes, and a start one after the other. */
  private members(
    name: string,
    { storage = {}, transform = {} }: RedisArgs,
    pods: k8s.core.v1.Service,
    made: {
      readonly metadata: k8s.types.input.meta.v1.ObjectMeta;
      readonly selector: { readonly matchLabels: Record<string, string> };
      readonly template: k8s.types.input.core.v1.PodTemplateSpec;
    },
  ): k8s.apps.v1.StatefulSet {
    const { metadata, selector, template } = made;
    const stored = storedNumbers(this.plan);
    return new k8s.apps.v1.StatefulSet(
      ...transformed<k8s.apps.v1.StatefulSetArgs>(
        transform.statefulSet,
        `${name}-statefulset`,
        {
          metadata,
          spec: {
            serviceName: pods.metadata.name,
            replicas: this.plan.numbers.members.value,
            // One after the other: a member asks those that are there who the primary is, before it starts as anything.
            podManagementPolicy: "OrderedReady",
            revisionHistoryLimit: 3,
            selector,
            template,
            ...(stored === undefined ? {} : volumes(stored, storage, selector.matchLabels)),
          },
        },
        { parent: this },
      ),
    );
  }
}

/** The sessions outlive the object that served them. */
function volumes(
  { storage }: StoredNumbers,
  { storageClassName }: RedisStorage,
  labels: Record<string, string>,
): Pick<
  k8s.types.input.apps.v1.StatefulSetSpec,
  "persistentVolumeClaimRetentionPolicy" | "volumeClaimTemplates"
> {
  return {
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    volumeClaimTemplates: [
      {
        metadata: { name: DATA_VOLUME, labels },
        spec: {
          accessModes: ["ReadWriteOnce"],
          ...(storageClassName === undefined ? {} : { storageClassName }),
          resources: { requests: { storage: `${storage.value}Gi` } },
        },
      },
    ],
  };
}

/** What names an object of the namespace; plain where the namespace is. */
function inNamespace<Value>(
  namespace: pulumi.Input<string>,
  make: (known: string) => Value,
): pulumi.Input<Value> {
  return typeof namespace === "string" ? make(namespace) : pulumi.output(namespace).apply(make);
}
