import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";

import type { CacheUser } from "../../../budget/caching/connections";
import type { RedisInputs, RedisPlan } from "../../../budget/caching/plan-redis";
import { redisIssues } from "../../../budget/caching/rules";
import { redisSettings } from "../../../budget/caching/settings";
import { issuesOf, type Issue } from "../../../budget/core/issues";
import type { Transform } from "../../shared/transform";

/** Storage of a session store. */
export interface RedisStorage {
  /** Size of each member's volume, GiB, at least 3 times `maxmemory`. @default just that */
  readonly sizeGiB?: number;
  /** @default the cluster's default class */
  readonly storageClassName?: pulumi.Input<string>;
}

interface CommonArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:caches.redis-cache`. @default none: messages name the property */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the workload and its Service, as operators type it, a DNS label of at most 52 characters. @default the component's name */
  readonly name?: string;
  /** Data that has to stay in memory, MiB, above 0. Decides `maxmemory` and with it the memory limit. */
  readonly workingSetMiB: number;
  /** CPU request, cores, above 0. The limit is the same, but never below one core: a throttled event loop stops everyone. @default 1 */
  readonly cpuCores?: number;
  /** Memory request and limit of the server, MiB. Refused below what the plan needs. @default what the plan needs */
  readonly memoryLimitMiB?: number;
  /** Services that connect, at their largest. Decides `maxclients`, and who is let in. @default none */
  readonly users?: readonly CacheUser[];
  /** Labels of pods in the same namespace that may connect. @default `{ app: service }` of each user */
  readonly clients?: readonly Readonly<Record<string, string>>[];
  /** Namespaces all of whose pods are let in, such as that of KEDA, which counts what waits. @default none */
  readonly clientNamespaces?: readonly string[];
  /**
   * Which passwords are used, whole number >= 1. Raise it by one for new ones; the servers accept those of the generation
   * before, of this one and of the next, so that nobody is refused while pods are replaced. @default 1
   */
  readonly passwordGeneration?: number;
  /** Namespace whose pods may read the metrics. @default "monitoring" */
  readonly monitoringNamespace?: string;
  /** Zones of the cluster's nodes, whole number >= 1. Members of a session store are spread over them. @default 3 */
  readonly zones?: number;
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: RedisPlan;
}

interface CommonTransforms {
  readonly password?: Transform<random.RandomPasswordArgs>;
  readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
  readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
  readonly service?: Transform<k8s.core.v1.ServiceArgs>;
  readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
  readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
}

interface MemberTransforms extends CommonTransforms {
  readonly statefulSet?: Transform<k8s.apps.v1.StatefulSetArgs>;
  /** The headless Service that gives each member its name. */
  readonly pods?: Transform<k8s.core.v1.ServiceArgs>;
}

/** Data that can be had again: evicts what is used least, and starts empty. */
export interface CacheRedisArgs extends CommonArgs {
  readonly purpose: "cache";
  /**
   * Two replicas keep what the cache has, with a Sentinel beside each member, so that a change of its settings or
   * passwords, a drain or a lost zone does not empty it. Costs three servers, each larger for the copies. @default false
   */
  readonly standby?: boolean;
  readonly storage?: never;
  readonly transform?: MemberTransforms & { readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs> };
}

/**
 * Data that somebody would miss: evicts nothing, survives a restart on volumes, and the loss of a server, of which there
 * are three with a Sentinel beside each. With three zones there is a member in each, with one also on one node.
 */
export interface SessionRedisArgs extends CommonArgs {
  readonly purpose: "session";
  readonly standby?: never;
  readonly storage?: RedisStorage;
  readonly transform?: MemberTransforms;
}

export type RedisArgs = CacheRedisArgs | SessionRedisArgs;

/** What the plan of a Redis is made from. @param name as messages call it */
export function redisInputs(name: string, args: RedisArgs): RedisInputs {
  const { purpose, workingSetMiB, users, cpuCores, memoryLimitMiB, standby, storage, zones } = args;
  return { cache: name, purpose, workingSetMiB, users, cpuCores, memoryLimitMiB, standby, storage, zones };
}

/** Everything that makes a Redis impossible to build or to prove. An empty list means it is sound. */
export function redisArgsIssues(name: string, args: RedisArgs): Issue[] {
  const single = issuesOf(redisSettings, { ...args, name: args.name ?? name });
  // The rules would only repeat, as NaN, what is wrong above.
  return single.length > 0 ? single : redisIssues(redisInputs(name, args));
}
