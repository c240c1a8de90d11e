/** What makes a proxy impossible to build or to prove. */
import { isIP } from "node:net";

import { z } from "zod";

import { issue, type Issue, issuesOf, within } from "../../../budget/core/issues";
import { timeoutIssues } from "../../../budget/timeouts/timeouts";
import { port, workloadName as nameOfWorkload, zones } from "../../../budget/core/leaves";
import { number, retold, text } from "../../../budget/core/settings";
import { publicIssues } from "../../../budget/load-balancing/public-services";
import { proxySettings, publicServiceSettings } from "../../../budget/load-balancing/settings";
import { demandSettings, profileSettings } from "../../../budget/service/settings";
import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { rateLimitPerPod } from "../../../budget/load-balancing/proxy-limits";
import {
  completeProxyArgs,
  planOfProxy,
  workloadName,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "./proxy-args";
import { HEALTH_PATH } from "./proxy-conf-args";
import { routeIssues } from "./proxy-routes";
import { tlsIssues } from "./proxy-tls";

/** Everything that makes a proxy impossible to build or to prove. An empty list means it is sound. */
export function proxyIssues(proxy: ProxyKind, given: ProxyArgs): Issue[] {
  const args = completeProxyArgs(given);
  const issues = [
    ...numberIssues(args),
    ...trustIssues(args.trustedProxies),
    ...routesAndTlsIssues(args),
    ...servicesIssues(args),
    ...dnsIssues(proxy, args),
    ...timeoutIssues(args.timeouts),
  ];
  // The proofs below would only repeat, as NaN, what is wrong above.
  if (issues.length > 0) return issues;
  return proofIssues(proxy, args, args.plan ?? planOfProxy(proxy, args.name ?? workloadName(proxy), args));
}

const { clientConnections, cpuCores, rateLimit, maxBodyMiB } = proxySettings;
const { serviceTimeSeconds, concurrencyPerPod } = profileSettings.shape;

const servicePort = retold(port, { fix: "Give the port the service listens on." });

/** The arguments that are judged by themselves. */
const checked = z.object({
  name: nameOfWorkload.optional(),
  upstream: z.object({
    name: nameOfWorkload.optional(),
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
  name: nameOfWorkload,
  upstream: checked.shape.upstream,
  hosts: publicServiceSettings.hosts.optional(),
  paths: publicServiceSettings.paths.optional(),
  maxBodyMiB: publicServiceSettings.maxBodyMiB.optional(),
  rateLimit: publicServiceSettings.rateLimit.optional(),
});

/** Services beside the proxy's own: each by itself, and where two of them want the same. */
function servicesIssues({ services = [], routes = [] }: CompleteProxyArgs): Issue[] {
  const at = (name: string): number => services.findIndex((service) => service.name === name);
  const alone = services.flatMap((service, index): Issue[] =>
    within(
      ["services", index],
      [
        ...issuesOf(besides, service),
        ...routeIssues(service.routes ?? [], [HEALTH_PATH]),
        ...(service.timeouts === undefined ? [] : timeoutIssues(service.timeouts)),
        ...(at(service.name) < index
          ? [
              issue("name", service.name, {
                allowed: "a name that no other service has",
                fix: "Rename one of them: sections of the configuration are called after it.",
              }),
            ]
          : []),
      ],
    ),
  );
  if (alone.length > 0) return alone;
  return publicIssues(services, { routes, reserved: [HEALTH_PATH] }).map(({ service, path, ...what }) => ({
    path: ["services", at(service), ...path],
    ...what,
  }));
}

function numberIssues(args: CompleteProxyArgs): Issue[] {
  const { demand, port: upstreamPort } = args.upstream;
  const issues = issuesOf(checked, args);
  if (typeof upstreamPort === "number") {
    issues.push(...within(["upstream", "port"], issuesOf(servicePort, upstreamPort)));
  }
  if (issues.length === 0 && demand.peakRps < demand.baseRps) {
    issues.push(
      issue("upstream.demand.peakRps", demand.peakRps, {
        allowed: `a number of at least baseRps, ${demand.baseRps} (requests/s)`,
        fix: "Give the highest rate that it must serve.",
      }),
    );
  }
  return issues;
}

/** Ranges that are none, and those that are everybody. */
export function trustIssues(ranges: readonly string[]): Issue[] {
  return issuesOf(z.object({ trustedProxies: proxySettings.trustedProxies }), {
    trustedProxies: ranges,
  });
}

/** What a stack file can be judged by before there is a proxy. */
export function routesAndTlsIssues(args: Pick<ProxyArgs, "routes" | "hosts" | "tls" | "headers">): Issue[] {
  return [
    ...routeIssues(args.routes ?? [], [HEALTH_PATH]),
    ...tlsIssues(args.tls, args.hosts ?? []),
    ...hstsIssues(args),
  ];
}

/** HAProxy looks a DNS server up nowhere. */
function dnsIssues(proxy: ProxyKind, { clusterDns }: ProxyArgs): Issue[] {
  const server = clusterDns?.server;
  if (proxy === "nginx" || server === undefined || isIP(server) !== 0) return [];
  const fix = "Leave it out for the servers of /etc/resolv.conf.";
  return [issue("clusterDns.server", server, { allowed: "an address", fix })];
}

/** Two places where TLS ends are two answers to the question who owns it. */
function hstsIssues({ tls, headers }: Pick<ProxyArgs, "tls" | "headers">): Issue[] {
  if (tls === undefined || headers?.tlsInFront !== true) return [];
  const fix = "Leave one of them out: with tls the header is sent anyway.";
  return [issue("headers.tlsInFront", true, { allowed: "false where tls is given", fix })];
}

function proofIssues(proxy: ProxyKind, args: CompleteProxyArgs, { numbers }: ProxyPlan): Issue[] {
  const issues: Issue[] = [];
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
      issues.push(
        issue(`${at}rateLimit.requestsPerSecond`, limit.requestsPerSecond, {
          allowed: `at least ${maxReplicas} requests/minute, for ${divided}`,
          fix,
        }),
      );
    }
    if (share.connections < 1) {
      issues.push(
        issue(`${at}rateLimit.connections`, limit.connections, {
          allowed: `at least ${maxReplicas}, for ${divided}`,
          fix,
        }),
      );
    }
  }
  const { neededMiB } = numbers;
  if (args.memoryLimitMiB !== undefined && !(args.memoryLimitMiB >= neededMiB.value)) {
    issues.push(
      issue("memoryLimitMiB", args.memoryLimitMiB, {
        allowed: `at least ${neededMiB.value} = ${neededMiB.formula} (MiB)`,
        fix: `Raise it, or leave it out and it becomes ${neededMiB.value}.`,
      }),
    );
  }
  return issues;
}
