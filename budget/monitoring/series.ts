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
