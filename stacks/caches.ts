import type * as pulumi from "@pulumi/pulumi";

import { Redis, type RedisUser } from "../components/caching/redis";
import { MAX_SURGE } from "../components/workload/elastic-service";
import type { CacheConfig, StackConfig } from "./config";
import { planOf, poolSizeOf } from "./derived";

/** A cache, sized for the services that name it at their largest. */
export function createCache(
  config: StackConfig,
  name: string,
  cache: CacheConfig,
  options: pulumi.ComponentResourceOptions,
): Redis {
  const users: RedisUser[] = Object.entries(config.services)
    .filter(([, service]) => service.caches[name] !== undefined)
    .map(([serviceName, service]) => ({
      service: serviceName,
      maxReplicas: planOf(config, service).max,
      maxSurge: MAX_SURGE,
      processesPerPod: service.processesPerPod,
      poolSize: poolSizeOf(service, name),
    }));
  const { workingSetMiB, cpuCores, memoryLimitMiB } = cache;
  const common = {
    configKey: `retrofitlink:caches.${name}`,
    namespace: config.cluster.namespace,
    workingSetMiB,
    cpuCores,
    users,
    ...(memoryLimitMiB === undefined ? {} : { memoryLimitMiB }),
  };
  return cache.purpose === "cache"
    ? new Redis(name, { ...common, purpose: "cache" }, options)
    : new Redis(
        name,
        { ...common, purpose: "session", zones: config.cluster.zones, storage: cache.storage },
        options,
      );
}
