/** Room for the pods that are asked for while a node starts. Units: shares, pods, cores, MiB, seconds. */
import { wholeUp } from "../core/rounding";

/**
 * Growth of the load while a node starts, a share of the load: (1 + g)^T - 1, g the relative growth per minute and T the
 * start of a node in minutes. Compound, for each minute grows on the one before.
 */
export function growthWhileNodesStart(growthPerMinute: number, nodeStartSeconds: number): number {
  return (1 + growthPerMinute) ** (nodeStartSeconds / 60) - 1;
}

/** The same as whole percents, rounded up, as a CapacityBuffer has them. */
export function headroomPercent(growthPerMinute: number, nodeStartSeconds: number): number {
  return wholeUp(100 * growthWhileNodesStart(growthPerMinute, nodeStartSeconds));
}

/** What is kept free for a workload, with its pods at their most. */
export interface Headroom {
  readonly percent: number;
  readonly pods: number;
  readonly cpuCores: number;
  readonly memoryMiB: number;
}

/** @param pods of the workload at the load it is sized for, and never more than `most` together with the headroom */
export function headroomFor(
  {
    growthPerMinute,
    nodeStartSeconds,
  }: { readonly growthPerMinute: number; readonly nodeStartSeconds: number },
  { pods, most }: { readonly pods: number; readonly most: number },
  { cpuCores, memoryMiB }: { readonly cpuCores: number; readonly memoryMiB: number },
): Headroom {
  const percent = headroomPercent(growthPerMinute, nodeStartSeconds);
  const wanted = wholeUp((pods * percent) / 100);
  // Pods beyond the upper bound are never asked for.
  const kept = Math.max(0, Math.min(wanted, most - pods));
  return { percent, pods: kept, cpuCores: kept * cpuCores, memoryMiB: kept * memoryMiB };
}
