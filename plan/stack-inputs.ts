/** What a stack is planned from: the numbers of its file, without names of objects, places and secrets. */
import type { BudgetOverrides } from "../budget/core/performance-budget";
import type { RedisPurpose } from "../budget/caching/purpose";
import type { CacheCalls } from "../budget/service/connections";
import type { Demand, ServiceProfile } from "../budget/service/demand";
import type { LadderCdn, LadderCloud } from "../budget/timeouts/timeouts";

/** A service of the stack. */
export interface ServiceInput {
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  readonly processesPerPod: number;
  /** Longest request, seconds. */
  readonly maxRequestSeconds: number;
  /** How it uses caches, by the cache's name. */
  readonly caches: Readonly<Record<string, CacheCalls>>;
  readonly database?: { readonly queriesPerRequest: number; readonly querySeconds: number } | undefined;
  /** Other services of the stack that one request calls, by their names. */
  readonly calls: Readonly<Record<string, { readonly callsPerRequest: number }>>;
  readonly budget: BudgetOverrides;
}

/** A cache of the stack. What another kind has is ignored. */
export interface CacheInput {
  /** @default "in-cluster" */
  readonly kind?: "in-cluster" | "elasticache" | "memorystore" | undefined;
  readonly purpose: RedisPurpose;
  readonly workingSetMiB: number;
  readonly cpuCores?: number | undefined;
  readonly memoryLimitMiB?: number | undefined;
  readonly standby?: boolean | undefined;
  readonly storage?: { readonly sizeGiB?: number | undefined } | undefined;
  readonly nodeType?: string | undefined;
}

/** A stack. A configuration that was found sound is one. */
export interface StackInputs {
  readonly cluster: { readonly cloud: LadderCloud; readonly zones: number };
  readonly budget: BudgetOverrides;
  readonly services: Readonly<Record<string, ServiceInput>>;
  /** @default none */
  readonly caches?: Readonly<Record<string, CacheInput>>;
  /** The service that is reached from outside the cluster. */
  readonly loadBalancer?: { readonly service: string } | undefined;
  readonly cdn?: { readonly provider: LadderCdn } | undefined;
}
