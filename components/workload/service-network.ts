import {
  DEFAULT_MONITORING_NAMESPACE,
  NAMES,
  admits,
  podsLabelled,
  podsOfNamespace,
  policyOf,
  reaches,
  reachesNamespace,
  reachesOutside,
  type EgressRule,
  type PolicySpec,
} from "../shared/network-policy";
import { collectorOf, type Tracing } from "../../budget/service/tracing";
import type { ResolvedServiceArgs } from "./elastic-service-args";

/** What a service is let connect to when nobody says anything: the programming interfaces of clouds and partners. */
const HTTPS = 443;

/**
 * Lets callers in, and the pods to what the service was told of: its caches, its database, the services that it calls.
 * Metrics are on the port of the requests, so monitoring may ask there, too.
 */
export function serviceNetworkPolicy(app: string, args: ResolvedServiceArgs): PolicySpec {
  const { port, network = {}, caches = [], database, calls = [], tracing } = args;
  const { callers = [], callerNamespaces = [], outside = [{ port: HTTPS }] } = network;
  const namespaces = new Set([
    ...callerNamespaces,
    network.monitoringNamespace ?? DEFAULT_MONITORING_NAMESPACE,
  ]);
  const destinations = [
    ...caches.map((cache) => cache.destination ?? { ports: [cache.port] }),
    ...(database === undefined ? [] : [database.destination]),
    ...calls.map(({ destination }) => destination),
  ];
  return policyOf(
    app,
    [
      ...callers.flatMap(({ labels, ports = [] }) =>
        admits([podsLabelled(labels)], [...new Set([port, ...ports])]),
      ),
      ...admits([...namespaces].map(podsOfNamespace), [port]),
    ],
    [
      NAMES,
      ...destinations.map(reaches),
      ...outside.map(reachesOutside),
      ...(tracing === undefined ? [] : [reachesCollector(tracing)]),
    ],
  );
}

/** Pods of its namespace, whatever their labels: they are somebody else's. */
function reachesCollector({ endpoint }: Tracing): EgressRule {
  const collector = collectorOf(endpoint);
  return "namespace" in collector
    ? reachesNamespace(collector.namespace, [collector.port])
    : reachesOutside(collector);
}
