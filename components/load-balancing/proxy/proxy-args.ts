/** Arguments of a proxy, whichever program it is. */
import { isIP } from "node:net";

import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import type { Demand, ServiceProfile } from "../../../budget/service/demand";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../../budget/core/performance-budget";
import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import { admission, type Admission, type RateLimit } from "../../../budget/load-balancing/proxy-limits";
import { PROXY_DEFAULTS } from "../../../budget/load-balancing/settings";
import { planProxy, type ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { DEFAULT_TIMEOUTS, longestChain, type TimeoutChain } from "../../../budget/timeouts/timeouts";
import type { MetricSource } from "../../autoscaling/metric-source";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";
import type { HeaderOwner } from "./proxy-headers";
import type { ProxyRoute } from "./proxy-routes";
import type { ProxyTls } from "./proxy-tls";

/** The service behind the proxy. */
export interface ProxyUpstream {
  /** As logs and metrics of the proxy call it, a DNS label. @default "application", and of `services` its own name */
  readonly name?: string;
  /** Name of its Service, with or without namespace, or any fully qualified name. A headless one lets the proxy choose the pod. */
  readonly host: pulumi.Input<string>;
  /** Port the service listens on, 1..65535. Of a headless Service the port of its pods. */
  readonly port: pulumi.Input<number>;
  /** Labels of its pods, in the same namespace. @default its address may be anywhere outside the cluster */
  readonly labels?: Readonly<Record<string, string>>;
  /** Addresses that the name stands for at most: the service's largest fleet if it is headless. @default 1, a cluster IP */
  readonly addresses?: number;
  readonly demand: Demand;
  /** Mean time for one request, seconds, > 0. */
  readonly serviceTimeSeconds: number;
  /**
   * Requests that one address works on at the same time, >= 1: of a headless Service those of a pod. More than it can
   * answer within the budget are refused with a 503. @default unknown, and no bound
   */
  readonly concurrency?: ServiceProfile["concurrencyPerPod"];
  /**
   * Path that a ready pod answers with 2xx; HAProxy asks for it, nginx does not. Clients get 404 for it, as for
   * `/metrics`. @default "/ready"
   */
  readonly healthPath?: string;
  /** Path of liveness, which clients may ask, also where it is `healthPath`. @default "/health" */
  readonly livePath?: string;
}

/** A service beside the proxy's own, at hosts and paths of its own. */
export interface ProxiedService {
  /** A DNS label of at most 52 characters, which no other service of the proxy has. */
  readonly name: string;
  readonly upstream: ProxyUpstream;
  /** Exact host names in lower case. @default every host, and then `paths` are needed */
  readonly hosts?: readonly string[];
  /** First segments of its paths, with all that is below them; the longest wins. @default every path of its hosts */
  readonly paths?: readonly string[];
  /** Paths of it that stay open. @default none */
  readonly routes?: readonly ProxyRoute[];
  /** Largest request body, MiB, a whole number >= 1. @default the proxy's */
  readonly maxBodyMiB?: number;
  /** What one client address may do there, counted apart. @default counted together with the proxy's own service */
  readonly rateLimit?: RateLimit;
  /** @default the proxy's */
  readonly budget?: ProxyArgs["budget"];
  /** Of the way to it. What is in front of the proxy has to wait for the longest of all. @default the proxy's */
  readonly timeouts?: TimeoutChain;
}

/** DNS of the cluster. */
export interface ClusterDns {
  /** Its server; for nginx by name or address, for HAProxy by address. @default those of the pod's /etc/resolv.conf */
  readonly server?: string;
  /** Last part of every Service's name. @default "cluster.local" */
  readonly domain?: string;
}

/** Security headers. */
export interface ProxyHeaders {
  /** Who sets them: this proxy, or a CDN in front, and then this proxy sets none and passes none on. @default "proxy" */
  readonly owner?: HeaderOwner;
  /** Clients come over TLS only, which ends in front of this proxy. Adds Strict-Transport-Security, as `tls` does. @default false */
  readonly tlsInFront?: boolean;
}

export { workloadName } from "../../../budget/load-balancing/proxy";

export interface ProxyArgs {
  /** Path in a stack file that the arguments come from, for messages. @default messages name the arguments themselves */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /**
   * Name of the workload and its Service, as operators type it, a DNS label of at most 52 characters.
   * @default "nginx-load-balancer" or "haproxy-load-balancer"
   */
  readonly name?: string;
  /** The proxy's own service, which answers all that belongs to none of `services`. */
  readonly upstream: ProxyUpstream;
  /** Services besides, each at hosts and paths of its own. @default none */
  readonly services?: readonly ProxiedService[];
  /** Paths that stay open: WebSockets, server-sent events, gRPC. Elsewhere silence ends after `timeouts.request.proxy`. @default none */
  readonly routes?: readonly ProxyRoute[];
  /** Connections of clients at the same time over all pods at peak, a whole number >= 1. */
  readonly clientConnections: number;
  /** What one client address may do, over all pods together. @default 20 requests/s, 40 more at once, 50 in flight */
  readonly rateLimit?: RateLimit;
  /**
   * Ranges whose X-Forwarded-For, X-Forwarded-Proto and X-Request-ID are believed, in CIDR notation. Never everybody.
   * @default none: whoever connects is the client
   */
  readonly trustedProxies?: readonly string[];
  /** Addresses that a trusted load balancer writes behind the client's in X-Forwarded-For, as Google's does with its own. @default none */
  readonly loadBalancerAddresses?: readonly pulumi.Input<string>[];
  /** Largest request body, MiB, a whole number >= 1. @default 10 */
  readonly maxBodyMiB?: number;
  /**
   * Host names that clients use, in lower case, `*.example.org` for those below it. A certificate whose names are known has
   * to cover them; any other name gets 421. @default unknown, and not checked
   */
  readonly hosts?: readonly string[];
  /** Names besides, that a load balancer or a CDN in front asks by. No certificate of this proxy has to cover them. @default none */
  readonly hostsInFront?: readonly string[];
  /** Ends TLS at this proxy. @default plain HTTP, for a load balancer that ended TLS */
  readonly tls?: ProxyTls;
  readonly headers?: ProxyHeaders;
  /** CPU request of one pod, cores, > 0. The limit is the next whole number, one core for each worker or thread. @default 1 */
  readonly cpuCores?: number;
  /** Memory request and limit of the proxy, MiB. Refused below what the proof needs. @default what the proof needs */
  readonly memoryLimitMiB?: number;
  /** Zones the pods are spread over, whole number >= 1. @default 3 */
  readonly zones?: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods, whole number >= 1. @default 1 */
  readonly maxUnavailable?: number;
  /** @default DEFAULT_BUDGET */
  readonly budget?: Pick<
    PerformanceBudget,
    "cpuUtilization" | "responseTimeP95Seconds" | "responseTimeP99Seconds"
  >;
  /** Of the way to the service. @default those of requests of at most 10 s, without a load balancer in front */
  readonly timeouts?: TimeoutChain;
  readonly clusterDns?: ClusterDns;
  /** Who can reach the Service: the cluster, the cloud's load balancer, or anyone who reaches a node. @default "ClusterIP" */
  readonly serviceType?: "ClusterIP" | "LoadBalancer" | "NodePort";
  /** Namespace whose pods may read the metrics. @default "monitoring" */
  readonly monitoringNamespace?: string;
  /**
   * Something serves the clients' connections of a pod as a custom metric, as prometheus-adapter does: the autoscaler
   * follows them, too. Where nothing does, an autoscaler that asks for them never scales down. @default false
   */
  readonly connectionsMetric?: boolean;
  /**
   * A Prometheus that scrapes the pods: KEDA owns the replicas then, and follows connections beside CPU. Excludes
   * `connectionsMetric`. @default none: an HPA on CPU
   */
  readonly prometheus?: MetricSource;
  /** What has the definitions of KEDA. @default they are there */
  readonly operators?: readonly pulumi.Resource[];
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: ProxyPlan;
  readonly transform?: ProxyTransforms;
}

/** The arguments with their defaults. */
export type CompleteProxyArgs = ProxyArgs & Required<Pick<ProxyArgs, keyof typeof DEFAULTS>>;

const DEFAULTS = {
  namespace: "default",
  rateLimit: PROXY_DEFAULTS.rateLimit,
  trustedProxies: [],
  maxBodyMiB: PROXY_DEFAULTS.maxBodyMiB,
  cpuCores: PROXY_DEFAULTS.cpuCores,
  zones: 3,
  maxUnavailable: 1,
  budget: DEFAULT_BUDGET,
  timeouts: DEFAULT_TIMEOUTS,
} as const;

export function completeProxyArgs(args: ProxyArgs): CompleteProxyArgs {
  return withDefaults(DEFAULTS, args);
}

/** Escape hatches, one for each child. */
export interface ProxyTransforms {
  readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
  /** Of the cert-manager Certificate. */
  readonly certificate?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  readonly service?: Transform<k8s.core.v1.ServiceArgs>;
  /** Of HAProxy's headless Service, by which its pods count each other. */
  readonly fleet?: Transform<k8s.core.v1.ServiceArgs>;
  readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>;
  /** Of KEDA, where there is a Prometheus. */
  readonly scaledObject?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly authentication?: Transform<k8s.apiextensions.CustomResourceArgs>;
  readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
  readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
}

/** Last part of every Service's name. */
export function clusterDomain({ clusterDns }: Pick<ProxyArgs, "clusterDns">): string {
  return clusterDns?.domain ?? "cluster.local";
}

type CompleteService = ProxiedService &
  Required<Pick<ProxiedService, "hosts" | "paths" | "routes" | "maxBodyMiB" | "timeouts">> & {
    readonly budget: NonNullable<ProxyArgs["budget"]>;
  };

/** A service beside the proxy's own, with what it has of the proxy's where it has none of its own. */
export function completeService(args: CompleteProxyArgs, service: ProxiedService): CompleteService {
  const { maxBodyMiB, budget, timeouts } = args;
  return { hosts: [], paths: [], routes: [], maxBodyMiB, budget, timeouts, ...service };
}

/** What the proxy does for all of its services: it ends as late as the one that takes longest. */
export function ownTimeouts(args: CompleteProxyArgs): TimeoutChain {
  const { timeouts, services = [] } = args;
  const longest = longestChain(timeouts, ...services.map((service) => service.timeouts ?? timeouts));
  const idle = { ...timeouts.idle, proxyClient: longest.idle.proxyClient };
  return { ...timeouts, idle, drain: longest.drain };
}

/** The plan of a proxy that plans alone. Precondition: proxyIssues(args) is empty. */
export function planOfProxy(proxy: ProxyKind, workload: string, args: CompleteProxyArgs): ProxyPlan {
  return planProxy({
    workload,
    proxy,
    tls: args.tls !== undefined,
    demand: args.upstream.demand,
    serviceTimeSeconds: args.upstream.serviceTimeSeconds,
    clientConnections: args.clientConnections,
    cpuCores: args.cpuCores,
    budget: args.budget,
    disruption: args,
    upstreamAddresses: args.upstream.addresses ?? 1,
    maxBodyMiB: args.maxBodyMiB,
    timeouts: args.timeouts,
    others: (args.services ?? []).map((given) => {
      const { name, upstream, rateLimit, ...service } = completeService(args, given);
      const { demand, serviceTimeSeconds, concurrency, addresses = 1 } = upstream;
      return {
        service: name,
        demand,
        serviceTimeSeconds,
        concurrency,
        upstreamAddresses: addresses,
        maxBodyMiB: service.maxBodyMiB,
        rateLimit,
        countedApart: rateLimit !== undefined,
        budget: service.budget,
        timeouts: service.timeouts,
      };
    }),
    ...(args.memoryLimitMiB === undefined ? {} : { memoryLimitMiB: args.memoryLimitMiB }),
  });
}

/** What may be under way in the service; undefined where its concurrency is not known. */
export function admissionOf(
  { upstream, budget }: Pick<CompleteProxyArgs, "upstream" | "budget">,
  minReplicas: number,
): Admission | undefined {
  const { concurrency, serviceTimeSeconds, addresses = 1 } = upstream;
  if (concurrency === undefined) return undefined;
  const profile = { serviceTimeSeconds, concurrencyPerPod: concurrency };
  return admission({ profile, budget, addresses, proxyPods: minReplicas });
}

/**
 * The name with everything that a pod's search domains would add: what other programs find by `backend-service` has to
 * be spelled out for a resolver that knows no search domains. Addresses, and names outside the cluster, stay as they
 * are.
 *
 * @param domain last part of every Service's name
 */
export function qualifiedHost(host: string, namespace: string, domain: string): string {
  if (isIP(host) !== 0) return host;
  if (!host.includes(".")) return `${host}.${namespace}.svc.${domain}`;
  return host.endsWith(".svc") ? `${host}.${domain}` : host;
}
