/**
 * What is watched of the database. Of the one in the cluster by the series of percona/mongodb_exporter 0.47, which runs with
 * `--collect-all --compatible-mode` beside every member and router; of Atlas, whose own metrics stay in Atlas, only what its
 * clients see, {@link watchDatabaseClients}.
 */
import type { Alert } from "../monitoring/alert";
import { CONNECTIONS_SHARE, exampleSeries, gauge, state } from "../monitoring/conditions";
import { seriesOf, type Workload } from "../monitoring/series";
import { NOTHING_WATCHED, together, type Watched } from "../monitoring/watched";
import { backupAlerts } from "./watched-backups";
import { watchDatabaseClients, type DatabaseClientsWatch } from "./watched-clients";
import { mongoDbPanels, type MongoDbPods } from "./watched-panels";
import type { DatabaseNumbers, DatabasePlan } from "./numbers";

/** What the watch of a database follows from. */
export interface DatabaseWatch extends DatabaseClientsWatch {
  /** Name of the custom resource, of which the names of the pods begin. */
  readonly name: string;
  /** The plan of the one in the cluster. @default undefined: it is Atlas's */
  readonly plan?: DatabasePlan | undefined;
  /** kube-state-metrics was given `RESTORE_STATE_METRICS`. @default false: nobody knows of restores */
  readonly restores?: boolean | undefined;
}

/** Share of the tickets below which operations wait for one another. */
const LEAST_TICKETS = 0.1;

/** Dirty share of the cache: WiredTiger lets queries write pages at 20 %, and has to have begun long before. */
const DIRTY_SHARE = 0.15;

/** Lag, seconds: read replicas that are 90 s behind are no longer asked. */
const LAG_SECONDS = 60;

/** A member that was away for longer than its oplog reaches has to copy everything. A night and a working day, seconds. */
export const OPLOG_SECONDS = 86_400;

/** Everything about the database of a stack. */
export function watchDatabase(watch: DatabaseWatch): Watched {
  const clients = watchDatabaseClients(watch);
  const { plan } = watch;
  if (plan === undefined) return clients;
  const members = membersOf(watch);
  const { numbers } = plan;
  return together([
    clients,
    {
      ...NOTHING_WATCHED,
      rules: [
        {
          record: "job:mongodb_operations:rate5m",
          expr: `sum by (namespace, job, legacy_op_type) (rate(mongodb_ss_opcounters{${members.routers}}[5m]))`,
        },
      ],
      alerts: [
        ...availability(watch, members, numbers),
        ...connections(watch, members, numbers),
        ...storage(watch, members),
        ...replication(watch, members),
        ...(numbers.backups.value > 0
          ? backupAlerts(watch.workload, numbers.backups.value, watch.restores ?? false)
          : []),
      ],
      panels: mongoDbPanels(watch.workload, members, numbers, {
        lagSeconds: LAG_SECONDS,
        oplogSeconds: OPLOG_SECONDS,
        dirtyShare: DIRTY_SHARE,
      }),
    },
  ]);
}

/** The operator calls pods `<name>-optimized-0`, `<name>-cfg-0` and `<name>-mongos-0`. */
function membersOf({ workload, name }: DatabaseWatch): MongoDbPods {
  return {
    data: seriesOf(workload, `pod!~"${name}-mongos-.*"`),
    routers: seriesOf(workload, `pod=~"${name}-mongos-.*"`),
  };
}

const COMMON = { noun: "database", dashboard: "mongodb", keys: ["retrofitlink:database"] } as const;

/** A series of a router, for an example. */
function ofRouter(metric: string, { namespace, job }: Workload, name: string, more?: string): string {
  return `${metric}{${seriesOf({ namespace, job }, more)},pod="${name}-mongos-0"}`;
}

function availability(watch: DatabaseWatch, pods: MongoDbPods, numbers: DatabaseNumbers): Alert[] {
  const { workload, name } = watch;
  const routerUp = ofRouter("mongodb_up", workload, name);
  const memberUp = exampleSeries("mongodb_up", workload);
  const myState = "mongodb_mongod_replset_my_state";
  const primary = exampleSeries(myState, workload, 'set="optimized"');
  // Routers have the series too, without a set.
  const sets = `count by (set) (${myState}{${pods.data},set!=""}`;
  return [
    {
      ...COMMON,
      name: "DatabaseDown",
      tier: "P0",
      ...state(`(max(mongodb_up{${pods.routers}}) or vector(0)) == 0`, { [routerUp]: 0 }, { [routerUp]: 1 }),
      forSeconds: 60,
      summary: "No router of the database answers.",
      impact: "Everything that is not in a cache fails.",
    },
    {
      ...COMMON,
      name: "DatabaseShardWithoutPrimary",
      tier: "P0",
      ...state(`${sets}) unless ${sets} == 1)`, { [primary]: 2 }, { [primary]: 1 }),
      // An election takes 12 s at most: ten until the primary is missed, two to vote.
      forSeconds: 60,
      summary: "Replica set {{ $labels.set }} has no primary.",
      impact: "Nothing of this shard can be written; of the config servers: nothing can be sharded anew.",
    },
    ...(
      [
        ["members", pods.data, numbers.members.value, memberUp],
        ["routers", pods.routers, numbers.routers.value, routerUp],
      ] as const
    ).map(([part, matchers, planned, series]): Alert => ({
      ...COMMON,
      name: "DatabaseMemberDown",
      labels: { part },
      tier: "P1",
      ...gauge(`sum(mongodb_up{${matchers}}) or vector(0)`, "<", planned, (start) => [{ series, start }]),
      forSeconds: 300,
      summary: `{{ $value }} of ${planned} ${part} of the database answer.`,
      impact: "None yet. The next one that is lost may stop writes.",
    })),
  ];
}

function connections(watch: DatabaseWatch, pods: MongoDbPods, numbers: DatabaseNumbers): Alert[] {
  const { workload, name } = watch;
  const open = "mongodb_ss_connections";
  const current = 'conn_type="current"';
  const parts = [
    [
      "routers",
      pods.routers,
      numbers.maxClients.value,
      ofRouter(open, workload, name, current),
      "retrofitlink:services",
    ],
    [
      "members",
      pods.data,
      numbers.memberConnections.value,
      exampleSeries(open, workload, current),
      "retrofitlink:database.routers",
    ],
  ] as const;
  return parts.map(([part, matchers, admitted, series, key]): Alert => ({
    ...COMMON,
    name: "DatabaseConnectionsHigh",
    labels: { part },
    tier: "P1",
    ...gauge(`max(${open}{${matchers},${current}})`, ">", CONNECTIONS_SHARE * admitted, (start) => [
      { series, start },
    ]),
    forSeconds: 300,
    summary: `One of the ${part} has {{ $value }} connections of the ${admitted} that it admits.`,
    impact: "None yet. At the limit new connections are refused, those of the probes among them.",
    keys: ["retrofitlink:database", key],
  }));
}

function storage({ workload }: DatabaseWatch, pods: MongoDbPods): Alert[] {
  const [free, all] = [
    "mongodb_ss_wt_concurrentTransactions_available",
    "mongodb_ss_wt_concurrentTransactions_totalTickets",
  ] as const;
  const read = 'txn_rw="read"';
  const [dirty, cache] = [
    "mongodb_ss_wt_cache_tracked_dirty_bytes_in_the_cache",
    "mongodb_ss_wt_cache_maximum_bytes_configured",
  ] as const;
  const shareOf = (part: string, whole: string): string => `${part}{${pods.data}} / ${whole}{${pods.data}}`;
  return [
    {
      ...COMMON,
      name: "DatabaseTicketsExhausted",
      tier: "P1",
      ...gauge(`min(${shareOf(free, all)})`, "<", LEAST_TICKETS, (share) => [
        { series: exampleSeries(free, workload, read), start: share * 1000 },
        { series: exampleSeries(all, workload, read), start: 1000 },
      ]),
      forSeconds: 300,
      summary: "A member has {{ $value | humanizePercentage }} of its tickets left.",
      impact: "Queries wait for one another: answers get slower by the minute.",
      keys: ["retrofitlink:database.cpuCores"],
    },
    {
      ...COMMON,
      name: "DatabaseCacheDirty",
      tier: "P1",
      ...gauge(`max(${shareOf(dirty, cache)})`, ">", DIRTY_SHARE, (share) => [
        { series: exampleSeries(dirty, workload), start: share * 1e9 },
        { series: exampleSeries(cache, workload), start: 1e9 },
      ]),
      forSeconds: 300,
      summary: "{{ $value | humanizePercentage }} of a member's cache waits to be written.",
      impact: "At 20 % queries write pages themselves, and every one of them gets slow.",
      keys: ["retrofitlink:database.workingSetGiB", "retrofitlink:database.disk"],
    },
  ];
}

function replication({ workload }: DatabaseWatch, pods: MongoDbPods): Alert[] {
  const lag = "mongodb_mongod_replset_member_replication_lag";
  const [head, tail] = [
    "mongodb_mongod_replset_oplog_head_timestamp",
    "mongodb_mongod_replset_oplog_tail_timestamp",
  ] as const;
  const uptime = "mongodb_ss_uptime";
  const window = `(${head}{${pods.data}} - ${tail}{${pods.data}})`;
  return [
    {
      ...COMMON,
      name: "DatabaseReplicationLag",
      tier: "P1",
      ...gauge(`max(${lag}{${pods.data}})`, ">", LAG_SECONDS, (start) => [
        { series: exampleSeries(lag, workload, 'set="optimized",state="SECONDARY"'), start },
      ]),
      forSeconds: 120,
      summary: "A member is {{ $value | humanizeDuration }} behind its primary.",
      impact: "Lists and reports show what was true before; beyond 90 s the primary has to answer them, too.",
      keys: ["retrofitlink:database.readReplicas", "retrofitlink:database.disk"],
    },
    {
      ...COMMON,
      name: "DatabaseOplogShort",
      tier: "P2",
      // The oplog of a member that is younger than that cannot reach further back than the member.
      ...gauge(
        `min(${window} and on (pod) (${uptime}{${pods.data}} > ${OPLOG_SECONDS}))`,
        "<",
        OPLOG_SECONDS,
        (seconds) => [
          { series: exampleSeries(head, workload), start: 1e6 + seconds },
          { series: exampleSeries(tail, workload), start: 1e6 },
          { series: exampleSeries(uptime, workload), start: 2 * OPLOG_SECONDS },
        ],
      ),
      forSeconds: 3600,
      summary: "The oplog of a member reaches {{ $value | humanizeDuration }} back.",
      impact: "None yet. A member that is away for longer than that has to copy everything.",
      keys: ["retrofitlink:database.dataGiB"],
    },
  ];
}
