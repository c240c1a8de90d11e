/** The plan of a proxy: workers, pods, connections, memory, and the promises that they keep. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { mebibytes, number, percent, plural, rate } from "../core/format";
import { given, type Plan } from "../core/plan";
import type { Proof } from "../core/proof";
import { EVEN_ZONES, podsLost } from "../service/capacity";
import { PEAK_MARGIN } from "../service/plan";
import { timeoutProofs } from "../timeouts/proofs";
import type { TimeoutChain } from "../timeouts/timeouts";
import { otherNumbers, otherProofs, roomProof, toService, type OtherPlanInputs } from "./proxied-plan";
import {
  FEWEST_KEPT,
  PROXY_PROFILE,
  REQUESTS_PER_CORE,
  WORKER_CONNECTIONS,
  proxySizes,
  totalDemand,
  type ProxyInputs,
  type ProxySizes,
} from "./proxy";

/** What the plan of a proxy is made from. */
export interface ProxyPlanInputs extends ProxyInputs {
  /** As messages call it. */
  readonly workload: string;
  /** Of the way to the service behind it. */
  readonly timeouts: TimeoutChain;
  /** Services beside it, each with timeouts of its own. @default none */
  readonly others?: readonly OtherPlanInputs[];
  /** Name of the proxy's own service, where there are others. @default "upstream" */
  readonly service?: string;
  /** Memory request and limit of a pod, MiB. @default what the plan needs */
  readonly memoryLimitMiB?: number;
  /** Key of the service behind it: `retrofitlink:services.backend`. @default the arguments' own `upstream` and `timeouts` */
  readonly serviceKey?: string;
}

/** Numbers of a proxy. */
export interface ProxyNumbers extends Numbers {
  /** Connections of clients at the same time over all pods at peak. */
  readonly clients: Derived;
  /** `worker_processes` of nginx, `nbthread` of HAProxy. */
  readonly workers: Derived;
  /** `worker_connections` of one worker, those to the service included. */
  readonly workerConnections: Derived;
  /** `worker_rlimit_nofile` of one worker. */
  readonly openFiles: Derived;
  /** Clients one pod can serve at the same time. */
  readonly clientsPerPod: Derived;
  readonly reactionSeconds: Derived;
  /** CPU utilization the autoscaler steers to, 0..1. */
  readonly targetUtilization: Derived;
  readonly atBase: Derived;
  /** Bounds of the autoscaler, pods. */
  readonly minReplicas: Derived;
  readonly atPeak: Derived;
  readonly maxReplicas: Derived;
  /** Connections of clients a pod that an autoscaler may steer to: the same share of what a pod can serve. */
  readonly targetConnections: Derived;
  /** Idle connections one worker keeps to all addresses of the upstream together. */
  readonly upstreamKeepAlive: Derived;
  /** Size of each shared zone of clients' addresses, MiB. */
  readonly addressZoneMiB: Derived;
  /** Disk for bodies of requests under way, MiB. */
  readonly scratchMiB: Derived;
  /** Memory one pod needs at worst, and its limit, MiB. */
  readonly neededMiB: Derived;
  readonly memoryLimitMiB: Derived;
}

export type ProxyPlan = Plan<ProxyNumbers>;

/** The numbers of a proxy with their formulas, and what they promise. Units: {@link ProxyNumbers}. */
export function planProxy(inputs: ProxyPlanInputs): ProxyPlan {
  const sizes = proxySizes(inputs);
  const numbers = numbersOf(inputs, sizes);
  return {
    numbers,
    proofs: [
      clientsProof(inputs, numbers),
      peakProof(inputs, numbers),
      memoryProof(inputs, numbers),
      ...roomProof(inputs, sizes),
      ...toService(
        inputs,
        inputs.service ?? "upstream",
        timeoutProofs("proxy", inputs.timeouts, keyOf(inputs, "timeouts", "maxRequestSeconds")),
      ),
      ...otherProofs(inputs),
    ],
  };
}

/** A key of the service behind it: where it is alone, among its own arguments. */
function keyOf({ serviceKey }: ProxyPlanInputs, alone: string, ofService: string): string {
  return serviceKey === undefined ? alone : `${serviceKey}.${ofService}`;
}

function numbersOf(inputs: ProxyPlanInputs, sizes: ProxySizes): ProxyNumbers {
  const { proxy = "nginx", clientConnections, cpuCores, budget, disruption } = inputs;
  const demand = totalDemand(inputs);
  const own =
    inputs.others === undefined || inputs.others.length === 0 ? "" : ` of ${inputs.service ?? "upstream"}`;
  const { workers, workerConnections, minReplicas } = sizes;
  const nginx = proxy === "nginx";
  const worker = nginx ? "worker" : "thread";
  const left = minReplicas - podsLost(minReplicas, disruption);
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  const [base, peak, growth, time] = [
    keyOf(inputs, "upstream.demand.baseRps", "demand.baseRps"),
    keyOf(inputs, "upstream.demand.peakRps", "demand.peakRps"),
    keyOf(inputs, "upstream.demand.growthPerMinute", "demand.growthPerMinute"),
    keyOf(inputs, "upstream.serviceTimeSeconds", "profile.serviceTimeSeconds"),
  ];
  const clients = given("Clients at once", clientConnections, "connections", "clientConnections");
  const mostClients = (workers * WORKER_CONNECTIONS.max) / 2;
  const target = derived(
    "Autoscaler target",
    sizes.targetUtilization,
    "ratio",
    `u* = min(${percent(budget.cpuUtilization.target)} CPU, ${percent(PROXY_PROFILE.maxUtilization)} ÷ ` +
      `(1 + ${number(demand.growthPerMinute)}/min · ${number(sizes.reactionSeconds)} s))`,
    [growth, "retrofitlink:budget.cpuUtilization.target"],
  );
  const podsFor = (rps: number, connections: number): string =>
    `max(⌈${rate(rps)} ÷ (${plural(cpuCores, "core")} · ${rate(REQUESTS_PER_CORE)} · ${text(target)})⌉, ` +
    `⌈${number(connections)} clients ÷ ${number(mostClients)} of a pod⌉)`;
  const targetConnections = derived(
    "Clients of a pod at the target",
    sizes.targetConnections,
    "connections",
    `⌊${text(target)} · ${number(sizes.clientsPerPod)}⌋`,
    ["clientConnections"],
  );
  const terms = sizes.terms.map(({ name, mib }) => `${name} ${number(mib)}`).join(" + ");
  const needed = derived("Memory needed", sizes.neededMiB, "MiB", terms, ["clientConnections", "cpuCores"]);
  return {
    clients,
    workers: derived(
      nginx ? "worker_processes" : "nbthread",
      workers,
      "",
      `⌈${plural(cpuCores, "core")}⌉, one for each`,
      ["cpuCores"],
    ),
    workerConnections: derived(
      nginx ? "worker_connections" : "Connections of a thread",
      workerConnections,
      "connections",
      `the power of two that is not below 2 · ⌈${number(clientConnections)} clients ÷ (${plural(left, "pod")} left · ` +
        `${plural(workers, worker)})⌉, from ${number(WORKER_CONNECTIONS.min)}`,
      ["clientConnections", "cpuCores"],
    ),
    openFiles: derived(
      "Open files of a worker",
      sizes.openFiles,
      "",
      `2 · ${number(workerConnections)}: a connection may have a temporary file`,
      ["clientConnections"],
    ),
    clientsPerPod: derived(
      "Clients of a pod",
      sizes.clientsPerPod,
      "connections",
      `${plural(workers, worker)} · ${number(workerConnections)} ÷ 2: each client takes one more to the service`,
      ["clientConnections", "cpuCores"],
    ),
    reactionSeconds: derived(
      "Reaction time",
      sizes.reactionSeconds,
      "whole seconds",
      `metrics, autoscaler, scheduling and a start of ${number(PROXY_PROFILE.warmUpSeconds)} s`,
    ),
    targetUtilization: target,
    atBase: derived("Pods at base", sizes.atBase, "pods", podsFor(demand.baseRps, clientConnections), [
      base,
      "clientConnections",
    ]),
    minReplicas: derived(
      "minReplicas",
      minReplicas,
      "pods",
      `the fewest of which ${left} ≥ ${sizes.atBase} are left without a zone or a drained pod`,
      ["clientConnections", "retrofitlink:cluster.zones"],
    ),
    atPeak: derived(
      `Pods at peak + ${percent(PEAK_MARGIN)}`,
      sizes.atPeak,
      "pods",
      podsFor(peakRps, clientConnections * (1 + PEAK_MARGIN)),
      [peak, "clientConnections"],
    ),
    maxReplicas: derived(
      "maxReplicas",
      sizes.maxReplicas,
      "pods",
      `the fewest of which ${sizes.atPeak} are left without a zone or a drained pod, which hold ` +
        `${number(clientConnections * (1 + PEAK_MARGIN))} clients at the target, and a quarter above minReplicas at least`,
      [peak, "clientConnections"],
    ),
    targetConnections,
    upstreamKeepAlive: derived(
      `Upstream keepalive${own}`,
      sizes.upstreamKeepAlive,
      "connections",
      `per ${worker}, max(${FEWEST_KEPT}, ${plural(inputs.upstreamAddresses ?? 1, "address")} of the upstream, ` +
        `${number(sizes.busyPerWorker)} = 2 · ${number(sizes.inFlight)} requests in flight over all ${worker}s)`,
      [peak, time],
    ),
    ...otherNumbers(inputs, sizes, worker),
    addressZoneMiB: derived(
      "Zone of client addresses",
      sizes.addressZoneMiB,
      "MiB",
      "4 addresses for each client at once, 128 bytes each, 10 MiB at least",
      ["clientConnections"],
    ),
    scratchMiB: derived(
      "Disk for request bodies",
      sizes.scratchMiB,
      "MiB",
      `${number(sizes.busyPerWorker * workers)} requests in flight in a pod · ${mebibytes(inputs.maxBodyMiB)}, 1 GiB at least`,
      ["maxBodyMiB"],
    ),
    neededMiB: needed,
    memoryLimitMiB:
      inputs.memoryLimitMiB === undefined
        ? derived("Memory limit", sizes.neededMiB, "MiB", `what is needed: ${text(needed)}`, needed.from)
        : given("Memory limit", inputs.memoryLimitMiB, "MiB", "memoryLimitMiB"),
  };
}

function clientsProof(
  { workload, clientConnections, disruption }: ProxyPlanInputs,
  { minReplicas, clientsPerPod }: ProxyNumbers,
): Proof {
  const left = minReplicas.value - podsLost(minReplicas.value, disruption);
  const held = left * clientsPerPod.value;
  return {
    policy: "proxies-hold-clients",
    statement: `"${workload}" holds all clients with a zone or a drained pod missing`,
    inequality:
      `with ${left} of ${text(minReplicas)} left: ${left} · ${number(clientsPerPod.value)} = ${number(held)} ≥ ` +
      `${number(clientConnections)} clients`,
    holds: held >= clientConnections,
    mend: ["clientConnections", "cpuCores"],
    assumes: [EVEN_ZONES, "clients spread evenly over the pods"],
  };
}

function peakProof(inputs: ProxyPlanInputs, { maxReplicas, targetUtilization }: ProxyNumbers): Proof {
  const { workload, cpuCores, disruption } = inputs;
  const demand = totalDemand(inputs);
  const left = maxReplicas.value - podsLost(maxReplicas.value, disruption);
  const carried = left * cpuCores * REQUESTS_PER_CORE * targetUtilization.value;
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  return {
    policy: "proxies-hold-clients",
    statement: `"${workload}" carries the peak + ${percent(PEAK_MARGIN)} with a zone or a drained pod missing`,
    inequality:
      `with ${left} of ${text(maxReplicas)} left: ${left} · ${plural(cpuCores, "core")} · ${rate(REQUESTS_PER_CORE)} · ` +
      `${text(targetUtilization)} = ${rate(carried)} ≥ ${rate(peakRps)}`,
    // Both sides come from the same division.
    holds: carried * (1 + 1e-9) >= peakRps,
    mend: ["cpuCores", keyOf(inputs, "upstream.demand.peakRps", "demand.peakRps")],
    assumes: [`${rate(REQUESTS_PER_CORE)} through one core, with compression and an access log`],
  };
}

function memoryProof({ workload }: ProxyPlanInputs, { neededMiB, memoryLimitMiB }: ProxyNumbers): Proof {
  return {
    policy: "memory-within-limits",
    statement: `a pod of "${workload}" fits into its memory limit with all its clients`,
    inequality: `${text(neededMiB)} needed ≤ ${text(memoryLimitMiB)}`,
    holds: neededMiB.value <= memoryLimitMiB.value,
    mend: ["memoryLimitMiB", "clientConnections"],
  };
}
