/** How the numbers of the CDN follow from what clients ask, from the hit ratio and from the service behind it. */
import type { EdgeClassSummary, EdgeSummary } from "../../budget/edge/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import { same, type Derivation } from "../../report/derivation";
import { duration, number, percent, rate } from "../../budget/core/format";

/** @param upstream the service behind the load balancer, if its summary is known */
export function edgeDerivations(summary: EdgeSummary, upstream?: ServiceSummary): Derivation[] {
  return [
    hits(summary),
    expected(summary, upstream),
    degraded(summary, upstream),
    collapse(summary, upstream),
    client(summary),
    ...(upstream === undefined ? [] : waits(summary, upstream)),
  ];
}

/** Classes that somebody asks for. */
function asked({ classes }: EdgeSummary): readonly EdgeClassSummary[] {
  return classes.filter(({ rps }) => rps > 0);
}

function atService(summary: EdgeSummary): readonly EdgeClassSummary[] {
  return asked(summary).filter(({ target }) => target === "service");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function hits(summary: EdgeSummary): Derivation {
  const { hitRatio, peakRps } = summary;
  const derived = sum(asked(summary).map(({ rps, hitRatio: own }) => rps * own)) / peakRps;
  const terms = asked(summary)
    .filter(({ hitRatio: own }) => own > 0)
    .map(({ name, rps, hitRatio: own }) => `${name} ${percent(rps / peakRps)} · ${percent(own)}`);
  return {
    name: "Hit rate",
    value: percent(hitRatio),
    formula: `${terms.length === 0 ? "nothing is kept" : terms.join(" + ")} = ${percent(derived)}`,
    from: ["traffic.shares", "traffic.hitRatios", "retrofitlink:budget.cacheHitRatio"],
    holds: same(hitRatio, derived),
  };
}

function expected(summary: EdgeSummary, upstream: ServiceSummary | undefined): Derivation {
  const { expectedOriginRps } = summary;
  const terms = atService(summary).map(({ name, missRps }) => `${name} ${number(missRps)}`);
  const derived = sum(atService(summary).map(({ missRps }) => missRps));
  const planned = upstream?.demand.peakRps;
  const limit = planned === undefined ? "" : ` ≤ ${rate(planned)} planned for ${upstream?.workload ?? ""}`;
  return {
    name: "Reaches the service",
    value: rate(expectedOriginRps),
    formula: `misses: ${terms.length === 0 ? "none" : terms.join(" + ")} = ${rate(derived)}${limit}`,
    from: ["traffic", "retrofitlink:services"],
    holds: same(expectedOriginRps, derived) && (planned === undefined || expectedOriginRps <= planned),
  };
}

/** How much of what the service is planned for. */
function ofPlan(value: number, upstream: ServiceSummary | undefined): string {
  return upstream === undefined ? "" : `, ${number(value / upstream.demand.peakRps)} of what is planned`;
}

function degraded(summary: EdgeSummary, upstream: ServiceSummary | undefined): Derivation {
  const { degradedOriginRps, expectedOriginRps, collapseOriginRps } = summary;
  return {
    name: "When the hit rate pages",
    value: rate(degradedOriginRps),
    formula: `the same with the critical hit rate of the budget${ofPlan(degradedOriginRps, upstream)}`,
    from: ["retrofitlink:budget.cacheHitRatio"],
    holds: degradedOriginRps >= expectedOriginRps && degradedOriginRps <= collapseOriginRps,
  };
}

function collapse(summary: EdgeSummary, upstream: ServiceSummary | undefined): Derivation {
  const { collapseOriginRps } = summary;
  const terms = atService(summary).map(({ name, rps }) => `${name} ${number(rps)}`);
  const derived = sum(atService(summary).map(({ rps }) => rps));
  return {
    name: "With nothing in the cache",
    value: rate(collapseOriginRps),
    formula: `${terms.join(" + ")} = ${rate(derived)}${ofPlan(collapseOriginRps, upstream)}`,
    from: ["traffic"],
    holds: same(collapseOriginRps, derived),
  };
}

function client({ clientRequestsPerMinute, expectedOriginRps, peakRps }: EdgeSummary): Derivation {
  return {
    name: "One client address",
    value: `${number(clientRequestsPerMinute)}/min`,
    formula:
      `what the proxy lets through in a minute ÷ ${percent(expectedOriginRps / peakRps)} ` +
      "of the requests, which are all that it sees",
    from: ["retrofitlink:loadBalancer.rateLimit"],
    holds: clientRequestsPerMinute >= 10,
  };
}

function waits(
  { originReadSeconds, originKeepAliveSeconds }: EdgeSummary,
  { timeouts }: ServiceSummary,
): Derivation[] {
  const { request, idle } = timeouts;
  // An ALB has one knob for silence and idleness. Behind Cloudflare idleness decides it, and the proxy gives up first.
  const [hop, seconds] =
    request.loadBalancer < originReadSeconds
      ? ["load balancer", request.loadBalancer]
      : ["proxy", request.proxy];
  return [
    {
      name: "Waits for an answer",
      value: duration(originReadSeconds),
      formula: `${duration(originReadSeconds)} > ${duration(seconds)} of the ${hop}`,
      from: ["retrofitlink:services"],
      holds: originReadSeconds > seconds,
    },
    {
      name: "Keeps a connection",
      value: duration(originKeepAliveSeconds),
      formula: `${duration(originKeepAliveSeconds)} < ${duration(idle.loadBalancerClient)} of the load balancer`,
      from: ["retrofitlink:cluster.cloud"],
      holds: originKeepAliveSeconds < idle.loadBalancerClient,
    },
  ];
}
