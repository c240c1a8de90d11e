/** Rules of autoscaling that look at more than one block of a stack file. They run on what is sound by itself. */
import { issue, within, type Issue } from "../../budget/core/issues";
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import { scalingIssues } from "../../budget/autoscaling/rules";
import { startUpSeconds } from "../../budget/autoscaling/planned";
import { headroomOf } from "../../plan/plan-autoscaling";
import { planServices, type ServicesInputs } from "../../plan/plan-stack";
import { own } from "../../budget/core/own";
import type { ClusterConfig, ServiceConfig, StackConfig } from "./schema/stack";

/** What the rules look at; undefined where that is not sound by itself. */
export interface AutoscalingSurroundings {
  readonly cluster: ClusterConfig | undefined;
  readonly autoscaling: StackConfig["autoscaling"] | undefined;
  /** Who watches, as it was given; undefined where it was not. */
  readonly watchedBy: unknown;
  /** `kind` of each cache as it was given. */
  readonly cacheKinds: Readonly<Record<string, unknown>>;
}

/** Of one service, below its key. */
export function serviceScalingIssues(
  { autoscaling, cacheKinds }: AutoscalingSurroundings,
  { profile, resources, autoscaling: scaling }: ServiceConfig,
  budget: PerformanceBudget,
): Issue[] {
  // A block with mistakes of its own decides nothing.
  if (autoscaling === undefined) return [];
  const caches = Object.entries(cacheKinds).flatMap(([name, kind]) =>
    kind === undefined || kind === "in-cluster" ? [name] : [],
  );
  return within(
    ["autoscaling"],
    scalingIssues({
      profile,
      resources,
      budget,
      scaling,
      hasPrometheus: autoscaling.prometheus !== undefined,
      knowsTolerance: autoscaling.tolerance,
      caches,
    }),
  );
}

/** What only the plan knows: a load that no pod may be there for, and a forecast that looks less far than a pod takes. */
export function plannedScalingIssues(stack: ServicesInputs): Issue[] {
  // Planning a thousand services once more takes seconds.
  if (Object.values(stack.services).every(({ autoscaling }) => autoscaling === undefined)) return [];
  const planned = planServices(stack);
  return Object.entries(stack.services).flatMap(([name, service]) => {
    const found = own(planned, name);
    if (found === undefined || service.autoscaling === undefined) return [];
    const { plan, budget, autoscaling } = found;
    const { schedule = [], forecast } = service.autoscaling;
    const { profile, resources } = service;
    const max = plan.numbers.max.value;
    const late = scalingIssues({
      profile,
      resources,
      budget,
      scaling: { forecast },
      hasPrometheus: true,
      knowsTolerance: true,
      caches: [],
      startUpSeconds: startUpSeconds({
        plan: plan.numbers,
        nodeStartSeconds: stack.cluster.nodeStartSeconds ?? 0,
        headroom: headroomOf(stack),
      }),
    });
    const tooMany = schedule.flatMap((load, index) => {
      const pods = Math.ceil(load.requestsPerSecond / autoscaling.plan.numbers.rpsPerPod.value);
      return pods <= max
        ? []
        : [
            issue(["schedule", index, "requestsPerSecond"], load.requestsPerSecond, {
              allowed: `what ${max} pods, the most of ${name}, carry at the target: ${Math.floor(max * autoscaling.plan.numbers.rpsPerPod.value)} (requests/s)`,
              fix: "Raise demand.peakRps to the highest rate that is ever expected.",
            }),
          ];
    });
    return within(["services", name, "autoscaling"], [...tooMany, ...late]);
  });
}

/** Of the cluster. */
export function clusterScalingIssues({ cluster, autoscaling, watchedBy }: AutoscalingSurroundings): Issue[] {
  const { nodes, headroom, prometheus } = autoscaling ?? {};
  const issues: Issue[] = [];
  if (prometheus !== undefined && prometheus.url === undefined && watchedBy !== "install") {
    issues.push(
      issue(["autoscaling", "prometheus", "url"], undefined, {
        allowed: "an address where the stack installs no Prometheus",
        fix: "Give the one that a pod reaches it by, or set retrofitlink:monitoring.kind to install.",
      }),
    );
  }
  if (cluster === undefined) return issues;
  const cloudOf = { "cluster-autoscaler": "aws", karpenter: "aws", "gke-node-pool": "gcp" } as const;
  if (nodes !== undefined && cloudOf[nodes.kind] !== cluster.cloud) {
    const there = { aws: '"cluster-autoscaler" or "karpenter"', gcp: '"gke-node-pool"', local: "nothing" };
    issues.push(
      issue(["autoscaling", "nodes", "kind"], nodes.kind, {
        allowed: `${there[cluster.cloud]} on ${cluster.cloud}`,
        fix: `Remove the key, or choose what there is on ${cluster.cloud}.`,
      }),
    );
  }
  if (headroom !== undefined && headroom !== "none" && cluster.nodeStartSeconds === 0) {
    issues.push(
      issue(["autoscaling", "headroom"], headroom, {
        allowed: "none where cluster.nodeStartSeconds is 0",
        fix: "Say how long a node takes to start, or remove the key: there is always room.",
      }),
    );
  }
  if (headroom === "pause-pods" && !cluster.priorityClasses) {
    issues.push(
      issue(["autoscaling", "headroom"], headroom, {
        allowed: "capacity-buffer or none where cluster.priorityClasses is false",
        fix: "Let the stack make its PriorityClass, for pause pods have to be the least of all.",
      }),
    );
  }
  return issues;
}
