/** What Prometheus knows of a replayed service: its counters, scraped, and the recording rules over them. */
import { compilePromql } from "../promql/compile";
import { PromqlError } from "../promql/expression";
import { parsePromql } from "../promql/parse";
import { metricNamesOf } from "../promql/metric-names";
import { EvaluatedGroup, type RuleGroup } from "../promql/rules";
import { SeriesStore, type Labels, type Sample, type Series } from "../promql/series";

/** Names of what the reference backend exposes and a replay can say something about. */
const SIMULATED = ["http_requests_total", "http_requests_in_flight", "up"] as const;

/** Between two scrapes, seconds. */
const SCRAPE_SECONDS = 15;

export class Telemetry {
  readonly store = new SeriesStore();
  private readonly answered: Series;
  private readonly refused: Series;
  private readonly inFlight: Series;
  private readonly up: Series;
  private readonly groups: readonly { readonly group: EvaluatedGroup; next: number }[];
  private readonly queries = new Map<string, (at: number) => Sample[]>();
  private nextScrape: number;
  private counted = { answered: 0, refused: 0 };

  /**
   * @param labels of every series: namespace, service and what else a selector may ask for
   * @param start seconds since 1970
   * @throws PromqlError when a rule or query selects what nothing records
   */
  constructor(labels: Labels, groups: readonly RuleGroup[], queries: readonly string[], start: number) {
    const series = (name: string, more: Labels = {}): Series =>
      this.store.series(name, { ...labels, ...more });
    this.answered = series("http_requests_total", { status: "200" });
    this.refused = series("http_requests_total", { status: "503" });
    this.inFlight = series("http_requests_in_flight");
    this.up = series("up");
    this.nextScrape = start;
    const recorded = groups.flatMap(({ rules }) =>
      rules.flatMap(({ record }) => (record === undefined ? [] : [record])),
    );
    const known = new Set<string>([...SIMULATED, ...recorded]);
    const expressions = groups.flatMap(({ rules }) => rules.filter(({ record }) => record !== undefined));
    for (const text of [...expressions.map(({ expr }) => String(expr)), ...queries]) {
      for (const name of metricNamesOf(parsePromql(text))) {
        if (known.has(name)) continue;
        throw new PromqlError(`nothing records ${name} (known: ${[...known].join(", ")})`, text);
      }
    }
    this.groups = groups.map((group) => ({ group: new EvaluatedGroup(group, this.store), next: start }));
    for (const text of queries) this.queries.set(text, compilePromql(text, { store: this.store }));
  }

  /** @param answered requests since the last call. @param inFlight at this moment */
  count(answered: number, refused: number): void {
    this.counted.answered += answered;
    this.counted.refused += refused;
  }

  /** Scrapes and evaluates what is due. Seconds since 1970. */
  tick(now: number, inFlight: number, isGone: boolean): void {
    if (now >= this.nextScrape) {
      this.nextScrape = now + SCRAPE_SECONDS;
      if (!isGone) {
        const at = 1000 * now;
        this.answered.append(at, this.counted.answered);
        this.refused.append(at, this.counted.refused);
        this.inFlight.append(at, inFlight);
        this.up.append(at, 1);
      }
    }
    for (const one of this.groups) {
      if (now < one.next) continue;
      one.next = now + one.group.interval / 1000;
      if (!isGone) one.group.evaluate(1000 * now);
    }
  }

  query(text: string, now: number): Sample[] {
    return this.queries.get(text)?.(1000 * now) ?? [];
  }
}
