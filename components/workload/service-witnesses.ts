/** What the objects of a service have to hold so that its proofs are about what runs. */
import type { ServicePlan } from "../../budget/service/plan";
import { MAX_SURGE, MAX_UNAVAILABLE } from "../../budget/service/plan";
import type { Witness } from "../../budget/core/witness";
import { averageUtilization } from "../autoscaling/horizontal-autoscaler";
import type { ResolvedServiceArgs } from "./elastic-service-args";
import { serviceEnvironment } from "./service-environment";

const POD = ["spec", "template", "spec"] as const;

/** @param name of the component, after which its children are called */
export function serviceWitnesses(
  name: string,
  app: string,
  args: ResolvedServiceArgs,
  { numbers }: ServicePlan,
): Witness[] {
  const of =
    (type: string, child: string) =>
    (at: readonly string[], is: Witness["is"]): Witness => ({ type, name: `${name}-${child}`, at, is });
  const autoscaler = of("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "autoscaler");
  const disruption = of("kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget");
  const deployment = of("kubernetes:apps/v1:Deployment", "deployment");
  const container = [...POD, "containers", app];
  return [
    autoscaler(["spec", "minReplicas"], numbers.min.value),
    autoscaler(["spec", "maxReplicas"], numbers.max.value),
    autoscaler(
      ["spec", "metrics", "0", "containerResource", "target", "averageUtilization"],
      averageUtilization(numbers.target.value),
    ),
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
