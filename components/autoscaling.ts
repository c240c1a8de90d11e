export { DisruptionBudget, type DisruptionBudgetArgs } from "./autoscaling/disruption-budget";
export {
  HorizontalAutoscaler,
  type HorizontalAutoscalerArgs,
  type ScalingMetric,
} from "./autoscaling/horizontal-autoscaler";
export { ScaleTarget } from "./autoscaling/scale-target";
