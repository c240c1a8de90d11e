/** The settings of an autoscaler that tuning chooses, and the autoscaler that they make. */
import { stringify } from "yaml";

import { forecastRules, forecastTrigger } from "../../budget/autoscaling/forecast-rules";
import { plannedForecast } from "../../budget/autoscaling/planned-forecast";
import { requestsPerSecond } from "../../budget/autoscaling/signals";
import { DEFAULT_BEHAVIOR, type Behavior } from "../autoscaler/behavior";
import type { RuleGroup } from "../promql/rules";
import { readScaledObject } from "../autoscaler/scaled-object";
import type { Autoscaler } from "./controller";
import { busyCpu, hpaOnCpu, podSpeed } from "./methods";
import type { ReplayService } from "./service";

type Driven = Exclude<Autoscaler, { kind: "oracle" }>;

export interface TunedSettings {
  /** By CPU, or by requests/s through KEDA. */
  readonly kind: "hpa" | "keda";
  /** Share of the slots that is busy at the target, 0..1. */
  readonly target: number;
  /** Pods. */
  readonly min: number;
  readonly max: number;
  /** How long less has to be enough before pods go, seconds. */
  readonly scaleDownWindowSeconds: number;
  /** The most pods that may go in a minute, percent. */
  readonly scaleDownPercent: number;
  /** Whether the forecast of the stack raises the replicas by a second trigger. */
  readonly prediction: boolean;
}

/** @param rendered what the stack has now. @param namespace of the service's series */
export function withSettings(
  rendered: Driven,
  settings: TunedSettings,
  service: ReplayService,
  namespace: string,
): Driven {
  const { kind, target, min, max, prediction } = settings;
  const behavior = behaviorOf(settings);
  if (kind === "hpa") {
    const plain = hpaOnCpu(rendered, target * busyCpu(service));
    return plain.kind === "hpa" ? { ...plain, object: { ...plain.object, min, max, behavior } } : plain;
  }
  const perPod = target * podSpeed(service);
  const { name, busy, maxUtilization, horizonSeconds } = service;
  const pods = { namespace, deployment: name };
  const reactive = trigger(requestsPerSecond(pods), perPod, false);
  const foreseen = trigger(forecastTrigger(pods, max * perPod), perPod, true);
  const object = readScaledObject({
    metadata: { name },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: min,
      maxReplicaCount: max,
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      // What is not known yet is 0, and raises nothing.
      triggers: [reactive, ...(prediction ? [foreseen] : [])],
    },
  });
  const planned = { busyAtTarget: target, busy, maxUtilization, horizonSeconds };
  const rules = (): RuleGroup =>
    forecastRules(plannedForecast({ namespace, service: name, mode: "on", ...planned }));
  return { kind: "keda", object, rules: prediction ? [rules()] : [] };
}

function trigger(query: string, threshold: number, ignoreNullValues: boolean): object {
  return {
    type: "prometheus",
    metadata: { query, threshold: threshold.toFixed(3), ignoreNullValues: String(ignoreNullValues) },
  };
}

function behaviorOf({ scaleDownWindowSeconds, scaleDownPercent }: TunedSettings): Behavior {
  return {
    scaleUp: DEFAULT_BEHAVIOR.scaleUp,
    scaleDown: {
      stabilizationWindowSeconds: scaleDownWindowSeconds,
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: scaleDownPercent, periodSeconds: 60 }],
    },
  };
}

/** Parts of a stack file that tuning has found, by key. */
interface TunedBlock {
  readonly "retrofitlink:cluster"?: { readonly nodeStartSeconds: number };
  readonly "retrofitlink:autoscaling"?: { readonly headroom: "pause-pods" };
  readonly "retrofitlink:services": Readonly<Record<string, object>>;
}

/**
 * What tuning found, as the stack file has it: every key that there is, and a comment for what the plan derives.
 *
 * @param margin with which the plan has so many pods at most; undefined where it has already
 * @param needsKeda the service follows clocks or queues as well, which only KEDA does, whatever is tuned
 */
export function stackFileBlock(
  { settings, headroomPods }: { readonly settings: TunedSettings; readonly headroomPods: number },
  service: ReplayService,
  {
    margin,
    nodeStartSeconds,
    needsKeda = false,
  }: {
    readonly margin: number | undefined;
    readonly nodeStartSeconds: number;
    readonly needsKeda?: boolean;
  },
): string {
  const { kind, target, min, max, scaleDownWindowSeconds, scaleDownPercent, prediction } = settings;
  const perPod = podSpeed(service);
  const forecast = prediction ? { mode: "on", mostRps: rounded(max * target * perPod) } : { mode: "off" };
  const block: TunedBlock = {
    ...(headroomPods > 0
      ? {
          "retrofitlink:cluster": { nodeStartSeconds },
          "retrofitlink:autoscaling": { headroom: "pause-pods" },
        }
      : {}),
    "retrofitlink:services": {
      [service.name]: {
        ...(margin === undefined ? {} : { margin }),
        autoscaling: {
          kind: needsKeda ? "keda" : kind,
          signal: kind === "hpa" ? "cpu" : "requests-per-second",
          ...(kind === "keda" ? { forecast } : {}),
        },
      },
    },
  };
  const at =
    kind === "hpa"
      ? `${Math.max(1, Math.round(busyCpu(service) * target))} % CPU`
      : `${rounded(perPod * target)} requests/s of each pod`;
  return (
    `${stringify(block)}# The plan derives what has no key; the search found ${at} (${Math.round(100 * target)} % of the slots busy),\n` +
    `# ${min} to ${max} pods, down by ${scaleDownPercent} % a minute after ${scaleDownWindowSeconds} s.\n`
  );
}

const rounded = (value: number): number => Number(value.toPrecision(3));
