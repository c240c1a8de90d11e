/**
 * What a service does while its caches miss: at the hit ratio that pages, and after a cache has lost a server. Units: seconds,
 * requests/s, queries/s, pods.
 *
 * A cache that fills again is taken to be asked for each of its entries equally often, the slowest way: of what is not there
 * yet, a lookup finds its share, so that the rest shrinks by e with every `entries` lookups. What is asked often in truth is
 * there sooner.
 */
import { derived, type Derived } from "../core/derived";
import { duration, isShare, number, percent, plural, rate } from "../core/format";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { concurrentRequests, podsLost } from "./capacity";
import type { Balancing, Demand, Resilience, ServiceProfile } from "./demand";
import { busyUntilScaled, heldLoad } from "./fleet";
import { queriesAt, withMoreQueries, type QueriesOfRequest } from "./misses";
import { MAX_UNAVAILABLE, carriesZoneLoss, type ServicePlan } from "./planned";
import { fleetTail } from "./queue";
import { serviceTime } from "./service-time";

/** A cache that answers for the database, and what the loss of one of its servers does. */
export interface LossyCache {
  readonly cache: string;
  /** Lookups of one request, > 0. */
  readonly callsPerRequest: number;
  /** It answers nothing for so long, seconds. */
  readonly awaySeconds: number;
  /** Entries that have to be loaded again afterwards; 0 where another server has them. */
  readonly entries: number;
}

/** What decides it. */
export interface ColdCacheInputs {
  readonly service: string;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly budget: PerformanceBudget;
  readonly zones: number;
  readonly processesPerPod: number;
  readonly balancing: Balancing;
  readonly resilience?: Resilience | undefined;
  /** Its plan with all caches full. */
  readonly plan: ServicePlan;
  readonly queries: QueriesOfRequest;
  /** Connections of a process to each router of the database. */
  readonly databasePool: number;
  /** What the database answers for all at most, queries/s. @default no limit */
  readonly databaseRate?: number | undefined;
  /** What other services ask of the database at their peaks when their caches hit so much, queries/s. @default nothing */
  readonly othersAsk?: ((hits: number) => number) | undefined;
  /** How long a request waits before it is given up, seconds. */
  readonly waitSeconds: number;
  /** At least one. */
  readonly caches: readonly LossyCache[];
}

/** A fleet at a load: pods that run, that are left at worst, and requests/s. */
interface Level {
  readonly pods: number;
  readonly left: number;
  readonly rps: number;
}

/** Whoever waits longer than this for a cache to fill has another problem, seconds. */
const LONGEST_SECONDS = 7200;

/** Steps between empty and full in which hits are counted, so that what is known of one is used again. */
const STEPS = 50;

const DATABASE = "database.uncachedQueriesPerRequest";
const ACCEPTED = "resilience.cacheLossSeconds";

export interface ColdCachePart {
  readonly numbers: Readonly<Record<string, Derived>>;
  readonly proofs: readonly Proof[];
  /** For how long it is out of its budget after the loss of a server of a cache; Infinity where it does not end. */
  readonly seconds: number;
}

/** @returns undefined where nothing depends on hits: a target of 1, or queries that no cache spares */
export function coldCachePart(inputs: ColdCacheInputs): ColdCachePart | undefined {
  const { budget, queries } = inputs;
  const { queriesPerRequest, uncachedQueriesPerRequest = 0 } = queries;
  if (budget.cacheHitRatio.target >= 1 || uncachedQueriesPerRequest >= queriesPerRequest) return undefined;
  const model = new Misses(inputs);
  const worst = worstLoss(inputs, model);
  return {
    numbers: coldNumbers(inputs, model, worst),
    proofs: [pagingProof(inputs, model), lossProof(inputs, model, worst)],
    seconds: worst.seconds,
  };
}

/** The service at a hit ratio. */
class Misses {
  readonly levels: readonly Level[];
  readonly target: number;
  private readonly known = new Map<number, { profile: ServiceProfile; queries: number }>();

  constructor(readonly inputs: ColdCacheInputs) {
    const { zones, resilience, plan, budget } = inputs;
    const carried = carriesZoneLoss(zones, resilience, plan.numbers.replaced.value);
    this.target = budget.cacheHitRatio.target;
    // The zone, or the node, that takes the cache takes pods as well.
    this.levels = levelsOf(inputs, carried ? zones : 1);
  }

  at(hits: number): { readonly profile: ServiceProfile; readonly queries: number } {
    const before = this.known.get(hits);
    if (before !== undefined) return before;
    const { profile, queries } = this.inputs;
    const each = queriesAt(queries, this.target, hits);
    const more = Math.max(0, each - queries.queriesPerRequest);
    const at = { profile: withMoreQueries(profile, more, queries.querySeconds), queries: each };
    this.known.set(hits, at);
    return at;
  }

  /** Connections to the database that a process uses when it works on all the requests it can. */
  inFlight(hits: number): number {
    const { profile, queries } = this.at(hits);
    const { processesPerPod, queries: given } = this.inputs;
    const busy = Math.ceil(profile.concurrencyPerPod / processesPerPod);
    return (busy * queries * given.querySeconds) / profile.serviceTimeSeconds;
  }

  /** Share of the answers that take longer than t. */
  tail({ rps }: Level, pods: number, hits: number, t: number): number {
    const { profile } = this.at(hits);
    const offered = concurrentRequests(rps, profile.serviceTimeSeconds);
    return fleetTail(
      pods,
      profile.concurrencyPerPod,
      offered,
      serviceTime(profile),
      this.inputs.balancing,
      t,
    );
  }

  /** Whether the response time is kept at a load, and nobody waits for a connection to the database. */
  keeps(level: Level, pods: number, hits: number): boolean {
    const { budget, databasePool } = this.inputs;
    return (
      this.inFlight(hits) <= databasePool &&
      level.rps <= this.answered(hits) &&
      this.tail(level, pods, hits, budget.responseTimeP95Seconds.target) <= 0.05 &&
      this.tail(level, pods, hits, budget.responseTimeP99Seconds.target) <= 0.01
    );
  }

  /** Requests/s for which the database has answers, when all services ask at their peaks. */
  answered(hits: number): number {
    const { demand, databaseRate = Infinity, othersAsk } = this.inputs;
    const own = demand.peakRps * this.at(hits).queries;
    const share = databaseRate / (own + (othersAsk?.(hits) ?? 0));
    // A little more than all of it is all of it.
    return Math.abs(share - 1) < 1e-9 ? demand.peakRps : demand.peakRps * share;
  }

  /** Requests/s that pods, their pools and the database get done. */
  done(pods: number, hits: number, share = 1): number {
    const { profile, queries } = this.at(hits);
    const { processesPerPod, databasePool, queries: given } = this.inputs;
    return Math.min(
      (pods * profile.concurrencyPerPod * share) / profile.serviceTimeSeconds,
      (pods * processesPerPod * databasePool) / (queries * given.querySeconds),
      this.answered(hits),
    );
  }
}

/** The loads at which a fleet is worst off: the highest at which each of its sizes is left alone, and the lowest of all. */
function levelsOf(inputs: ColdCacheInputs, zones: number): Level[] {
  const { demand, profile, plan } = inputs;
  const { target, min, busyCpu } = plan.numbers;
  const slots = profile.concurrencyPerPod;
  const fleet = { target: Math.round(target.value * 100) };
  const of = {
    // Without a margin, as the database is planned.
    peak: concurrentRequests(demand.peakRps, profile.serviceTimeSeconds),
    slots,
    cpuWhenBusy: busyCpu.value,
  };
  const each = slots * busyUntilScaled(fleet, of);
  const podsAt = (offered: number): number => Math.max(min.value, Math.ceil(offered / each - 1e-9));
  const left = (pods: number): number => pods - podsLost(pods, { zones, maxUnavailable: MAX_UNAVAILABLE });
  const sizes = [0, 1, 2, 3].map((more) => min.value + more).filter((pods) => pods <= podsAt(of.peak));
  const base = podsAt(concurrentRequests(demand.baseRps, profile.serviceTimeSeconds));
  return [
    { pods: base, left: left(base), rps: demand.baseRps },
    ...[...sizes, podsAt(of.peak)].map((pods) => ({
      pods,
      left: left(pods),
      rps: heldLoad(pods, fleet, of) / profile.serviceTimeSeconds,
    })),
  ];
}

interface Loss {
  readonly cache: LossyCache;
  readonly level: Level;
  readonly seconds: number;
}

/** The cache and the load at which a loss is felt longest. */
function worstLoss(inputs: ColdCacheInputs, model: Misses): Loss {
  const losses = inputs.caches.flatMap((cache) =>
    model.levels.map((level) => ({ cache, level, seconds: secondsOut(inputs, model, cache, level) })),
  );
  return losses.reduce((worst, one) => (one.seconds > worst.seconds ? one : worst));
}

/**
 * For how long a service is out of its budget at a load: while nothing is found, or too little, and until what waited
 * meanwhile is done. What waits longer than anybody does is given up. Pods that went with the cache are back when the plan
 * says.
 */
function secondsOut(inputs: ColdCacheInputs, model: Misses, cache: LossyCache, level: Level): number {
  const { target } = model;
  if (model.keeps(level, level.left, 0)) return 0;
  const back = inputs.plan.numbers.replaced.value;
  const [few, all] = [enough(model, level, level.left), enough(model, level, level.pods)];
  // More than the target asks for is never there.
  if (all > target) return Infinity;
  const { rps } = level;
  const lookups = rps * cache.callsPerRequest;
  // Seconds, or hundredths of what filling takes.
  const step = Math.max(1, Math.floor(cache.entries / lookups / 100));
  let there = cache.entries === 0 ? 1 : 0;
  let second = cache.awaySeconds;
  let waiting = waitingAfter(0, second, rps - model.done(level.left, 0));
  for (; second < LONGEST_SECONDS; second += step) {
    const [pods, needed] = second < back ? [level.left, few] : [level.pods, all];
    if (there * target >= needed && waiting === 0) return second;
    const hits = (Math.floor(there * STEPS) / STEPS) * target;
    const done = model.done(pods, hits);
    if (cache.entries > 0) {
      const asked = Math.min(rps + waiting / step, done) * cache.callsPerRequest * step;
      there += (1 - there) * (1 - Math.exp(-asked / cache.entries));
    }
    waiting = waitingAfter(waiting, step, rps - done);
  }
  return Infinity;

  function waitingAfter(before: number, seconds: number, more: number): number {
    return Math.max(0, Math.min(before + more * seconds, rps * inputs.waitSeconds));
  }
}

/** The least hit ratio at which so many pods keep the response time; more than 1 where none does. */
function enough(model: Misses, level: Level, pods: number): number {
  if (model.keeps(level, pods, 0)) return 0;
  if (!model.keeps(level, pods, model.target)) return Infinity;
  let [low, high] = [0, model.target];
  for (let halving = 0; halving < 8; halving++) {
    const middle = (low + high) / 2;
    if (model.keeps(level, pods, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function coldNumbers(inputs: ColdCacheInputs, model: Misses, worst: Loss): Record<string, Derived> {
  const { demand, profile, budget, queries, plan } = inputs;
  const { target, critical } = budget.cacheHitRatio;
  const { queriesPerRequest, querySeconds, uncachedQueriesPerRequest = 0 } = queries;
  const from = ["database.queriesPerRequest", DATABASE, "retrofitlink:budget.cacheHitRatio"];
  const cached = queriesPerRequest - uncachedQueriesPerRequest;
  const time = (name: string, hits: number): Derived => {
    const { profile: slower, queries: each } = model.at(hits);
    const always = uncachedQueriesPerRequest === 0 ? "" : `${number(uncachedQueriesPerRequest)} + `;
    return derived(
      name,
      slower.serviceTimeSeconds,
      "seconds",
      `${always}${number(cached)} queries · (1 − ${percent(hits)}) ÷ (1 − ${percent(target)}) = ${number(each)}; ` +
        `${duration(profile.serviceTimeSeconds)} + (${number(each)} − ${number(queriesPerRequest)}) · ${duration(querySeconds)}`,
      [...from, "database.querySeconds"],
    );
  };
  const asked = (name: string, hits: number): Derived =>
    derived(
      name,
      demand.peakRps * model.at(hits).queries,
      "queries/s",
      `${rate(demand.peakRps)} · ${number(model.at(hits).queries)} a request`,
      ["demand.peakRps", ...from],
    );
  const { max } = plan.numbers;
  return {
    criticalTime: time(`Service time at ${percent(critical)} hits`, critical),
    criticalQueries: asked(`Queries at ${percent(critical)} hits`, critical),
    coldTime: time("Service time with empty caches", 0),
    coldQueries: asked("Queries with empty caches", 0),
    coldLoad: derived(
      "Load carried with empty caches",
      model.done(max.value, 0, profile.maxUtilization),
      "requests/s",
      `the least of ${plural(max.value, "pod")} · ${profile.concurrencyPerPod} · ${percent(profile.maxUtilization)} ÷ ` +
        `${duration(model.at(0).profile.serviceTimeSeconds)}, of pools of ${inputs.databasePool}, and of what the database answers; ` +
        `${rate(model.done(max.value, target, profile.maxUtilization))} when they are full`,
      from,
    ),
    cacheLoss: derived(
      "Out of budget after the loss of a cache",
      worst.seconds,
      "whole seconds",
      worst.seconds === 0 ? "empty caches are carried" : lossText(model, worst),
      [ACCEPTED, `retrofitlink:caches.${worst.cache.cache}`],
    ),
  };
}

function lossText(model: Misses, { cache, level }: Loss): string {
  const fills =
    cache.entries === 0
      ? "which another server then has"
      : `and ${number(cache.entries, 0)} entries that fill again by ${number(level.rps * cache.callsPerRequest, 0)} lookups/s`;
  return (
    `${number(cache.awaySeconds)} s without ${cache.cache}, ${fills}; ${level.left} of ${plural(level.pods, "pod")} at ` +
    `${rate(level.rps)}, of which ${rate(model.done(level.left, 0))} are done meanwhile`
  );
}

/** What all of it takes for granted. */
function assumptions({ uncachedQueriesPerRequest }: QueriesOfRequest): string[] {
  return [
    "hits as measured at the target; more misses mean more queries, one after the other, in a number as by chance",
    "queries that take as long as measured while the database answers all of them",
    ...(uncachedQueriesPerRequest === undefined
      ? ["every query a miss of a cache, for nothing else is given"]
      : []),
  ];
}

function pagingProof(inputs: ColdCacheInputs, model: Misses): Proof {
  const { service, budget, databasePool } = inputs;
  const { critical } = budget.cacheHitRatio;
  const [p95, p99] = [budget.responseTimeP95Seconds.target, budget.responseTimeP99Seconds.target];
  const tails = model.levels.map((level) => ({
    level,
    slow: model.tail(level, level.pods, critical, p95),
    slower: model.tail(level, level.pods, critical, p99),
  }));
  const worst = tails.reduce((a, b) =>
    Math.max(b.slow, 5 * b.slower) > Math.max(a.slow, 5 * a.slower) ? b : a,
  );
  const inFlight = model.inFlight(critical);
  const { level, slow, slower } = worst;
  return {
    policy: "lost-caches-are-carried",
    statement: `"${service}" keeps its response time at a hit ratio of ${percent(critical)}, which pages, with nothing missing`,
    inequality:
      `at worst ${plural(level.pods, "pod")} at ${rate(level.rps)}: P(t > ${duration(p95)}) ${isShare(slow)} ≤ 5 %, ` +
      `P(t > ${duration(p99)}) ${isShare(slower)} ≤ 1 %, ${number(inFlight)} queries at a time ≤ a pool of ${databasePool}`,
    holds: slow <= 0.05 && slower <= 0.01 && inFlight <= databasePool,
    mend: [
      DATABASE,
      "retrofitlink:budget.cacheHitRatio.critical",
      "profile.maxUtilization",
      "profile.serviceTimeSeconds",
    ],
    assumes: assumptions(inputs.queries),
  };
}

function lossProof(inputs: ColdCacheInputs, model: Misses, worst: Loss): Proof {
  const { service, caches, resilience = {} } = inputs;
  const { cacheLossSeconds: accepted = 0 } = resilience;
  const names = caches.map(({ cache }) => `"${cache}"`).join(" or ");
  const { cache, seconds } = worst;
  const kept = cache.entries === 0;
  return {
    policy: "lost-caches-are-carried",
    statement: `"${service}" is out of its budget after the loss of a server of ${names} no longer than accepted`,
    inequality:
      seconds === 0
        ? `empty caches are carried: 0 s ≤ ${number(accepted, 1)} s accepted`
        : `${Number.isFinite(seconds) ? `${number(seconds, 0)} s` : "without end"}: ${lossText(model, worst)} ` +
          `≤ ${number(accepted, 1)} s accepted`,
    holds: seconds <= accepted,
    mend: [
      ACCEPTED,
      ...caches
        .filter(({ entries }) => entries > 0)
        .map(({ cache: name }) => `retrofitlink:caches.${name}.standby`),
      DATABASE,
      "profile.maxUtilization",
    ],
    assumes: [
      ...assumptions(inputs.queries),
      kept
        ? "one server lost at a time: what is lost with all of them is not promised"
        : "every entry asked for equally often, and lost with its only server",
      "pools and proxies that hold back what the database does not answer",
      ...(caches.length > 1 ? ["all misses those of the cache whose loss lasts longest"] : []),
    ],
  };
}
