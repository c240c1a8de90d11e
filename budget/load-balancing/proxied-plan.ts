/** The part of a proxy's plan that is about the services beside its own. */
import { derived, type Derived } from "../core/derived";
import { number, plural, rate } from "../core/format";
import { given } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { timeoutProofs } from "../timeouts/proofs";
import type { TimeoutChain } from "../timeouts/timeouts";
import { FEWEST_KEPT, type OtherLoad, type ProxyInputs, type ProxySizes } from "./proxy";
import { admission, type RateLimit } from "./proxy-limits";
import type { ProxyKind } from "./proxy-memory";

/** A service beside the proxy's own. */
export interface OtherPlanInputs extends OtherLoad {
  /** Of the way to it. */
  readonly timeouts: TimeoutChain;
  /** Requests that one address works on at the same time. @default unknown, and no bound */
  readonly concurrency?: number | undefined;
  readonly budget: Pick<PerformanceBudget, "responseTimeP99Seconds">;
  /** What one client may ask of it, counted apart. @default counted together with the proxy's own service */
  readonly rateLimit?: RateLimit | undefined;
  /** Key of the service: `retrofitlink:services.api`. @default the arguments' own `services` */
  readonly key?: string | undefined;
}

interface PlannedOthers extends ProxyInputs {
  readonly workload: string;
  readonly others?: readonly OtherPlanInputs[];
}

/** Field of a number of one service. */
export function fieldOf(service: string, number: "upstreamKeepAlive" | "mostInFlight"): string {
  return `${number} of ${service}`;
}

/** Where a service has its keys. */
function keyOf({ key, service }: OtherPlanInputs): string {
  return key ?? `services.${service}`;
}

/** Numbers of each service. What it shares with all others is above them. */
export function otherNumbers(
  { proxy = "nginx", others = [] }: PlannedOthers & { readonly proxy?: ProxyKind },
  sizes: ProxySizes,
  worker: string,
): Record<string, Derived<number | string>> {
  const all = others.flatMap((other, index): [string, Derived<number | string>][] => {
    const { service, demand, serviceTimeSeconds, timeouts, rateLimit, concurrency, budget } = other;
    const size = sizes.others[index];
    if (size === undefined) return [];
    const key = keyOf(other);
    const { upstreamAddresses: addresses = 1 } = other;
    const numbers: [string, Derived<number | string>][] = [
      [
        fieldOf(service, "upstreamKeepAlive"),
        derived(
          `Upstream keepalive of ${service}`,
          size.upstreamKeepAlive,
          "connections",
          `per ${worker}, max(${FEWEST_KEPT}, ${plural(addresses, "address")} of the upstream, twice the share of ` +
            `${number(size.inFlight)} requests in flight at ${rate(demand.peakRps)} of ${number(serviceTimeSeconds)} s)`,
          [`${key}.demand.peakRps`, `${key}.profile.serviceTimeSeconds`],
        ),
      ],
      [
        `responseTimeout of ${service}`,
        derived(
          `Response timeout of ${service}`,
          timeouts.request.proxy,
          "seconds",
          `longer than the application's ${number(timeouts.request.application)} s`,
          [`${key}.maxRequestSeconds`],
        ),
      ],
      [
        `maxBodyMiB of ${service}`,
        given(`Largest body of ${service}`, other.maxBodyMiB, "MiB", `${key}.public.maxBodyMiB`),
      ],
    ];
    if (concurrency !== undefined) {
      const profile = { serviceTimeSeconds, concurrencyPerPod: concurrency };
      const admitted = admission({ profile, budget, addresses, proxyPods: sizes.minReplicas });
      const most = proxy === "nginx" ? admitted.maxConnections : admitted.serverMaxConnections;
      numbers.push([
        fieldOf(service, "mostInFlight"),
        derived(
          `Requests in flight to a pod of ${service}`,
          most,
          "requests",
          `from one of ${plural(sizes.minReplicas, "pod")} of the proxy: ${plural(concurrency, "request")} at a time of ` +
            `${number(serviceTimeSeconds)} s, answered within ${number(admitted.queueSeconds)} s`,
          [`${key}.profile.concurrencyPerPod`],
        ),
      ]);
    }
    if (rateLimit !== undefined) {
      numbers.push([
        `rateLimit of ${service}`,
        given(
          `Rate limit of ${service}`,
          rateLimit.requestsPerSecond,
          "requests/s",
          `${key}.public.rateLimit.requestsPerSecond`,
        ),
      ]);
    }
    return numbers;
  });
  return Object.fromEntries(all);
}

/** Promises of the timeouts to one service, which is named where there are several. */
export function toService(
  { others = [] }: Pick<PlannedOthers, "others">,
  service: string,
  proofs: readonly Proof[],
): readonly Proof[] {
  if (others.length === 0) return proofs;
  return proofs.map((proof) => ({ ...proof, statement: `to "${service}": ${proof.statement}` }));
}

/** Timeouts of the way to each service. */
export function otherProofs(inputs: PlannedOthers): Proof[] {
  return (inputs.others ?? []).flatMap((other) =>
    toService(
      inputs,
      other.service,
      timeoutProofs("proxy", other.timeouts, `${keyOf(other)}.maxRequestSeconds`),
    ),
  );
}

/** What is kept to all services has room beside the clients. */
export function roomProof(
  { workload, others = [] }: PlannedOthers,
  { keptPerWorker, workerConnections }: ProxySizes,
): Proof[] {
  if (others.length === 0) return [];
  return [
    {
      policy: "proxies-hold-clients",
      statement: `"${workload}" has room for the connections it keeps to ${others.length + 1} services`,
      inequality: `${number(keptPerWorker)} kept by a worker ≤ ${number(workerConnections)} ÷ 2 connections of it`,
      holds: keptPerWorker <= workerConnections / 2,
      mend: ["cpuCores"],
    },
  ];
}
