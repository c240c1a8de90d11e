/** The settings of an autoscaler that tuning chooses, and the autoscaler that they make. */
import { stringify } from "yaml";

import { DEFAULT_BEHAVIOR, type Behavior } from "../autoscaler/behavior";
import type { RuleGroup } from "../promql/rules";
import { readScaledObject } from "../autoscaler/scaled-object";
import type { Autoscaler } from "./controller";
import { busyCpu, hpaOnCpu, onRequests, podSpeed } from "./methods";
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
  /** Whether a second trigger raises the replicas to what the last days saw at this time. */
  readonly prediction: boolean;
}

export function withSettings(rendered: Driven, settings: TunedSettings, service: ReplayService): Driven {
  const { kind, target, min, max, prediction } = settings;
  const behavior = behaviorOf(settings);
  if (kind === "hpa") {
    const plain = hpaOnCpu(rendered, target * busyCpu(service));
    return plain.kind === "hpa" ? { ...plain, object: { ...plain.object, min, max, behavior } } : plain;
  }
  const perPod = target * podSpeed(service);
  const plain = onRequests(rendered, perPod);
  if (plain.kind !== "keda") return plain;
  const name = service.name;
  const reactive = trigger(`sum(rate(http_requests_total{service="${name}"}[2m]))`, perPod, false);
  const object = readScaledObject({
    metadata: { name },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: min,
      maxReplicaCount: max,
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      // What is not known yet is 0, and raises nothing.
      triggers: [reactive, ...(prediction ? [trigger("replay:rps:forecast_gated", perPod, true)] : [])],
    },
  });
  return { kind: "keda", object, rules: prediction ? [levelForecastRules(name)] : [] };
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

/**
 * A simple forecast: what was seen at this time one, two and seven days ago, each at today's level, their median; only while it
 * was right within 40 % over a day.
 *
 * Trap: a stack renders other rules (`budget/autoscaling/forecast-rules.ts`), which cost less. Tuning tries these.
 */
export function levelForecastRules(service: string): RuleGroup {
  const member = (season: string, offset: string): RuleGroup["rules"][number] => ({
    record: "replay:rps:member",
    labels: { season },
    expr:
      `max_over_time(replay:rps:rate5m[6m] offset ${offset}) * ` +
      `clamp(replay:rps:avg1h / (replay:rps:avg1h offset ${season}), 0.5, 1.5)`,
  });
  return {
    name: "forecast",
    interval: "1m",
    rules: [
      { record: "replay:rps:rate5m", expr: `sum(rate(http_requests_total{service="${service}"}[5m]))` },
      { record: "replay:rps:avg1h", expr: "avg_over_time(replay:rps:rate5m[1h])" },
      member("1d", "23h54m"),
      member("2d", "47h54m"),
      member("7d", "167h54m"),
      { record: "replay:rps:forecast", expr: "quantile without (season) (0.5, replay:rps:member)" },
      {
        record: "replay:rps:forecast_abserr",
        expr: "abs((replay:rps:forecast offset 6m) - max_over_time(replay:rps:rate5m[6m]))",
      },
      {
        record: "replay:rps:forecast_wape1d",
        expr: "avg_over_time(replay:rps:forecast_abserr[1d]) / avg_over_time(replay:rps:rate5m[1d])",
      },
      {
        record: "replay:rps:forecast_gated",
        expr: "replay:rps:forecast and (replay:rps:forecast_wape1d < 0.4)",
      },
    ],
  };
}

/** What tuning found, as the stack file has it, and as a comment what the plan derives. */
export function stackFileBlock(
  service: string,
  settings: TunedSettings,
  perPod: number,
  cpuPercent: number,
): string {
  const { kind, target, min, max, scaleDownWindowSeconds, scaleDownPercent, prediction } = settings;
  const signal = kind === "hpa" ? "cpu" : "requests-per-second";
  const forecast = kind === "keda" ? { forecast: { mode: prediction ? "on" : "off" } } : {};
  const block = stringify({
    "retrofitlink:services": { [service]: { autoscaling: { kind, signal, ...forecast } } },
  });
  const at =
    kind === "hpa"
      ? `${Math.max(1, Math.round(cpuPercent * target))} % CPU`
      : `${Number((perPod * target).toPrecision(3))} requests/s of each pod`;
  return (
    `${block}# The plan derives the rest; the search found ${at} (${Math.round(100 * target)} % of the slots busy),\n` +
    `# ${min} to ${max} pods, down by ${scaleDownPercent} % a minute after ${scaleDownWindowSeconds} s.\n`
  );
}
