/** What makes a proxy impossible to build or to prove. */
import { isIP } from "node:net";

import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { rateLimitPerPod } from "../../../budget/load-balancing/proxy-limits";
import type { Problem } from "../../shared/problems";
import { timeoutProblems } from "../../shared/timeout-problems";
import {
  completeProxyArgs,
  planOfProxy,
  workloadName,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "./proxy-args";
import { HEALTH_PATH } from "./proxy-conf-args";
import { routeProblems } from "./proxy-routes";
import { tlsProblems } from "./proxy-tls";

/** Everything that makes a proxy impossible to build or to prove. An empty list means it is sound. */
export function proxyProblems(proxy: ProxyKind, given: ProxyArgs): Problem[] {
  const args = completeProxyArgs(given);
  const problems = [
    ...nameProblems(args.name),
    ...numberProblems(args),
    ...trustProblems(args.trustedProxies),
    ...routesAndTlsProblems(args),
    ...dnsProblems(proxy, args),
    ...timeoutProblems(args.timeouts),
  ];
  // The proofs below would only repeat, as NaN, what is wrong above.
  if (problems.length > 0) return problems;
  return proofProblems(proxy, args, args.plan ?? planOfProxy(proxy, args.name ?? workloadName(proxy), args));
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

function numberProblems(args: CompleteProxyArgs): Problem[] {
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
      upstream.concurrency === undefined || positive(upstream.concurrency),
      "upstream.concurrency",
      upstream.concurrency,
      `${ABOVE_ZERO} (requests)`,
      measured,
    ],
    [
      /^\/[^\s'"\\#]*$/.test(upstream.healthPath ?? "/"),
      "upstream.healthPath",
      upstream.healthPath,
      'a path that begins with "/"',
      "Give the path that a ready pod answers.",
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

/** Ranges that are none, and those that are everybody. */
export function trustProblems(ranges: readonly string[]): Problem[] {
  return ranges.flatMap((range, index) => rangeProblems(range, `trustedProxies[${index}]`));
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

/** What a stack file can be judged by before there is a proxy. */
export function routesAndTlsProblems(
  args: Pick<ProxyArgs, "routes" | "hosts" | "tls" | "headers">,
): Problem[] {
  return [
    ...routeProblems(args.routes ?? [], [HEALTH_PATH]),
    ...tlsProblems(args.tls, args.hosts ?? []),
    ...hstsProblems(args),
  ];
}

/** HAProxy looks a DNS server up nowhere. */
function dnsProblems(proxy: ProxyKind, { clusterDns }: ProxyArgs): Problem[] {
  const server = clusterDns?.server;
  if (proxy === "nginx" || server === undefined || isIP(server) !== 0) return [];
  const fix = "Leave it out for the servers of /etc/resolv.conf.";
  return [{ property: "clusterDns.server", got: server, allowed: "an address", fix }];
}

/** Two places where TLS ends are two answers to the question who owns it. */
function hstsProblems({ tls, headers }: Pick<ProxyArgs, "tls" | "headers">): Problem[] {
  if (tls === undefined || headers?.tlsInFront !== true) return [];
  const fix = "Leave one of them out: with tls the header is sent anyway.";
  return [{ property: "headers.tlsInFront", got: true, allowed: "false where tls is given", fix }];
}

function proofProblems(proxy: ProxyKind, args: CompleteProxyArgs, { numbers }: ProxyPlan): Problem[] {
  const problems: Problem[] = [];
  const maxReplicas = numbers.maxReplicas.value;
  const share = rateLimitPerPod(args.rateLimit, maxReplicas);
  const divided = `each of up to ${maxReplicas} pods counts by itself`;
  const fix = "Raise it, or use fewer and larger pods.";
  // HAProxy's window is as long as it takes for a pod's share to be a whole request.
  if (proxy === "nginx" && share.requestsPerMinute < 1) {
    problems.push({
      property: "rateLimit.requestsPerSecond",
      got: args.rateLimit.requestsPerSecond,
      allowed: `at least ${maxReplicas} requests/minute, for ${divided}`,
      fix,
    });
  }
  if (share.connections < 1) {
    problems.push({
      property: "rateLimit.connections",
      got: args.rateLimit.connections,
      allowed: `at least ${maxReplicas}, for ${divided}`,
      fix,
    });
  }
  const { neededMiB } = numbers;
  if (args.memoryLimitMiB !== undefined && !(args.memoryLimitMiB >= neededMiB.value)) {
    problems.push({
      property: "memoryLimitMiB",
      got: args.memoryLimitMiB,
      allowed: `at least ${neededMiB.value} = ${neededMiB.formula} (MiB)`,
      fix: `Raise it, or leave it out and it becomes ${neededMiB.value}.`,
    });
  }
  return problems;
}
