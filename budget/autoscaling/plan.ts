/** The plan of the autoscaling of a service: thresholds, floors, room, bounds, and the promises that they keep. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { number, percent, rate } from "../core/format";
import { given } from "../core/plan";
import { wholeUp, withoutNoise } from "../core/rounding";
import { LEAST_PROCESS_MIB } from "../service/rules";
import { headroomFor } from "./headroom";
import {
  scheduledField,
  startUpSeconds,
  type AutoscalingInputs,
  type AutoscalingNumbers,
  type AutoscalingPlan,
} from "./planned";
import { autoscalingProofs } from "./proofs";
import type { ScheduledLoad } from "./scaling";

export type { AutoscalingInputs, AutoscalingNumbers, AutoscalingPlan } from "./planned";

/** Digits of a threshold. KEDA and the controller count in thousandths. */
const DIGITS = 3;

/** Rounded down, for a higher threshold would add pods later than was derived; but above 0. */
function threshold(value: number): number {
  const unit = 10 ** DIGITS;
  return Math.max(1, Math.floor(withoutNoise(value * unit))) / unit;
}

/** The whole derivation. Units: {@link AutoscalingNumbers}. */
export function planAutoscaling(inputs: AutoscalingInputs): AutoscalingPlan {
  const busyAtTarget = busyOf(inputs);
  const inFlightPerPod = inFlightOf(inputs, busyAtTarget);
  const rpsPerPod = rpsOf(inputs, inFlightPerPod);
  const core = {
    steers: steersOf(inputs),
    busyAtTarget,
    inFlightPerPod,
    rpsPerPod,
    fallback: fallbackOf(inputs, rpsPerPod),
  };
  const numbers: AutoscalingNumbers = {
    ...core,
    ...toleranceNumbers(inputs),
    ...Object.fromEntries(
      (inputs.scaling?.schedule ?? []).map((load) => [
        scheduledField(load.name),
        scheduledOf(inputs, load, rpsPerPod),
      ]),
    ),
    ...headroomNumbers(inputs),
    ...forecastNumbers(inputs, rpsPerPod),
    ...memoryNumbers(inputs),
  };
  return { numbers, proofs: autoscalingProofs(inputs, numbers) };
}

function steersOf({ steering, plan, budget }: AutoscalingInputs): Derived<string> {
  const { kind, signal, isWaiting } = steering;
  const owner = kind === "keda" ? "KEDA" : "HPA";
  const what = {
    cpu: "CPU",
    "requests-in-flight": "requests in flight",
    "requests-per-second": "requests/s",
  };
  const target = percent(budget.cpuUtilization.target);
  return derived(
    "Replicas follow",
    `${what[signal]}, by ${owner}`,
    "",
    `${text(plan.busyCpu)} CPU with every slot busy ${isWaiting ? "<" : "≥"} ${target}: ` +
      (isWaiting ? "it waits, its slots run out first" : "it computes, its CPU runs out first"),
    ["autoscaling.signal", "autoscaling.kind", "profile.cpuSecondsPerRequest"],
  );
}

function busyOf({ plan }: AutoscalingInputs): Derived {
  return derived(
    "Slots busy at the target",
    plan.target.value / plan.busyCpu.value,
    "ratio",
    `${text(plan.target)} CPU ÷ ${text(plan.busyCpu)} with every slot busy`,
    ["profile.maxUtilization", "profile.cpuSecondsPerRequest"],
  );
}

function inFlightOf({ profile }: AutoscalingInputs, busy: Derived): Derived {
  return derived(
    "Requests in flight of a pod",
    threshold(busy.value * profile.concurrencyPerPod),
    "requests",
    `${text(busy)} · ${number(profile.concurrencyPerPod)} slots`,
    ["profile.concurrencyPerPod"],
  );
}

/** Little: lambda = L / W. */
function rpsOf({ profile }: AutoscalingInputs, inFlight: Derived): Derived {
  return derived(
    "Requests/s of a pod",
    threshold(inFlight.value / profile.serviceTimeSeconds),
    "requests/s",
    `${text(inFlight)} ÷ ${number(profile.serviceTimeSeconds * 1000)} ms`,
    ["profile.serviceTimeSeconds"],
  );
}

/** Pods that carry a rate at the target, within the bounds of the service. */
function podsFor(rps: number, rpsPerPod: Derived, { plan }: AutoscalingInputs): number {
  return Math.max(plan.min.value, wholeUp(rps / rpsPerPod.value));
}

function fallbackOf(inputs: AutoscalingInputs, rpsPerPod: Derived): Derived {
  const { demand, scaling, plan } = inputs;
  const usual = scaling?.usualPeakRps ?? (demand.baseRps + demand.peakRps) / 2;
  const why =
    scaling?.usualPeakRps === undefined ? "midway between base and peak" : "the median of the busiest hour";
  return derived(
    "Pods while metrics are missing",
    Math.min(plan.max.value, podsFor(usual, rpsPerPod, inputs)),
    "pods",
    `max(${plan.min.value}, ⌈${rate(usual)}, ${why}, ÷ ${text(rpsPerPod)}⌉), and what is there if that is more`,
    ["autoscaling.usualPeakRps", "demand.baseRps", "demand.peakRps"],
  );
}

function scheduledOf(
  inputs: AutoscalingInputs,
  { name, requestsPerSecond }: ScheduledLoad,
  rpsPerPod: Derived,
): Derived {
  return derived(
    `Pods of "${name}"`,
    podsFor(requestsPerSecond, rpsPerPod, inputs),
    "pods",
    `max(${inputs.plan.min.value}, ⌈${rate(requestsPerSecond)} ÷ ${text(rpsPerPod)}⌉)`,
    ["autoscaling.schedule"],
  );
}

function toleranceNumbers({ scaling }: AutoscalingInputs): Numbers {
  const { up, down } = scaling?.tolerance ?? {};
  return {
    ...(up === undefined
      ? {}
      : { toleranceUp: given("Tolerance up", up, "ratio", "autoscaling.tolerance.up") }),
    ...(down === undefined
      ? {}
      : { toleranceDown: given("Tolerance down", down, "ratio", "autoscaling.tolerance.down") }),
  };
}

function headroomNumbers(inputs: AutoscalingInputs): Numbers {
  const { demand, resources, plan, nodeStartSeconds = 0, headroom = "none" } = inputs;
  if (headroom === "none" || nodeStartSeconds === 0) return {};
  const { growthPerMinute } = demand;
  const kept = headroomFor(
    { growthPerMinute, nodeStartSeconds },
    { pods: plan.max.value, most: Number.POSITIVE_INFINITY },
    resources,
  );
  const keys = ["demand.growthPerMinute", "retrofitlink:cluster.nodeStartSeconds"];
  return {
    headroom: derived(
      "Headroom",
      kept.percent / 100,
      "ratio",
      `⌈100 · ((1 + ${number(growthPerMinute)})^(${number(nodeStartSeconds)} s ÷ 60) − 1)⌉ %: growth while a node starts`,
      keys,
    ),
    headroomPods: derived(
      "Headroom at most",
      kept.pods,
      "pods",
      `⌈${plan.max.value} · ${percent(kept.percent / 100)}⌉: ${number(kept.cpuCores)} cores, ${number(kept.memoryMiB, 0)} MiB`,
      keys,
    ),
  };
}

function forecastNumbers(inputs: AutoscalingInputs, rpsPerPod: Derived): Numbers {
  const { scaling, plan, nodeStartSeconds = 0 } = inputs;
  const { forecast } = scaling ?? {};
  if (forecast === undefined || forecast.mode === "off") return {};
  const most = withoutNoise(plan.max.value * rpsPerPod.value);
  const start = startUpSeconds(inputs);
  return {
    horizon:
      forecast.horizonSeconds === undefined
        ? derived(
            "Forecast looks ahead",
            Math.max(60, wholeUp(start)),
            "whole seconds",
            `${text(plan.reaction)} of reaction + ${number(nodeStartSeconds)} s of a node, a minute at least`,
            ["autoscaling.forecast.horizonSeconds", "profile.warmUpSeconds"],
          )
        : given(
            "Forecast looks ahead",
            forecast.horizonSeconds,
            "whole seconds",
            "autoscaling.forecast.horizonSeconds",
          ),
    forecastMost: derived(
      "Forecast asks for at most",
      Math.min(most, forecast.mostRps ?? most),
      "requests/s",
      `${plan.max.value} pods · ${text(rpsPerPod)}` +
        (forecast.mostRps === undefined ? "" : `, and ${rate(forecast.mostRps)} as given`),
      ["autoscaling.forecast.mostRps"],
    ),
  };
}

/**
 * Bounds of the memory request. The limit stays what the plan has, for the heap is derived from it: so the request may
 * come close to what is used, and never passes the limit.
 */
function memoryNumbers({ scaling, resources, processesPerPod = 1 }: AutoscalingInputs): Numbers {
  const mode = scaling?.memory ?? "none";
  if (mode === "none") return {};
  return {
    memoryLeast: derived(
      "Memory request at least",
      LEAST_PROCESS_MIB * processesPerPod,
      "MiB",
      `${LEAST_PROCESS_MIB} MiB · ${number(processesPerPod)} of its processes`,
      ["processesPerPod"],
    ),
    memoryMost: given("Memory request at most", resources.memoryMiB, "MiB", "resources.memoryMiB"),
  };
}
