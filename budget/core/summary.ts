/**
 * What a component tells policies and reports about itself: the inputs of the ComponentResource as the engine sees
 * them. Plain numbers, so that a proof at preview never meets an unknown.
 */
import type { Waiver } from "./waivers";

/** What every component tells. */
export interface Summary {
  /** Path in the stack file that the numbers come from: `retrofitlink:services.backend`. */
  readonly configKey: string;
  /** Name of the workload object, as operators type it. */
  readonly workload: string;
  readonly namespace: string;
}

/** Summary of `retrofitlink:stacks:Platform`, the parent of everything in a stack. */
export interface PlatformSummary {
  readonly environment: string;
  readonly zones: number;
  /** Workload of the service behind the load balancer, empty when there is none. */
  readonly exposedService: string;
  readonly waivers: readonly Waiver[];
}
