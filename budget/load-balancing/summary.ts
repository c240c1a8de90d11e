import type { Summary } from "../core/summary";
import type { TimeoutLadder } from "../timeouts/timeouts";
import type { ProxyKind } from "./proxy";

/** Summary of `retrofitlink:load-balancing:Nginx` and of `retrofitlink:load-balancing:HaProxy`. */
export interface ProxySummary extends Summary {
  readonly proxy: ProxyKind;
  /** Ends TLS itself. */
  readonly tls: boolean;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly zones: number;
  readonly maxUnavailable: number;
  /** Processes of nginx, threads of HAProxy. */
  readonly workers: number;
  /** Connections of one of them, those to the service included. */
  readonly workerConnections: number;
  /** Connections of clients a pod that the autoscaler steers to. */
  readonly targetConnections: number;
  /** Clients one pod can serve at the same time. */
  readonly clientsPerPod: number;
  /** Clients expected at the same time over all pods at peak. */
  readonly expectedClients: number;
  /** Idle connections one worker keeps to an upstream. */
  readonly upstreamKeepAlive: number;
  readonly memoryLimitMiB: number;
  readonly timeouts: TimeoutLadder;
}

/** Summary of `retrofitlink:load-balancing:AwsAlb` and `…:GcpLoadBalancer`. */
export interface CloudLoadBalancerSummary extends Summary {
  readonly cloud: "aws" | "gcp";
  /** Names it answers to. */
  readonly hosts: readonly string[];
  /** Who may connect: everybody, named ranges, or a CDN. */
  readonly sources: "internet" | "ranges" | "cloudfront" | "cloudflare";
  /** Only requests with the CDN's secret header are passed on. */
  readonly originLocked: boolean;
  /** Whether the rules of the web application firewall refuse, or only count. */
  readonly firewallMode: "block" | "count";
  /** What one client may ask in five minutes, 0 where the CDN has to count, for the load balancer cannot tell clients apart. */
  readonly requestsPerFiveMinutes: number;
  /** How long access logs are kept, days. */
  readonly accessLogDays: number;
  readonly timeouts: TimeoutLadder;
}
