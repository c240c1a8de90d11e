import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";
import {
  RESERVED_CLIENTS,
  maxClients,
  replicationClients,
  type ConnectionUser,
} from "../../../budget/service/connections";
import {
  describeMemory,
  redisMemory,
  redisStorageGiB,
  type RedisMemory,
} from "../../../budget/caching/memory";
import { generationProblems } from "../../shared/generations";
import type { Problem } from "../../shared/problems";
import type { Transform } from "../../shared/transform";
import { MEMBERS } from "./sentinel-conf";

/** A service that connects to this Redis. */
export interface RedisUser extends ConnectionUser {
  /** Its workload name, which is the `app` label of its pods. */
  readonly service: string;
}

/** Storage of a session store. */
export interface RedisStorage {
  /** Size of each member's volume, GiB, at least 3 times `maxmemory`. @default just that */
  readonly sizeGiB?: number;
  /** @default the cluster's default class */
  readonly storageClassName?: pulumi.Input<string>;
}

interface CommonArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:caches.redis-cache`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Name of the workload and its Service, as operators type it, a DNS label of at most 52 characters. @default the component's name */
  readonly name?: string;
  /** Data that has to stay in memory, MiB, > 0. */
  readonly workingSetMiB: number;
  /** CPU request, cores, > 0. The limit is the same, but never below one core: a throttled event loop stops everyone. */
  readonly cpuCores: number;
  /** Memory request and limit of the server, MiB. Refused below what the proof needs. @default what the proof needs */
  readonly memoryLimitMiB?: number;
  /** Who connects, at their largest. Decides `maxclients`, and who is let in. */
  readonly users: readonly RedisUser[];
  /** Labels of pods in the same namespace that may connect. @default `{ app: service }` of each user */
  readonly clients?: readonly Readonly<Record<string, string>>[];
  /**
   * Which passwords are used, whole number >= 1. Raise it by one for new ones; the servers accept those of the generation
   * before, of this one and of the next, so that nobody is refused while pods are replaced. @default 1
   */
  readonly passwordGeneration?: number;
  /** Namespace whose pods may read the metrics. @default "monitoring" */
  readonly monitoringNamespace?: string;
}

interface CommonTransforms {
  readonly password?: Transform<random.RandomPasswordArgs>;
  readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
  readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
  readonly service?: Transform<k8s.core.v1.ServiceArgs>;
  readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
  readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
}

/** Data that can be had again: evicts what is used least, and starts empty. */
export interface CacheRedisArgs extends CommonArgs {
  readonly purpose: "cache";
  readonly storage?: never;
  readonly transform?: CommonTransforms & { readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs> };
}

/**
 * Data that somebody would miss: evicts nothing, survives a restart on volumes, and the loss of a server, of which there
 * are three with a Sentinel beside each.
 */
export interface SessionRedisArgs extends CommonArgs {
  readonly purpose: "session";
  /** Zones of the cluster's nodes, whole number >= 1. With three there is a member in each, with one also on one node. */
  readonly zones: number;
  readonly storage?: RedisStorage;
  readonly transform?: CommonTransforms & {
    readonly statefulSet?: Transform<k8s.apps.v1.StatefulSetArgs>;
    /** The headless Service that gives each member its name. */
    readonly pods?: Transform<k8s.core.v1.ServiceArgs>;
  };
}

export type RedisArgs = CacheRedisArgs | SessionRedisArgs;

/** Everything that makes a Redis impossible to build or to prove. An empty list means it is sound. */
export function redisProblems(args: RedisArgs): Problem[] {
  const problems: Problem[] = [];
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const label = args.name === undefined || /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/.test(args.name);
  check(
    label,
    "name",
    args.name,
    "a DNS label of at most 52 characters",
    "Shorten it to lower-case letters, digits and hyphens.",
  );
  for (const [field, unit] of [
    ["workingSetMiB", "MiB"],
    ["cpuCores", "cores"],
  ] as const) {
    const ok = Number.isFinite(args[field]) && args[field] > 0;
    check(ok, field, args[field], `a number above 0 (${unit})`, "Give what a load test measured.");
  }
  problems.push(...generationProblems(args.passwordGeneration));
  if (args.purpose === "session") {
    const ok = Number.isInteger(args.zones) && args.zones >= 1;
    check(ok, "zones", args.zones, "a whole number of at least 1", "Count the zones of the cluster's nodes.");
  }
  problems.push(...userProblems(args.users));
  // The proofs below would only repeat, as NaN, what is wrong above.
  if (problems.length > 0) return problems;

  const { memory } = redisSizes(args);
  const fix = (needed: number): string => `Raise it, or leave it out and it becomes ${needed}.`;
  const enough = memory.limitMiB >= memory.neededMiB;
  const inequality = `at least ${describeMemory(memory)} (MiB)`;
  check(enough, "memoryLimitMiB", memory.limitMiB, inequality, fix(memory.neededMiB));
  if (args.storage?.sizeGiB !== undefined) {
    const least = redisStorageGiB(memory.maxMemoryMiB);
    const allowed = `at least ${least} (GiB), 3 times a maxmemory of ${memory.maxMemoryMiB} MiB`;
    check(args.storage.sizeGiB >= least, "storage.sizeGiB", args.storage.sizeGiB, allowed, fix(least));
  }
  return problems;
}

/** What is wrong with the plans of those who connect. Every kind of cache asks this. */
export function userProblems(users: readonly RedisUser[]): Problem[] {
  const problems: Problem[] = [];
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  users.forEach((user, index) => {
    const at = `users[${index}]`;
    for (const field of ["maxReplicas", "processesPerPod", "poolSize"] as const) {
      const ok = Number.isInteger(user[field]) && user[field] >= 1;
      check(
        ok,
        `${at}.${field}`,
        user[field],
        "a whole number of at least 1",
        `Correct the plan of ${user.service}.`,
      );
    }
    const surge = user.maxSurge >= 0 && user.maxSurge <= 1;
    check(
      surge,
      `${at}.maxSurge`,
      user.maxSurge,
      "a share from 0 to 1",
      `Correct the rollout of ${user.service}.`,
    );
  });
  return problems;
}

/** What the proofs make of the arguments. */
export interface RedisSizes {
  /** `maxclients`. */
  readonly maxClients: number;
  readonly memory: RedisMemory;
}

/** Copies beside the primary. */
export function replicasOf({ purpose }: Pick<RedisArgs, "purpose">): number {
  return purpose === "session" ? MEMBERS - 1 : 0;
}

/** Connections and memory of one server; members are alike, for each may be the primary. Asks for arguments without problems. */
export function redisSizes(args: RedisArgs): RedisSizes {
  const replicas = replicasOf(args);
  const reserve = RESERVED_CLIENTS + (replicas > 0 ? replicationClients(replicas + 1) : 0);
  const clients = maxClients(args.users, reserve);
  const memory = redisMemory({
    workingSetMiB: args.workingSetMiB,
    maxClients: clients,
    forks: args.purpose === "session",
    replicas,
    limitMiB: args.memoryLimitMiB,
  });
  return { maxClients: clients, memory };
}
