export { ClusterAutoscaler, type ClusterAutoscalerArgs } from "./autoscaling/cluster-autoscaler";
export type { AwsIdentity } from "./autoscaling/controller-role";
export { DisruptionBudget, type DisruptionBudgetArgs } from "./autoscaling/disruption-budget";
export {
  EventDrivenAutoscaler,
  type EventDrivenAutoscalerArgs,
  type MetricAuthentication,
  type RedisAddress,
  type ScalingPause,
  type ScalingTrigger,
} from "./autoscaling/event-driven-autoscaler";
export { GkeNodePool, type GkeNodePoolArgs } from "./autoscaling/gke-node-pool";
export { Headroom, type HeadroomArgs } from "./autoscaling/headroom";
export {
  HorizontalAutoscaler,
  type HorizontalAutoscalerArgs,
  type ScalingMetric,
} from "./autoscaling/horizontal-autoscaler";
export { Karpenter, type KarpenterArgs } from "./autoscaling/karpenter";
export {
  KarpenterNodes,
  type KarpenterNodesArgs,
  type NodeDisruptionBudget,
} from "./autoscaling/karpenter-nodes";
export {
  Keda,
  MetricsServer,
  VerticalPodAutoscalerOperator,
  type OperatorArgs,
} from "./autoscaling/operators";
export type { MetricSource } from "./autoscaling/metric-source";
export { ScaleTarget } from "./autoscaling/scale-target";
export { VerticalAutoscaler, type VerticalAutoscalerArgs } from "./autoscaling/vertical-autoscaler";
