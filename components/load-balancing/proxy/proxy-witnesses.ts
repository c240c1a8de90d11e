/** What the objects of a proxy have to hold so that its proofs are about what runs. */
import { basename } from "node:path/posix";

import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import type { Witness } from "../../../budget/core/witness";
import { MAX_SURGE } from "../../../budget/service/plan";
import { averageUtilization, averageValue } from "../../autoscaling/scaling-metrics";
import { ownTimeouts, type CompleteProxyArgs } from "./proxy-args";
import type { ProxyProgram } from "./proxy-pod";

const POD = ["spec", "template", "spec"] as const;

/** @param name of the component, after which its children are called */
export function proxyWitnesses(
  name: string,
  program: Pick<ProxyProgram, "container" | "configPath" | "planned">,
  args: CompleteProxyArgs,
  plan: ProxyPlan,
): Witness[] {
  const of =
    (type: string, child: string) =>
    (at: readonly string[], is: Witness["is"]): Witness => ({ type, name: `${name}-${child}`, at, is });
  const disruption = of("kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget");
  const deployment = of("kubernetes:apps/v1:Deployment", "deployment");
  const config = of("kubernetes:core/v1:ConfigMap", "config");
  const { numbers } = plan;
  const { drain } = ownTimeouts(args);
  const container = [...POD, "containers", program.container];
  return [
    ...autoscalerWitnesses(of, args, plan),
    disruption(["spec", "maxUnavailable"], args.maxUnavailable),
    deployment(["spec", "strategy", "rollingUpdate", "maxSurge"], `${MAX_SURGE * 100}%`),
    deployment(["spec", "strategy", "rollingUpdate", "maxUnavailable"], 0),
    deployment([...POD, "terminationGracePeriodSeconds"], drain.terminationGrace),
    deployment([...container, "lifecycle", "preStop", "exec", "command", "1"], `${drain.preStop}`),
    deployment([...container, "resources", "requests", "cpu"], `${args.cpuCores}`),
    deployment([...container, "resources", "limits", "cpu"], `${numbers.workers.value}`),
    deployment([...container, "resources", "limits", "memory"], `${numbers.memoryLimitMiB.value}Mi`),
    ...program
      .planned(args, plan)
      .map(([begin, ...lines]) => config(["data", basename(program.configPath)], { begin, lines })),
  ];
}

type Of = (type: string, child: string) => (at: readonly string[], is: Witness["is"]) => Witness;

function autoscalerWitnesses(of: Of, { prometheus }: CompleteProxyArgs, { numbers }: ProxyPlan): Witness[] {
  const { minReplicas, maxReplicas, targetUtilization, targetConnections } = numbers;
  const percent = averageUtilization(targetUtilization.value);
  if (prometheus === undefined) {
    const hpa = of("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "autoscaler");
    return [
      hpa(["spec", "minReplicas"], minReplicas.value),
      hpa(["spec", "maxReplicas"], maxReplicas.value),
      hpa(["spec", "metrics", "0", "containerResource", "target", "averageUtilization"], percent),
    ];
  }
  const scaledObject = of("kubernetes:keda.sh/v1alpha1:ScaledObject", "autoscaler");
  const told = (trigger: string, key: string): string[] => ["spec", "triggers", trigger, "metadata", key];
  return [
    scaledObject(["spec", "minReplicaCount"], minReplicas.value),
    scaledObject(["spec", "maxReplicaCount"], maxReplicas.value),
    scaledObject(["spec", "fallback", "behavior"], "currentReplicasIfHigher"),
    scaledObject(told("cpu", "value"), `${percent}`),
    scaledObject(told("connections", "threshold"), averageValue(targetConnections.value)),
    scaledObject(told("connections", "ignoreNullValues"), "false"),
  ];
}
