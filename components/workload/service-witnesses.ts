/** What the objects of a service have to hold so that its proofs are about what runs. */
import type { ServicePlan } from "../../budget/service/plan";
import { MAX_SURGE, MAX_UNAVAILABLE } from "../../budget/service/plan";
import type { Witness } from "../../budget/core/witness";
import { averageUtilization } from "../autoscaling/horizontal-autoscaler";
import { kedaTrigger } from "../autoscaling/scaling-triggers";
import type { ResolvedServiceArgs } from "./elastic-service-args";
import { serviceTriggers, type PlannedAutoscaling } from "./service-autoscaling";
import { serviceEnvironment } from "./service-environment";

const POD = ["spec", "template", "spec"] as const;

/** @param name of the component, after which its children are called */
export function serviceWitnesses(
  name: string,
  app: string,
  args: ResolvedServiceArgs,
  { numbers }: ServicePlan,
  autoscaling?: PlannedAutoscaling,
): Witness[] {
  const of =
    (type: string, child: string) =>
    (at: readonly string[], is: Witness["is"]): Witness => ({ type, name: `${name}-${child}`, at, is });
  const disruption = of("kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget");
  const deployment = of("kubernetes:apps/v1:Deployment", "deployment");
  const container = [...POD, "containers", app];
  return [
    ...autoscalerWitnesses(of, args.app, numbers, autoscaling),
    disruption(["spec", "maxUnavailable"], MAX_UNAVAILABLE),
    deployment(["spec", "strategy", "rollingUpdate", "maxSurge"], `${MAX_SURGE * 100}%`),
    deployment(["spec", "strategy", "rollingUpdate", "maxUnavailable"], 0),
    deployment([...POD, "terminationGracePeriodSeconds"], args.timeouts.drain.terminationGrace),
    deployment([...container, "lifecycle", "preStop", "sleep", "seconds"], args.timeouts.drain.preStop),
    deployment([...container, "resources", "requests", "cpu"], `${args.resources.cpuCores}`),
    deployment([...container, "resources", "limits", "memory"], `${args.resources.memoryMiB}Mi`),
    ...plainVariables(args).map(([variable, value]) =>
      deployment([...container, "env", variable, "value"], value),
    ),
  ];
}

/** Variables that a proof counts on: pools and timeouts. */
function plainVariables(args: ResolvedServiceArgs): [string, string][] {
  return serviceEnvironment(args).flatMap(({ name, value }): [string, string][] =>
    typeof value === "string" && /(_POOL_SIZE|_TIMEOUT_MS)$/.test(name) ? [[name, value]] : [],
  );
}

type Of = (type: string, child: string) => (at: readonly string[], is: Witness["is"]) => Witness;

/** Bounds and thresholds, wherever the owner of the replicas has them; bounds of the memory; room. */
function autoscalerWitnesses(
  of: Of,
  app: string,
  numbers: ServicePlan["numbers"],
  autoscaling: PlannedAutoscaling | undefined,
): Witness[] {
  const percent = averageUtilization(numbers.target.value);
  if (autoscaling?.steering.kind !== "keda") {
    const hpa = of("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "autoscaler");
    return [
      hpa(["spec", "minReplicas"], numbers.min.value),
      hpa(["spec", "maxReplicas"], numbers.max.value),
      hpa(["spec", "metrics", "0", "containerResource", "target", "averageUtilization"], percent),
      ...roomWitnesses(of, autoscaling),
    ];
  }
  const scaledObject = of("kubernetes:keda.sh/v1alpha1:ScaledObject", "autoscaler");
  const triggers = serviceTriggers({ app, plan: { numbers, proofs: [] } }, autoscaling);
  return [
    scaledObject(["spec", "minReplicaCount"], numbers.min.value),
    scaledObject(["spec", "maxReplicaCount"], numbers.max.value),
    ...triggers.flatMap((trigger) =>
      Object.entries(kedaTrigger(trigger).metadata).flatMap(([key, value]) =>
        DECISIVE.has(key) && typeof value === "string"
          ? [scaledObject(["spec", "triggers", trigger.name, "metadata", key], value)]
          : [],
      ),
    ),
    ...(triggers.every(({ kind }) => kind === "cpu")
      ? []
      : [
          scaledObject(["spec", "fallback", "behavior"], "currentReplicasIfHigher"),
          scaledObject(["spec", "fallback", "replicas"], autoscaling.plan.numbers.fallback.value),
        ]),
    ...roomWitnesses(of, autoscaling),
  ];
}

/** Keys of a trigger that a proof counts on. */
const DECISIVE = new Set([
  "threshold",
  "ignoreNullValues",
  "value",
  "desiredReplicas",
  "listLength",
  "lagCount",
]);

function roomWitnesses(of: Of, autoscaling: PlannedAutoscaling | undefined): Witness[] {
  if (autoscaling === undefined) return [];
  const { memoryMost, memoryLeast, headroom, headroomPods } = autoscaling.plan.numbers;
  const vertical = of("kubernetes:autoscaling.k8s.io/v1:VerticalPodAutoscaler", "memory");
  const policy = ["spec", "resourcePolicy", "containerPolicies", "0"];
  const isKept = Number(headroomPods?.value) > 0;
  return [
    ...(memoryMost === undefined || memoryLeast === undefined
      ? []
      : [
          vertical([...policy, "minAllowed", "memory"], `${memoryLeast.value}Mi`),
          vertical([...policy, "maxAllowed", "memory"], `${memoryMost.value}Mi`),
        ]),
    ...(headroom !== undefined && isKept && autoscaling.headroom === "capacity-buffer"
      ? [
          of("kubernetes:autoscaling.x-k8s.io/v1beta1:CapacityBuffer", "headroom-buffer")(
            ["spec", "percentage"],
            Math.round(Number(headroom.value) * 100),
          ),
        ]
      : []),
    ...(isKept && autoscaling.headroom === "pause-pods"
      ? [
          of("kubernetes:apps/v1:Deployment", "headroom-pause")(
            ["spec", "replicas"],
            Number(headroomPods?.value),
          ),
        ]
      : []),
  ];
}
