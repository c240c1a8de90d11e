/** Each derived number with its formula filled in. The numbers are computed by budget/ from the summary. */
import { concurrentRequests, podsLost, replicasForLoad } from "../../budget/capacity";
import { CLIENT_MARGIN, RESERVED_CLIENTS } from "../../budget/connections";
import { WORKING_SET_SHARE, describeMemory, redisMemory } from "../../budget/memory";
import type { NginxSummary, RedisSummary, ServiceSummary } from "../../budget/summaries";

export interface Derivation {
  readonly name: string;
  readonly value: string;
  /** With the numbers filled in. */
  readonly formula: string;
}

export function number(value: number, digits = 2): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export function percent(ratio: number): string {
  return `${number(ratio * 100, 1)} %`;
}

export function milliseconds(seconds: number): string {
  return `${number(seconds * 1000, 0)} ms`;
}

const PEAK_MARGIN = 0.2;

export function serviceDerivations(summary: ServiceSummary): Derivation[] {
  const { demand, profile, replicas, zones, maxUnavailable, budget } = summary;
  const disruption = { zones, maxUnavailable };
  const steered = { ...profile, maxUtilization: replicas.targetUtilization };
  const load = (title: string, rps: number, pods: number): Derivation => {
    const offered = concurrentRequests(rps, profile.serviceTimeSeconds);
    const byQueue = replicasForLoad(rps, { ...profile, maxUtilization: 1 }, budget);
    return {
      name: title,
      value: `${pods} pods`,
      formula:
        `max(⌈${number(rps, 0)}/s · ${number(profile.serviceTimeSeconds, 4)} s ÷ (${profile.concurrencyPerPod} · ${percent(steered.maxUtilization)})⌉, ` +
        `Erlang C for ${number(offered)} busy: ${byQueue})`,
    };
  };
  const bound = (name: string, needed: number, pods: number): Derivation => {
    const lost = podsLost(pods, disruption);
    return {
      name,
      value: `${pods} pods`,
      formula: `${pods} − max(⌈${zones > 1 ? `${pods} ÷ ${zones} zones` : "0"}⌉, ${maxUnavailable} drained) = ${pods - lost} ≥ ${needed}`,
    };
  };
  return [
    {
      name: "Autoscaler target",
      value: percent(replicas.targetUtilization),
      formula: `min(CPU budget ${percent(budget.cpuUtilization.target)}, ${profile.maxUtilization} ÷ (1 + ${demand.growthPerMinute}/min · ${number(replicas.reactionSeconds, 0)} s ÷ 60))`,
    },
    {
      name: "Reaction time",
      value: `${number(replicas.reactionSeconds, 0)} s`,
      formula: `metrics + autoscaler sync + scheduling + ${number(profile.warmUpSeconds, 0)} s warm-up`,
    },
    load("At base", demand.baseRps, replicas.atBase),
    bound("Minimum", replicas.atBase, replicas.min),
    load(`At peak + ${percent(PEAK_MARGIN)}`, demand.peakRps * (1 + PEAK_MARGIN), replicas.atPeak),
    bound("Maximum", replicas.atPeak, replicas.max),
    {
      name: "During a rollout",
      value: `${replicas.max + Math.ceil(replicas.max * summary.maxSurge)} pods`,
      formula: `${replicas.max} + ⌈${replicas.max} · ${percent(summary.maxSurge)}⌉, none missing`,
    },
    ...Object.entries(summary.cachePools).map(([cache, pool]) => ({
      name: `Pool to ${cache}`,
      value: `${pool} connections`,
      formula: `per process, from a saturated pod: ${profile.concurrencyPerPod} requests ÷ ${number(profile.serviceTimeSeconds, 4)} s`,
    })),
  ];
}

export function redisDerivations(summary: RedisSummary): Derivation[] {
  const { workingSetMiB, maxClients, persistent, memoryLimitMiB } = summary;
  const memory = redisMemory({ workingSetMiB, maxClients, forks: persistent, limitMiB: memoryLimitMiB });
  return [
    {
      name: "maxmemory",
      value: `${number(summary.maxMemoryMiB, 0)} MiB`,
      formula: `⌈${number(workingSetMiB, 0)} MiB working set ÷ ${WORKING_SET_SHARE}⌉ + ${memory.clientBuffersMiB} for clients`,
    },
    {
      name: "Container limit",
      value: `${number(summary.memoryLimitMiB, 0)} MiB`,
      formula: `${number(memoryLimitMiB, 0)} ≥ ${describeMemory(memory)}`,
    },
    {
      name: "maxclients",
      value: number(summary.maxClients, 0),
      formula: `${1 + CLIENT_MARGIN} · ${number(summary.expectedClients, 0)} at every service's maximum during a rollout + ${RESERVED_CLIENTS}`,
    },
    {
      name: "When full",
      value: summary.evictionPolicy,
      formula: summary.persistent ? "append-only file, synced each second" : "nothing is kept over a restart",
    },
  ];
}

export function nginxDerivations(summary: NginxSummary): Derivation[] {
  const { minReplicas, maxReplicas, workers, workerConnections, clientsPerPod, expectedClients } = summary;
  const lost = podsLost(minReplicas, summary);
  return [
    {
      name: "Clients of a pod",
      value: number(clientsPerPod, 0),
      formula: `${workers} workers · ${number(workerConnections, 0)} connections ÷ 2 (one to the client, one to the service)`,
    },
    {
      name: "Replicas",
      value: minReplicas === maxReplicas ? `${minReplicas} pods` : `${minReplicas} to ${maxReplicas} pods`,
      formula: `(${minReplicas} − ${lost} lost) · ${number(clientsPerPod, 0)} = ${number((minReplicas - lost) * clientsPerPod, 0)} ≥ ${number(expectedClients, 0)} clients`,
    },
    {
      name: "Kept connections",
      value: `${summary.upstreamKeepAlive} per worker`,
      formula: "requests in flight at peak, spread over workers, with headroom",
    },
    {
      name: "Memory limit",
      value: `${number(summary.memoryLimitMiB, 0)} MiB`,
      formula: "workers, connection buffers and shared zones",
    },
  ];
}
