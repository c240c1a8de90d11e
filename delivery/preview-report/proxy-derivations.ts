/** How the numbers of the proxy follow from its clients and from the service behind it. */
import { concurrentRequests, podsLost } from "../../budget/service/capacity";
import { proxyPlan } from "../../budget/load-balancing/proxy";
import type { ProxySummary } from "../../budget/load-balancing/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import type { Derivation } from "../../report/derivation";
import { duration, mebibytes, number, podRange, rate } from "../../budget/core/format";
import { PEAK_MARGIN } from "../../budget/service/plan";

/** @param upstream the service behind it, if its summary is known */
export function proxyDerivations(summary: ProxySummary, upstream?: ServiceSummary): Derivation[] {
  return [
    clientsOfPod(summary),
    replicas(summary),
    connections(summary),
    ...(upstream === undefined ? [] : [keepAlive(summary, upstream)]),
    memory(summary, upstream),
  ];
}

/** What the program calls those that share the work. */
function worker({ proxy }: ProxySummary): string {
  return proxy === "nginx" ? "worker" : "thread";
}

function clientsOfPod(summary: ProxySummary): Derivation {
  const { workers, workerConnections, clientsPerPod } = summary;
  const derived = (workers * workerConnections) / 2;
  return {
    name: "Clients of a pod",
    value: number(clientsPerPod),
    formula: `${workers} ${worker(summary)}s · ${number(workerConnections)} connections ÷ 2 = ${number(derived)}; each client takes one more to the service`,
    from: ["cpuCores", "clientConnections"],
    holds: clientsPerPod <= derived,
  };
}

function replicas(summary: ProxySummary): Derivation {
  const { minReplicas, maxReplicas, clientsPerPod, expectedClients } = summary;
  const lost = podsLost(minReplicas, summary);
  const served = (minReplicas - lost) * clientsPerPod;
  return {
    name: "Pods",
    value: podRange(minReplicas, maxReplicas),
    formula: `(${minReplicas} − ${lost} in a zone or drained) · ${number(clientsPerPod)} = ${number(served)} ≥ ${number(expectedClients)} clients`,
    from: ["clientConnections"],
    holds: served >= expectedClients,
  };
}

function connections({
  targetConnections,
  clientsPerPod,
  maxReplicas,
  expectedClients,
}: ProxySummary): Derivation {
  const more = expectedClients * (1 + PEAK_MARGIN);
  const room = maxReplicas * targetConnections;
  return {
    name: "Autoscaler's target",
    value: `${number(targetConnections)} connections`,
    formula: `${maxReplicas} pods · ${number(targetConnections)} of ${number(clientsPerPod)} = ${number(room)} ≥ ${number(more)} clients, 20 % more than expected`,
    from: ["clientConnections"],
    holds: room >= more,
  };
}

function keepAlive(summary: ProxySummary, { demand, profile }: ServiceSummary): Derivation {
  const { minReplicas, workers, upstreamKeepAlive } = summary;
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  const inFlight = concurrentRequests(peakRps, profile.serviceTimeSeconds);
  const kept = minReplicas * workers * upstreamKeepAlive;
  return {
    name: "Kept connections",
    value: `${number(upstreamKeepAlive)} a ${worker(summary)}`,
    formula:
      `${minReplicas} pods · ${workers} ${worker(summary)}s · ${upstreamKeepAlive} = ${number(kept)} ≥ ` +
      `${rate(peakRps)} · ${duration(profile.serviceTimeSeconds)} = ${number(inFlight)} requests in flight`,
    from: ["service"],
    holds: kept >= inFlight,
  };
}

function memory(summary: ProxySummary, upstream: ServiceSummary | undefined): Derivation {
  const { memoryLimitMiB } = summary;
  const terms = upstream === undefined ? [] : memoryTerms(summary, upstream);
  const sum = terms.map(({ name, mib }) => `${name} ${number(mib)}`).join(" + ");
  return {
    name: "Memory limit",
    value: mebibytes(memoryLimitMiB),
    formula:
      terms.length === 0
        ? `set by itself: ${mebibytes(memoryLimitMiB)}`
        : `${sum} = ${mebibytes(memoryLimitMiB)}`,
    from: ["clientConnections", "cpuCores"],
    holds: true,
  };
}

/**
 * The parts of a pod's memory. The summary does not tell the cores, only that they round up to the workers; the plan
 * made with as many is shown where it comes to the same limit, and nothing where it does not.
 */
function memoryTerms(summary: ProxySummary, upstream: ServiceSummary): ReturnType<typeof proxyPlan>["terms"] {
  const plan = proxyPlan({
    proxy: summary.proxy,
    tls: summary.tls,
    demand: upstream.demand,
    serviceTimeSeconds: upstream.profile.serviceTimeSeconds,
    clientConnections: summary.expectedClients,
    cpuCores: summary.workers,
    budget: upstream.budget,
    disruption: summary,
    upstreamAddresses: upstream.replicas.max,
    maxBodyMiB: 1,
  });
  return plan.neededMiB === summary.memoryLimitMiB ? plan.terms : [];
}
