import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { KEDA_NAMESPACE } from "../../components/autoscaling/operators";
import type { Cache } from "../../components/caching/cache-endpoint";
import { ElastiCache } from "../../components/caching/managed/elasticache";
import { Memorystore } from "../../components/caching/managed/memorystore";
import { Redis } from "../../components/caching/redis/redis";
import { commonLabels } from "../../components/shared/kubernetes";
import type { SecretEntry } from "../../components/workload/elastic-service-args";
import type { CacheUser } from "../../budget/caching/connections";
import type { ManagedCachePlan } from "../../budget/caching/plan-managed";
import type { RedisPlan } from "../../budget/caching/plan-redis";
import { own } from "../../budget/core/own";
import type { StackPlan } from "../../plan/plan-stack";
import type { CacheConfig, ClusterConfig, StackConfig } from "../stack-file/config";

type OfKind<Kind extends CacheConfig["kind"]> = Extract<CacheConfig, { readonly kind: Kind }>;
type InCluster = Exclude<CacheConfig, { readonly kind: "elasticache" | "memorystore" }>;

/** What every kind is told. */
interface Common {
  readonly configKey: string;
  readonly namespace: string;
  readonly workingSetMiB: number;
  readonly users: readonly CacheUser[];
}

/** A cache, sized for the services that name it at their largest. */
export function createCache(
  config: StackConfig,
  plan: StackPlan,
  name: string,
  cache: CacheConfig,
  options: pulumi.ComponentResourceOptions,
): Cache {
  const planned = own(plan.caches, name);
  if (planned === undefined) throw new RangeError(`there is no cache ${name}`);
  const common: Common = {
    configKey: `retrofitlink:caches.${name}`,
    namespace: config.cluster.namespace,
    workingSetMiB: cache.workingSetMiB,
    users: planned.users,
  };
  switch (cache.kind) {
    case "elasticache":
      return elastiCache(
        config.cluster,
        plan,
        planned.plan as ManagedCachePlan,
        name,
        cache,
        common,
        options,
      );
    case "memorystore":
      return memorystore(config.cluster, planned.plan as ManagedCachePlan, name, cache, common, options);
    case "in-cluster":
    case undefined:
      return inCluster(config, planned.plan as RedisPlan, name, cache, common, options);
  }
}

function inCluster(
  { cluster, services }: StackConfig,
  plan: RedisPlan,
  name: string,
  cache: InCluster,
  common: Common,
  options: pulumi.ComponentResourceOptions,
): Redis {
  const { zones, monitoringNamespace, storageClassName } = cluster;
  const { cpuCores, memoryLimitMiB, passwordGeneration } = cache;
  const isQueue = Object.values(services).some(({ autoscaling }) =>
    (autoscaling?.queues ?? []).some((queue) => queue.cache === name),
  );
  const args = {
    ...common,
    plan,
    cpuCores,
    passwordGeneration,
    monitoringNamespace,
    zones,
    ...(memoryLimitMiB === undefined ? {} : { memoryLimitMiB }),
    ...(isQueue ? { clientNamespaces: [KEDA_NAMESPACE] } : {}),
  };
  return cache.purpose === "cache"
    ? new Redis(name, { ...args, purpose: "cache", standby: cache.standby }, options)
    : new Redis(
        name,
        {
          ...args,
          purpose: "session",
          storage: { ...(storageClassName === undefined ? {} : { storageClassName }), ...cache.storage },
        },
        options,
      );
}

function elastiCache(
  cluster: ClusterConfig,
  { budget }: StackPlan,
  plan: ManagedCachePlan,
  name: string,
  cache: OfKind<"elasticache">,
  common: Common,
  options: pulumi.ComponentResourceOptions,
): ElastiCache {
  if (cluster.cloud !== "aws")
    throw new pulumi.RunError(`${common.configKey}.kind: ElastiCache is on aws only`);
  const { vpcId, subnetIds, region, zones } = cluster;
  const { cpuCores, maintenance, nodeType, alarmTopicArn, securityGroupIds, passwordGeneration } = cache;
  const args = {
    ...common,
    region,
    zones,
    network: { vpcId, subnetIds, clientSecurityGroupIds: securityGroupIds },
    cpuCores,
    maintenance,
    passwordGeneration,
    budget,
    plan,
    ...(nodeType === undefined ? {} : { nodeType }),
    ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
  };
  return cache.purpose === "cache"
    ? new ElastiCache(name, { ...args, purpose: "cache" }, options)
    : new ElastiCache(
        name,
        { ...args, purpose: "session", snapshotRetentionDays: cache.snapshotRetentionDays },
        options,
      );
}

function memorystore(
  cluster: ClusterConfig,
  plan: ManagedCachePlan,
  name: string,
  { purpose, maintenance }: OfKind<"memorystore">,
  common: Common,
  options: pulumi.ComponentResourceOptions,
): Memorystore {
  if (cluster.cloud !== "gcp")
    throw new pulumi.RunError(`${common.configKey}.kind: Memorystore is on gcp only`);
  const { project, region, network } = cluster;
  return new Memorystore(name, { ...common, plan, purpose, maintenance, project, region, network }, options);
}

const AUTHORITIES_KEY = "ca.crt";

/** The authorities of all caches that are not known to everybody, in one file, for Node.js reads one; undefined without any. */
export function createCacheAuthorities(
  { cluster }: StackConfig,
  caches: Readonly<Record<string, Cache>>,
  options: pulumi.CustomResourceOptions,
): SecretEntry | undefined {
  const found = Object.values(caches).flatMap(({ endpoint }) =>
    endpoint.authority === undefined ? [] : [endpoint.authority],
  );
  if (found.length === 0) return undefined;
  const secret = new k8s.core.v1.Secret(
    "cache-authorities",
    {
      metadata: {
        name: "cache-authorities",
        namespace: cluster.namespace,
        labels: commonLabels("cache-authorities", "cache"),
      },
      stringData: { [AUTHORITIES_KEY]: pulumi.all(found).apply((all) => `${all.join("\n")}\n`) },
    },
    options,
  );
  return { name: secret.metadata.name, key: AUTHORITIES_KEY };
}
