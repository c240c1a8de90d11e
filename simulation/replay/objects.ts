/** What a stack's rendered objects say about the scaling of one service. */
import { bounds, readHpa, ObjectError } from "../autoscaler/hpa-object";
import { readScaledObject } from "../autoscaler/scaled-object";
import { parseQuantity } from "../autoscaler/quantity";
import type { RuleGroup } from "../promql/rules";
import type { Autoscaler } from "./controller";
import type { Manifest } from "./rendered";
import type { Rollout } from "./service";

export interface ServiceObjects {
  readonly namespace: string;
  /** The one owner of the replicas. */
  readonly autoscaler: Exclude<Autoscaler, { kind: "oracle" }>;
  /** Of the disruption budget, pods. */
  readonly maxUnavailable: number;
  /** Of the Deployment. */
  readonly rollout: Rollout;
  /** What the service's container requests, cores and MiB. */
  readonly cpuCores: number | undefined;
  readonly memoryMiB: number | undefined;
  /** Room kept free by pause pods or a CapacityBuffer, pods. */
  readonly headroomPods: number;
}

/**
 * @param service name of the workload
 * @throws ObjectError when it has no autoscaler, or two
 */
export function serviceObjects(manifests: readonly Manifest[], service: string): ServiceObjects {
  const targets = ({ spec }: Manifest): boolean =>
    (spec["scaleTargetRef"] as { name?: string } | undefined)?.name === service;
  const owners = manifests.filter(
    (one) => ["HorizontalPodAutoscaler", "ScaledObject"].includes(one.kind) && targets(one),
  );
  const [owner, second] = owners;
  if (owner === undefined)
    throw new ObjectError(`nothing scales ${service}: no HorizontalPodAutoscaler, no ScaledObject`);
  if (second !== undefined) {
    const named = owners.map(({ kind, metadata }) => `${kind} ${metadata.name ?? ""}`);
    throw new ObjectError(
      `${service} has two owners: ${named.join(" and ")}; allowed is one. Remove one of the two`,
    );
  }
  const rules = manifests
    .filter(({ kind }) => kind === "PrometheusRule")
    .flatMap(({ spec }) => (spec["groups"] as readonly RuleGroup[] | undefined) ?? []);
  const budget = manifests.find(
    ({ kind, metadata }) => kind === "PodDisruptionBudget" && metadata.name === service,
  );
  const deployment = manifests.find(
    ({ kind, metadata }) => kind === "Deployment" && metadata.name === service,
  );
  const requests = requestsOf(deployment);
  return {
    namespace: owner.metadata.namespace ?? "default",
    autoscaler:
      owner.kind === "ScaledObject"
        ? { kind: "keda", object: readScaledObject(owner), rules }
        : { kind: "hpa", object: readHpa(owner), rules },
    maxUnavailable: unavailable(budget),
    rollout: rolloutOf(deployment),
    cpuCores: parseQuantity(requests["cpu"]),
    memoryMiB: scaled(parseQuantity(requests["memory"]), 2 ** 20),
    headroomPods: headroom(manifests, service),
  };
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

interface PodTemplate {
  readonly spec?: {
    readonly priorityClassName?: string;
    readonly containers?: readonly {
      readonly resources?: { readonly requests?: Readonly<Record<string, unknown>> };
    }[];
  };
}

function requestsOf(deployment: Manifest | undefined): Readonly<Record<string, unknown>> {
  const template = deployment?.spec["template"] as PodTemplate | undefined;
  return template?.spec?.containers?.[0]?.resources?.requests ?? {};
}

interface DeploymentSpec {
  readonly minReadySeconds?: number;
  readonly strategy?: { readonly type?: string; readonly rollingUpdate?: Partial<Rollout> };
}

/** What is left out is as the API server fills it in; Recreate lets all pods go before the first one comes. */
function rolloutOf(deployment: Manifest | undefined): Rollout {
  const { minReadySeconds = 0, strategy = {} }: DeploymentSpec = deployment?.spec ?? {};
  if (strategy.type === "Recreate") return { maxSurge: 0, maxUnavailable: "100%", minReadySeconds };
  return { maxSurge: "25%", maxUnavailable: "25%", ...strategy.rollingUpdate, minReadySeconds };
}

/** A share is one pod at least here: it is looked at by the pod. */
function unavailable(budget: Manifest | undefined): number {
  const given = budget?.spec["maxUnavailable"];
  if (typeof given === "number")
    return bounds("PodDisruptionBudget", given, given, "maxUnavailable", "maxUnavailable")[0];
  return 1;
}

/** Pause pods are pods of a class below zero, named after the service that they keep room for. */
function headroom(manifests: readonly Manifest[], service: string): number {
  const below = new Set(
    manifests
      .filter(({ kind, spec }) => kind === "PriorityClass" && Number(spec["value"]) < 0)
      .map(({ metadata }) => metadata.name),
  );
  let pods = 0;
  for (const { kind, metadata, spec } of manifests) {
    const isOwn = metadata.name?.startsWith(service) === true;
    if (kind === "Deployment" && isOwn && metadata.name !== service) {
      const { priorityClassName } = (spec["template"] as PodTemplate | undefined)?.spec ?? {};
      if (priorityClassName !== undefined && below.has(priorityClassName))
        pods += Number(spec["replicas"] ?? 1);
    }
    const scalable = (spec["scalableRef"] as { name?: string } | undefined)?.name;
    if (kind === "CapacityBuffer" && scalable === service) pods += Number(spec["replicas"] ?? 0);
  }
  return pods;
}
