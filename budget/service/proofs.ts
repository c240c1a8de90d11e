/** The promises of a service's plan. */
import { duration, isShare, number, percent, plural, rate } from "../core/format";
import type { Proof } from "../core/proof";
import { EVEN_ZONES } from "./capacity";
import { busyUntilScaled, cpuUntilScaled, worstCase } from "./fleet";
import { LOSS_NOTICED_SECONDS, type PlannedFleet, type ServiceInputs, type ServiceNumbers } from "./planned";

/** A process of Node.js runs JavaScript on one core. */
export const CORES_OF_A_PROCESS = 1;

export function serviceProofs(
  inputs: ServiceInputs,
  fleet: PlannedFleet,
  numbers: Pick<ServiceNumbers, "replaced">,
): Proof[] {
  return [
    throughputProof(inputs),
    ...responseTimeProofs(inputs, fleet),
    growthProof(inputs, fleet),
    ...zoneProofs(inputs, fleet, numbers.replaced.value),
    reachableProof(inputs, fleet),
  ];
}

function throughputProof({ service, demand, budget }: ServiceInputs): Proof {
  return {
    policy: "replicas-keep-response-time",
    statement: `"${service}" is planned for the throughput that it promises`,
    inequality: `${rate(demand.peakRps)} planned ≥ ${rate(budget.throughputRps.target)} promised`,
    holds: demand.peakRps >= budget.throughputRps.target,
    mend: ["demand.peakRps", "budget.throughputRps.target"],
  };
}

/** What the proofs take for granted. */
function assumptions({ balancing = "least-connections" }: ServiceInputs, fleet: PlannedFleet): string[] {
  return [
    fleet.inputs.time.isAssumed
      ? "exponential service times, for no percentile of them is given"
      : "service times as measured, and waits after Allen and Cunneen",
    balancing === "least-connections"
      ? "proxies that know how many requests each pod has"
      : "connections spread over the pods by chance",
    ...(fleet.carriesZoneLoss ? [EVEN_ZONES] : []),
    "no growth of the load while something is missing",
    "nodes with room for new pods",
  ];
}

function responseTimeProofs(inputs: ServiceInputs, fleet: PlannedFleet): Proof[] {
  const { service, budget, profile } = inputs;
  const missing = fleet.carriesZoneLoss ? "a zone or a drained pod" : "a drained pod";
  const percentiles = [
    ["p95", budget.responseTimeP95Seconds.target, 0.05, "responseTimeP95Seconds"],
    ["p99", budget.responseTimeP99Seconds.target, 0.01, "responseTimeP99Seconds"],
  ] as const;
  return percentiles.map(([name, seconds, allowed, metric]) => {
    const { pods, left, offered, tail } = worstCase(fleet, fleet.inputs, seconds);
    return {
      policy: "replicas-keep-response-time",
      statement: `"${service}" keeps ${name} at every load from base to peak with ${missing} missing`,
      inequality:
        `at worst ${left} of ${plural(pods, "pod")} left at ${rate(offered / profile.serviceTimeSeconds)}: ` +
        `P(t > ${duration(seconds)}) ${isShare(tail)} ≤ ${percent(allowed)}`,
      holds: tail <= allowed,
      mend: [
        "profile.serviceTimeSeconds",
        "profile.concurrencyPerPod",
        `budget.${metric}.target`,
        "demand.peakRps",
      ],
      assumes: assumptions(inputs, fleet),
    };
  });
}

/** The load may grow until pods that were asked for help. */
function growthProof({ service, profile }: ServiceInputs, fleet: PlannedFleet): Proof {
  const busy = busyUntilScaled(fleet, fleet.inputs);
  const { growth } = fleet.inputs;
  return {
    policy: "replicas-keep-response-time",
    statement: `"${service}" stays within maxUtilization while its load grows and new pods start`,
    inequality: `${percent(busy)} of the slots busy · ${number(growth)} = ${percent(busy * growth)} ≤ ${percent(profile.maxUtilization)}`,
    holds: busy * growth <= profile.maxUtilization,
    mend: ["demand.growthPerMinute", "profile.warmUpSeconds", "profile.maxUtilization"],
  };
}

/** For how long nothing is promised, and whether that is accepted. */
function zoneProofs(
  { service, zones, balancing = "least-connections", resilience = {} }: ServiceInputs,
  { carriesZoneLoss }: PlannedFleet,
  replacedSeconds: number,
): Proof[] {
  if (zones < 2) return [];
  const { zoneLossSeconds: accepted = 0 } = resilience;
  // A proxy finds out by itself which pods do not answer.
  const unnoticed = balancing === "per-connection" ? LOSS_NOTICED_SECONDS : 0;
  const broken = carriesZoneLoss ? unnoticed : replacedSeconds;
  const why = carriesZoneLoss
    ? broken === 0
      ? "proxies leave out at once what does not answer"
      : "until a lost pod gets no more connections"
    : "until the pods are replaced in other zones";
  return [
    {
      policy: "replicas-keep-response-time",
      statement: `"${service}" is out of its budget after the loss of a zone no longer than accepted`,
      inequality: `${number(broken, 1)} s ${why} ≤ ${number(accepted, 1)} s accepted`,
      holds: broken <= accepted,
      mend: ["resilience.zoneLossSeconds", "balancing"],
    },
  ];
}

/** The CPU at which a pod is added has to be one that the processes can use. */
function reachableProof(
  { service, profile, resources, processesPerPod = 1 }: ServiceInputs,
  fleet: PlannedFleet,
): Proof {
  const needed = cpuUntilScaled(fleet.target) * resources.cpuCores;
  const usable = processesPerPod * CORES_OF_A_PROCESS;
  const isMeasured = profile.cpuSecondsPerRequest !== undefined;
  // What is assumed without a measurement: all that is requested is used when every slot is busy.
  const used = isMeasured ? needed : resources.cpuCores;
  return {
    policy: "autoscaler-can-act",
    statement: `"${service}" can use the CPU at which its autoscaler acts`,
    inequality: isMeasured
      ? `${number(needed)} of ${plural(resources.cpuCores, "core")} ≤ ${plural(usable, "core")} of ${plural(processesPerPod, "process")}`
      : `${plural(used, "core")} requested, which every slot busy is taken to use, ≤ ${plural(usable, "core")} of ${plural(processesPerPod, "process")}`,
    holds: used <= usable,
    mend: ["resources.cpuCores", "processesPerPod", "profile.cpuSecondsPerRequest"],
    assumes: isMeasured
      ? ["CPU of a request as measured"]
      : ["every slot busy means every requested core busy"],
  };
}
