/**
 * KEDA's ScaledObject as it is rendered, and the HorizontalPodAutoscaler that its operator makes of it.
 *
 * Source: kedacore/keda, apis/keda/v1alpha1/scaledobject_types.go, controllers/keda/hpa.go, pkg/scalers/{prometheus,cron,
 * cpu_memory,redis,redis_streams}_scaler.go, as of 2.20.
 */
import { own } from "../../budget/core/own";
import { Schedule } from "./cron";
import {
  ObjectError,
  bounds,
  fields,
  readBehavior,
  textOf,
  type HpaMetric,
  type HpaObject,
} from "./hpa-object";
import { DEFAULT_BEHAVIOR, type Behavior } from "./behavior";
import { milliValue } from "./quantity";

export interface PrometheusTrigger {
  readonly kind: "prometheus";
  readonly name: string;
  readonly query: string;
  /** Of a pod, or of all (`metricType: Value`). */
  readonly threshold: number;
  /** Above it the trigger is active: from 0 pods on, only. */
  readonly activationThreshold: number;
  /** An empty answer is 0, and no error. KEDA's default is true. */
  readonly ignoreNullValues: boolean;
  readonly isValue: boolean;
  /** Asked at the polling interval only. */
  readonly cached: boolean;
}

export interface CronTrigger {
  readonly kind: "cron";
  readonly name: string;
  readonly start: Schedule;
  readonly end: Schedule;
  readonly desiredReplicas: number;
  readonly cached: boolean;
}

/** Work that waits elsewhere: what KEDA reads of it is its length, a whole number. */
export interface QueueTrigger {
  readonly kind: "queue";
  /** What a replay knows the queue by. */
  readonly name: string;
  /** Entries of a pod, or of all (`metricType: Value`). */
  readonly threshold: number;
  readonly activationThreshold: number;
  readonly isValue: boolean;
  readonly cached: boolean;
}

/** Where a trigger of a queue has its threshold and its activation. */
interface QueueKeys {
  readonly threshold: string;
  /** KEDA's own; undefined where the queue is read in another way without the key. */
  readonly usual: number | undefined;
  readonly activation: string;
}

const LIST: QueueKeys = { threshold: "listLength", usual: 5, activation: "activationListLength" };
/** Entries that the group was not given yet. Without the key KEDA counts those that are worked on, or all that ever came. */
const STREAM: QueueKeys = { threshold: "lagCount", usual: undefined, activation: "activationLagCount" };

/** Types of KEDA's triggers that stand for a queue whose length is what waits. */
const QUEUES: Readonly<Record<string, QueueKeys>> = {
  redis: LIST,
  "redis-sentinel": LIST,
  "redis-cluster": LIST,
  "redis-streams": STREAM,
  "redis-sentinel-streams": STREAM,
  "redis-cluster-streams": STREAM,
};

export type Trigger = PrometheusTrigger | CronTrigger | QueueTrigger;

export interface Fallback {
  readonly failureThreshold: number;
  readonly replicas: number;
  readonly behavior: "static" | "currentReplicas" | "currentReplicasIfHigher" | "currentReplicasIfLower";
}

const FALLBACKS = ["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"];

export interface ScaledObject {
  readonly name: string;
  /** Name of the workload. */
  readonly target: string;
  readonly pollingSeconds: number;
  readonly cooldownSeconds: number;
  /** May be 0. */
  readonly min: number;
  readonly idle: number | undefined;
  /** Those that are not of the resource metrics API. Their metric is called after {@link metricName}. */
  readonly triggers: readonly Trigger[];
  readonly fallback: Fallback | undefined;
  /** No autoscaler acts; with a number, the workload gets so many. */
  readonly paused: { readonly replicas: number | undefined } | undefined;
  readonly pausedScaleOut: boolean;
  readonly pausedScaleIn: boolean;
  readonly forcedActivation: boolean;
  readonly hpa: HpaObject;
}

/** Of the trigger at a place, as the operator names it for the HorizontalPodAutoscaler. */
export function metricName(index: number, trigger: Trigger): string {
  return `s${index}-${trigger.kind}`;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws ObjectError */
export function readScaledObject(manifest: unknown): ScaledObject {
  const object = fields(manifest, "ScaledObject");
  const metadata = fields(object["metadata"], "ScaledObject: metadata");
  const name = textOf(metadata["name"]);
  const where = `ScaledObject ${name}`;
  const spec = fields(object["spec"], `${where}: spec`);
  const annotations = (metadata["annotations"] ?? {}) as Readonly<Record<string, string>>;
  const given = spec["triggers"] as readonly unknown[] | undefined;
  if (given === undefined || given.length === 0) throw new ObjectError(`${where}: spec.triggers is empty`);
  const [min, max] = bounds(
    where,
    spec["minReplicaCount"] ?? 0,
    spec["maxReplicaCount"] ?? 100,
    "minReplicaCount",
    "maxReplicaCount",
  );
  const advanced = (spec["advanced"] ?? {}) as Fields;
  const { formula } = (advanced["scalingModifiers"] ?? {}) as Fields;
  if (formula !== undefined) {
    throw new ObjectError(
      `${where}: spec.advanced.scalingModifiers is not simulated; use one trigger for each query`,
    );
  }
  const triggers: Trigger[] = [];
  const metrics: HpaMetric[] = [];
  given.forEach((one, index) => {
    const read = readTrigger(one, `${where}: spec.triggers[${index}]`);
    if ("trigger" in read) {
      metrics.push(externalMetric(triggers.length, read.trigger));
      triggers.push(read.trigger);
    } else metrics.push(read.metric);
  });
  const target = textOf(fields(spec["scaleTargetRef"], `${where}: spec.scaleTargetRef`)["name"]);
  const pausedScaleIn = isSet(annotations, "paused-scale-in");
  const pausedScaleOut = isSet(annotations, "paused-scale-out");
  const config = (advanced["horizontalPodAutoscalerConfig"] ?? {}) as Fields;
  const behavior = readBehavior(config["behavior"], `${where}: spec.advanced…behavior`);
  return {
    name,
    target,
    pollingSeconds: (spec["pollingInterval"] as number | undefined) ?? 30,
    cooldownSeconds: (spec["cooldownPeriod"] as number | undefined) ?? 300,
    min,
    idle: spec["idleReplicaCount"] as number | undefined,
    triggers,
    fallback: readFallback(spec["fallback"], where),
    paused: readPaused(annotations, where),
    pausedScaleIn,
    pausedScaleOut,
    forcedActivation: isSet(annotations, "force-activation"),
    hpa: {
      name: `keda-hpa-${name}`,
      target,
      min: Math.max(1, min),
      max,
      // As the operator sorts them, by the type's name.
      metrics: [
        ...metrics.filter(({ kind }) => kind === "external"),
        ...metrics.filter(({ kind }) => kind !== "external"),
      ],
      behavior: withPauses(behavior, pausedScaleOut, pausedScaleIn),
    },
  };
}

function externalMetric(index: number, trigger: Trigger): HpaMetric {
  const name = metricName(index, trigger);
  // A clock asks for replicas, of one each.
  const target = trigger.kind === "cron" ? 1000 : milliValue(Number(trigger.threshold.toFixed(3)));
  const isValue = trigger.kind !== "cron" && trigger.isValue;
  return {
    kind: "external",
    name,
    selector: {},
    average: isValue ? undefined : target,
    value: isValue ? target : undefined,
  };
}

function readTrigger(
  given: unknown,
  where: string,
): { readonly trigger: Trigger } | { readonly metric: HpaMetric } {
  const trigger = fields(given, where);
  const type = String(trigger["type"]);
  const metadata = fields(trigger["metadata"], `${where}.metadata`) as Readonly<
    Record<string, string | undefined>
  >;
  const text = (key: string): string => {
    const value = metadata[key];
    if (value === undefined || value === "") throw new ObjectError(`${where}.metadata.${key} is missing`);
    return value;
  };
  const number = (key: string, usual?: number): number => {
    const value = metadata[key] === undefined && usual !== undefined ? usual : Number(text(key));
    if (Number.isFinite(value)) return value;
    throw new ObjectError(`${where}.metadata.${key} is "${metadata[key] ?? ""}"; allowed is a number`);
  };
  const above = (key: string, usual?: number): number => {
    const value = number(key, usual);
    if (value > 0) return value;
    throw new ObjectError(`${where}.metadata.${key} is ${value}; allowed is above 0`);
  };
  const isValue = trigger["metricType"] === "Value";
  const named = { name: textOf(trigger["name"]) || type, cached: trigger["useCachedMetrics"] === true };
  switch (type) {
    case "prometheus":
      return {
        trigger: {
          kind: "prometheus",
          ...named,
          query: text("query"),
          threshold: above("threshold"),
          activationThreshold: number("activationThreshold", 0),
          ignoreNullValues: metadata["ignoreNullValues"] !== "false",
          isValue,
        },
      };
    case "cron": {
      const [start, end, zone] = [text("start"), text("end"), text("timezone")];
      if (start === end) throw new ObjectError(`${where}: start and end are the same, "${start}"`);
      const desiredReplicas = number("desiredReplicas");
      if (desiredReplicas < 1) throw new ObjectError(`${where}.metadata.desiredReplicas is below 1`);
      return {
        trigger: {
          kind: "cron",
          ...named,
          start: new Schedule(start, zone, `${where}.metadata.start`),
          end: new Schedule(end, zone, `${where}.metadata.end`),
          desiredReplicas,
        },
      };
    }
    case "cpu":
    case "memory": {
      const value = number("value");
      const isAverage = trigger["metricType"] === "AverageValue";
      const container = metadata["containerName"];
      return {
        metric: {
          kind: "resource",
          resource: type,
          container,
          utilization: isAverage ? undefined : Math.trunc(value),
          average: isAverage ? milliValue(value) : undefined,
        },
      };
    }
    default: {
      const keys = own(QUEUES, type);
      if (keys === undefined) {
        const known = ["prometheus", "cron", "cpu", "memory", ...Object.keys(QUEUES)];
        throw new ObjectError(
          `${where}: the type "${type}" is not simulated; these are: ${known.join(", ")}`,
        );
      }
      const threshold = above(keys.threshold, keys.usual);
      const activationThreshold = number(keys.activation, 0);
      return { trigger: { kind: "queue", ...named, threshold, activationThreshold, isValue } };
    }
  }
}

function readFallback(given: unknown, where: string): Fallback | undefined {
  if (given === undefined) return undefined;
  const { failureThreshold, replicas, behavior = "static" } = given as Partial<Fallback>;
  if (!FALLBACKS.includes(behavior)) {
    throw new ObjectError(
      `${where}: fallback.behavior "${behavior}" is not simulated; these are: ${FALLBACKS.join(", ")}`,
    );
  }
  if (failureThreshold === undefined || replicas === undefined || failureThreshold < 0 || replicas < 0) {
    throw new ObjectError(`${where}: fallback needs failureThreshold and replicas, whole numbers >= 0`);
  }
  return { failureThreshold, replicas, behavior };
}

/** Any value but a word for false sets it. */
function isSet(annotations: Readonly<Record<string, string>>, name: string): boolean {
  const value = annotations[`autoscaling.keda.sh/${name}`];
  return value !== undefined && !["0", "f", "F", "false", "FALSE", "False"].includes(value);
}

function readPaused(annotations: Readonly<Record<string, string>>, where: string): ScaledObject["paused"] {
  const count = annotations["autoscaling.keda.sh/paused-replicas"];
  if (count === undefined) return isSet(annotations, "paused") ? { replicas: undefined } : undefined;
  const replicas = Number(count);
  if (Number.isInteger(replicas) && replicas >= 0) return { replicas };
  throw new ObjectError(`${where}: the annotation autoscaling.keda.sh/paused-replicas is "${count}"`);
}

function withPauses(behavior: Behavior | undefined, out: boolean, down: boolean): Behavior | undefined {
  if (!out && !down) return behavior;
  const { scaleUp, scaleDown } = behavior ?? DEFAULT_BEHAVIOR;
  return {
    scaleUp: out ? { ...scaleUp, selectPolicy: "Disabled" } : scaleUp,
    scaleDown: down ? { ...scaleDown, selectPolicy: "Disabled" } : scaleDown,
  };
}
