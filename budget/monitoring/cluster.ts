/**
 * What is watched of the cluster under a stack, by kube-state-metrics 2 and the kubelets, as far as it belongs to no service:
 * containers, volumes, rollouts, certificates, nodes, Jobs.
 */
import type { Alert } from "./alert";
import { gauge, state } from "./conditions";
import { watchMonitoring, type MonitoringWatch } from "./watched-monitoring";
import { NOTHING_WATCHED, together, type Watched } from "./watched";

/** What the watch of the cluster follows from. */
export interface ClusterWatch extends MonitoringWatch {
  /** Of the stack. */
  readonly namespace: string;
  /** Services, whose pods are watched as theirs. @default none */
  readonly services?: readonly string[] | undefined;
  /** Name of the Job that applies the data model. @default none */
  readonly dataModelJob?: string | undefined;
}

/** Shares of a volume: at the first there is time to order a larger one, at the second there is little, 0..1. */
export const VOLUME_SHARES = { warning: 0.8, critical: 0.9 } as const;

/** cert-manager renews with a third of the lifetime left, 30 of 90 days: later it has failed for weeks. Seconds. */
export const CERTIFICATE_SECONDS = { warning: 14 * 86_400, critical: 3 * 86_400 } as const;

/** Restarts of a container in an hour from which it is a loop. */
const RESTARTS = 3;

/** Everything about the cluster and about who watches it; once for a stack. */
export function watchCluster(watch: ClusterWatch): Watched {
  return together([
    {
      ...NOTHING_WATCHED,
      alerts: [...pods(watch), ...rollouts(watch), ...storage(watch), ...nodes(), ...jobs(watch)],
      panels: [],
    },
    watchMonitoring(watch),
  ]);
}

const COMMON = {
  noun: "cluster",
  dashboard: "performance",
  keys: ["retrofitlink:cluster"],
} as const;

/** Matcher of all pods but those of some workloads. */
function podsBut(workloads: readonly string[]): string {
  return workloads.length === 0 ? "" : `,pod!~"(${workloads.join("|")})-.*"`;
}

function pods({ namespace, services = [] }: ClusterWatch): Alert[] {
  const on = "on (namespace, pod, container)";
  const killed = `kube_pod_container_status_last_terminated_reason{namespace="${namespace}",reason="OOMKilled"}`;
  const restarts = `kube_pod_container_status_restarts_total{namespace="${namespace}"}`;
  const others = `kube_pod_container_status_restarts_total{namespace="${namespace}"${podsBut(services)}}`;
  const one = `namespace="${namespace}",pod="redis-session-0",container="redis"`;
  const killedOne = {
    series: `kube_pod_container_status_last_terminated_reason{${one},reason="OOMKilled"}`,
    start: 1,
  };
  const restartsOf = `kube_pod_container_status_restarts_total{${one}}`;
  return [
    {
      ...COMMON,
      name: "ContainerOutOfMemory",
      subject: "{{ $labels.pod }}",
      tier: "P1",
      condition: {
        kind: "state",
        expr: `(increase(${others}[10m]) > 0) and ${on} (${killed} == 1)`,
        firing: [killedOne, { series: restartsOf, perMinute: 1 }],
        silent: [killedOne, { series: restartsOf, start: 4 }],
      },
      windowSeconds: 600,
      forSeconds: 0,
      summary: "Container {{ $labels.container }} of {{ $labels.pod }} was killed for its memory.",
      impact: "What it was doing failed; a cache or a member has to fill up again.",
    },
    {
      ...COMMON,
      name: "ContainerRestarting",
      subject: "{{ $labels.pod }}",
      tier: "P1",
      condition: {
        kind: "threshold",
        values: [`increase(${restarts}[1h])`],
        comparison: ">",
        threshold: RESTARTS,
        example: (count) => [{ series: restartsOf, perMinute: count / 60 }],
      },
      windowSeconds: 3600,
      forSeconds: 0,
      summary:
        "Container {{ $labels.container }} of {{ $labels.pod }} was started again {{ $value | humanize }} times in an hour.",
      impact: "Less room than planned, and requests that fail with it.",
    },
  ];
}

function rollouts({ namespace }: ClusterWatch): Alert[] {
  const condition = "kube_deployment_status_condition";
  const stuck = `namespace="${namespace}",condition="Progressing",status="false"`;
  const stuckOne = `${condition}{${stuck},deployment="backend"}`;
  const [ready, planned] = ["kube_statefulset_status_replicas_ready", "kube_statefulset_replicas"] as const;
  const set = `{namespace="${namespace}",statefulset="redis-session"}`;
  return [
    {
      ...COMMON,
      name: "RolloutStuck",
      subject: "{{ $labels.deployment }}",
      tier: "P1",
      // The Deployment's own deadline has passed by then.
      ...state(`${condition}{${stuck}} == 1`, { [stuckOne]: 1 }, { [stuckOne]: 0 }),
      forSeconds: 60,
      summary: "The rollout of {{ $labels.deployment }} does not get on.",
      impact: "None, as long as the old pods stay: the new version does not start.",
    },
    {
      ...COMMON,
      name: "StatefulSetNotReady",
      subject: "{{ $labels.statefulset }}",
      tier: "P1",
      ...state(
        `${ready}{namespace="${namespace}"} < ${planned}{namespace="${namespace}"}`,
        { [`${ready}${set}`]: 2, [`${planned}${set}`]: 3 },
        { [`${ready}${set}`]: 3, [`${planned}${set}`]: 3 },
      ),
      forSeconds: 900,
      summary: "{{ $value }} members of {{ $labels.statefulset }} are ready, and not all.",
      impact: "None yet. The next member that is lost may be one too many.",
    },
  ];
}

function storage({ namespace }: ClusterWatch): Alert[] {
  const [used, all] = ["kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"] as const;
  const of = `{namespace="${namespace}"}`;
  const one = `{namespace="${namespace}",persistentvolumeclaim="mongod-data-mongodb-optimized-0"}`;
  const expiry = "certmanager_certificate_expiration_timestamp_seconds";
  const certificate = `${expiry}{exported_namespace="${namespace}",name="mongodb-ssl"}`;
  const steps = [
    ["warning", "P2"],
    ["critical", "P1"],
  ] as const;
  return [
    ...steps.map(([step, tier]): Alert => ({
      ...COMMON,
      name: "VolumeAlmostFull",
      subject: "{{ $labels.persistentvolumeclaim }}",
      labels: { step },
      tier,
      ...gauge(
        `max by (namespace, persistentvolumeclaim) (${used}${of} / ${all}${of})`,
        ">",
        VOLUME_SHARES[step],
        (share) => [
          { series: `${used}${one}`, start: share * 1e9 },
          { series: `${all}${one}`, start: 1e9 },
        ],
      ),
      // An append-only file is written anew beside the old one, which takes minutes.
      forSeconds: 900,
      summary: "Volume {{ $labels.persistentvolumeclaim }} is {{ $value | humanizePercentage }} full.",
      impact: "None yet. A member whose volume is full stops.",
      keys: ["retrofitlink:database.dataGiB", "retrofitlink:caches"],
    })),
    ...steps.map(([step, tier]): Alert => ({
      ...COMMON,
      name: "CertificateExpiring",
      subject: "{{ $labels.name }}",
      labels: { step },
      tier,
      ...gauge(`min by (name) (${expiry}) - time()`, "<", CERTIFICATE_SECONDS[step], (seconds) => [
        { series: certificate, start: seconds, perMinute: 60 },
      ]),
      forSeconds: 3600,
      summary: "Certificate {{ $labels.name }} ends in {{ $value | humanizeDuration }} and is not renewed.",
      impact: "None until then. Afterwards nothing that checks it connects.",
    })),
  ];
}

function nodes(): Alert[] {
  const ready = 'kube_node_status_condition{condition="Ready",status="true"';
  return [
    {
      ...COMMON,
      name: "NodeNotReady",
      subject: "{{ $labels.node }}",
      tier: "P1",
      ...state(`${ready}} == 0`, { [`${ready},node="one"}`]: 0 }, { [`${ready},node="one"}`]: 1 }),
      forSeconds: 300,
      summary: "Node {{ $labels.node }} has not answered for five minutes.",
      impact: "None, as long as no second one is lost: its pods start elsewhere.",
    },
  ];
}

function jobs({ namespace, dataModelJob }: ClusterWatch): Alert[] {
  if (dataModelJob === undefined) return [];
  const failed = `kube_job_failed{namespace="${namespace}",condition="true"`;
  const one = `${failed},job_name="${dataModelJob}-1"}`;
  return [
    {
      ...COMMON,
      name: "DataModelJobFailed",
      tier: "P1",
      noun: "database",
      dashboard: "mongodb",
      ...state(`${failed},job_name=~"${dataModelJob}.*"} == 1`, { [one]: 1 }, { [one]: 0 }),
      forSeconds: 0,
      summary: "Job {{ $labels.job_name }} could not apply the data model.",
      impact: "None yet, or slow queries: indexes are not what the program counts on.",
      keys: ["retrofitlink:dataModel"],
    },
  ];
}
