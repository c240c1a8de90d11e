/** What a service is expected to meet. Request rates are requests per second at the service, behind the CDN. */
export interface Demand {
  /** Quiet-hour rate, requests/s, > 0. */
  readonly baseRps: number;
  /** Highest rate the platform must serve, requests/s, >= baseRps. */
  readonly peakRps: number;
  /** Steepest growth seen, relative to the current rate, per minute, >= 0. 0.2 means 20 % more within a minute. */
  readonly growthPerMinute: number;
}

/** What a load test measured on one pod. */
export interface ServiceProfile {
  /** Mean time a pod works on one request with no queue in front of it, seconds, > 0. */
  readonly serviceTimeSeconds: number;
  /**
   * 95th and 99th percentile of that time, seconds: both or neither. @default those of exponential times, 3.0 and 4.6
   * times the mean
   */
  readonly serviceTimeP95Seconds?: number | undefined;
  readonly serviceTimeP99Seconds?: number | undefined;
  /** CPU that one request takes, core-seconds, > 0. @default a pod with every slot busy uses what it requests */
  readonly cpuSecondsPerRequest?: number | undefined;
  /** Requests one pod works on at the same time before they wait for each other, a whole number >= 1. */
  readonly concurrencyPerPod: number;
  /** Highest utilization at which the p99 budget still held in the load test, 0..1. */
  readonly maxUtilization: number;
  /** From container start to the first request at full speed, seconds, >= 0. */
  readonly warmUpSeconds: number;
}

/** How requests are spread over the pods: by proxies that know how many each has, or by chance for each connection. */
export type Balancing = "least-connections" | "per-connection";

/** What a service need not survive unharmed. */
export interface Resilience {
  /** Seconds for which its response time and its errors may be out of the budget after the loss of a zone, >= 0. @default 0 */
  readonly zoneLossSeconds?: number | undefined;
  /** The same after the loss of a server of a cache that it uses, seconds, >= 0. @default 0 */
  readonly cacheLossSeconds?: number | undefined;
}
