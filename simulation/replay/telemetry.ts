/**
 * What Prometheus knows of a replayed service: the counters of its pods, scraped, and the recording rules over them. A pod
 * counts what it answers; what proxies refuse it never sees.
 */
import { compileVector, type Source } from "../promql/compile";
import { PromqlError } from "../promql/expression";
import { askedMetrics, neededRules, type AskedMetric } from "../promql/metric-names";
import { parsePromql } from "../promql/parse";
import { EvaluatedGroup, type RuleGroup } from "../promql/rules";
import type { Labels } from "../promql/label-sets";
import { STALE, SeriesStore, type Series } from "../promql/series";
import type { Vector, VectorAt } from "../promql/vector";
import type { ReplayPod } from "./fleet";
import { ForecastGroup, forecastsOf } from "./forecast-group";

/** What the reference backend exposes and a replay can say something about. */
const SIMULATED: readonly string[] = ["http_requests_total", "http_requests_in_flight", "up"];

/** Between two scrapes, seconds. */
const SCRAPE_SECONDS = 15;

/** Samples, and series of pods that are gone, are kept so much longer than anybody asks for, milliseconds. */
const SPARE = 60_000;

interface Scraped {
  /** Undefined where nobody asks for it. */
  readonly total: Series | undefined;
  readonly inFlight: Series | undefined;
  readonly up: Series | undefined;
  /** Of the pod; -1 once it is gone. */
  id: number;
  answered: number;
  seen: number;
}

export class Telemetry {
  readonly store: SeriesStore;
  private readonly pods = new Map<number, Scraped>();
  /** The same, in the order in which pods stood the last time. */
  private readonly places: (Scraped | undefined)[] = [];
  private gone: { readonly scraped: Scraped; readonly at: number }[] = [];
  private readonly groups: readonly { readonly group: EvaluatedGroup | ForecastGroup; next: number }[];
  private readonly queries = new Map<string, (now: number) => readonly number[]>();
  private readonly shared = new Map<string, VectorAt>();
  private nextScrape: number;
  private scrapes = 0;
  private readonly kept: number;
  private readonly asked = new Set<string>();

  /**
   * @param labels of every series: namespace, service and what else a selector may ask for
   * @param start seconds since 1970
   * @param stepSeconds between two looks
   * @throws PromqlError when a rule or query asks for what nothing records
   */
  constructor(
    private readonly labels: Labels,
    groups: readonly RuleGroup[],
    queries: readonly string[],
    start: number,
    stepSeconds: number,
  ) {
    this.nextScrape = start;
    const ofGroups = groups.map((group) => ({
      group,
      rules: group.rules.flatMap(({ record, expr }) =>
        record === undefined ? [] : [{ record, ...read(expr) }],
      ),
    }));
    const rules = ofGroups.flatMap((one) => one.rules);
    const asked = queries.map(read);
    checkKnown([...rules, ...asked], new Set([...SIMULATED, ...rules.map(({ record }) => record)]));
    const asks = asked.flatMap((query) => query.asks);
    // Rules that no query depends on are read, so that mistakes are found, and not evaluated.
    const needed = neededRules(rules, asks);
    const oldest = oldestOf([...asks, ...needed.flatMap((rule) => rule.asks)]);
    for (const name of SIMULATED) if (oldest(name) > 0) this.asked.add(name);
    this.kept = Math.max(...SIMULATED.map(oldest)) + SPARE;
    this.store = new SeriesStore((name) => oldest(name) + SPARE);
    const records = new Set(needed.map(({ record }) => record));
    const isNeeded = (record: string): boolean => records.has(record);
    const neededGroups = ofGroups.map(({ group, rules: own }) => ({
      group,
      needed: own.filter(({ record }) => isNeeded(record)),
    }));
    const forecasts = forecastsOf(neededGroups, asks, stepSeconds);
    const compile = (text: string, source: Source): VectorAt => this.compiled(text, source);
    this.groups = groups.map((group) => {
      const forecast = forecasts.get(group);
      return {
        group:
          forecast === undefined
            ? new EvaluatedGroup(group, this.store, { isNeeded, compile })
            : new ForecastGroup(forecast, this.store, compile),
        next: start,
      };
    });
    for (const text of queries) this.queries.set(text, answersOf(this.compiled(text, { store: this.store })));
  }

  /**
   * What is asked of scraped series alone comes to the same for all who ask at a moment: rules record it, triggers ask for it
   * themselves, a forecast begins with it.
   */
  private compiled(text: string, source: Source): VectorAt {
    const key = `${source.intervalMs ?? ""} ${text}`;
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const compiled = compileVector(text, source);
    const isOfScrapes = read(text).asks.every(({ name }) => name !== undefined && SIMULATED.includes(name));
    if (!isOfScrapes) return compiled;
    const once = onceAMoment(compiled);
    this.shared.set(key, once);
    return once;
  }

  /** A step is over. @param answered requests of each pod that is ready. @param inFlight of each, now */
  observe(
    pods: readonly ReplayPod[],
    answered: number,
    inFlight: number,
    now: number,
    isGone: boolean,
  ): void {
    const isScraped = now >= this.nextScrape && !isGone;
    if (isScraped) this.scrapes++;
    let running = 0;
    for (let place = 0; place < pods.length; place++) {
      const pod = pods[place] as ReplayPod;
      const isAtWork = pod.ready && !pod.lost;
      const isSeen = isScraped && pod.runsAt <= now;
      if (!isAtWork && !isSeen) continue;
      const near = this.places[place];
      const scraped = near?.id === pod.id ? near : this.scraped(pod, place);
      if (isAtWork) scraped.answered += answered;
      if (!isSeen) continue;
      running++;
      this.scrape(scraped, pod, inFlight, 1000 * now);
    }
    if (isScraped) this.forget(running, 1000 * now);
    if (now >= this.nextScrape) this.nextScrape = now + SCRAPE_SECONDS;
    for (const one of this.groups) {
      if (now < one.next) continue;
      one.next = now + one.group.interval / 1000;
      if (!isGone) one.group.evaluate(1000 * now);
    }
  }

  /** Values of the series that a query yields. @param text one of those that were given */
  query(text: string, now: number): readonly number[] {
    return this.queries.get(text)?.(now) ?? [];
  }

  private scrape(scraped: Scraped, pod: ReplayPod, inFlight: number, at: number): void {
    scraped.seen = this.scrapes;
    scraped.up?.append(at, pod.lost ? 0 : 1);
    // Who does not answer has no samples.
    scraped.total?.append(at, pod.lost ? STALE : scraped.answered);
    scraped.inFlight?.append(at, pod.lost ? STALE : pod.ready ? inFlight : 0);
  }

  /** Drops the series of pods that are gone, once no query reaches back to them. @param running pods that were scraped */
  private forget(running: number, at: number): void {
    if (running < this.pods.size) this.leave(at);
    while ((this.gone[0]?.at ?? Infinity) < at - this.kept) {
      const first = this.gone.shift();
      for (const series of first === undefined ? [] : seriesOf(first.scraped)) this.store.drop(series);
    }
  }

  /** Whoever was not found at this scrape is gone. */
  private leave(at: number): void {
    for (const [id, scraped] of this.pods) {
      if (scraped.seen === this.scrapes) continue;
      for (const series of seriesOf(scraped)) series.append(at, STALE);
      this.pods.delete(id);
      scraped.id = -1;
      this.gone.push({ scraped, at });
    }
  }

  /** @param place of the pod among the others */
  private scraped({ id }: ReplayPod, place: number): Scraped {
    let found = this.pods.get(id);
    if (found === undefined) {
      const labels = { ...this.labels, pod: podName(this.labels["service"] ?? "", id) };
      const series = (name: string, more: Labels = {}): Series | undefined =>
        this.asked.has(name) ? this.store.series(name, { ...labels, ...more }) : undefined;
      found = {
        total: series("http_requests_total", { status: "200" }),
        inFlight: series("http_requests_in_flight"),
        up: series("up"),
        id,
        answered: 0,
        seen: this.scrapes,
      };
      this.pods.set(id, found);
    }
    this.places[place] = found;
    return found;
  }
}

/** A vector holds until it is evaluated again, and after the scrape of a moment its series stay as they are. */
function onceAMoment(vector: VectorAt): VectorAt {
  let last: { readonly at: number; readonly vector: Vector } | undefined;
  return (at) => {
    if (last?.at !== at) last = { at, vector: vector(at) };
    return last.vector;
  };
}

/** KEDA's operator and the autoscaler often ask the same at the same moment. */
function answersOf(query: VectorAt): (now: number) => readonly number[] {
  let [last, values] = [NaN, [] as number[]];
  return (now) => {
    if (now === last) return values;
    last = now;
    const found = query(1000 * now);
    values = [];
    for (let index = 0; index < found.length; index++) values.push(found.values[index] as number);
    return values;
  };
}

/** An expression, and what it asks for. */
interface Read {
  readonly text: string;
  readonly asks: readonly AskedMetric[];
}

function read(expression: string | number): Read {
  const text = String(expression);
  return { text, asks: askedMetrics(parsePromql(text)) };
}

/** How old the samples of a metric are that somebody asks for, milliseconds; 0 where nobody does. */
function oldestOf(asks: readonly AskedMetric[]): (name: string) => number {
  const known = new Map<string | undefined, number>();
  for (const { name, oldest } of asks) known.set(name, Math.max(known.get(name) ?? 0, oldest));
  // Who names no metric may mean each.
  return (name) => Math.max(known.get(name) ?? 0, known.get(undefined) ?? 0);
}

/** @throws PromqlError */
function checkKnown(all: readonly Read[], known: ReadonlySet<string>): void {
  for (const { text, asks } of all) {
    for (const { name } of asks) {
      if (name === undefined || known.has(name)) continue;
      throw new PromqlError(`nothing records ${name} (known are ${[...known].join(", ")})`, text);
    }
  }
}

function seriesOf({ total, inFlight, up }: Scraped): Series[] {
  return [total, inFlight, up].filter((series) => series !== undefined);
}

/** As a Deployment names its pods: a hash of the template, five letters. */
function podName(service: string, id: number): string {
  return `${service}-5d8c7b9f6-${id.toString(36).padStart(5, "0")}`;
}
