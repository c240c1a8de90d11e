/** The part of a configuration that follows from the arguments in the same way for both programs. */
import type { ProxyPlan } from "../../budget/proxy";
import type { Admission } from "../../budget/proxy-limits";
import type { ProxyArgs } from "./proxy-args";
import type { ProxyConfArgs } from "./proxy-conf-args";
import { TLS_FILES } from "./proxy-tls";

/**
 * Everything but the servers of the service and the rate limit.
 *
 * @param loadBalancers addresses of load balancers that are trusted like the ranges, once they are known
 */
export function sharedConfArgs(
  args: ProxyArgs,
  plan: ProxyPlan,
  admission: Admission | undefined,
  loadBalancers: readonly string[],
): Omit<ProxyConfArgs, "upstream" | "listen"> {
  const { tls, headers = {} } = args;
  const { certificate, key } = TLS_FILES;
  return {
    plan,
    timeouts: args.timeouts,
    ...(admission === undefined ? {} : { admission }),
    trustedProxies: [...args.trustedProxies, ...loadBalancers.map((address) => `${address}/32`)],
    maxBodyMiB: args.maxBodyMiB,
    routes: args.routes ?? [],
    headers: {
      owner: headers.owner ?? "proxy",
      hsts: tls !== undefined || headers.tlsInFront === true,
    },
    ...(tls === undefined ? {} : { tls: { certificate, key, plainPort: tls.plainPort ?? "redirect" } }),
  };
}
