/** What a stack is planned from: the numbers of its file, without names of objects, places and secrets. */
import type { BudgetOverrides } from "../budget/core/performance-budget";
import type { CacheCalls } from "../budget/service/connections";
import type { Demand, ServiceProfile } from "../budget/service/demand";
import type { LadderCdn, LadderCloud } from "../budget/timeouts/timeouts";

/** A service of the stack. */
export interface ServiceInput {
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  readonly processesPerPod: number;
  /** Share added to the peak. @default PEAK_MARGIN */
  readonly margin?: number;
  /** Longest request, seconds. */
  readonly maxRequestSeconds: number;
  /** How it uses caches, by the cache's name. */
  readonly caches: Readonly<Record<string, CacheCalls>>;
  readonly database?: { readonly queriesPerRequest: number; readonly querySeconds: number } | undefined;
  /** Other services of the stack that one request calls, by their names. */
  readonly calls: Readonly<Record<string, { readonly callsPerRequest: number }>>;
  readonly budget: BudgetOverrides;
}

/** A stack. A configuration that was found sound is one. */
export interface StackInputs {
  readonly cluster: {
    readonly cloud: LadderCloud;
    readonly zones: number;
    /** Until a new node is ready. @default 0: there is always room */
    readonly nodeStartSeconds?: number;
  };
  readonly budget: BudgetOverrides;
  readonly services: Readonly<Record<string, ServiceInput>>;
  /** The service that is reached from outside the cluster. */
  readonly loadBalancer?: { readonly service: string } | undefined;
  readonly cdn?: { readonly provider: LadderCdn } | undefined;
}
