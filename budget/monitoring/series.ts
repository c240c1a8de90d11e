/**
 * How series are told apart. The platform's own monitors (components/monitoring) set `namespace`, `pod` and `job`, where `job` is
 * the name of the workload: "backend", "redis-cache", "nginx-load-balancer", "mongodb". Rules count on these labels alone.
 */

/** One workload, as the monitors name it. */
export interface Workload {
  readonly namespace: string;
  /** Name of the Deployment, StatefulSet or custom resource. */
  readonly job: string;
}

/** Matchers of one workload's series, without braces. @param more matchers besides: `status=~"5.."` */
export function seriesOf({ namespace, job }: Workload, more?: string): string {
  return `namespace="${namespace}",job="${job}"${more === undefined ? "" : `,${more}`}`;
}

/**
 * Series of workloads, with the label `service` in place of the label that names the workload.
 *
 * @param of PromQL of series with the labels `namespace`, `from` and `more`
 * @param from "job", or for what the cluster tells "container" or "horizontalpodautoscaler"
 */
export function asService(
  of: string,
  from: "job" | "container" | "horizontalpodautoscaler",
  more: readonly string[] = [],
): string {
  const labels = ["namespace", "service", ...more].join(", ");
  return `sum by (${labels}) (label_replace(${of}, "service", "$1", "${from}", "(.+)"))`;
}

/** Matchers of labels, without braces: `slo="ServiceErrors",service="backend"`. */
export function matchers(labels: Readonly<Record<string, string>>): string {
  let text = "";
  for (const label in labels) text += `${text === "" ? "" : ","}${label}=${quoted(labels[label] ?? "")}`;
  return text;
}

/** Names of Kubernetes need no escapes, and there are thousands of them. */
function quoted(value: string): string {
  return /["\\\n]/.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/**
 * Matchers of a Deployment's pods in what the kubelet and kube-state-metrics tell, which know no `job` of ours:
 * `<name>-<hash of the template>-<five letters>`. A Deployment whose name begins alike has one part more.
 */
export function podsOf({ namespace, job }: Workload): string {
  return `namespace="${namespace}",pod=~"${job}-[0-9a-z]+-[0-9a-z]{5}"`;
}
