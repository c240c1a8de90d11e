/** Who owns the replicas and the memory of a service, as its plan has it. */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { planAutoscaling, type AutoscalingInputs, type AutoscalingPlan } from "../../budget/autoscaling/plan";
import { scheduledField } from "../../budget/autoscaling/planned";
import { forecastTrigger } from "../../budget/autoscaling/forecast-rules";
import type { QueuedWork, ServiceScaling } from "../../budget/autoscaling/scaling";
import { requestsInFlight, requestsPerSecond, type Pods } from "../../budget/autoscaling/signals";
import { steeringOf, type Steering } from "../../budget/autoscaling/steering";
import type { Numbers } from "../../budget/core/derived";
import type { Demand } from "../../budget/service/demand";
import type { ServicePlan } from "../../budget/service/plan";
import {
  EventDrivenAutoscaler,
  type RedisAddress,
  type ScalingTrigger,
} from "../autoscaling/event-driven-autoscaler";
import { Headroom } from "../autoscaling/headroom";
import { HorizontalAutoscaler } from "../autoscaling/horizontal-autoscaler";
import type { MetricSource } from "../autoscaling/metric-source";
import { ScaleTarget } from "../autoscaling/scale-target";
import { scalingBehavior } from "../autoscaling/scaling-behavior";
import { VerticalAutoscaler } from "../autoscaling/vertical-autoscaler";
import type { Transform } from "../shared/transform";

/** Autoscaling of a service that is more than an HPA on CPU. */
export interface ServiceAutoscaling {
  /** What the stack planned of it, both or neither. @default it plans alone */
  readonly plan?: AutoscalingPlan;
  readonly steering?: Steering;
  /** @default everything follows from the profile */
  readonly scaling?: ServiceScaling | undefined;
  /** Where requests, connections and forecasts are known. @default nowhere: CPU and clocks decide */
  readonly prometheus?: MetricSource;
  /** Caches that work waits in, by name. @default none */
  readonly queues?: Readonly<Record<string, RedisAddress>>;
  /** How room is kept for its pods while a node starts. @default none is */
  readonly headroom?: "capacity-buffer" | "pause-pods";
  /** Name of the PriorityClass of pause pods. @default one is made for this service */
  readonly headroomPriorityClass?: pulumi.Input<string>;
  /** Series of the forecast, as PromQL that answers with one value. @default the one that is recorded for it */
  readonly forecastQuery?: string;
  /** What has the definitions of these objects. @default they are there */
  readonly operators?: readonly pulumi.Resource[];
}

/** Planned, by the stack or alone. */
export type PlannedAutoscaling = ServiceAutoscaling & {
  readonly plan: AutoscalingPlan;
  readonly steering: Steering;
};

/** What a service is, as far as its autoscaling is planned from it. */
export type AutoscaledService = Omit<AutoscalingInputs, "plan" | "steering" | "scaling" | "headroom">;

/** @returns undefined where an HPA on CPU is all there is */
export function plannedAutoscaling(
  given: ServiceAutoscaling | undefined,
  service: AutoscaledService,
  plan: ServicePlan,
): PlannedAutoscaling | undefined {
  if (given === undefined) return undefined;
  const { scaling, prometheus, headroom = "none" } = given;
  const steering =
    given.steering ?? steeringOf({ ...service, scaling, hasPrometheus: prometheus !== undefined });
  const found =
    given.plan ?? planAutoscaling({ ...service, plan: plan.numbers, steering, scaling, headroom });
  return { ...given, steering, plan: found };
}

/** Escape hatches of what is made here. */
export interface ServiceAutoscalingTransforms {
  readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>;
  readonly scaledObject?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly authentication?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly verticalAutoscaler?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly headroomBuffer?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly headroomPriority?: Transform<k8s.scheduling.v1.PriorityClassArgs>;
  readonly headroomDeployment?: Transform<k8s.apps.v1.DeploymentArgs>;
}

/** What the objects need to know of the service. */
export interface ScaledService {
  readonly app: string;
  readonly namespace: pulumi.Input<string>;
  readonly deployment: pulumi.Input<string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly demand: Demand;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  readonly plan: ServicePlan;
  readonly autoscaling?: PlannedAutoscaling | undefined;
  readonly transform: ServiceAutoscalingTransforms;
}

/** What was made. */
export interface ServiceAutoscalers {
  readonly autoscaler: HorizontalAutoscaler | EventDrivenAutoscaler;
  readonly verticalAutoscaler: VerticalAutoscaler | undefined;
  readonly headroom: Headroom | undefined;
}

/** CPU below which what a process does without a request is no small part of it, share of the request. */
const CPU_SAYS_ENOUGH = 0.1;

export function serviceAutoscalers(
  name: string,
  service: ScaledService,
  child: pulumi.ComponentResourceOptions,
): ServiceAutoscalers {
  const { autoscaling } = service;
  const options = { ...child, dependsOn: [...(autoscaling?.operators ?? [])] };
  return {
    autoscaler: replicasOf(name, service, autoscaling?.steering.kind === "keda" ? options : child),
    verticalAutoscaler: memoryOf(name, service, options),
    headroom: roomOf(name, service, options),
  };
}

function replicasOf(
  name: string,
  service: ScaledService,
  options: pulumi.ComponentResourceOptions,
): HorizontalAutoscaler | EventDrivenAutoscaler {
  const { app, namespace, deployment, labels, demand, plan, autoscaling, transform } = service;
  const { min, max, target, reaction } = plan.numbers;
  const { tolerance } = autoscaling?.scaling ?? {};
  const common = {
    target: new ScaleTarget("Deployment", deployment, namespace),
    labels,
    min: min.value,
    max: max.value,
    behavior: scalingBehavior(demand, max.value, reaction.value),
    ...(tolerance === undefined ? {} : { tolerance }),
  };
  const cpu = { kind: "cpu", container: app, utilization: target.value } as const;
  if (autoscaling?.steering.kind !== "keda") {
    return new HorizontalAutoscaler(
      `${name}-autoscaler`,
      {
        ...common,
        metrics: [cpu],
        ...(transform.autoscaler === undefined ? {} : { transform: { autoscaler: transform.autoscaler } }),
      },
      options,
    );
  }
  const { scaledObject, authentication } = transform;
  const triggers = serviceTriggers(service, autoscaling);
  return new EventDrivenAutoscaler(
    `${name}-autoscaler`,
    {
      ...common,
      triggers,
      // KEDA falls back for what it asks itself.
      ...(triggers.every(({ kind }) => kind === "cpu")
        ? {}
        : { fallback: { replicas: autoscaling.plan.numbers.fallback.value } }),
      transform: {
        ...(scaledObject === undefined ? {} : { scaledObject }),
        ...(authentication === undefined ? {} : { authentication }),
      },
    },
    options,
  );
}

/**
 * CPU stays beside requests in flight where it says enough: both stand for the same load, and CPU still raises the replicas
 * when Prometheus is gone.
 */
export function serviceTriggers(
  { app, plan }: Pick<ScaledService, "app" | "plan">,
  { plan: planned, steering, scaling = {}, prometheus, queues = {}, forecastQuery }: PlannedAutoscaling,
): ScalingTrigger[] {
  const { target } = plan.numbers;
  const pods: Pods = { namespace: prometheus?.namespace ?? "", deployment: app };
  const { inFlightPerPod, rpsPerPod } = planned.numbers;
  const followsCpu = steering.signal === "cpu" || target.value >= CPU_SAYS_ENOUGH;
  const asked = (
    name: string,
    query: string,
    perPod: number,
    whenMissing: "fault" | "nothing",
  ): ScalingTrigger[] => {
    if (prometheus === undefined) return [];
    const { url, authentication } = prometheus;
    const proof = authentication === undefined ? {} : { authentication };
    return [{ kind: "prometheus", name, url, query, perPod, whenMissing, ...proof }];
  };
  return [
    ...(steering.signal === "requests-in-flight"
      ? asked(steering.signal, requestsInFlight(pods), inFlightPerPod.value, "fault")
      : []),
    ...(steering.signal === "requests-per-second"
      ? asked(steering.signal, requestsPerSecond(pods), rpsPerPod.value, "fault")
      : []),
    ...(followsCpu ? [{ kind: "cpu" as const, name: "cpu", container: app, utilization: target.value }] : []),
    ...(scaling.schedule ?? []).map(({ name, timezone, start, end }) => ({
      kind: "cron" as const,
      name,
      timezone,
      start,
      end,
      replicas: Number(planned.numbers[scheduledField(name)]?.value),
    })),
    ...(scaling.queues ?? []).flatMap((work) => queueTrigger(work, queues[work.cache])),
    ...(scaling.forecast?.mode === "on"
      ? // Silent while it is stale or wrong, and then it asks for nothing.
        asked(
          "forecast",
          forecastQuery ?? forecastTrigger(pods, Number(planned.numbers["forecastMost"]?.value)),
          rpsPerPod.value,
          "nothing",
        )
      : []),
  ];
}

function queueTrigger(work: QueuedWork, redis: RedisAddress | undefined): ScalingTrigger[] {
  if (redis === undefined) return [];
  const { name, entriesPerPod: perPod } = work;
  return work.kind === "redis-list"
    ? [{ kind: "redis-list", name, redis, list: work.list, perPod }]
    : [{ kind: "redis-stream", name, redis, stream: work.stream, consumerGroup: work.consumerGroup, perPod }];
}

function memoryOf(
  name: string,
  { app, namespace, deployment, labels, autoscaling, transform }: ScaledService,
  options: pulumi.ComponentResourceOptions,
): VerticalAutoscaler | undefined {
  const mode = autoscaling?.scaling?.memory ?? "none";
  if (autoscaling === undefined || mode === "none") return undefined;
  const { memoryLeast, memoryMost } = autoscaling.plan.numbers;
  const { verticalAutoscaler } = transform;
  return new VerticalAutoscaler(
    `${name}-memory`,
    {
      workload: deployment,
      namespace,
      labels,
      container: app,
      memoryMiB: { min: Number(memoryLeast?.value), max: Number(memoryMost?.value) },
      mode,
      ...(verticalAutoscaler === undefined ? {} : { transform: { autoscaler: verticalAutoscaler } }),
    },
    options,
  );
}

function roomOf(
  name: string,
  { app, namespace, deployment, labels, resources, autoscaling, transform }: ScaledService,
  options: pulumi.ComponentResourceOptions,
): Headroom | undefined {
  const { headroom, headroomPods }: Numbers = autoscaling?.plan.numbers ?? {};
  // Without growth there is nothing to keep room for.
  if (autoscaling?.headroom === undefined || headroom === undefined || !(Number(headroomPods?.value) > 0)) {
    return undefined;
  }
  const { headroomBuffer: buffer, headroomPriority: priorityClass, headroomDeployment } = transform;
  return new Headroom(
    `${name}-headroom`,
    {
      workload: deployment,
      namespace,
      labels,
      kind: autoscaling.headroom,
      percent: Math.round(Number(headroom.value) * 100),
      pods: Number(headroomPods?.value),
      resources,
      app: `${app}-headroom`,
      ...(autoscaling.headroomPriorityClass === undefined
        ? {}
        : { priorityClassName: autoscaling.headroomPriorityClass }),
      transform: {
        ...(buffer === undefined ? {} : { buffer }),
        ...(priorityClass === undefined ? {} : { priorityClass }),
        ...(headroomDeployment === undefined ? {} : { deployment: headroomDeployment }),
      },
    },
    options,
  );
}
