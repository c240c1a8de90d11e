/** What the objects of a Redis have to hold so that its proofs are about what runs. */
import { basename } from "node:path/posix";

import { replicatedNumbers, storedNumbers, type RedisPlan } from "../../../budget/caching/plan-redis";
import type { RedisPurpose } from "../../../budget/caching/purpose";
import type { Witness } from "../../../budget/core/witness";
import { REDIS_PATHS, provenLines } from "./redis-conf";
import { SCRIPTS, quorumLine } from "./replication-scripts";
import { redisCpu } from "./redis-pod";

/** @param name of the component, after which its children are called */
export function redisWitnesses(
  name: string,
  purpose: RedisPurpose,
  cpuCores: number,
  plan: RedisPlan,
): Witness[] {
  const { numbers } = plan;
  const replicated = replicatedNumbers(plan);
  const stored = storedNumbers(plan);
  const of =
    (type: string, child: string) =>
    (at: readonly string[], is: Witness["is"]): Witness => ({ type, name: `${name}-${child}`, at, is });
  const workload =
    replicated === undefined
      ? of("kubernetes:apps/v1:Deployment", "deployment")
      : of("kubernetes:apps/v1:StatefulSet", "statefulset");
  const config = of("kubernetes:core/v1:ConfigMap", "config");
  const disruption = of("kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget");
  const resources = ["spec", "template", "spec", "containers", "redis", "resources"];
  const cpu = redisCpu(cpuCores);
  const memory = `${numbers.limit.value}Mi`;
  return [
    ...provenLines(purpose, plan).map((line) => config(["data", basename(REDIS_PATHS.config)], { line })),
    workload(["spec", "replicas"], numbers.members.value),
    workload([...resources, "requests", "memory"], memory),
    workload([...resources, "limits", "memory"], memory),
    workload([...resources, "requests", "cpu"], cpu.request),
    workload([...resources, "limits", "cpu"], cpu.limit),
    disruption(["spec", "maxUnavailable"], 1),
    ...(replicated === undefined
      ? [workload(["spec", "strategy", "type"], "Recreate")]
      : [config(["data", SCRIPTS.members], { line: quorumLine() })]),
    ...(stored === undefined
      ? []
      : [
          workload(
            ["spec", "volumeClaimTemplates", "0", "spec", "resources", "requests", "storage"],
            `${stored.storage.value}Gi`,
          ),
        ]),
  ];
}
