/** What makes a proxy impossible to build or to prove. */
import { isIP } from "node:net";

import { z } from "zod";

import { issuesOf, type Issue } from "../../../budget/core/issues";
import { port, workloadName as workloadLabel, zones } from "../../../budget/core/leaves";
import { number, text } from "../../../budget/core/settings";
import { publicIssues } from "../../../budget/load-balancing/public-services";
import { proxySettings, publicServiceSettings } from "../../../budget/load-balancing/settings";
import { demandSettings, profileSettings } from "../../../budget/service/settings";
import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { rateLimitPerPod } from "../../../budget/load-balancing/proxy-limits";
import { declaredProblems } from "../../shared/declared";
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
export function proxyProblems(proxy: ProxyKind, given: ProxyArgs): (Problem | Issue)[] {
  const args = completeProxyArgs(given);
  const problems = [
    ...nameProblems(args.name),
    ...numberProblems(args),
    ...trustProblems(args.trustedProxies),
    ...routesAndTlsProblems(args),
    ...serviceProblems(args),
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

const { clientConnections, cpuCores, rateLimit, maxBodyMiB } = proxySettings;
const { serviceTimeSeconds, concurrencyPerPod } = profileSettings.shape;

/** The arguments that are judged by themselves. */
const checked = z.object({
  upstream: z.object({
    demand: z.object(demandSettings.shape),
    serviceTimeSeconds,
    addresses: number(
      { unit: "pods", atLeast: 1, atMost: 100_000, whole: true },
      { fix: "Give the service's largest fleet, or leave it out." },
    ).optional(),
    concurrency: concurrencyPerPod.optional(),
    healthPath: text(/^\/[^\s'"\\#]*$/, {
      allowed: 'a path that begins with "/"',
      fix: "Give the path that a ready pod answers.",
    }).optional(),
  }),
  clientConnections,
  rateLimit,
  maxBodyMiB,
  cpuCores,
  zones,
  maxUnavailable: number(
    { unit: "pods", atLeast: 1, atMost: 1000, whole: true },
    { fix: "With 0 no node could be drained." },
  ),
});

/** A service beside the proxy's own. */
const besides = z.object({
  name: workloadLabel,
  upstream: checked.shape.upstream,
  hosts: publicServiceSettings.hosts.optional(),
  paths: publicServiceSettings.paths.optional(),
  maxBodyMiB: publicServiceSettings.maxBodyMiB.optional(),
  rateLimit: publicServiceSettings.rateLimit.optional(),
});

/** Services beside the proxy's own: each by itself, and where two of them want the same. */
function serviceProblems({ services = [], routes = [] }: CompleteProxyArgs): (Problem | Issue)[] {
  const at = (name: string): number => services.findIndex((service) => service.name === name);
  const alone = services.flatMap((service, index): Problem[] => {
    const below = (problem: Problem): Problem => ({
      ...problem,
      property: `services[${index}].${problem.property}`,
    });
    return [
      ...declaredProblems(besides, service).map(below),
      ...routeProblems(service.routes ?? [], [HEALTH_PATH]).map(below),
      ...(service.timeouts === undefined ? [] : timeoutProblems(service.timeouts).map(below)),
      ...(at(service.name) < index
        ? [
            {
              property: `services[${index}].name`,
              got: service.name,
              allowed: "a name that no other service has",
              fix: "Rename one of them: sections of the configuration are called after it.",
            },
          ]
        : []),
    ];
  });
  if (alone.length > 0) return alone;
  return publicIssues(services, { routes, reserved: [HEALTH_PATH] }).map(({ service, path, ...what }) => ({
    path: ["services", at(service), ...path],
    ...what,
  }));
}

function numberProblems(args: CompleteProxyArgs): Problem[] {
  const { demand, port: upstreamPort } = args.upstream;
  const problems = declaredProblems(checked, args);
  if (typeof upstreamPort === "number") {
    for (const { allowed } of issuesOf(port, upstreamPort)) {
      const fix = "Give the port the service listens on.";
      problems.push({ property: "upstream.port", got: upstreamPort, allowed, fix });
    }
  }
  if (problems.length === 0 && demand.peakRps < demand.baseRps) {
    problems.push({
      property: "upstream.demand.peakRps",
      got: demand.peakRps,
      allowed: `a number of at least baseRps, ${demand.baseRps} (requests/s)`,
      fix: "Give the highest rate that it must serve.",
    });
  }
  return problems;
}

/** Ranges that are none, and those that are everybody. */
export function trustProblems(ranges: readonly string[]): Problem[] {
  return declaredProblems(z.object({ trustedProxies: proxySettings.trustedProxies }), {
    trustedProxies: ranges,
  });
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
  const divided = `each of up to ${maxReplicas} pods counts by itself`;
  const fix = "Raise it, or use fewer and larger pods.";
  const limits = [
    { at: "", limit: args.rateLimit },
    ...(args.services ?? []).flatMap(({ rateLimit }, index) =>
      rateLimit === undefined ? [] : [{ at: `services[${index}].`, limit: rateLimit }],
    ),
  ];
  for (const { at, limit } of limits) {
    const share = rateLimitPerPod(limit, maxReplicas);
    // HAProxy's window is as long as it takes for a pod's share to be a whole request.
    if (proxy === "nginx" && share.requestsPerMinute < 1) {
      problems.push({
        property: `${at}rateLimit.requestsPerSecond`,
        got: limit.requestsPerSecond,
        allowed: `at least ${maxReplicas} requests/minute, for ${divided}`,
        fix,
      });
    }
    if (share.connections < 1) {
      problems.push({
        property: `${at}rateLimit.connections`,
        got: limit.connections,
        allowed: `at least ${maxReplicas}, for ${divided}`,
        fix,
      });
    }
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
