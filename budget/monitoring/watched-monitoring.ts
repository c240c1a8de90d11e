/** Who watches the watchers: Prometheus, Alertmanager and their targets. */
import type { Alert } from "./alert";
import { gauge, state } from "./conditions";
import { NOTHING_WATCHED, type Watched } from "./watched";

/** What the watch of the monitoring follows from. */
export interface MonitoringWatch {
  /** Of the stack, and of Prometheus and Alertmanager. */
  readonly namespace: string;
  readonly monitoringNamespace: string;
  /** Members of Alertmanager, whole number >= 1. */
  readonly alertmanagers: number;
}

/** Share of a workload's targets that may be away: one of many is a restart. */
const TARGETS_SHARE = 0.1;

/**
 * Fires at all times, for the dead-man's switch: whoever gets it raises the alarm when it stops. It belongs into no test of
 * alerts that can be silent, and its receiver has to be one outside of the cluster.
 */
export const WATCHDOG: Alert = {
  name: "Watchdog",
  tier: "P2",
  noun: "monitoring",
  dashboard: "performance",
  condition: { kind: "state", expr: "vector(1)", firing: [], silent: [] },
  forSeconds: 0,
  windowSeconds: 0,
  summary: "Alerts reach their receivers.",
  impact: "None: it fires at all times. When it stops, no other alert arrives either.",
  keys: ["retrofitlink:monitoring"],
};

const COMMON = {
  noun: "monitoring",
  dashboard: "performance",
  keys: ["retrofitlink:monitoring"],
} as const;

/** What {@link WATCHDOG} is not: alerts of which each is silent while all is well. */
export function watchMonitoring(watch: MonitoringWatch): Watched {
  return { ...NOTHING_WATCHED, alerts: [...targets(watch), ...prometheus(watch), ...alertmanager(watch)] };
}

function targets({ namespace, monitoringNamespace }: MonitoringWatch): Alert[] {
  const up = `up{namespace=~"${namespace}|${monitoringNamespace}"}`;
  const one = (pod: string): string => `up{namespace="${namespace}",job="backend",pod="${pod}"}`;
  return [
    {
      ...COMMON,
      name: "TargetsDown",
      subject: "{{ $labels.job }}",
      tier: "P1",
      ...gauge(`1 - avg by (namespace, job) (${up})`, ">", TARGETS_SHARE, (share) => [
        { series: one("backend-0"), start: 1 - share },
      ]),
      forSeconds: 600,
      summary: "{{ $value | humanizePercentage }} of the targets of {{ $labels.job }} cannot be scraped.",
      impact: "None, but other alerts about it are blind.",
    },
  ];
}

/** A counter that grew, of any instance: which one is in the alert's labels. */
function growing(counter: string, matchers: string): Pick<Alert, "condition" | "windowSeconds"> {
  const series = `${counter}{${matchers},pod="one"}`;
  return {
    condition: {
      kind: "state",
      expr: `sum by (pod) (increase(${counter}{${matchers}}[15m])) > 0`,
      firing: [{ series, perMinute: 5 }],
      silent: [{ series, start: 5 }],
    },
    windowSeconds: 900,
  };
}

function prometheus({ monitoringNamespace }: MonitoringWatch): Alert[] {
  const of = `namespace="${monitoringNamespace}"`;
  const loaded = `prometheus_config_last_reload_successful{${of}`;
  const [took, interval] = [
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_rule_group_interval_seconds",
  ] as const;
  const group = `{${of},pod="one",rule_group="a"}`;
  return [
    {
      ...COMMON,
      name: "PrometheusReloadFailed",
      tier: "P2",
      ...state(`${loaded}} == 0`, { [`${loaded},pod="one"}`]: 0 }, { [`${loaded},pod="one"}`]: 1 }),
      forSeconds: 600,
      summary: "Prometheus does not take its new configuration.",
      impact: "None. New rules and targets do not count until it does.",
    },
    {
      ...COMMON,
      name: "PrometheusRulesFail",
      tier: "P1",
      ...growing("prometheus_rule_evaluation_failures_total", of),
      forSeconds: 300,
      summary: "Rules of Prometheus on {{ $labels.pod }} cannot be evaluated.",
      impact: "None, but some alerts do not fire.",
    },
    {
      ...COMMON,
      name: "PrometheusRulesSlow",
      tier: "P2",
      ...state(
        `${took}{${of}} > ${interval}{${of}}`,
        { [`${took}${group}`]: 31, [`${interval}${group}`]: 30 },
        { [`${took}${group}`]: 1, [`${interval}${group}`]: 30 },
      ),
      forSeconds: 900,
      summary: "Rules take longer than their interval: {{ $labels.rule_group }}.",
      impact: "None. Alerts come late.",
    },
    {
      ...COMMON,
      name: "PrometheusNotificationsDropped",
      tier: "P1",
      ...growing("prometheus_notifications_dropped_total", of),
      forSeconds: 300,
      summary: "Prometheus on {{ $labels.pod }} cannot tell Alertmanager of its alerts.",
      impact: "None, but nobody may be told of what hurts users.",
    },
  ];
}

function alertmanager({ monitoringNamespace, alertmanagers }: MonitoringWatch): Alert[] {
  const of = `namespace="${monitoringNamespace}"`;
  const loaded = `alertmanager_config_last_reload_successful{${of}`;
  const members = "alertmanager_cluster_members";
  return [
    {
      ...COMMON,
      name: "AlertmanagerReloadFailed",
      tier: "P1",
      ...state(`${loaded}} == 0`, { [`${loaded},pod="one"}`]: 0 }, { [`${loaded},pod="one"}`]: 1 }),
      forSeconds: 600,
      summary: "Alertmanager does not take its new configuration.",
      impact: "None. Alerts go where they went before.",
    },
    {
      ...COMMON,
      name: "AlertmanagerNotificationsFail",
      tier: "P1",
      ...growing("alertmanager_notifications_failed_total", of),
      forSeconds: 300,
      summary: "Alertmanager on {{ $labels.pod }} cannot reach one of its receivers.",
      impact: "None, but somebody is not told.",
    },
    // One that is alone has nobody to miss.
    ...(alertmanagers > 1
      ? [
          {
            ...COMMON,
            name: "AlertmanagerMembersMissing",
            tier: "P2",
            ...gauge(`min(${members}{${of}}) or vector(0)`, "<", alertmanagers, (start) => [
              { series: `${members}{${of},pod="one"}`, start },
            ]),
            forSeconds: 900,
            summary: `Alertmanager sees {{ $value }} of its ${alertmanagers} members.`,
            impact: "None. Somebody may be told twice.",
          } satisfies Alert,
        ]
      : []),
  ];
}
