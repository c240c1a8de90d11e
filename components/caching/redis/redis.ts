import { basename } from "node:path/posix";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expectedClients } from "../../../budget/service/connections";
import { redisIoThreads, redisStorageGiB } from "../../../budget/caching/memory";
import type { RedisSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { commonLabels, metadataOf, selectorLabels } from "../../shared/kubernetes";
import { checksum } from "../../shared/checksum";
import { DEFAULT_MONITORING_NAMESPACE } from "../../shared/network-policy";
import { refuse } from "../../shared/problems";
import { transformed } from "../../shared/transform";
import type { Cache, CacheEndpoint } from "../cache-endpoint";
import { redisProblems, redisSizes, replicasOf, type RedisArgs, type SessionRedisArgs } from "./redis-args";
import { EVICTION_POLICY, redisConf, REDIS_PATHS, REDIS_PORT } from "./redis-conf";
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
import { replicationScripts } from "./replication-scripts";
import {
  MEMBERS,
  SENTINEL_PATHS,
  SENTINEL_PORT,
  sentinelConf,
  sentinelList,
  statefulMembers,
} from "./sentinel-conf";

export { redisProblems } from "./redis-args";
export type { CacheRedisArgs, RedisArgs, RedisStorage, RedisUser, SessionRedisArgs } from "./redis-args";

/**
 * Redis sized by proofs: `maxclients` from the largest fleet of its users, `maxmemory` from the working set, the
 * container's limit from `maxmemory`. Only its users' pods reach it, and only with the generated password.
 *
 * A cache is one server. A session store is a primary with two replicas, and a Sentinel beside each: when the primary is
 * gone for five seconds, two of them make a replica the primary.
 *
 * Trap: a client has to ask the Sentinels who takes writes. The Service of a session store reaches any of its members.
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

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    const workload = args.name ?? name;
    refuse("Redis", name, redisProblems({ ...args, name: workload }), args.configKey);
    const sizes = redisSizes(args);
    const { memory } = sizes;
    const replicas = replicasOf(args);
    const summary: RedisSummary = {
      kind: "in-cluster",
      configKey: args.configKey,
      workload,
      namespace: args.namespace,
      purpose: args.purpose,
      workingSetMiB: args.workingSetMiB,
      replicas,
      maxMemoryMiB: memory.maxMemoryMiB,
      neededMemoryMiB: memory.neededMiB,
      memoryLimitMiB: memory.limitMiB,
      expectedClients: expectedClients(args.users),
      maxClients: sizes.maxClients,
      evictionPolicy: EVICTION_POLICY[args.purpose],
      persistent: args.purpose === "session",
    };
    super(COMPONENT_TYPES.redis, name, summary, opts);
    this.maxClients = sizes.maxClients;

    const labels = commonLabels(workload, args.purpose);
    const selector = { matchLabels: selectorLabels(workload) };
    const metadata = metadataOf(args.namespace, labels);
    const child = { parent: this };
    const { transform = {} } = args;

    const secrets = redisSecrets(name, args, child);
    const isMember = replicas > 0;
    const podsService = `${workload}-pods`;
    const members = statefulMembers(workload, podsService, args.namespace);
    const currently = (user: RedisUserName) => secrets.apply(({ current }) => passwordOf(user, current));

    const credentialsName = `${name}-credentials`;
    const [, credentialsArgs, credentialsOpts] = transformed<k8s.core.v1.SecretArgs>(
      transform.credentials,
      credentialsName,
      {
        metadata: metadata(`${workload}-credentials`),
        stringData: {
          [CREDENTIAL_KEYS.password]: currently("default"),
          [CREDENTIAL_KEYS.operator]: currently("operator"),
          [CREDENTIAL_KEYS.exporter]: currently("exporter"),
          [CREDENTIAL_KEYS.users]: secrets.apply((all) => serverUsersConf(args.purpose, all)),
          ...(isMember
            ? { [CREDENTIAL_KEYS.sentinelUsers]: secrets.apply((all) => sentinelUsersConf(workload, all)) }
            : {}),
        },
      },
      child,
    );
    const credentials = new k8s.core.v1.Secret(credentialsName, credentialsArgs, credentialsOpts);

    const conf = redisConf({
      purpose: args.purpose,
      maxMemoryMiB: memory.maxMemoryMiB,
      clientBuffersMiB: memory.clientBuffersMiB,
      maxClients: sizes.maxClients,
      ioThreads: redisIoThreads(args.cpuCores),
      replication: isMember
        ? { backlogMiB: memory.replicationBacklogMiB, replicaBufferMiB: memory.replicaBufferMiB }
        : undefined,
    });
    const configName = `${name}-config`;
    const [, configArgs, configOpts] = transformed<k8s.core.v1.ConfigMapArgs>(
      transform.config,
      configName,
      {
        metadata: metadata(`${workload}-config`),
        data: {
          [basename(REDIS_PATHS.config)]: conf,
          [CLI_KEY]: OPERATORS_CLI,
          ...(isMember
            ? {
                [basename(SENTINEL_PATHS.settings)]: sentinelConf({ masterName: workload }),
                ...replicationScripts({ masterName: workload, members }),
              }
            : {}),
        },
      },
      child,
    );
    const config = new k8s.core.v1.ConfigMap(configName, configArgs, configOpts);

    const serviceName = `${name}-service`;
    const service = new k8s.core.v1.Service(
      ...transformed(
        transform.service,
        serviceName,
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
      cpuCores: args.cpuCores,
      memoryLimitMiB: memory.limitMiB,
      ...(args.purpose === "session" ? { member: { app: workload, zones: args.zones } } : {}),
      config: { name: config.metadata.name, checksum: checksum(configArgs.data) },
      // A digest of so many random bits gives nothing away; kept secret it would hide the whole pod in every preview.
      credentials: {
        name: credentials.metadata.name,
        checksum: pulumi.unsecret(checksum(credentialsArgs.stringData)),
      },
    });

    if (args.purpose === "cache") {
      const deploymentName = `${name}-deployment`;
      new k8s.apps.v1.Deployment(
        ...transformed(
          args.transform?.deployment,
          deploymentName,
          {
            metadata: metadata(workload),
            spec: {
              replicas: 1,
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
      this.members(name, args, { metadata: metadata(workload), podsService, selector, template, memory });
    }

    const disruptionBudgetName = `${name}-disruption-budget`;
    new k8s.policy.v1.PodDisruptionBudget(
      ...transformed(
        transform.disruptionBudget,
        disruptionBudgetName,
        {
          metadata: metadata(workload),
          // Of one server anything stricter would let no node be drained, ever; a cache fills again. Of three, two go on.
          spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: "AlwaysAllow" },
        },
        child,
      ),
    );

    const networkPolicyName = `${name}-network-policy`;
    new k8s.networking.v1.NetworkPolicy(
      ...transformed(
        transform.networkPolicy,
        networkPolicyName,
        {
          metadata: metadata(workload),
          spec: redisNetworkPolicy({
            workload,
            clients: args.clients ?? args.users.map((user) => selectorLabels(user.service)),
            monitoringNamespace: args.monitoringNamespace ?? DEFAULT_MONITORING_NAMESPACE,
            replicated: isMember,
          }),
        },
        child,
      ),
    );

    this.host = pulumi.interpolate`${service.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`redis://${this.host}:${REDIS_PORT}`;
    this.passwordSecret = { name: credentials.metadata.name, key: CREDENTIAL_KEYS.password };
    const sentinel = { addresses: sentinelList(members), masterName: workload };
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

  /** The servers of a session store: names, volumes, and a start one after the other. */
  private members(
    name: string,
    args: SessionRedisArgs,
    made: {
      readonly metadata: k8s.types.input.meta.v1.ObjectMeta;
      readonly podsService: string;
      readonly selector: { readonly matchLabels: Record<string, string> };
      readonly template: k8s.types.input.core.v1.PodTemplateSpec;
      readonly memory: { readonly maxMemoryMiB: number };
    },
  ): void {
    const { metadata, selector, template, podsService } = made;
    const { storage = {}, transform = {} } = args;
    const child = { parent: this };
    const podsName = `${name}-pods`;
    const pods = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.pods,
        podsName,
        {
          metadata: { ...metadata, name: podsService },
          spec: {
            clusterIP: "None",
            // Members look for each other before they are ready: none of them could ever be the first otherwise.
            publishNotReadyAddresses: true,
            selector: selector.matchLabels,
            ports: [
              { name: "redis", port: REDIS_PORT, targetPort: "redis" },
              { name: "sentinel", port: SENTINEL_PORT, targetPort: "sentinel" },
            ],
          },
        },
        child,
      ),
    );
    const sizeGiB = storage.sizeGiB ?? redisStorageGiB(made.memory.maxMemoryMiB);
    const statefulSetName = `${name}-statefulset`;
    new k8s.apps.v1.StatefulSet(
      ...transformed(
        transform.statefulSet,
        statefulSetName,
        {
          metadata,
          spec: {
            serviceName: pods.metadata.name,
            replicas: MEMBERS,
            // One after the other: a member asks those that are there who the primary is, before it starts as anything.
            podManagementPolicy: "OrderedReady",
            revisionHistoryLimit: 3,
            selector,
            template,
            // The sessions outlive the object that served them.
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            volumeClaimTemplates: [
              {
                metadata: { name: DATA_VOLUME, labels: selector.matchLabels },
                spec: {
                  accessModes: ["ReadWriteOnce"],
                  storageClassName: storage.storageClassName,
                  resources: { requests: { storage: `${sizeGiB}Gi` } },
                },
              },
            ],
          },
        },
        child,
      ),
    );
  }
}
