import type * as k8s from "@pulumi/kubernetes";

import type { Tolerance } from "../../budget/autoscaling/scaling";
import type { Demand } from "../../budget/service/demand";
import { wholeUp } from "../../budget/core/rounding";

/** How often the controller looks, and so the shortest step that means anything. */
const STEP_SECONDS = 15;

/**
 * How fast the autoscaler may go.
 *
 * @param maxReplicas its upper bound, pods
 * @param reactionSeconds from a rise in load to a pod that helps
 *
 * Up: without a pause, and at least as fast as the demand may grow within two steps and a reaction time, so that the
 * behaviour never is the bottleneck; never slower than doubling, or 4 pods, each 15 s.
 *
 * Down: 10 % a minute at most, and only below what the last 5 minutes asked for, since pods that were taken away too
 * early cost a reaction time to get back. `Min` takes the slower of the two policies.
 */
export function scalingBehavior(
  demand: Pick<Demand, "growthPerMinute">,
  maxReplicas: number,
  reactionSeconds: number,
): k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior {
  const growth = (demand.growthPerMinute * (reactionSeconds + 2 * STEP_SECONDS)) / 60;
  return {
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Max",
      policies: [
        { type: "Percent", value: Math.max(100, wholeUp(growth * 100)), periodSeconds: STEP_SECONDS },
        { type: "Pods", value: 4, periodSeconds: STEP_SECONDS },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: 300,
      selectPolicy: "Min",
      policies: [
        { type: "Percent", value: 10, periodSeconds: 60 },
        { type: "Pods", value: Math.max(1, wholeUp(maxReplicas / 10)), periodSeconds: 60 },
      ],
    },
  };
}

type Behavior = k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior;

/** Lays a tolerance over a behaviour, quantities as the API has them. Without either nothing is said at all. */
export function tolerant(behavior: Behavior | undefined, { up, down }: Tolerance = {}): Behavior | undefined {
  if (up === undefined && down === undefined) return behavior;
  const rules = (of: "scaleUp" | "scaleDown", tolerance: number | undefined): Partial<Behavior> =>
    tolerance === undefined
      ? {}
      : // Plain in every plan; of an output nothing would be left.
        { [of]: { ...(behavior?.[of] as object | undefined), tolerance: `${tolerance}` } };
  return { ...behavior, ...rules("scaleUp", up), ...rules("scaleDown", down) };
}
