import { basename } from "node:path/posix";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { expectedClients } from "../../budget/connections";
import { redisIoThreads, redisStorageGiB } from "../../budget/memory";
import { COMPONENT_TYPES, type RedisSummary } from "../../budget/summaries";
import { commonLabels, selectorLabels } from "../shared/kubernetes";
import { checksum } from "../shared/checksum";
import { refuse } from "../shared/problems";
import { transformed } from "../shared/transform";
import { redisProblems, redisSizes, type RedisArgs } from "./redis-args";
import { EVICTION_POLICY, passwordConf, redisConf, REDIS_PATHS, REDIS_PORT } from "./redis-conf";
import { CREDENTIAL_KEYS, DATA_VOLUME, METRICS_PORT, redisPod } from "./redis-pod";

export { redisProblems } from "./redis-args";
export type { CacheRedisArgs, RedisArgs, RedisStorage, RedisUser, SessionRedisArgs } from "./redis-args";

/**
 * One Redis server sized by proofs: `maxclients` from the largest fleet of its users, `maxmemory` from the working
 * set, the container's limit from `maxmemory`. Only its users' pods reach it, and only with the generated password.
 *
 * Trap: one server is one event loop and one failure domain. While it restarts there is no cache, or no session.
 *
 * Cost: the requests equal the limits, `cpuCores` and `memoryLimitMiB`; a session store adds its volume.
 */
export class Redis extends pulumi.ComponentResource {
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
    const summary: RedisSummary = {
      configKey: args.configKey,
      workload,
      namespace: args.namespace,
      purpose: args.purpose,
      workingSetMiB: args.workingSetMiB,
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
    const metadata = (objectName: string): k8s.types.input.meta.v1.ObjectMeta & { name: string } => ({
      name: objectName,
      namespace: args.namespace,
      labels,
    });
    const child = { parent: this };
    const { transform = {} } = args;

    const passwordName = `${name}-password`;
    const password = new random.RandomPassword(
      passwordName,
      // Letters and digits only: neither redis.conf nor a URL needs quoting then. 40 of them are 238 bits.
      transformed(transform.password, passwordName, { length: 40, special: false }),
      child,
    );

    const credentialsName = `${name}-credentials`;
    const credentialsArgs = transformed<k8s.core.v1.SecretArgs>(transform.credentials, credentialsName, {
      metadata: metadata(`${workload}-credentials`),
      stringData: {
        [CREDENTIAL_KEYS.password]: password.result,
        [CREDENTIAL_KEYS.file]: password.result.apply(passwordConf),
      },
    });
    const credentials = new k8s.core.v1.Secret(credentialsName, credentialsArgs, child);

    const conf = redisConf({
      purpose: args.purpose,
      maxMemoryMiB: memory.maxMemoryMiB,
      clientBuffersMiB: memory.clientBuffersMiB,
      maxClients: sizes.maxClients,
      ioThreads: redisIoThreads(args.cpuCores),
    });
    const configName = `${name}-config`;
    const configArgs = transformed<k8s.core.v1.ConfigMapArgs>(transform.config, configName, {
      metadata: metadata(`${workload}-config`),
      data: { [basename(REDIS_PATHS.config)]: conf },
    });
    const config = new k8s.core.v1.ConfigMap(configName, configArgs, child);

    const serviceName = `${name}-service`;
    const service = new k8s.core.v1.Service(
      serviceName,
      transformed(transform.service, serviceName, {
        metadata: metadata(workload),
        spec: {
          type: "ClusterIP",
          selector: selector.matchLabels,
          ports: [
            { name: "redis", port: REDIS_PORT, targetPort: "redis" },
            { name: "metrics", port: METRICS_PORT, targetPort: "metrics" },
          ],
        },
      }),
      child,
    );

    const template = redisPod({
      labels,
      cpuCores: args.cpuCores,
      memoryLimitMiB: memory.limitMiB,
      persistent: args.purpose === "session",
      config: { name: config.metadata.name, checksum: checksum(configArgs.data) },
      // A digest of 238 random bits gives nothing away; kept secret it would hide the whole pod in every preview.
      credentials: {
        name: credentials.metadata.name,
        checksum: pulumi.unsecret(checksum(credentialsArgs.stringData)),
      },
    });

    if (args.purpose === "cache") {
      const deploymentName = `${name}-deployment`;
      new k8s.apps.v1.Deployment(
        deploymentName,
        transformed(args.transform?.deployment, deploymentName, {
          metadata: metadata(workload),
          spec: {
            replicas: 1,
            // Never two caches at once: a key deleted in one would live on in the other until its TTL.
            strategy: { type: "Recreate" },
            revisionHistoryLimit: 3,
            selector,
            template,
          },
        }),
        child,
      );
    } else {
      const storage = args.storage ?? {};
      const sizeGiB = storage.sizeGiB ?? redisStorageGiB(memory.maxMemoryMiB);
      const statefulSetName = `${name}-statefulset`;
      new k8s.apps.v1.StatefulSet(
        statefulSetName,
        transformed(args.transform?.statefulSet, statefulSetName, {
          metadata: metadata(workload),
          spec: {
            serviceName: service.metadata.name,
            replicas: 1,
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
        }),
        child,
      );
    }

    const disruptionBudgetName = `${name}-disruption-budget`;
    new k8s.policy.v1.PodDisruptionBudget(
      disruptionBudgetName,
      transformed(transform.disruptionBudget, disruptionBudgetName, {
        metadata: metadata(workload),
        // With one replica anything stricter would let no node be drained, ever. A drain costs a cache that fills again,
        // or a session store that is away while its volume moves.
        spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: "AlwaysAllow" },
      }),
      child,
    );

    const networkPolicyName = `${name}-network-policy`;
    new k8s.networking.v1.NetworkPolicy(
      networkPolicyName,
      transformed(transform.networkPolicy, networkPolicyName, {
        metadata: metadata(workload),
        spec: {
          podSelector: selector,
          policyTypes: ["Ingress", "Egress"],
          ingress: ingressRules(
            args.clients ?? args.users.map((user) => selectorLabels(user.service)),
            args.monitoringNamespace ?? "monitoring",
          ),
          // It calls nobody.
          egress: [],
        },
      }),
      child,
    );

    this.host = pulumi.interpolate`${service.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`redis://${this.host}:${REDIS_PORT}`;
    this.passwordSecret = { name: credentials.metadata.name, key: CREDENTIAL_KEYS.password };
    this.registerOutputs({
      host: this.host,
      port: this.port,
      url: this.url,
      passwordSecret: this.passwordSecret,
      maxClients: this.maxClients,
    });
  }
}

/** Who may come in. An empty `from` would let everybody in, so without clients there is no rule for them at all. */
function ingressRules(
  clients: readonly Readonly<Record<string, string>>[],
  monitoringNamespace: string,
): k8s.types.input.networking.v1.NetworkPolicyIngressRule[] {
  const fromClients = {
    from: clients.map((matchLabels) => ({ podSelector: { matchLabels } })),
    ports: [{ protocol: "TCP", port: "redis" }],
  };
  const fromMonitoring = {
    from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": monitoringNamespace } } }],
    ports: [{ protocol: "TCP", port: "metrics" }],
  };
  return clients.length > 0 ? [fromClients, fromMonitoring] : [fromMonitoring];
}
