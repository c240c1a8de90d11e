import type { Planned } from "../core/summary";
import type { TimeoutChain } from "../timeouts/timeouts";
import type { ProxyKind } from "./proxy";
import type { ProxyNumbers } from "./proxy-plan";
import type { PublicLoadBalancerNumbers } from "./public-plan";

/** Summary of `retrofitlink:load-balancing:Nginx` and of `retrofitlink:load-balancing:HaProxy`. */
export interface ProxySummary extends Planned {
  readonly numbers: ProxyNumbers;
  readonly proxy: ProxyKind;
  /** Ends TLS itself. */
  readonly tls: boolean;
  /** Names of the services beside the proxy's own. @default none */
  readonly services?: readonly string[];
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods. */
  readonly maxUnavailable: number;
  readonly timeouts: TimeoutChain;
}

/** Summary of `retrofitlink:load-balancing:AwsAlb` and `…:GcpLoadBalancer`. */
export interface PublicLoadBalancerSummary extends Planned {
  readonly numbers: PublicLoadBalancerNumbers;
  readonly cloud: "aws" | "gcp";
  /** Names it answers to. */
  readonly hosts: readonly string[];
  /** Only requests with the CDN's secret header are passed on. */
  readonly originLocked: boolean;
  /** Whether the rules of the web application firewall refuse, or only count. */
  readonly firewallMode: "block" | "count";
  readonly timeouts: TimeoutChain;
}
