import * as redis from "@pulumi/gcp/redis";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { issue, type Issue, issuesOf } from "../../../budget/core/issues";
import { assertValid } from "../../shared/issues";
import {
  planMemorystore,
  type ManagedCachePlan,
  type MemorystoreInputs,
} from "../../../budget/caching/plan-managed";
import { MEMORYSTORE_TIER } from "../../../budget/caching/managed-cache";
import { memorystoreIssues } from "../../../budget/caching/rules";
import { DEFAULT_MAINTENANCE, memorystoreSettings } from "../../../budget/caching/settings";
import type { ManagedCacheSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { plannedPart } from "../../../budget/core/summary";
import type { Witness } from "../../../budget/core/witness";
import { transformed, type Transform } from "../../shared/transform";
import { CACHE_ENGINES } from "../../shared/versions";
import { DEFAULT_NAMESPACE, type Cache, type CacheEndpoint } from "../cache-endpoint";
import { passwordEntry, passwordSecret, type ManagedCacheArgs } from "./managed-cache";

/** Arguments of `Memorystore`. */
export interface MemorystoreArgs extends ManagedCacheArgs {
  /** @default the provider's */
  readonly project?: pulumi.Input<string>;
  /** @default the provider's */
  readonly region?: pulumi.Input<string>;
  /**
   * The cluster's network, which needs private services access: its id, `projects/p/global/networks/n`, or, when `project`
   * is given, its name. @default the network "default" of the project
   */
  readonly network?: pulumi.Input<string>;
  readonly transform?: {
    readonly instance?: Transform<redis.InstanceArgs>;
    readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
  };
}

/** Port of an instance that speaks TLS only. */
const TLS_PORT = 6378;

function memorystoreInputs(name: string, args: MemorystoreArgs): MemorystoreInputs {
  const { purpose, workingSetMiB, users } = args;
  return { cache: name, purpose, workingSetMiB, users };
}

/** Everything that makes a Memorystore impossible to build or to prove. An empty list means it is sound. */
export function memorystoreArgsIssues(name: string, args: MemorystoreArgs): Issue[] {
  const single = [...issuesOf(memorystoreSettings, { ...args, name }), ...networkIssues(args)];
  // The rules would only repeat, as NaN, what is wrong above.
  return single.length > 0 ? single : memorystoreIssues(memorystoreInputs(name, args));
}

function networkIssues({ network, project }: MemorystoreArgs): Issue[] {
  if (typeof network !== "string" || network.includes("/") || project !== undefined) return [];
  return [
    issue(["network"], network, {
      allowed: "the id of a network, projects/<project>/global/networks/<name>, or a name with project",
      fix: "Give the id, or the project that the network is in.",
    }),
  ];
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
  readonly maxClients: number;
  readonly plan: ManagedCachePlan;
  readonly instance: redis.Instance;
  readonly credentials: k8s.core.v1.Secret;

  constructor(name: string, args: MemorystoreArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("Memorystore", name, memorystoreArgsIssues(name, args), args.configKey);
    const { purpose, transform = {} } = args;
    const { namespace = DEFAULT_NAMESPACE } = args;
    const plan = args.plan ?? planMemorystore(memorystoreInputs(name, args));
    super(
      COMPONENT_TYPES.memorystore,
      name,
      {
        kind: "memorystore",
        configKey: args.configKey ?? name,
        workload: name,
        ...(typeof namespace === "string" ? { namespace } : {}),
        purpose,
        ...plannedPart(plan, witnesses(name, plan)),
      } satisfies ManagedCacheSummary,
      opts,
    );
    this.plan = plan;
    this.maxClients = plan.numbers.maxClients.value;

    const isSession = purpose === "session";
    const { day, hour } = args.maintenance ?? DEFAULT_MAINTENANCE;
    // No more than the cache's name, for all that is added is missing from the 40 characters that Google takes.
    this.instance = new redis.Instance(
      ...transformed<redis.InstanceArgs>(
        transform.instance,
        name,
        {
          displayName: `${purpose} ${name}`,
          tier: MEMORYSTORE_TIER,
          memorySizeGb: sizeGiB(plan),
          redisVersion: CACHE_ENGINES.memorystore,
          redisConfigs: {
            "maxmemory-policy": plan.numbers.eviction.value,
            "maxmemory-gb": maxMemoryGb(plan),
            activedefrag: "yes",
            "lazyfree-lazy-eviction": "yes",
            "lazyfree-lazy-expire": "yes",
          },
          authEnabled: true,
          transitEncryptionMode: "SERVER_AUTHENTICATION",
          connectMode: "PRIVATE_SERVICE_ACCESS",
          ...authorizedNetwork(args),
          ...(args.project === undefined ? {} : { project: args.project }),
          ...(args.region === undefined ? {} : { region: args.region }),
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
          labels: { purpose },
        },
        { parent: this, protect: isSession },
      ),
    );

    this.credentials = passwordSecret(name, args, this.instance.authString, transform.credentials, {
      parent: this,
    });
    this.endpoint = {
      host: this.instance.host,
      port: TLS_PORT,
      passwordSecret: passwordEntry(this.credentials),
      tls: true,
      // While two are valid, both are trusted.
      authority: this.instance.serverCaCerts.apply((found) =>
        found.map(({ cert }) => cert.trim()).join("\n"),
      ),
    };
    this.url = pulumi.interpolate`rediss://${this.instance.host}:${TLS_PORT}`;
    this.registerOutputs({ url: this.url, maxClients: this.maxClients });
  }
}

/** What it is rented by. */
function sizeGiB({ numbers }: ManagedCachePlan): number {
  return numbers.nodeMemory.value / 1024;
}

/** `maxmemory-gb`, with the decimals that the setting takes. */
function maxMemoryGb(plan: ManagedCachePlan): string {
  return (sizeGiB(plan) * (1 - plan.numbers.reserved.value)).toFixed(1);
}

function authorizedNetwork({
  network,
  project,
}: MemorystoreArgs): Pick<redis.InstanceArgs, "authorizedNetwork"> {
  if (network === undefined) return {};
  const idOf = (name: string, of: string): string =>
    name.includes("/") ? name : `projects/${of}/global/networks/${name}`;
  if (typeof network === "string" && (project === undefined || typeof project === "string")) {
    return { authorizedNetwork: idOf(network, project ?? "") };
  }
  return {
    authorizedNetwork: pulumi.all([network, project ?? ""]).apply(([name, of]) => idOf(name, of)),
  };
}

/** What the instance has to hold so that the proofs are about what is rented. */
function witnesses(name: string, plan: ManagedCachePlan): Witness[] {
  const { eviction } = plan.numbers;
  const instance = (at: readonly string[], is: string | number): Witness => ({
    type: "gcp:redis/instance:Instance",
    name,
    at,
    is,
  });
  return [
    instance(["memorySizeGb"], sizeGiB(plan)),
    instance(["tier"], MEMORYSTORE_TIER),
    instance(["redisConfigs", "maxmemory-policy"], eviction.value),
    instance(["redisConfigs", "maxmemory-gb"], maxMemoryGb(plan)),
  ];
}
