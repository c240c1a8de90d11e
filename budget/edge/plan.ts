/** The plan of a CDN: what it answers by itself, what reaches the service, and whether the service carries that. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { number, percent, rate } from "../core/format";
import { given, type Plan } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { timeoutProofs } from "../timeouts/proofs";
import type { TimeoutChain } from "../timeouts/timeouts";
import {
  LEAST_CLIENT_LIMIT,
  clientRequestsPerMinute,
  edgeLoad,
  type EdgeClassLoad,
  type EdgeLoad,
  type EdgeLoadClass,
  type EdgeTraffic,
  type ProxyClientLimit,
} from "./edge";

/** The service that answers misses. */
export interface OriginService {
  readonly name: string;
  /** Rate it is planned for, requests/s. */
  readonly peakRps: number;
  /** Key that the rate is under. @default none: nobody says where */
  readonly key?: string;
}

/** What the plan of a CDN is made from. */
export interface CdnPlanInputs {
  readonly traffic: EdgeTraffic;
  readonly classes: readonly EdgeLoadClass[];
  readonly budget: Pick<PerformanceBudget, "cacheHitRatio">;
  /** What the proxy behind it lets one client do: a client within it is not refused at the edge. */
  readonly rateLimit: ProxyClientLimit;
  /** Of the way to the service behind it. */
  readonly timeouts: TimeoutChain;
  /** @default unknown, and nothing is proven of it */
  readonly service?: OriginService | undefined;
  /** Key that the timeouts follow from. @default "timeouts" */
  readonly timeoutsKey?: string;
}

/** Numbers of a CDN. */
export interface CdnNumbers extends Numbers {
  /** Requests/s of clients at peak, before any cache. */
  readonly peakRps: Derived;
  /** Expected hits / requests over every class, 0..1. */
  readonly hitRatio: Derived;
  /** Requests/s at the service with the hit ratio that is promised, with the one that pages, and with an empty cache. */
  readonly expectedOriginRps: Derived;
  readonly degradedOriginRps: Derived;
  readonly emptyOriginRps: Derived;
  /** Requests a minute of one client address, beyond which it gets 429. */
  readonly clientRequestsPerMinute: Derived;
  /** Seconds the CDN waits for an answer, and keeps an idle connection. */
  readonly responseTimeout: Derived;
  readonly idle: Derived;
}

/** Classes come with it: their loads size what answers them. */
export interface CdnPlan extends Plan<CdnNumbers> {
  readonly classes: readonly EdgeClassLoad[];
}

export function planCdn(inputs: CdnPlanInputs): CdnPlan {
  const { traffic, classes, budget, rateLimit, timeouts, service, timeoutsKey = "timeouts" } = inputs;
  const { cacheHitRatio } = budget;
  const load = edgeLoad({ traffic, classes, cacheHitRatio });
  const asked = load.classes.filter(({ rps }) => rps > 0);
  const atService = asked.filter(({ target }) => target === "service");
  const sum = (terms: readonly (readonly [string, string])[]): string =>
    terms.length === 0 ? "none" : terms.map(([name, term]) => `${name} ${term}`).join(" + ");
  const peakRps = given("Requests of clients at peak", load.peakRps, "requests/s", "traffic.peakRps");
  const hits = asked.filter(({ hitRatio }) => hitRatio > 0);
  const seconds = (name: string, value: number, formula: string): Derived =>
    derived(name, value, "whole seconds", formula, [timeoutsKey]);
  const numbers: CdnNumbers = {
    peakRps,
    hitRatio: derived(
      "Hit ratio",
      load.hitRatio,
      "ratio",
      sum(
        hits.map(({ name, rps, hitRatio }) => [
          name,
          `${percent(rps / load.peakRps)} · ${percent(hitRatio)}`,
        ]),
      ),
      ["traffic.shares", "traffic.hitRatios", "retrofitlink:budget.cacheHitRatio.target"],
    ),
    expectedOriginRps: derived(
      "Reaches the service",
      load.expectedOriginRps,
      "requests/s",
      `misses: ${sum(atService.map(({ name, missRps }) => [name, number(missRps)]))}`,
      ["traffic.peakRps", "traffic.shares"],
    ),
    degradedOriginRps: derived(
      "Reaches the service when the hit ratio pages",
      load.degradedOriginRps,
      "requests/s",
      `the same with ${percent(cacheHitRatio.critical)} of what is cached, or less where less is expected`,
      ["traffic.peakRps", "retrofitlink:budget.cacheHitRatio.critical"],
    ),
    emptyOriginRps: derived(
      "Reaches the service with an empty cache",
      load.collapseOriginRps,
      "requests/s",
      `${sum(atService.map(({ name, rps }) => [name, number(rps)]))}${timesThePeak(load, service)}`,
      ["traffic.peakRps"],
    ),
    clientRequestsPerMinute: derived(
      "Requests a minute of one client",
      clientRequestsPerMinute(rateLimit, load),
      "requests",
      `⌈(60 · ${number(rateLimit.requestsPerSecond)} + ${number(rateLimit.burst)}) that the proxy lets through ÷ ` +
        `${percent(load.expectedOriginRps / load.peakRps)} that it sees⌉, at least ${LEAST_CLIENT_LIMIT}`,
      ["retrofitlink:loadBalancer.rateLimit"],
    ),
    responseTimeout: seconds(
      "Response timeout",
      timeouts.request.edge,
      `longer than the load balancer's or the proxy's, ${number(timeouts.request.proxy)} s`,
    ),
    idle: seconds(
      "Idle connections to the load balancer",
      timeouts.idle.edge,
      `shorter than the load balancer keeps them, ${number(timeouts.idle.loadBalancerClient)} s`,
    ),
  };
  return {
    numbers,
    proofs: [
      ...(service === undefined ? [] : carriesProofs(numbers, budget, service)),
      ...timeoutProofs("CDN", timeouts, timeoutsKey),
    ],
    classes: load.classes,
  };
}

/** An empty cache is no promise: how much more it is than what is planned says how fast a purge of everything may go. */
function timesThePeak({ collapseOriginRps }: EdgeLoad, service: OriginService | undefined): string {
  if (service === undefined) return "";
  return `, ${number(collapseOriginRps / service.peakRps)} of the ${rate(service.peakRps)} planned for ${service.name}`;
}

function carriesProofs(
  { expectedOriginRps, degradedOriginRps }: CdnNumbers,
  { cacheHitRatio }: CdnPlanInputs["budget"],
  { name, peakRps, key }: OriginService,
): Proof[] {
  const cases = [
    ["at the promised hit ratio", cacheHitRatio.target, expectedOriginRps],
    ["at the hit ratio that pages", cacheHitRatio.critical, degradedOriginRps],
  ] as const;
  return cases.map(([when, ratio, reaches]) => ({
    policy: "origin-carries-misses",
    statement: `"${name}" carries what the CDN passes on ${when}, ${percent(ratio)}`,
    inequality: `${text(reaches)} reach it ≤ ${rate(peakRps)} planned`,
    holds: reaches.value <= peakRps,
    mend: [...(key === undefined ? [] : [key]), "traffic.peakRps", "traffic.shares", "traffic.hitRatios"],
    assumes: ["no request comes past the CDN"],
  }));
}
