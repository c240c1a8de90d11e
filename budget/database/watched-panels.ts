/** The panels of the database in the cluster, on the dashboard "mongodb". */
import { CONNECTIONS_SHARE } from "../monitoring/conditions";
import type { Panel, PanelBound } from "../monitoring/panel";
import { seriesOf, type Workload } from "../monitoring/series";
import type { DatabaseNumbers } from "./numbers";

/** Matchers of the two kinds of pods: those with data, config servers among them, and the routers. */
export interface MongoDbPods {
  readonly data: string;
  readonly routers: string;
}

/** Bounds of alerts that are drawn in. */
export interface DrawnBounds {
  readonly lagSeconds: number;
  readonly oplogSeconds: number;
  readonly dirtyShare: number;
}

export function mongoDbPanels(
  workload: Workload,
  pods: MongoDbPods,
  numbers: DatabaseNumbers,
  bounds: DrawnBounds,
): Panel[] {
  const all = seriesOf(workload);
  return [
    panel("members", "Cluster", "Members and routers that answer", "The plan's numbers are the bounds.", {
      unit: "count",
      queries: [
        { expr: `sum(mongodb_up{${pods.data}})`, legend: "members" },
        { expr: `sum(mongodb_up{${pods.routers}})`, legend: "routers" },
      ],
      bounds: [
        { value: numbers.members.value, worseWhen: "lower", label: "members planned" },
        { value: numbers.routers.value, worseWhen: "lower", label: "routers planned" },
      ],
    }),
    panel("operations", "Cluster", "Operations", "What the routers are asked, by kind.", {
      unit: "operations/s",
      queries: [{ expr: `job:mongodb_operations:rate5m{${all}}`, legend: "{{legacy_op_type}}" }],
    }),
    connections("routers", pods.routers, numbers.maxClients.value),
    connections("members", pods.data, numbers.memberConnections.value),
    ...memberPanels(pods.data, bounds),
    ...replicationPanels(pods.data, all, numbers, bounds),
  ];
}

function panel(
  name: string,
  row: string,
  title: string,
  description: string,
  rest: Pick<Panel, "unit" | "queries" | "bounds" | "kind">,
): Panel {
  return { id: `mongodb-${name}`, dashboard: "mongodb", row, title, description, ...rest };
}

function connections(part: "routers" | "members", matchers: string, admitted: number): Panel {
  const above = (value: number, label: string): PanelBound => ({ value, worseWhen: "higher", label });
  return panel(
    `connections-${part}`,
    "Cluster",
    `Connections of the ${part}`,
    `Each admits ${admitted}. A wave that does not ebb is a pool that leaks.`,
    {
      unit: "count",
      queries: [{ expr: `mongodb_ss_connections{${matchers},conn_type="current"}`, legend: "{{pod}}" }],
      bounds: [above(CONNECTIONS_SHARE * admitted, "alarm"), above(admitted, "admitted")],
    },
  );
}

function memberPanels(data: string, { dirtyShare }: DrawnBounds): Panel[] {
  const share = (metric: string): string =>
    `mongodb_ss_wt_cache_${metric}{${data}} / mongodb_ss_wt_cache_maximum_bytes_configured{${data}}`;
  const row = "Members";
  return [
    panel(
      "latency",
      row,
      "Time of an operation",
      "Mean, of reads, writes and commands, inside the members.",
      {
        unit: "seconds",
        queries: [
          {
            expr:
              `sum by (op_type) (rate(mongodb_ss_opLatencies_latency{${data}}[5m]))` +
              ` / (sum by (op_type) (rate(mongodb_ss_opLatencies_ops{${data}}[5m])) > 0) / 1e6`,
            legend: "{{op_type}}",
          },
        ],
      },
    ),
    panel("tickets", row, "Tickets in use", "Operations that run inside the storage engine at once.", {
      unit: "count",
      queries: [
        {
          expr: `max by (pod, txn_rw) (mongodb_ss_wt_concurrentTransactions_out{${data}})`,
          legend: "{{pod}} {{txn_rw}}",
        },
      ],
    }),
    panel(
      "queue",
      row,
      "Operations that wait",
      "For a ticket or a lock. More than a few for minutes is overload.",
      {
        unit: "count",
        queries: [
          {
            expr: `mongodb_ss_globalLock_currentQueue{${data},count_type="total"}`,
            legend: "{{pod}}",
          },
        ],
      },
    ),
    panel("dirty", row, "Dirty share of the cache", "What waits to be written. At 20 % queries write, too.", {
      unit: "ratio",
      queries: [{ expr: share("tracked_dirty_bytes_in_the_cache"), legend: "{{pod}}" }],
      bounds: [{ value: dirtyShare, worseWhen: "higher", label: "alarm" }],
    }),
    panel("cache", row, "Cache in use", "80 % is full: above it WiredTiger evicts what is still needed.", {
      unit: "ratio",
      queries: [{ expr: share("bytes_currently_in_the_cache"), legend: "{{pod}}" }],
    }),
    panel(
      "reads",
      row,
      "Bytes read into the cache",
      "Above what the volume gives, the working set is larger than planned.",
      {
        unit: "bytes/s",
        queries: [
          { expr: `rate(mongodb_ss_wt_cache_bytes_read_into_cache{${data}}[5m])`, legend: "{{pod}}" },
        ],
      },
    ),
  ];
}

function replicationPanels(
  data: string,
  all: string,
  { backups }: DatabaseNumbers,
  { lagSeconds, oplogSeconds }: DrawnBounds,
): Panel[] {
  const row = "Replication and backups";
  const panels = [
    panel("lag", row, "Lag", "How far members are behind their primary. Saw teeth are checkpoints.", {
      unit: "seconds",
      queries: [
        {
          expr: `max by (name) (mongodb_mongod_replset_member_replication_lag{${data}})`,
          legend: "{{name}}",
        },
      ],
      bounds: [{ value: lagSeconds, worseWhen: "higher", label: "alarm" }],
    }),
    panel("oplog", row, "Oplog", "How long a member may be away. It shrinks when more is written.", {
      unit: "seconds",
      queries: [
        {
          expr:
            `min by (pod) (mongodb_mongod_replset_oplog_head_timestamp{${data}}` +
            ` - mongodb_mongod_replset_oplog_tail_timestamp{${data}})`,
          legend: "{{pod}}",
        },
      ],
      bounds: [{ value: oplogSeconds, worseWhen: "lower", label: "alarm" }],
    }),
  ];
  if (backups.value === 0) return panels;
  return [
    ...panels,
    panel("backup", row, "Age of the last backup", "Up to a day is as planned.", {
      unit: "seconds",
      kind: "stat",
      queries: [
        {
          expr: `time() - max(mongodb_pbm_backup_last_transition_ts{${all},status="done"})`,
          legend: "last backup",
        },
      ],
    }),
  ];
}
