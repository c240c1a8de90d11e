/**
 * What is watched of one Redis in the cluster, by the series of oliver006/redis_exporter beside each member. A cache that a
 * cloud runs has no exporter here: its cloud watches the server, and `watchCacheClients` what its clients see.
 */
import type { PerformanceBudget } from "../core/performance-budget";
import type { Alert } from "../monitoring/alert";
import { CONNECTIONS_SHARE, exampleSeries, gauge, grew, state } from "../monitoring/conditions";
import type { Panel } from "../monitoring/panel";
import { seriesOf, type Workload } from "../monitoring/series";
import { NOTHING_WATCHED, type Watched } from "../monitoring/watched";
import { MEMBERS, QUORUM, replicatedNumbers, type RedisPlan } from "./plan-redis";
import type { RedisPurpose } from "./purpose";

/** What the watch of a Redis follows from. */
export interface CacheWatch {
  readonly workload: Workload;
  /** Key of the stack file: `retrofitlink:caches.redis-cache`. */
  readonly key: string;
  readonly purpose: RedisPurpose;
  readonly plan: RedisPlan;
  /** The stack's: how full a store of sessions may be. */
  readonly budget: Pick<PerformanceBudget, "memoryUtilization">;
}

/** The Sentinels as a workload of their own: the exporter of a member asks them under another path than its server. */
export function sentinelsOf({ namespace, job }: Workload): Workload {
  return { namespace, job: `${job}-sentinel` };
}

/** Everything about one Redis in the cluster. */
export function watchCache(watch: CacheWatch): Watched {
  const series = seriesOf(watch.workload);
  return {
    ...NOTHING_WATCHED,
    rules: [
      {
        record: "job:redis_commands:rate5m",
        labels: { namespace: watch.workload.namespace, job: watch.workload.job },
        expr: `sum(rate(redis_commands_processed_total{${series}}[5m]))`,
      },
    ],
    alerts: [
      ...serverAlerts(watch),
      ...(watch.purpose === "session" ? sessionAlerts(watch) : []),
      ...(isReplicated(watch) ? replicationAlerts(watch) : []),
    ],
    panels: panelsOf(watch),
  };
}

function isReplicated({ plan }: CacheWatch): boolean {
  return replicatedNumbers(plan) !== undefined;
}

/** What all alerts of one Redis share. */
function commonOf({ workload }: CacheWatch): Pick<Alert, "noun" | "labels" | "dashboard"> {
  const labels = { namespace: workload.namespace, cache: workload.job };
  return { noun: "cache", labels, dashboard: "redis" };
}

/** How users notice that a Redis is not there. */
const AWAY: Readonly<Record<RedisPurpose, string>> = {
  session: "Nobody can log in, and everybody who was logged in is asked to do so again.",
  cache: "Answers take as long as the database needs, which is planned for a part of the requests only.",
};

function serverAlerts(watch: CacheWatch): Alert[] {
  const { workload, plan, purpose, key } = watch;
  const common = commonOf(watch);
  const admitted = plan.numbers.maxClients.value;
  const clients = "redis_connected_clients";
  const up = exampleSeries("redis_up", workload);
  return [
    {
      ...common,
      name: "RedisDown",
      tier: "P0",
      // A series that is not there counts as a server that is not there.
      ...state(`(max(redis_up{${seriesOf(workload)}}) or vector(0)) == 0`, { [up]: 0 }, { [up]: 1 }),
      forSeconds: 60,
      summary: `No member of ${workload.job} answers.`,
      impact: AWAY[purpose],
      keys: [key],
    },
    {
      ...common,
      name: "RedisConnectionsHigh",
      tier: "P1",
      ...gauge(`max(${clients}{${seriesOf(workload)}})`, ">", CONNECTIONS_SHARE * admitted, (start) => [
        { series: exampleSeries(clients, workload), start },
      ]),
      forSeconds: 300,
      summary: `${workload.job} has {{ $value }} connections of the ${admitted} that it admits.`,
      impact: "None yet. At the limit, pods that start get no connection to it.",
      keys: [key, "retrofitlink:services"],
    },
    {
      ...common,
      name: "RedisConnectionsRejected",
      tier: "P1",
      ...grew("redis_rejected_connections_total", seriesOf(workload)),
      forSeconds: 0,
      summary: `${workload.job} turned connections away: it admits ${admitted}.`,
      impact: "Some requests do without it: a cache's take longer, a session's fail.",
      keys: [key, "retrofitlink:services"],
    },
  ];
}

/** A store of sessions refuses what is new rather than forget what is old: both have to be seen. */
function sessionAlerts(watch: CacheWatch): Alert[] {
  const { workload, key, budget } = watch;
  const common = commonOf(watch);
  const { warning, critical } = budget.memoryUtilization;
  const keys = [`${key}.workingSetMiB`, "retrofitlink:budget.memoryUtilization"];
  const [used, most] = ["redis_memory_used_bytes", "redis_memory_max_bytes"] as const;
  const full = (step: string, tier: Alert["tier"], threshold: number): Alert => ({
    ...common,
    name: "SessionStoreFull",
    labels: { ...common.labels, step },
    tier,
    ...gauge(
      `max(${used}{${seriesOf(workload)}} / ${most}{${seriesOf(workload)}})`,
      ">",
      threshold,
      (share) => [
        { series: exampleSeries(used, workload), start: share * 1e9 },
        { series: exampleSeries(most, workload), start: 1e9 },
      ],
    ),
    forSeconds: 300,
    summary: `${workload.job} has used {{ $value | humanizePercentage }} of its memory.`,
    impact: "None yet. When it is full, nobody new can log in.",
    keys,
  });
  return [
    full("warning", "P2", warning),
    full("critical", "P1", critical),
    {
      ...common,
      name: "SessionsRefused",
      tier: "P0",
      ...grew("redis_errors_total", seriesOf(workload, 'err="OOM"')),
      forSeconds: 0,
      summary: `${workload.job} is full and refuses writes.`,
      impact: "Nobody new can log in, and what people do is not kept with their session.",
      keys,
    },
    {
      ...common,
      name: "SessionsEvicted",
      tier: "P1",
      ...grew("redis_evicted_keys_total", seriesOf(workload)),
      forSeconds: 0,
      summary: `${workload.job} evicts sessions, which its settings forbid.`,
      impact: "People are logged out in the middle of their work.",
      keys,
    },
  ];
}

function replicationAlerts(watch: CacheWatch): Alert[] {
  const { workload, plan, key } = watch;
  const common = { ...commonOf(watch), keys: [key] };
  const members = plan.numbers.members.value;
  const up = `redis_up{${seriesOf(workload)}}`;
  const slaves = "redis_connected_slaves";
  const sentinels = sentinelsOf(workload);
  const ok = "redis_sentinel_master_ok_sentinels";
  const primary = (pod: number): string =>
    `redis_instance_info{${seriesOf(workload, 'role="master"')},pod="${workload.job}-${pod}"}`;
  return [
    {
      ...common,
      name: "RedisMemberDown",
      tier: "P1",
      ...gauge(`sum(${up}) or vector(0)`, "<", members, (start) => [
        { series: exampleSeries("redis_up", workload), start },
      ]),
      forSeconds: 300,
      summary: `{{ $value }} of ${members} members of ${workload.job} answer.`,
      impact: "None yet. One more, and it takes no writes.",
    },
    {
      ...common,
      name: "RedisReplicationBroken",
      tier: "P1",
      ...gauge(`max(${slaves}{${seriesOf(workload)}})`, "<", members - 1, (start) => [
        { series: exampleSeries(slaves, workload), start },
      ]),
      forSeconds: 300,
      summary: `The primary of ${workload.job} has {{ $value }} of ${members - 1} replicas.`,
      impact: "None yet. What was written last is lost if the primary fails now.",
    },
    {
      ...common,
      name: "RedisTwoPrimaries",
      tier: "P0",
      ...state(
        `count(redis_instance_info{${seriesOf(workload, 'role="master"')}}) > 1`,
        { [primary(0)]: 1, [primary(1)]: 1 },
        { [primary(0)]: 1 },
      ),
      // Sentinels tell the old primary of a fail-over within seconds of its return.
      forSeconds: 60,
      summary: `{{ $value }} members of ${workload.job} take themselves for the primary.`,
      impact: "What is written to one of them is lost when they find each other.",
    },
    {
      ...common,
      name: "SentinelQuorumLost",
      tier: "P1",
      ...gauge(`max(${ok}{${seriesOf(sentinels)}}) or vector(0)`, "<", QUORUM, (start) => [
        { series: exampleSeries(ok, sentinels, 'master_name="one"'), start },
      ]),
      forSeconds: 120,
      summary: `{{ $value }} of ${MEMBERS} Sentinels of ${workload.job} agree; ${QUORUM} are needed.`,
      impact: "None yet. If the primary fails now, nothing takes its place.",
    },
  ];
}

function panelsOf(watch: CacheWatch): Panel[] {
  const { workload, plan, purpose, budget } = watch;
  const { job } = workload;
  const { maxClients, members } = plan.numbers;
  const of = (metric: string, more?: string): string => `${metric}{${seriesOf(workload, more)}}`;
  const panel = (
    name: string,
    title: string,
    description: string,
    rest: Pick<Panel, "unit" | "queries" | "bounds" | "kind">,
  ): Panel => ({
    id: `redis-${job}-${name}`,
    dashboard: "redis",
    row: job,
    // Each title is there once among all dashboards.
    title: `${title}: ${job}`,
    description,
    ...rest,
  });
  const panels = [
    panel("members", "Members that answer", `Has to be ${members.value}.`, {
      unit: "count",
      kind: "stat",
      queries: [{ expr: `sum(${of("redis_up")})`, legend: "members" }],
      bounds: [{ value: members.value, worseWhen: "lower", label: "promise" }],
    }),
    panel(
      "commands",
      "Commands",
      "What the server does; a cliff at steady traffic is a cache that is not asked.",
      {
        unit: "operations/s",
        queries: [{ expr: `job:redis_commands:rate5m{${seriesOf(workload)}}`, legend: "commands" }],
      },
    ),
    panel(
      "memory",
      "Memory",
      purpose === "session"
        ? "Share of maxmemory. At 100 % it refuses writes."
        : "Share of maxmemory. A cache that is full evicts what is asked for least; that is no fault.",
      {
        unit: "ratio",
        queries: [
          { expr: `${of("redis_memory_used_bytes")} / ${of("redis_memory_max_bytes")}`, legend: "{{pod}}" },
        ],
        ...(purpose === "session"
          ? {
              bounds: [
                { value: budget.memoryUtilization.warning, worseWhen: "higher", label: "warning" },
                { value: budget.memoryUtilization.critical, worseWhen: "higher", label: "alarm" },
              ],
            }
          : {}),
      },
    ),
    panel(
      "clients",
      "Connections",
      `It admits ${maxClients.value}; a sawtooth is a client that does not pool.`,
      {
        unit: "count",
        queries: [{ expr: of("redis_connected_clients"), legend: "{{pod}}" }],
        bounds: [
          { value: CONNECTIONS_SHARE * maxClients.value, worseWhen: "higher", label: "alarm" },
          { value: maxClients.value, worseWhen: "higher", label: "admitted" },
        ],
      },
    ),
    panel(
      "lost",
      "Keys that went",
      "Expired and evicted keys. Evictions that rise mean a working set above plan.",
      {
        unit: "operations/s",
        queries: [
          { expr: `sum(rate(${of("redis_expired_keys_total")}[5m]))`, legend: "expired" },
          { expr: `sum(rate(${of("redis_evicted_keys_total")}[5m]))`, legend: "evicted" },
        ],
      },
    ),
    panel(
      "lookups",
      "Look-ups of the server",
      "Hits and misses as the server counts them, those of locks and tags among them.",
      {
        unit: "operations/s",
        queries: [
          { expr: `sum(rate(${of("redis_keyspace_hits_total")}[5m]))`, legend: "hits" },
          { expr: `sum(rate(${of("redis_keyspace_misses_total")}[5m]))`, legend: "misses" },
        ],
      },
    ),
  ];
  if (!isReplicated(watch)) return panels;
  return [
    ...panels,
    panel(
      "replicas",
      "Replicas of the primary",
      "Below the number of members less one, a fail-over loses writes.",
      {
        unit: "count",
        queries: [{ expr: `max(${of("redis_connected_slaves")})`, legend: "replicas" }],
        bounds: [{ value: members.value - 1, worseWhen: "lower", label: "alarm" }],
      },
    ),
    panel("sentinels", "Sentinels that agree", `At least ${QUORUM} have to, or nothing replaces a primary.`, {
      unit: "count",
      queries: [
        {
          expr: `max(redis_sentinel_master_ok_sentinels{${seriesOf(sentinelsOf(workload))}})`,
          legend: "Sentinels",
        },
      ],
      bounds: [{ value: QUORUM, worseWhen: "lower", label: "alarm" }],
    }),
  ];
}
