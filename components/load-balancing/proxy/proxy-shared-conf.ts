/** The part of a configuration that follows from the arguments in the same way for both programs. */
import { valuesOf } from "../../../budget/core/derived";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import { PROBE_PATHS, privatePaths } from "../../../budget/load-balancing/private-paths";
import type { Admission } from "../../../budget/load-balancing/proxy-limits";
import { clusterDomain, type CompleteProxyArgs } from "./proxy-args";
import type { ProxyConfArgs } from "./proxy-conf-args";
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
  const { tls, headers = {}, upstream } = args;
  const { healthPath: ready = PROBE_PATHS.ready, livePath: live = PROBE_PATHS.live } = upstream;
  const hosts = [...new Set([...(args.hosts ?? []), ...(args.hostsInFront ?? [])])];
  const { certificate, key } = TLS_FILES;
  return {
    plan: valuesOf(numbers),
    timeouts: args.timeouts,
    ...(admission === undefined ? {} : { admission }),
    trustedProxies: [...args.trustedProxies, ...loadBalancers.map((address) => `${address}/32`)],
    maxBodyMiB: args.maxBodyMiB,
    routes: args.routes ?? [],
    privatePaths: privatePaths({ live, ready }),
    ...(hosts.length === 0 ? {} : { hosts: [...hosts, ...ownNames(args, workload)] }),
    headers: {
      owner: headers.owner ?? "proxy",
      hsts: tls !== undefined || headers.tlsInFront === true,
    },
    ...(tls === undefined ? {} : { tls: { certificate, key, plainPort: tls.plainPort ?? "redirect" } }),
  };
}

/** Names of the Service inside the cluster. */
function ownNames(
  args: Pick<CompleteProxyArgs, "clusterDns"> & { readonly namespace: string },
  workload: string,
): string[] {
  const inNamespace = `${workload}.${args.namespace}`;
  return [workload, inNamespace, `${inNamespace}.svc`, `${inNamespace}.svc.${clusterDomain(args)}`];
}
