/** How a Job ends in a cluster, and whether the official Kubernetes provider notices. */

/**
 * Reasons of a Job's condition `Failed`, and whether they end the wait of `pulumi up`; it waits on until its own time-out
 * with every other. Source: pulumi/pulumi-kubernetes, provider/pkg/await/checker/job/check.go,
 * `collectJobConditionErrors`; the reasons are those of Kubernetes' batch/v1 types.go, `JobReason…`.
 */
export const ENDS_THE_AWAIT: ReadonlyMap<string, boolean> = new Map([
  ["BackoffLimitExceeded", true],
  ["DeadlineExceeded", true],
  ["PodFailurePolicy", false],
  ["FailedIndexes", false],
  ["MaxFailedIndexesExceeded", false],
]);

/** How a pod of the Job ended. */
export interface PodEnd {
  readonly exitCode: number;
  /** It was taken off its node: the pod has the condition `DisruptionTarget`. */
  readonly disrupted?: boolean;
}

interface Rule {
  readonly action: string;
  readonly onExitCodes?: { readonly operator: string; readonly values: readonly number[] };
  readonly onPodConditions?: readonly { readonly type: string }[];
}

/**
 * The reason with which the Job controller fails a Job after these ends; undefined while it goes on. Source:
 * kubernetes.io/docs/concepts/workloads/controllers/job, "Pod failure policy" and "Pod backoff failure policy": the first
 * rule that fits decides, without one the failure counts towards `backoffLimit`.
 */
export function failureReason(
  spec: Readonly<Record<string, unknown>>,
  ends: readonly PodEnd[],
): string | undefined {
  const rules = (spec["podFailurePolicy"] as { readonly rules: readonly Rule[] } | undefined)?.rules ?? [];
  let failures = 0;
  for (const end of ends) {
    if (end.exitCode === 0) return undefined;
    const action = rules.find((rule) => fits(rule, end))?.action ?? "Count";
    if (action === "FailJob") return "PodFailurePolicy";
    if (action === "Count") failures += 1;
  }
  return failures > Number(spec["backoffLimit"]) ? "BackoffLimitExceeded" : undefined;
}

function fits({ onExitCodes, onPodConditions }: Rule, { exitCode, disrupted = false }: PodEnd): boolean {
  if (onExitCodes !== undefined) {
    return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === "In");
  }
  return disrupted && (onPodConditions ?? []).some(({ type }) => type === "DisruptionTarget");
}
