import { isIP } from "node:net";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Demand } from "../../budget/demand";
import { describeMemory } from "../../budget/memory";
import type { PerformanceBudget } from "../../budget/performance-budget";
import { proxyPlan, rateLimitPerPod, type ProxyPlan, type RateLimit } from "../../budget/proxy";
import { ladderProblems, type LadderProblem, type TimeoutLadder } from "../../budget/timeouts";
import type { Problem } from "../shared/problems";
import type { Transform } from "../shared/transform";
import { NGINX_ENDPOINTS } from "./nginx-conf";

/** The service behind the proxy. */
export interface NginxUpstream {
  /** Name of its Service, with or without namespace, or any fully qualified name. A headless one lets nginx choose the pod. */
  readonly host: pulumi.Input<string>;
  /** Port the service listens on, 1..65535. Of a headless Service the port of its pods. */
  readonly port: pulumi.Input<number>;
  /** Addresses that the name stands for at most: the service's largest fleet if it is headless. @default 1, a cluster IP */
  readonly addresses?: number;
  readonly demand: Demand;
  /** Mean time for one request, seconds, > 0. */
  readonly serviceTimeSeconds: number;
  /** Path prefixes of WebSockets, `/socket.io/`. Elsewhere one is closed after `timeouts.request.proxy` of silence. @default none */
  readonly webSocketPaths?: readonly string[];
}

/** DNS of the cluster. */
export interface ClusterDns {
  /** Its server, by name or address. @default "kube-dns.kube-system.svc.cluster.local", whatever serves it */
  readonly server?: string;
  /** Last part of every Service's name. @default "cluster.local" */
  readonly domain?: string;
}

export interface NginxArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:loadBalancer`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Name of the workload and its Service, as operators type it, a DNS label of at most 52 characters. @default "nginx-load-balancer" */
  readonly name?: string;
  readonly upstream: NginxUpstream;
  /** Connections of clients at the same time over all pods at peak, a whole number >= 1. */
  readonly clientConnections: number;
  /** What one client address may do, over all pods together. */
  readonly rateLimit: RateLimit;
  /** Ranges whose X-Forwarded-For, X-Forwarded-Proto and X-Request-ID are believed, in CIDR notation. Never everybody. */
  readonly trustedProxies: readonly string[];
  /** Addresses that a trusted load balancer writes behind the client's in X-Forwarded-For, as Google's does with its own. @default none */
  readonly loadBalancerAddresses?: readonly pulumi.Input<string>[];
  /** Largest request body, MiB, a whole number >= 1. */
  readonly maxBodyMiB: number;
  /** CPU request of one pod, cores, > 0. The limit is the next whole number, one core for each worker. */
  readonly cpuCores: number;
  /** Memory request and limit of nginx, MiB. Refused below what the proof needs. @default what the proof needs */
  readonly memoryLimitMiB?: number;
  /** Zones the pods are spread over, whole number >= 1. */
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods, whole number >= 1. @default 1 */
  readonly maxUnavailable?: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
  readonly timeouts: TimeoutLadder;
  /** Clients reach this proxy over TLS only, ended in front of it. Adds Strict-Transport-Security. @default false */
  readonly tlsInFront?: boolean;
  readonly clusterDns?: ClusterDns;
  /** Who can reach the Service: the cluster, the cloud's load balancer, or anyone who reaches a node. @default "ClusterIP" */
  readonly serviceType?: "ClusterIP" | "LoadBalancer" | "NodePort";
  readonly transform?: {
    readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
    readonly service?: Transform<k8s.core.v1.ServiceArgs>;
    readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>;
    readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
  };
}

/** The arithmetic of a proxy. Asks for arguments without problems. */
export function nginxPlan(args: NginxArgs): ProxyPlan {
  return proxyPlan({
    demand: args.upstream.demand,
    serviceTimeSeconds: args.upstream.serviceTimeSeconds,
    clientConnections: args.clientConnections,
    cpuCores: args.cpuCores,
    budget: args.budget,
    disruption: { zones: args.zones, maxUnavailable: args.maxUnavailable ?? 1 },
    upstreamAddresses: args.upstream.addresses ?? 1,
    maxBodyMiB: args.maxBodyMiB,
  });
}

/** Everything that makes a proxy impossible to build or to prove. An empty list means it is sound. */
export function nginxProblems(args: NginxArgs): Problem[] {
  const problems = [
    ...nameProblems(args.name),
    ...numberProblems(args),
    ...args.trustedProxies.flatMap((range, index) => rangeProblems(range, `trustedProxies[${index}]`)),
    ...pathProblems(args.upstream.webSocketPaths ?? []),
    ...ladderProblems(args.timeouts).map((problem) => asProblem(problem, args.timeouts)),
  ];
  // The proofs below would only repeat, as NaN, what is wrong above.
  return problems.length > 0 ? problems : proofProblems(args, nginxPlan(args));
}

function nameProblems(name: string | undefined): Problem[] {
  if (name === undefined || /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/.test(name)) return [];
  const allowed = "a DNS label of at most 52 characters";
  return [
    { property: "name", got: name, allowed, fix: "Shorten it to lower-case letters, digits and hyphens." },
  ];
}

const ABOVE_ZERO = "a number above 0";
const WHOLE = "a whole number of at least 1";

function numberProblems(args: NginxArgs): Problem[] {
  const { upstream, rateLimit } = args;
  const { demand } = upstream;
  const positive = (value: number): boolean => Number.isFinite(value) && value > 0;
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  const measured = "Give what a load test or the access log shows.";
  const chosen = "Choose what one client needs.";
  const checks: [boolean, string, unknown, string, string][] = [
    [
      positive(demand.baseRps),
      "upstream.demand.baseRps",
      demand.baseRps,
      `${ABOVE_ZERO} (requests/s)`,
      measured,
    ],
    [
      demand.peakRps >= demand.baseRps && Number.isFinite(demand.peakRps),
      "upstream.demand.peakRps",
      demand.peakRps,
      `a number of at least baseRps, ${demand.baseRps} (requests/s)`,
      measured,
    ],
    [
      demand.growthPerMinute >= 0 && Number.isFinite(demand.growthPerMinute),
      "upstream.demand.growthPerMinute",
      demand.growthPerMinute,
      "a number of at least 0 (share per minute)",
      measured,
    ],
    [
      positive(upstream.serviceTimeSeconds),
      "upstream.serviceTimeSeconds",
      upstream.serviceTimeSeconds,
      `${ABOVE_ZERO} (seconds)`,
      measured,
    ],
    [
      whole(upstream.addresses ?? 1),
      "upstream.addresses",
      upstream.addresses,
      WHOLE,
      "Give the service's largest fleet, or leave it out.",
    ],
    [
      typeof upstream.port !== "number" || (whole(upstream.port) && upstream.port <= 65_535),
      "upstream.port",
      upstream.port,
      "a whole number from 1 to 65535",
      "Give the port the service listens on.",
    ],
    [whole(args.clientConnections), "clientConnections", args.clientConnections, WHOLE, measured],
    [
      positive(rateLimit.requestsPerSecond),
      "rateLimit.requestsPerSecond",
      rateLimit.requestsPerSecond,
      `${ABOVE_ZERO} (requests/s)`,
      chosen,
    ],
    [
      Number.isInteger(rateLimit.burst) && rateLimit.burst >= 0,
      "rateLimit.burst",
      rateLimit.burst,
      "a whole number of at least 0 (requests)",
      chosen,
    ],
    [whole(rateLimit.connections), "rateLimit.connections", rateLimit.connections, WHOLE, chosen],
    [whole(args.maxBodyMiB), "maxBodyMiB", args.maxBodyMiB, `${WHOLE} (MiB)`, "Choose the largest upload."],
    [positive(args.cpuCores), "cpuCores", args.cpuCores, `${ABOVE_ZERO} (cores)`, measured],
    [whole(args.zones), "zones", args.zones, WHOLE, "Give the cluster's zones."],
    [
      whole(args.maxUnavailable ?? 1),
      "maxUnavailable",
      args.maxUnavailable,
      `${WHOLE} (pods)`,
      "With 0 no node could be drained.",
    ],
  ];
  return checks
    .filter(([ok]) => !ok)
    .map(([, property, got, allowed, fix]) => ({ property, got, allowed, fix }));
}

function rangeProblems(range: string, property: string): Problem[] {
  const [address = "", prefix = "", ...rest] = range.split("/");
  const longest = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const isRange = rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
  if (!isRange) {
    const fix = "Give the range that the load balancer or the CDN connects from.";
    return [{ property, got: range, allowed: "a range in CIDR notation, like 10.0.0.0/8", fix }];
  }
  if (Number(prefix) > 0) return [];
  const fix = "With everybody trusted, each client chooses the address that it is limited by.";
  return [{ property, got: range, allowed: "a range that is not everybody", fix }];
}

function pathProblems(paths: readonly string[]): Problem[] {
  return paths.flatMap((path, index) => {
    const isPrefix = /^(\/[A-Za-z0-9._~-]+)+\/?$/.test(path) && path !== NGINX_ENDPOINTS.health;
    const isFirst = paths.indexOf(path) === index;
    if (isPrefix && isFirst) return [];
    const property = `upstream.webSocketPaths[${index}]`;
    const allowed = isFirst
      ? `a path like /socket.io/, other than ${NGINX_ENDPOINTS.health}`
      : "a path that is not in the list yet";
    return [
      { property, got: path, allowed, fix: "Give the prefix that the WebSockets of the service share." },
    ];
  });
}

/** A drain is mended at its later end, everything else at the inner one. */
function asProblem({ rule, inner, outer, message }: LadderProblem, timeouts: TimeoutLadder): Problem {
  const step = rule === "drain-fits" ? outer : inner;
  const [group = "", field = ""] = step.split(".");
  const steps = timeouts as unknown as Record<string, Record<string, number>>;
  return {
    property: `timeouts.${step}`,
    got: steps[group]?.[field],
    allowed: "a ladder that holds",
    fix: `${message}.`,
  };
}

function proofProblems(args: NginxArgs, plan: ProxyPlan): Problem[] {
  const problems: Problem[] = [];
  const { maxReplicas } = plan;
  const share = rateLimitPerPod(args.rateLimit, maxReplicas);
  const divided = `nginx counts in each of up to ${maxReplicas} pods by itself`;
  if (share.requestsPerMinute < 1) {
    problems.push({
      property: "rateLimit.requestsPerSecond",
      got: args.rateLimit.requestsPerSecond,
      allowed: `at least ${maxReplicas} requests/minute, for ${divided}`,
      fix: "Raise it, or use fewer and larger pods.",
    });
  }
  if (share.connections < 1) {
    problems.push({
      property: "rateLimit.connections",
      got: args.rateLimit.connections,
      allowed: `at least ${maxReplicas}, for ${divided}`,
      fix: "Raise it, or use fewer and larger pods.",
    });
  }
  if (args.memoryLimitMiB !== undefined && !(args.memoryLimitMiB >= plan.neededMiB)) {
    problems.push({
      property: "memoryLimitMiB",
      got: args.memoryLimitMiB,
      allowed: `at least ${describeMemory(plan)} (MiB)`,
      fix: `Raise it, or leave it out and it becomes ${plan.neededMiB}.`,
    });
  }
  return problems;
}

/**
 * The name as nginx needs it: its resolver knows no search domains, so that what other programs in a pod find by
 * `backend-service` has to be spelled out. Addresses, and names outside the cluster, stay as they are.
 *
 * @param domain last part of every Service's name
 */
export function qualifiedHost(host: string, namespace: string, domain: string): string {
  if (isIP(host) !== 0) return host;
  if (!host.includes(".")) return `${host}.${namespace}.svc.${domain}`;
  return host.endsWith(".svc") ? `${host}.${domain}` : host;
}
