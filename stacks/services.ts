import type * as pulumi from "@pulumi/pulumi";

import { CA_FILE, type DatabaseEndpoint } from "../components/database/database-endpoint";
import type { Redis } from "../components/caching/redis";
import { ElasticService } from "../components/workload/elastic-service";
import { serviceBudget, type ServiceConfig, type StackConfig } from "./config";
import { databasePoolSize, ladderOf, poolSizeOf } from "./derived";

/** A service, told of the caches and the database that it uses. */
export function createService(
  config: StackConfig,
  name: string,
  service: ServiceConfig,
  caches: Readonly<Record<string, Redis>>,
  database: { readonly endpoint: DatabaseEndpoint } | undefined,
  options: pulumi.ComponentResourceOptions,
): ElasticService {
  const used = Object.keys(service.caches).flatMap((cacheName) => {
    const cache = caches[cacheName];
    if (cache === undefined) return [];
    const { host, port, passwordSecret } = cache;
    return [{ name: cacheName, host, port, passwordSecret, poolSize: poolSizeOf(service, cacheName) }];
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
