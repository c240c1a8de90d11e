/** The promises of the autoscaling of a service. */
import { number, percent, plural, rate } from "../core/format";
import type { Numbers } from "../core/derived";
import type { Proof } from "../core/proof";
import { TOLERANCE, cpuUntilScaled } from "../service/fleet";
import { growthWhileNodesStart } from "./headroom";
import { scheduledField, startUpSeconds, type AutoscalingInputs, type AutoscalingNumbers } from "./planned";

export function autoscalingProofs(inputs: AutoscalingInputs, numbers: AutoscalingNumbers): Proof[] {
  return [
    reachableProof(inputs, numbers),
    inTimeProof(inputs, numbers),
    boundsProof(inputs, numbers),
    ...scheduleProofs(inputs, numbers),
    ...horizonProofs(inputs, numbers),
    ...headroomProofs(inputs, numbers),
    ...memoryProofs(inputs, numbers),
  ];
}

/** A pod that cannot take more shows more than the autoscaler acts at: else nothing is ever added. */
function reachableProof(inputs: AutoscalingInputs, numbers: AutoscalingNumbers): Proof {
  const { service, profile, plan, steering } = inputs;
  const { concurrencyPerPod: slots, serviceTimeSeconds } = profile;
  const up = 1 + TOLERANCE;
  const cases = {
    cpu: {
      acts: cpuUntilScaled(plan.target.value * 100),
      shows: plan.busyCpu.value,
      words: percent,
    },
    "requests-in-flight": {
      acts: numbers.inFlightPerPod.value * up,
      shows: slots,
      words: (value: number) => number(value),
    },
    "requests-per-second": {
      acts: numbers.rpsPerPod.value * up,
      shows: slots / serviceTimeSeconds,
      words: rate,
    },
  };
  const { acts, shows, words } = cases[steering.signal];
  return {
    policy: "autoscaler-can-act",
    statement: `a pod of "${service}" with every slot busy shows more than its autoscaler acts at`,
    inequality: `${words(acts)} < ${words(shows)} shown`,
    holds: acts < shows || nearly(acts, shows),
    mend: ["autoscaling.signal", "profile.concurrencyPerPod", "profile.cpuSecondsPerRequest"],
  };
}

const nearly = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-9 * Math.abs(other);

/** What the plan of the replicas has proven holds up to the load at which its own target adds a pod. */
function inTimeProof(inputs: AutoscalingInputs, numbers: AutoscalingNumbers): Proof {
  const { service, profile, plan, steering, scaling } = inputs;
  const tolerance = Math.min(TOLERANCE, scaling?.tolerance?.up ?? TOLERANCE);
  const busy =
    steering.signal === "cpu"
      ? cpuUntilScaled(plan.target.value * 100) / plan.busyCpu.value
      : (numbers.inFlightPerPod.value * (1 + tolerance)) / profile.concurrencyPerPod;
  return {
    policy: "autoscaler-can-act",
    statement: `"${service}" gets a pod no later than its response time was proven for`,
    inequality: `${percent(busy)} of the slots busy when a pod is added ≤ ${percent(plan.busy.value)} proven`,
    holds: busy <= plan.busy.value || nearly(busy, plan.busy.value),
    mend: ["autoscaling.signal", "profile.maxUtilization"],
  };
}

function boundsProof({ service, plan }: AutoscalingInputs, { fallback }: AutoscalingNumbers): Proof {
  const [min, max, held] = [plan.min.value, plan.max.value, fallback.value];
  return {
    policy: "autoscaler-can-act",
    statement: `the bounds of "${service}" are the right way up`,
    inequality: `1 ≤ ${min} ≤ ${held} while metrics are missing ≤ ${max}`,
    holds: min >= 1 && min <= held && held <= max,
    mend: ["demand.baseRps", "demand.peakRps"],
  };
}

function scheduleProofs({ service, plan, scaling }: AutoscalingInputs, numbers: AutoscalingNumbers): Proof[] {
  return (scaling?.schedule ?? []).map(({ name, requestsPerSecond }) => {
    const pods = valueOf(numbers, scheduledField(name));
    return {
      policy: "autoscaler-can-act",
      statement: `"${service}" may run the pods of "${name}"`,
      inequality: `${plural(pods, "pod")} for ${rate(requestsPerSecond)} ≤ ${plan.max.value} at most`,
      holds: pods <= plan.max.value,
      mend: ["demand.peakRps", "autoscaling.schedule"],
    };
  });
}

function horizonProofs(inputs: AutoscalingInputs, numbers: AutoscalingNumbers): Proof[] {
  if (numbers["horizon"] === undefined) return [];
  const horizon = valueOf(numbers, "horizon");
  const needed = startUpSeconds(inputs);
  return [
    {
      policy: "autoscaler-can-act",
      statement: `the forecast of "${inputs.service}" looks further ahead than a pod takes to help`,
      inequality: `${number(horizon)} s ≥ ${number(needed, 1)} s`,
      holds: horizon >= needed,
      mend: ["autoscaling.forecast.horizonSeconds", "profile.warmUpSeconds"],
    },
  ];
}

function headroomProofs(inputs: AutoscalingInputs, numbers: AutoscalingNumbers): Proof[] {
  const { service, demand, nodeStartSeconds = 0, headroom = "none" } = inputs;
  if (headroom === "none" || nodeStartSeconds === 0) return [];
  const kept = valueOf(numbers, "headroom");
  const needed = growthWhileNodesStart(demand.growthPerMinute, nodeStartSeconds);
  return [
    {
      policy: "headroom-covers-growth",
      statement: `there is room for what "${service}" grows by while a node starts`,
      inequality: `${percent(kept)} of its pods ≥ ${percent(needed)} in ${number(nodeStartSeconds)} s`,
      holds: kept >= needed || nearly(kept, needed),
      mend: ["demand.growthPerMinute", "retrofitlink:cluster.nodeStartSeconds"],
      assumes: ["a node autoscaler that fills the room up again"],
    },
  ];
}

function memoryProofs({ service }: AutoscalingInputs, numbers: AutoscalingNumbers): Proof[] {
  if (numbers["memoryLeast"] === undefined) return [];
  const [least, most] = [valueOf(numbers, "memoryLeast"), valueOf(numbers, "memoryMost")];
  return [
    {
      policy: "memory-within-limits",
      statement: `the memory request of "${service}" never passes the limit that its heap is derived from`,
      inequality: `${number(least, 0)} MiB ≤ request ≤ ${number(most, 0)} MiB`,
      holds: least <= most,
      mend: ["resources.memoryMiB", "processesPerPod"],
    },
  ];
}

function valueOf(numbers: Numbers, field: string): number {
  return Number(numbers[field]?.value);
}
