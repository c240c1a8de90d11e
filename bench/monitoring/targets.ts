/** Everything that Prometheus asks in a stack of many services. */
import type { Alert, ExampleSeries } from "../../budget/monitoring/alert";
import { counterSeries, gaugeSeries, labelled, type MadeSeries, type Target } from "./series";
import type { ManyServices } from "./stack";

/** Series that kubelets have of each container besides those that rules read: some of the names of cAdvisor. */
const OTHER_OF_CONTAINERS = [
  "container_cpu_system_seconds_total",
  "container_cpu_user_seconds_total",
  "container_cpu_cfs_throttled_seconds_total",
  "container_fs_reads_total",
  "container_fs_writes_total",
  "container_fs_reads_bytes_total",
  "container_fs_writes_bytes_total",
  "container_memory_failcnt",
  "container_network_receive_bytes_total",
  "container_network_transmit_bytes_total",
] as const;

const PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

const podsOf = (service: string, pods: number): string[] =>
  Array.from({ length: pods }, (_, pod) => `${service}-6d9c7b58f4-${String(10_000 + pod)}`);

/**
 * @param ofPod series of one pod of a service
 * @param pods of each service
 */
export function targetsOf(
  { namespace, services, watched }: ManyServices,
  ofPod: readonly MadeSeries[],
  pods: number,
): Target[] {
  const own = services.flatMap((service) =>
    podsOf(service, pods).map((pod): Target => ({
      path: `/pods/${pod}`,
      labels: { namespace, job: service, pod },
      honorsLabels: false,
      series: ofPod,
    })),
  );
  const all = services.flatMap((service) => podsOf(service, pods).map((pod) => ({ service, pod })));
  const cluster: Target[] = [
    {
      path: "/kubelet",
      labels: { job: "kubelet" },
      honorsLabels: true,
      series: all.flatMap(({ service, pod }) => ofContainer(namespace, pod, service)),
    },
    {
      path: "/kube-state-metrics",
      labels: { job: "kube-state-metrics" },
      honorsLabels: true,
      series: [
        ...services.flatMap((service) => ofDeployment(namespace, service, pods)),
        ...all.flatMap(({ service, pod }) => ofPodState(namespace, pod, service)),
      ],
    },
    {
      path: "/others",
      labels: { job: "others" },
      honorsLabels: true,
      series: ofOthers(watched.alerts),
    },
  ];
  return [...own, ...cluster];
}

/** The kubelet has each container, and the pod as a whole, which has no name of a container. */
function ofContainer(namespace: string, pod: string, container: string): MadeSeries[] {
  return [container, ""].flatMap((name) => {
    const of = (metric: string): string => labelled(metric, { namespace, pod, container: name });
    return [
      counterSeries(of("container_cpu_usage_seconds_total"), 0.4),
      counterSeries(of("container_cpu_cfs_periods_total"), 10),
      counterSeries(of("container_cpu_cfs_throttled_periods_total"), 0.1),
      gaugeSeries(of("container_memory_working_set_bytes"), 4e8),
      ...OTHER_OF_CONTAINERS.map((metric) => counterSeries(of(metric), 1)),
    ];
  });
}

function ofDeployment(namespace: string, service: string, pods: number): MadeSeries[] {
  const hpa = { namespace, horizontalpodautoscaler: service };
  const of = (metric: string, more: Readonly<Record<string, string>>): string =>
    labelled(metric, { namespace, ...more });
  return [
    gaugeSeries(labelled("kube_horizontalpodautoscaler_status_current_replicas", hpa), pods),
    gaugeSeries(labelled("kube_horizontalpodautoscaler_status_desired_replicas", hpa), pods),
    gaugeSeries(labelled("kube_horizontalpodautoscaler_spec_max_replicas", hpa), 10 * pods),
    ...["true", "false", "unknown"].flatMap((status) => [
      gaugeSeries(
        labelled("kube_horizontalpodautoscaler_status_condition", {
          ...hpa,
          condition: "ScalingActive",
          status,
        }),
        status === "true" ? 1 : 0,
      ),
      gaugeSeries(
        of("kube_deployment_status_condition", { deployment: service, condition: "Progressing", status }),
        status === "true" ? 1 : 0,
      ),
    ]),
    gaugeSeries(
      of("kube_poddisruptionbudget_status_pod_disruptions_allowed", { poddisruptionbudget: service }),
      1,
    ),
    gaugeSeries(of("kube_poddisruptionbudget_status_expected_pods", { poddisruptionbudget: service }), pods),
  ];
}

function ofPodState(namespace: string, pod: string, container: string): MadeSeries[] {
  const of = (metric: string, more: Readonly<Record<string, string>>): string =>
    labelled(metric, { namespace, pod, ...more });
  return [
    counterSeries(of("kube_pod_container_status_restarts_total", { container }), 0),
    ...PHASES.map((phase) =>
      gaugeSeries(of("kube_pod_status_phase", { phase }), phase === "Running" ? 1 : 0),
    ),
    gaugeSeries(
      of("kube_pod_container_status_last_terminated_reason", { container, reason: "Completed" }),
      1,
    ),
    gaugeSeries(of("kube_pod_container_resource_requests", { container, resource: "cpu" }), 1),
    gaugeSeries(of("kube_pod_container_resource_limits", { container, resource: "memory" }), 1e9),
  ];
}

/** What pods of services tell, and the cluster of them. */
const TOLD_BY_SERVICES: readonly string[] = ["service", "autoscaling"];

/** Caches, proxies, database, CDN and the monitoring: the series with which each of their alerts is silent. */
function ofOthers(alerts: readonly Alert[]): MadeSeries[] {
  const found = new Map<string, MadeSeries>();
  for (const alert of alerts) {
    if (TOLD_BY_SERVICES.includes(alert.noun)) continue;
    for (const { series, start = 0, perMinute = 0 } of silentSeries(alert))
      found.set(series, { text: series, start, perSecond: perMinute / 60 });
  }
  return [...found.values()];
}

function silentSeries({ condition }: Alert): readonly ExampleSeries[] {
  if (condition.kind === "state") return condition.silent;
  const { threshold, comparison, example } = condition;
  return example(threshold * (comparison === ">" ? 0.9 : 1.1));
}
