import type { Change } from "./stack-file";

/** Of the nodes, which may connect to a cache of Amazon. */
export const SECURITY_GROUPS = { securityGroupIds: ["sg-0a1b2c3d4e5f60731"] };

/** Caches of production that a cloud runs instead of the cluster. What is rented has no cores to choose, and replicas anyway. */
export const managedCaches =
  (kind: string, more: object, ...names: readonly string[]): Change =>
  (file) => {
    for (const name of names) {
      const cache = file["caches"][name];
      delete cache.cpuCores;
      delete cache.standby;
      Object.assign(cache, { kind, ...more });
    }
    // A cloud takes a minute for a fail-over, and not 20 seconds.
    file["services"].backend.resilience = { cacheLossSeconds: 120 };
  };
