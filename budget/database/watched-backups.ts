/**
 * Backups: that there is one, that it is young, and that somebody has tried to restore one.
 *
 * Percona's agent tells the exporter of its backups. Of restores only the operator's objects tell; kube-state-metrics makes
 * series of them where it is given {@link RESTORE_STATE_METRICS}.
 */
import type { Alert, ExampleSeries } from "../monitoring/alert";
import { exampleSeries, gauge, state } from "../monitoring/conditions";
import { seriesOf, type Workload } from "../monitoring/series";

const DAY_SECONDS = 86_400;

/** Backups are daily; a quarter of a day is for one that takes long, seconds. */
export const OLDEST_BACKUP_SECONDS = 1.25 * DAY_SECONDS;

/** A restore is tried every month, and a few days later it is late, seconds. */
export const OLDEST_RESTORE_SECONDS = 35 * DAY_SECONDS;

const RESTORES = { prefix: "psmdb_restore", name: "completed_timestamp_seconds" } as const;

/**
 * What kube-state-metrics is told of restores, as its `CustomResourceStateMetrics` has it: when one was completed, and how it
 * ended. The object of a restore is made in the cluster that was restored, which need not be this one.
 */
export const RESTORE_STATE_METRICS = {
  kind: "CustomResourceStateMetrics",
  spec: {
    resources: [
      {
        groupVersionKind: { group: "psmdb.percona.com", version: "v1", kind: "PerconaServerMongoDBRestore" },
        metricNamePrefix: RESTORES.prefix,
        labelsFromPath: {
          name: ["metadata", "name"],
          namespace: ["metadata", "namespace"],
          state: ["status", "state"],
        },
        metrics: [
          {
            name: RESTORES.name,
            help: "When a restore of a MongoDB was completed",
            each: { type: "Gauge", gauge: { path: ["status", "completed"] } },
          },
        ],
      },
    ],
  },
} as const;

/** @param days for which backups are kept, > 0 @param restores kube-state-metrics tells of them */
export function backupAlerts(workload: Workload, days: number, restores: boolean): Alert[] {
  const common = {
    noun: "database",
    dashboard: "mongodb",
    keys: ["retrofitlink:database.backup"],
  } as const;
  const [backup, done] = ["mongodb_pbm_backup_last_transition_ts", 'status="done"'] as const;
  const ended = `${backup}{${seriesOf(workload, done)}}`;
  return [
    {
      ...common,
      name: "DatabaseBackupOld",
      tier: "P1",
      ...gauge(
        `time() - max(${ended})`,
        ">",
        OLDEST_BACKUP_SECONDS,
        aged(exampleSeries(backup, workload, done)),
      ),
      forSeconds: 600,
      summary: "The last backup is {{ $value | humanizeDuration }} old.",
      impact: "None. What is deleted by mistake today cannot be had back in full.",
    },
    {
      ...common,
      name: "DatabaseBackupUnknown",
      tier: "P1",
      ...state(
        `absent(${ended}) and on () (max(mongodb_up{${seriesOf(workload)}}) == 1)`,
        { [exampleSeries("mongodb_up", workload)]: 1 },
        {
          [exampleSeries("mongodb_up", workload)]: 1,
          [exampleSeries(backup, workload, done)]: 1,
        },
      ),
      // A new cluster makes its first one within a day.
      forSeconds: OLDEST_BACKUP_SECONDS,
      summary: "There is no backup, or nobody can say so.",
      impact: `None. But ${days} days of backups were promised.`,
    },
    ...(restores ? [restoreAlert(common)] : []),
  ];
}

/** Time goes on, and the moment stays: what is so many seconds old. */
function aged(series: string): (seconds: number) => ExampleSeries[] {
  return (seconds) => [{ series, start: -seconds, perMinute: 60 }];
}

function restoreAlert(common: Pick<Alert, "noun" | "dashboard" | "keys">): Alert {
  const restored = `${RESTORES.prefix}_${RESTORES.name}`;
  const ready = 'state="ready"';
  return {
    ...common,
    name: "DatabaseRestoreUntested",
    tier: "P2",
    // Where there was none, the time of none is the beginning of time: it is late at once.
    ...gauge(
      `time() - (max(${restored}{${ready}}) or vector(0))`,
      ">",
      OLDEST_RESTORE_SECONDS,
      aged(`${restored}{name="monthly",${ready}}`),
    ),
    forSeconds: 3600,
    summary: "The last restore that was tried is {{ $value | humanizeDuration }} ago.",
    impact: "None. A backup that nobody has restored is a hope.",
  };
}
