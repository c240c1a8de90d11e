/** The part of a configuration that follows from the arguments in the same way for both programs. */
import * as pulumi from "@pulumi/pulumi";

import { valuesOf } from "../../../budget/core/derived";
import { own } from "../../../budget/core/own";
import { fieldOf } from "../../../budget/load-balancing/proxied-plan";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { PROBE_PATHS, privatePaths } from "../../../budget/load-balancing/private-paths";
import type { Admission, RateLimit } from "../../../budget/load-balancing/proxy-limits";
import {
  admissionOf,
  clusterDomain,
  completeService,
  ownTimeouts,
  qualifiedHost,
  type CompleteProxyArgs,
} from "./proxy-args";
import { PROXY_PORTS, type ProxyConfArgs, type ServiceConf, type UpstreamServer } from "./proxy-conf-args";
import { TLS_FILES } from "./proxy-tls";

/**
 * Everything but the servers of the service and the rate limit.
 *
 * @param workload name of the proxy's own Service, which others in the cluster may ask it by
 * @param loadBalancers addresses of load balancers that are trusted like the ranges, once they are known
 */
export function sharedConfArgs(
  args: CompleteProxyArgs & { readonly namespace: string },
  { numbers }: ProxyPlan,
  workload: string,
  admission: Admission | undefined,
  loadBalancers: readonly string[],
): Omit<ProxyConfArgs, "upstream" | "listen"> {
  const { tls, headers = {}, upstream, services = [] } = args;
  const hidden = [upstream, ...services.map((service) => service.upstream)].flatMap(
    ({ healthPath: ready = PROBE_PATHS.ready, livePath: live = PROBE_PATHS.live }) =>
      privatePaths({ live, ready }),
  );
  const hosts = [...new Set([...(args.hosts ?? []), ...(args.hostsInFront ?? [])])];
  const { certificate, key } = TLS_FILES;
  return {
    plan: valuesOf(numbers),
    timeouts: ownTimeouts(args),
    ...(admission === undefined ? {} : { admission }),
    trustedProxies: [...args.trustedProxies, ...loadBalancers.map((address) => `${address}/32`)],
    maxBodyMiB: args.maxBodyMiB,
    routes: args.routes ?? [],
    ...(upstream.name === undefined ? {} : { serviceName: upstream.name }),
    accessExporter: `127.0.0.1:${PROXY_PORTS.accessLog}`,
    privatePaths: [...new Set(hidden)],
    ...(hosts.length === 0 ? {} : { hosts: [...hosts, ...ownNames(args, workload)] }),
    headers: {
      owner: headers.owner ?? "proxy",
      hsts: tls !== undefined || headers.tlsInFront === true,
    },
    ...(tls === undefined ? {} : { tls: { certificate, key, plainPort: tls.plainPort ?? "redirect" } }),
  };
}

/** Where the services are, as soon as it is known: the proxy's own first, then the others in their order. */
export function upstreamsOf(
  args: CompleteProxyArgs,
): pulumi.Output<{ readonly namespace: string; readonly servers: readonly UpstreamServer[] }> {
  const domain = clusterDomain(args);
  const { namespace, upstream, services = [] } = args;
  const given = [upstream, ...services.map((service) => service.upstream)].map(({ host, port }) => ({
    host,
    port,
  }));
  return pulumi.output({ namespace, given }).apply(({ namespace, given }) => ({
    namespace,
    servers: given.map(({ host, port }) => ({ host: qualifiedHost(host, namespace, domain), port })),
  }));
}

/**
 * The services beside the proxy's own.
 *
 * @param servers where each of them is
 * @param limitOf what one address may do at one of them
 */
export function serviceConfs<Limit>(
  args: CompleteProxyArgs,
  { numbers }: ProxyPlan,
  servers: readonly UpstreamServer[],
  limitOf: (limit: RateLimit) => Limit,
): ServiceConf<Limit>[] {
  return (args.services ?? []).map((given, index) => {
    const { rateLimit, upstream, ...service } = completeService(args, given);
    const { budget, name, hosts, paths, routes, timeouts, maxBodyMiB } = service;
    const admission = admissionOf({ upstream, budget }, numbers.minReplicas.value);
    const server = servers[index];
    return {
      name,
      hosts,
      paths,
      routes,
      timeouts,
      maxBodyMiB,
      upstream: server === undefined ? [] : [server],
      upstreamKeepAlive: keptTo(numbers, name),
      ...(admission === undefined ? {} : { admission }),
      ...(rateLimit === undefined ? {} : { rateLimit: limitOf(rateLimit) }),
    };
  });
}

/** Idle connections one worker keeps to a service beside the proxy's own. */
export function keptTo(numbers: ProxyPlan["numbers"], service: string): number {
  return Number(
    own(numbers, fieldOf(service, "upstreamKeepAlive"))?.value ?? numbers.upstreamKeepAlive.value,
  );
}

/** Names of the Service inside the cluster. */
function ownNames(
  args: Pick<CompleteProxyArgs, "clusterDns"> & { readonly namespace: string },
  workload: string,
): string[] {
  const inNamespace = `${workload}.${args.namespace}`;
  return [workload, inNamespace, `${inNamespace}.svc`, `${inNamespace}.svc.${clusterDomain(args)}`];
}
