import type * as pulumi from "@pulumi/pulumi";

import type { Cache } from "../components/caching/cache-endpoint";
import { CA_FILE, type DatabaseEndpoint } from "../components/database/database-endpoint";
import { ElasticService } from "../components/workload/elastic-service";
import { serviceBudget, type ServiceConfig, type StackConfig } from "./config";
import { databasePoolSize, ladderOf, poolSizeOf } from "./derived";

/** A service, told of the caches and the database that it uses. */
export function createService(
  config: StackConfig,
  name: string,
  service: ServiceConfig,
  caches: Readonly<Record<string, Cache>>,
  database: { readonly endpoint: DatabaseEndpoint } | undefined,
  options: pulumi.ComponentResourceOptions,
): ElasticService {
  const used = Object.keys(service.caches).flatMap((cacheName) => {
    const cache = caches[cacheName];
    if (cache === undefined) return [];
    return [{ name: cacheName, ...cache.endpoint, poolSize: poolSizeOf(service, cacheName) }];
  });
  return new ElasticService(
    name,
    {
      configKey: `retrofitlink:services.${name}`,
      namespace: config.cluster.namespace,
      image: service.image,
      port: service.port,
      budget: serviceBudget(config, service),
      demand: service.demand,
      profile: service.profile,
      resources: service.resources,
      zones: config.cluster.zones,
      timeouts: ladderOf(config, service),
      health: service.health,
      environment: service.environment,
      caches: used,
      ...(database === undefined || service.database === undefined
        ? {}
        : {
            database: {
              ...database.endpoint,
              caFile: CA_FILE,
              poolSize: databasePoolSize(service, service.database),
            },
          }),
      processesPerPod: service.processesPerPod,
    },
    options,
  );
}
