import * as redis from "@pulumi/gcp/redis";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { expectedClients } from "../../../budget/service/connections";
import {
  MEMORYSTORE_LARGEST_GIB,
  MEMORYSTORE_MAX_CLIENTS,
  MEMORYSTORE_RESERVED_SHARE,
  memorystoreGiB,
  usableMiB,
} from "../../../budget/caching/managed-cache";
import type { ManagedCacheSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { refuse, type Problem } from "../../shared/problems";
import { transformed, type Transform } from "../../shared/transform";
import { CACHE_ENGINES } from "../../shared/versions";
import type { Cache, CacheEndpoint } from "../cache-endpoint";
import {
  DEFAULT_MAINTENANCE,
  connectionProblems,
  managedCacheProblems,
  managedNeedMiB,
  passwordSecret,
  type ManagedCacheArgs,
} from "./managed-cache";
import { EVICTION_POLICY } from "../redis/redis-conf";

/** Arguments of `Memorystore`. */
export interface MemorystoreArgs extends ManagedCacheArgs {
  readonly project: string;
  readonly region: string;
  /** Name of the cluster's network. It needs private services access. */
  readonly network: string;
  readonly transform?: {
    readonly instance?: Transform<redis.InstanceArgs>;
    readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
  };
}

/** Port of an instance that speaks TLS only. */
const TLS_PORT = 6378;

const TIER = "STANDARD_HA";

/** Everything that makes a Memorystore impossible to build or to prove. An empty list means it is sound. */
export function memorystoreProblems(name: string, args: MemorystoreArgs): Problem[] {
  const problems = managedCacheProblems(name, args);
  // The proof below would only repeat, as NaN, what is wrong above.
  if (problems.length > 0) return problems;
  const gib = memorystoreGiB(managedNeedMiB(args));
  if (gib > MEMORYSTORE_LARGEST_GIB) {
    return [
      {
        property: "workingSetMiB",
        got: args.workingSetMiB,
        allowed: `a working set that fits into ${MEMORYSTORE_LARGEST_GIB} GiB; this one needs ${gib}`,
        fix: "Divide the data among several caches.",
      },
    ];
  }
  return connectionProblems(args.users, MEMORYSTORE_MAX_CLIENTS, "Give fewer connections.");
}

/**
 * Redis run by Google: a primary and a replica in two zones, of which the one replaces the other, with TLS and a
 * password, reached over private services access. The size follows from the working set.
 *
 * Trap: the certificate is signed by an authority of the instance itself. Services are told of it (`authority`), and have
 * to be restarted when Google adds the next one, years before the first expires.
 * Trap: replication is asynchronous: a fail-over may lose the writes of the last moment.
 *
 * Cost: the size in GiB, twice, whatever the load.
 */
export class Memorystore extends pulumi.ComponentResource implements Cache {
  readonly endpoint: CacheEndpoint;
  readonly url: pulumi.Output<string>;
  readonly maxClients: number = MEMORYSTORE_MAX_CLIENTS;

  constructor(name: string, args: MemorystoreArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("Memorystore", name, memorystoreProblems(name, args), args.configKey);
    const { purpose, transform = {} } = args;
    const needed = managedNeedMiB(args);
    const gib = memorystoreGiB(needed);
    const size = {
      nodeType: `${TIER} ${gib} GiB`,
      memoryMiB: gib * 1024,
      sustainedCores: 1,
      reservedShare: MEMORYSTORE_RESERVED_SHARE,
    };
    const summary: ManagedCacheSummary = {
      kind: "memorystore",
      configKey: args.configKey,
      workload: name,
      namespace: args.namespace,
      purpose,
      workingSetMiB: args.workingSetMiB,
      replicas: 1,
      maxMemoryMiB: usableMiB(size),
      expectedClients: expectedClients(args.users),
      maxClients: MEMORYSTORE_MAX_CLIENTS,
      evictionPolicy: EVICTION_POLICY[purpose],
      persistent: purpose === "session",
      nodeType: size.nodeType,
      nodeMemoryMiB: size.memoryMiB,
      reservedShare: size.reservedShare,
      neededMemoryMiB: needed,
    };
    super(COMPONENT_TYPES.memorystore, name, summary, opts);

    const isSession = purpose === "session";
    const { day, hour } = args.maintenance ?? DEFAULT_MAINTENANCE;
    // No more than the cache's name, for all that is added is missing from the 40 characters that Google takes.
    const instance = new redis.Instance(
      ...transformed<redis.InstanceArgs>(
        transform.instance,
        name,
        {
          displayName: `RetroFitLink ${purpose} ${name}`,
          tier: TIER,
          memorySizeGb: gib,
          redisVersion: CACHE_ENGINES.memorystore,
          redisConfigs: {
            "maxmemory-policy": EVICTION_POLICY[purpose],
            "maxmemory-gb": maxMemoryGb(gib),
            activedefrag: "yes",
            "lazyfree-lazy-eviction": "yes",
            "lazyfree-lazy-expire": "yes",
          },
          authEnabled: true,
          transitEncryptionMode: "SERVER_AUTHENTICATION",
          connectMode: "PRIVATE_SERVICE_ACCESS",
          authorizedNetwork: `projects/${args.project}/global/networks/${args.network}`,
          project: args.project,
          region: args.region,
          maintenancePolicy: {
            weeklyMaintenanceWindows: [
              { day: day.toUpperCase(), startTime: { hours: hour, minutes: 0, seconds: 0, nanos: 0 } },
            ],
          },
          persistenceConfig: isSession
            ? { persistenceMode: "RDB", rdbSnapshotPeriod: "ONE_HOUR" }
            : { persistenceMode: "DISABLED" },
          // A switch of the provider's that only another `up` could turn off: `protect` below is what keeps the data.
          deletionProtection: false,
          labels: { "part-of": "retrofitlink", purpose },
        },
        { parent: this, protect: isSession },
      ),
    );

    const secret = passwordSecret(name, args, instance.authString, transform.credentials, { parent: this });
    this.endpoint = {
      host: instance.host,
      port: TLS_PORT,
      passwordSecret: secret,
      tls: true,
      // While two are valid, both are trusted.
      authority: instance.serverCaCerts.apply((found) => found.map(({ cert }) => cert.trim()).join("\n")),
    };
    this.url = pulumi.interpolate`rediss://${instance.host}:${TLS_PORT}`;
    this.registerOutputs({ url: this.url, maxClients: this.maxClients });
  }
}

/** `maxmemory-gb`, with the decimals that the setting takes. */
function maxMemoryGb(gib: number): string {
  return (gib * (1 - MEMORYSTORE_RESERVED_SHARE)).toFixed(1);
}
