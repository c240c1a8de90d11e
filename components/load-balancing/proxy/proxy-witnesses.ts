/** What the objects of a proxy have to hold so that its proofs are about what runs. */
import { basename } from "node:path/posix";

import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import type { Witness } from "../../../budget/core/witness";
import { MAX_SURGE } from "../../../budget/service/plan";
import { averageUtilization } from "../../autoscaling/horizontal-autoscaler";
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
  const autoscaler = of("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "autoscaler");
  const disruption = of("kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget");
  const deployment = of("kubernetes:apps/v1:Deployment", "deployment");
  const config = of("kubernetes:core/v1:ConfigMap", "config");
  const { numbers } = plan;
  const { drain } = ownTimeouts(args);
  const container = [...POD, "containers", program.container];
  return [
    autoscaler(["spec", "minReplicas"], numbers.minReplicas.value),
    autoscaler(["spec", "maxReplicas"], numbers.maxReplicas.value),
    autoscaler(
      ["spec", "metrics", "0", "containerResource", "target", "averageUtilization"],
      averageUtilization(numbers.targetUtilization.value),
    ),
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
