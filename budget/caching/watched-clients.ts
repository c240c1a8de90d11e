/** What is watched of caches where they are used, by the series of the runtime package. It holds for rented caches, too. */
import type { PerformanceBudget } from "../core/performance-budget";
import type { Alert } from "../monitoring/alert";
import { gauge, rate, state } from "../monitoring/conditions";
import type { Panel } from "../monitoring/panel";
import { NOTHING_WATCHED, type Watched } from "../monitoring/watched";

/** What the watch of the clients follows from. */
export interface CacheClientsWatch {
  /** Of the services. */
  readonly namespace: string;
  readonly budget: Pick<PerformanceBudget, "cacheHitRatio">;
}

/** Look-ups in five minutes below which a ratio is chance. */
export const LEAST_LOOKUPS = 100;

/** Share of the processes that have given a cache up, above which users feel it. */
const OPEN_SHARE = 0.5;

/** Series of a service's cache, but not of sessions: a request without one is no failure of a cache. */
const cached = (namespace: string): string => `namespace="${namespace}",cache!="session"`;

/** The caches of a stack as its services see them; once for a stack. */
export function watchCacheClients(watch: CacheClientsWatch): Watched {
  return {
    ...NOTHING_WATCHED,
    rules: [
      { record: RULES.hits, expr: perCache(watch, "redis_cache_hits_total") },
      {
        record: RULES.lookUps,
        expr: `${RULES.hits}${selector(watch)} + ${perCache(watch, "redis_cache_misses_total")}`,
      },
      { record: RULES.ratio, expr: hitRatio(watch, 0) },
    ],
    alerts: alertsOf(watch),
    panels: panelsOf(watch),
  };
}

const RULES = {
  hits: "cache:redis_cache_hits:rate5m",
  lookUps: "cache:redis_cache_lookups:rate5m",
  ratio: "cache:redis_cache_hit:ratio_rate5m",
} as const;

const selector = ({ namespace }: CacheClientsWatch): string => `{namespace="${namespace}"}`;

function perCache({ namespace }: CacheClientsWatch, metric: string): string {
  return `sum by (namespace, cache) (rate(${metric}{${cached(namespace)}}[5m]))`;
}

/** Hits / look-ups of each cache. @param least look-ups/s for a value */
function hitRatio(watch: CacheClientsWatch, least: number): string {
  const of = selector(watch);
  return `${RULES.hits}${of} / (${RULES.lookUps}${of} > ${least})`;
}

function alertsOf(watch: CacheClientsWatch): Alert[] {
  const { namespace, budget } = watch;
  // Of each cache by itself: what one hides, another may say.
  const common = { noun: "cache", dashboard: "redis", subject: "{{ $labels.cache }}" } as const;
  const example = (metric: string): string =>
    `${metric}{namespace="${namespace}",job="backend",pod="backend-0",cache="api"}`;
  const low = (step: "warning" | "critical", tier: Alert["tier"]): Alert => ({
    ...common,
    name: "CacheHitRatioLow",
    labels: { step },
    tier,
    ...rate(hitRatio(watch, LEAST_LOOKUPS / 300), "<", budget.cacheHitRatio[step], (ratio) => [
      { series: example("redis_cache_hits_total"), perMinute: 6000 * ratio },
      { series: example("redis_cache_misses_total"), perMinute: 6000 * Math.max(0, 1 - ratio) },
    ]),
    forSeconds: 600,
    summary: "Cache {{ $labels.cache }} answers {{ $value | humanizePercentage }} of what it is asked.",
    impact: "Answers take longer, and the database does the cache's work.",
    keys: [`retrofitlink:budget.cacheHitRatio.${step}`],
  });
  return [
    low("warning", "P2"),
    low("critical", "P1"),
    {
      ...common,
      name: "CacheGivenUp",
      tier: "P1",
      ...gauge(
        `max by (namespace, cache) (avg by (namespace, job, cache) (redis_cache_circuit_open{namespace="${namespace}"}))`,
        ">",
        OPEN_SHARE,
        (start) => [{ series: example("redis_cache_circuit_open"), start }],
      ),
      forSeconds: 120,
      summary:
        "{{ $value | humanizePercentage }} of the processes of a service do without cache {{ $labels.cache }}.",
      impact: "Answers take as long as the database needs; of sessions, logins fail.",
      keys: ["retrofitlink:caches"],
    },
    {
      ...common,
      name: "CacheInvalidationsPending",
      tier: "P2",
      ...state(
        `max by (namespace, cache) (redis_cache_pending_invalidations{namespace="${namespace}"}) > 0`,
        { [example("redis_cache_pending_invalidations")]: 1 },
        { [example("redis_cache_pending_invalidations")]: 0 },
      ),
      forSeconds: 300,
      summary:
        "{{ $value }} invalidations of cache {{ $labels.cache }} have waited for Redis for five minutes.",
      impact: "Some people see what was true before the last change.",
      keys: ["retrofitlink:caches"],
    },
  ];
}

function panelsOf({ namespace, budget }: CacheClientsWatch): Panel[] {
  const { target, warning, critical } = budget.cacheHitRatio;
  const all = `namespace="${namespace}"`;
  return [
    {
      id: "cache-hit-ratio",
      dashboard: "performance",
      row: "Cache",
      title: "Hit ratio",
      description:
        "Hits / look-ups of each cache but the sessions'. A dip after a deployment of a new key is usual.",
      unit: "ratio",
      queries: [{ expr: `${RULES.ratio}{${all}}`, legend: "{{cache}}" }],
      bounds: [
        { value: target, worseWhen: "lower", label: "promise" },
        { value: warning, worseWhen: "lower", label: "warning" },
        { value: critical, worseWhen: "lower", label: "alarm" },
      ],
    },
    {
      id: "cache-lookups",
      dashboard: "performance",
      row: "Cache",
      title: "Look-ups",
      description: "What services ask their caches, by cache. Misses are what the database is asked instead.",
      unit: "operations/s",
      queries: [
        {
          expr: `sum by (cache) (rate(redis_cache_hits_total{${all}}[5m]))`,
          legend: "{{cache}} hits",
        },
        {
          expr: `sum by (cache) (rate(redis_cache_misses_total{${all}}[5m]))`,
          legend: "{{cache}} misses",
        },
      ],
    },
    {
      id: "cache-command-time",
      dashboard: "redis",
      row: "As services see it",
      title: "Time of a command, 95th percentile",
      description: "Until Redis had answered, queue included. Above 5 ms a cache costs more than it saves.",
      unit: "seconds",
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (le, cache) (rate(redis_cache_command_duration_seconds_bucket{${all}}[5m])))`,
          legend: "{{cache}}",
        },
      ],
    },
    {
      id: "cache-errors",
      dashboard: "redis",
      row: "As services see it",
      title: "Commands without an answer",
      description: "By reason. Anything that lasts ends in processes that do without the cache.",
      unit: "operations/s",
      queries: [
        {
          expr: `sum by (cache, reason) (rate(redis_cache_errors_total{${all}}[5m]))`,
          legend: "{{cache}} {{reason}}",
        },
      ],
    },
  ];
}
