import {
  Redis,
  type CacheRedisArgs,
  type RedisArgs,
  type SessionRedisArgs,
} from "../../../../../components/caching/redis/redis";
import { record, type RecordedResource } from "../../../../helpers/pulumi";

export const backend = {
  service: "backend",
  maxReplicas: 10,
  maxSurge: 0.25,
  processesPerPod: 1,
  poolSize: 8,
};

export const cache: CacheRedisArgs = {
  configKey: "retrofitlink:caches.redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [backend],
};

export const session: SessionRedisArgs = {
  configKey: "retrofitlink:caches.sessions",
  namespace: "retrofitlink",
  purpose: "session",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [backend],
  zones: 3,
};

export const CACHE_RESOURCES = [
  "kubernetes:apps/v1:Deployment redis-cache-deployment",
  "kubernetes:core/v1:ConfigMap redis-cache-config",
  "kubernetes:core/v1:Secret redis-cache-credentials",
  "kubernetes:core/v1:Service redis-cache-service",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy redis-cache-network-policy",
  "kubernetes:policy/v1:PodDisruptionBudget redis-cache-disruption-budget",
  "random:index/randomPassword:RandomPassword redis-cache-internal-password",
  "random:index/randomPassword:RandomPassword redis-cache-internal-password-2",
  "random:index/randomPassword:RandomPassword redis-cache-password",
  "random:index/randomPassword:RandomPassword redis-cache-password-2",
  "retrofitlink:autoscaling:DisruptionBudget redis-cache-disruption-budget",
  "retrofitlink:caching:Redis redis-cache",
];

export interface Container {
  name: string;
  env: { name: string; value?: string; valueFrom?: unknown }[];
  [field: string]: unknown;
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: { containers: [Container, Container]; [field: string]: unknown };
}

export interface WorkloadSpec {
  template: PodTemplate;
  [field: string]: unknown;
}

export function specOf(resource: RecordedResource): WorkloadSpec {
  return resource.inputs["spec"] as WorkloadSpec;
}

export async function buildCache(change: Partial<RedisArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new Redis("redis-cache", { ...cache, ...change } as RedisArgs, {}), options);
}

export async function deployment(change: Partial<RedisArgs> = {}): Promise<WorkloadSpec> {
  return specOf((await buildCache(change)).only("kubernetes:apps/v1:Deployment"));
}
