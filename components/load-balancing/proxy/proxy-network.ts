import * as pulumi from "@pulumi/pulumi";

import {
  DEFAULT_MONITORING_NAMESPACE,
  NAMES,
  admits,
  admitsAnybody,
  podsOfNamespace,
  policyOf,
  reaches,
  reachesOutside,
  type PolicySpec,
} from "../../shared/network-policy";
import type { ProxyArgs } from "./proxy-args";
import { PROXY_PORTS } from "./proxy-conf-args";

/**
 * Lets everybody in where requests come in, for a load balancer may have any address, and monitoring to the metrics. Out it
 * goes to its services. HAProxy's pods count each other by name only.
 *
 * @param traffic ports of the pods that take requests
 */
export function proxyNetworkPolicy(
  workload: string,
  { upstream, routes = [], services = [], monitoringNamespace = DEFAULT_MONITORING_NAMESPACE }: ProxyArgs,
  traffic: readonly number[],
): pulumi.Output<PolicySpec> {
  const behind = [{ upstream, routes }, ...services];
  return pulumi.output(behind.map((service) => service.upstream.port)).apply((known) => {
    const reached = behind.flatMap(({ upstream: { labels }, routes: open = [] }, index) => {
      const port = known[index];
      if (port === undefined) return [];
      const ports = [...new Set([port, ...open.map((route) => route.port ?? port)])];
      return labels === undefined
        ? ports.map((outside) => reachesOutside({ port: outside }))
        : [reaches({ labels, ports })];
    });
    return policyOf(
      workload,
      [
        admitsAnybody(traffic),
        ...admits([podsOfNamespace(monitoringNamespace)], [PROXY_PORTS.metrics, PROXY_PORTS.accessMetrics]),
      ],
      [NAMES, ...reached],
    );
  });
}
