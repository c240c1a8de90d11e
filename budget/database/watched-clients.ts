/** What is watched of the database where it is used, by the series of the runtime package. It holds for Atlas, too. */
import type { PerformanceBudget } from "../core/performance-budget";
import type { Alert, ExampleSeries } from "../monitoring/alert";
import { RATE_SECONDS, gauge, grew, rate } from "../monitoring/conditions";
import type { Panel } from "../monitoring/panel";
import type { Workload } from "../monitoring/series";
import { NOTHING_WATCHED, type Watched } from "../monitoring/watched";

/** What the watch of the clients follows from. */
export interface DatabaseClientsWatch {
  /** The database's; the services are in its namespace. */
  readonly workload: Workload;
  readonly budget: Pick<PerformanceBudget, "databaseQuerySeconds" | "errorRatio">;
}

/** The guide's bound, queries/s that were slow. */
export const SLOW_QUERIES_PER_SECOND = 10;

/** Queries in five minutes below which a percentile is chance. */
export const LEAST_QUERIES = 100;

const RULES = {
  queries: "namespace:mongodb_queries:rate5m",
  time: "namespace:mongodb_query_duration_seconds:p95_5m",
  slow: "namespace:mongodb_slow_queries:rate5m",
} as const;

/** The database of a stack as its services see it. */
export function watchDatabaseClients(watch: DatabaseClientsWatch): Watched {
  return {
    ...NOTHING_WATCHED,
    rules: [
      { record: RULES.queries, expr: queries(watch) },
      { record: RULES.time, expr: queryTime(watch) },
      { record: RULES.slow, expr: slowQueries(watch) },
    ],
    alerts: alertsOf(watch),
    panels: panelsOf(watch),
  };
}

/** Queries/s of all services. */
function queries({ workload: { namespace } }: DatabaseClientsWatch): string {
  return `sum by (namespace) (rate(mongodb_client_duration_seconds_count{namespace="${namespace}"}[5m]))`;
}

function queryTime({ workload: { namespace } }: DatabaseClientsWatch): string {
  const buckets = `mongodb_client_duration_seconds_bucket{namespace="${namespace}"}`;
  return (
    `histogram_quantile(0.95, sum by (namespace, le) (rate(${buckets}[5m])))` +
    ` and on (namespace) (${RULES.queries}{namespace="${namespace}"} > 0)`
  );
}

/** Zero while a process is scraped that has a pool: the counter is there from the first slow query only. */
function slowQueries({ workload: { namespace } }: DatabaseClientsWatch): string {
  const of = `{namespace="${namespace}"}`;
  return (
    `sum by (namespace) (rate(mongodb_slow_queries_total${of}[5m]))` +
    ` or 0 * count by (namespace) (mongodb_pool_connections${of})`
  );
}

function alertsOf(watch: DatabaseClientsWatch): Alert[] {
  const { namespace } = watch.workload;
  const { databaseQuerySeconds, errorRatio } = watch.budget;
  const common = { noun: "database", dashboard: "mongodb" } as const;
  const answered = `${RULES.queries}{namespace="${namespace}"}`;
  const series = (metric: string, more = ""): string =>
    `${metric}{namespace="${namespace}",job="backend",pod="backend-0"${more}}`;
  const slowQuery = (step: "warning" | "critical", tier: Alert["tier"]): Alert => ({
    ...common,
    name: "DatabaseQueriesSlow",
    labels: { step },
    tier,
    condition: {
      kind: "threshold",
      // Of the rules: thousands of series are read once for both steps.
      values: [`${RULES.time}{namespace="${namespace}"}`],
      comparison: ">",
      threshold: databaseQuerySeconds[step],
      guard: `${answered} > ${LEAST_QUERIES / RATE_SECONDS}`,
      example: (seconds) => histogram(series, databaseQuerySeconds[step], seconds),
    },
    windowSeconds: RATE_SECONDS,
    forSeconds: 300,
    summary: "95 % of the queries take up to {{ $value | humanizeDuration }}.",
    impact: "Answers that need the database take longer than promised.",
    keys: [`retrofitlink:budget.databaseQuerySeconds.${step}`],
  });
  const failed = `sum(rate(mongodb_unavailable_total{namespace="${namespace}"}[5m]))`;
  return [
    slowQuery("warning", "P2"),
    slowQuery("critical", "P1"),
    {
      ...common,
      name: "DatabaseSlowQueries",
      tier: "P1",
      // The highest of five minutes: a rate falls when two scrapes are missed, and the queries have not.
      ...gauge(
        `max(max_over_time(${RULES.slow}{namespace="${namespace}"}[5m]))`,
        ">",
        SLOW_QUERIES_PER_SECOND,
        (perSecond) => [
          {
            series: series("mongodb_slow_queries_total", ',collection="a",command="find"'),
            perMinute: 60 * perSecond,
          },
        ],
      ),
      windowSeconds: 2 * RATE_SECONDS,
      forSeconds: 300,
      summary: "{{ $value | humanize }} queries a second take longer than the budget's critical time.",
      impact: "Some pages hang, and soon all of them: slow queries hold connections and tickets.",
      keys: ["retrofitlink:budget.databaseQuerySeconds.critical"],
    },
    {
      ...common,
      name: "DatabaseUnavailable",
      tier: "P0",
      ...rate(`${failed} / (${failed} + sum(${answered}))`, ">", errorRatio.critical, (share) => [
        { series: series("mongodb_unavailable_total", ',reason="timeout"'), perMinute: 6000 * share },
        { series: series("mongodb_client_duration_seconds_count"), perMinute: 6000 * (1 - share) },
      ]),
      forSeconds: 60,
      summary: "The database does not answer {{ $value | humanizePercentage }} of what services ask.",
      impact: "Requests that need it fail.",
      keys: ["retrofitlink:budget.errorRatio.critical"],
    },
    {
      ...common,
      name: "DatabasePoolExhausted",
      tier: "P1",
      ...grew("mongodb_pool_wait_queue_timeouts_total", `namespace="${namespace}"`),
      forSeconds: 0,
      summary: "Queries gave up waiting for a connection of their pool.",
      impact: "Some requests fail, and many wait.",
      keys: ["retrofitlink:services"],
    },
  ];
}

/** Bounds of an example's buckets, as shares of the bound: what is 10 % away from it is between them. */
const EDGES = [0.8, 1.25] as const;

/** A histogram of which the 95th percentile is so many seconds, by interpolation between two edges around the bound. */
function histogram(
  series: (metric: string, more?: string) => string,
  bound: number,
  seconds: number,
): ExampleSeries[] {
  const [low, high] = [EDGES[0] * bound, EDGES[1] * bound];
  const position = (seconds - low) / (high - low);
  const below = (0.95 - position) / (1 - position);
  const bucket = (le: string, perMinute: number): ExampleSeries => ({
    series: series("mongodb_client_duration_seconds_bucket", `,le="${le}"`),
    perMinute,
  });
  return [
    bucket(String(low), 6000 * below),
    bucket(String(high), 6000),
    bucket("+Inf", 6000),
    { series: series("mongodb_client_duration_seconds_count"), perMinute: 6000 },
  ];
}

function panelsOf({ workload: { namespace }, budget }: DatabaseClientsWatch): Panel[] {
  const of = `{namespace="${namespace}"}`;
  const { target, warning, critical } = budget.databaseQuerySeconds;
  const bounds: Panel["bounds"] = [
    { value: target, worseWhen: "higher", label: "promise" },
    { value: warning, worseWhen: "higher", label: "warning" },
    { value: critical, worseWhen: "higher", label: "alarm" },
  ];
  return [
    {
      id: "database-query-time",
      dashboard: "performance",
      row: "Database",
      title: "Time of a query, 95th percentile",
      description:
        "As services see it, the way there and back included. Steps at peak mean a missing index or a full cache.",
      unit: "seconds",
      queries: [{ expr: `${RULES.time}${of}`, legend: "all queries" }],
      bounds,
    },
    {
      id: "database-slow-queries",
      dashboard: "performance",
      row: "Database",
      title: "Slow queries",
      description: `Queries above ${critical} s. The services' log has the shape of each.`,
      unit: "operations/s",
      queries: [{ expr: `${RULES.slow}${of}`, legend: "slow" }],
      bounds: [{ value: SLOW_QUERIES_PER_SECOND, worseWhen: "higher", label: "alarm" }],
    },
    {
      id: "database-query-time-by-collection",
      dashboard: "mongodb",
      row: CLIENTS,
      title: "Time of a query by collection, 95th percentile",
      description: "The collection that stands out is where to look for a plan without an index.",
      unit: "seconds",
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (le, collection) (rate(mongodb_query_duration_seconds_bucket${of}[5m])))`,
          legend: "{{collection}}",
        },
      ],
      bounds,
    },
    {
      id: "database-queries",
      dashboard: "mongodb",
      row: CLIENTS,
      title: "Queries by collection",
      description: "What services ask. A collection that doubles without more traffic has lost its cache.",
      unit: "operations/s",
      queries: [
        {
          expr: `sum by (collection) (rate(mongodb_query_duration_seconds_count${of}[5m]))`,
          legend: "{{collection}}",
        },
      ],
    },
    {
      id: "database-pools",
      dashboard: "mongodb",
      row: CLIENTS,
      title: "Connections of the pools",
      description: "Idle ones are room; all in use at steady traffic means queries that got slower.",
      unit: "count",
      queries: [{ expr: `sum by (job, state) (mongodb_pool_connections${of})`, legend: "{{job}} {{state}}" }],
    },
    {
      id: "database-unanswered",
      dashboard: "mongodb",
      row: CLIENTS,
      title: "What the database did not answer",
      description: "By reason. Short peaks are elections, which services repeat.",
      unit: "operations/s",
      queries: [{ expr: `sum by (reason) (rate(mongodb_unavailable_total${of}[5m]))`, legend: "{{reason}}" }],
    },
  ];
}

/** Row of what services see. */
const CLIENTS = "As services see it";
