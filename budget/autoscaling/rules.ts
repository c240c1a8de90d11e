/** Rules between settings of autoscaling that are sound by themselves. */
import { issue, type Issue } from "../core/issues";
import type { ServiceScaling } from "./scaling";
import { wantsKeda, type SteeringInputs } from "./steering";

/** What the rules look at besides. */
export interface ScalingSurroundings extends SteeringInputs {
  /** Caches of the stack that run in the cluster, by name. */
  readonly caches: readonly string[];
  /** Seconds from a rise in load to a pod that helps; undefined where there is no plan. */
  readonly startUpSeconds?: number | undefined;
  /** The cluster knows the tolerance of an HPA. */
  readonly knowsTolerance: boolean;
}

/** What makes the autoscaling of a service impossible, though each of its keys is sound by itself. Paths are below it. */
export function scalingIssues(surroundings: ScalingSurroundings): Issue[] {
  const { scaling = {} } = surroundings;
  return [
    ...kindIssues(scaling),
    ...prometheusIssues(scaling, surroundings),
    ...nameIssues(scaling),
    ...queueIssues(scaling, surroundings),
    ...horizonIssues(scaling, surroundings),
    ...toleranceIssues(scaling, surroundings),
  ];
}

/** A plain HPA follows CPU only. */
function kindIssues(scaling: ServiceScaling): Issue[] {
  const { kind, signal } = scaling;
  if (kind === "hpa" && (wantsKeda(scaling) || (signal !== undefined && signal !== "cpu"))) {
    return [
      issue(["kind"], kind, {
        allowed: "keda where requests, a schedule, queues or a forecast decide",
        fix: "Leave it out, or follow CPU alone.",
      }),
    ];
  }
  return [];
}

function prometheusIssues(scaling: ServiceScaling, { hasPrometheus }: SteeringInputs): Issue[] {
  if (hasPrometheus) return [];
  const what = {
    allowed: "cpu where no Prometheus is named",
    fix: "Give retrofitlink:autoscaling.prometheus.url, or leave it out.",
  };
  const { signal, forecast } = scaling;
  return [
    ...(signal === undefined || signal === "cpu" ? [] : [issue(["signal"], signal, what)]),
    ...(forecast === undefined || forecast.mode === "off"
      ? []
      : [
          issue(["forecast", "mode"], forecast.mode, {
            ...what,
            allowed: "off where no Prometheus is named",
          }),
        ]),
  ];
}

/** Triggers are told apart by their names. */
function nameIssues({ schedule = [], queues = [] }: ServiceScaling): Issue[] {
  const named = [...schedule.map(at("schedule")), ...queues.map(at("queues"))];
  return named.flatMap(({ path, name }, index) =>
    named.findIndex((other) => other.name === name) === index
      ? []
      : [
          issue([...path, "name"], name, {
            allowed: "a name that no other load or queue has",
            fix: "Rename one of the two.",
          }),
        ],
  );
}

const at =
  (list: string) =>
  ({ name }: { readonly name: string }, index: number): { path: Issue["path"]; name: string } => ({
    path: [list, index],
    name,
  });

function queueIssues({ queues = [] }: ServiceScaling, { caches }: ScalingSurroundings): Issue[] {
  return queues.flatMap(({ cache }, index) =>
    caches.includes(cache)
      ? []
      : [
          issue(["queues", index, "cache"], cache, {
            allowed: `a cache of this stack that runs in the cluster: ${caches.join(", ") || "there is none"}`,
            fix: "Name the cache in which the work waits.",
          }),
        ],
  );
}

function horizonIssues({ forecast }: ServiceScaling, { startUpSeconds }: ScalingSurroundings): Issue[] {
  const { horizonSeconds, mode = "off" } = forecast ?? {};
  if (horizonSeconds === undefined || startUpSeconds === undefined || mode === "off") return [];
  if (horizonSeconds >= startUpSeconds) return [];
  return [
    issue(["forecast", "horizonSeconds"], horizonSeconds, {
      allowed: `at least ${Math.ceil(startUpSeconds)} (seconds), from a rise in load to a pod that helps`,
      fix: "Leave it out, or look further ahead: a pod that was asked for later comes too late.",
    }),
  ];
}

function toleranceIssues({ tolerance }: ServiceScaling, surroundings: ScalingSurroundings): Issue[] {
  const keys = (["up", "down"] as const).filter((key) => tolerance?.[key] !== undefined);
  if (keys.length === 0 || surroundings.knowsTolerance) return [];
  return keys.map((key) =>
    issue(["tolerance", key], tolerance?.[key], {
      allowed: "nothing where the cluster does not know it",
      fix: "Set retrofitlink:autoscaling.tolerance to true from Kubernetes 1.37 on, or remove the key.",
    }),
  );
}
