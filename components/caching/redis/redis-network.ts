import type * as k8s from "@pulumi/kubernetes";

import { selectorLabels } from "../../shared/kubernetes";
import { podsOfNamespace } from "../../shared/network-policy";

type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;
type IngressRule = k8s.types.input.networking.v1.NetworkPolicyIngressRule;

/** Who may talk to a Redis. */
export interface RedisNetwork {
  readonly workload: string;
  /** Labels of the pods that connect. */
  readonly clients: readonly Readonly<Record<string, string>>[];
  /** Namespaces all of whose pods connect, such as that of KEDA, which counts what waits. @default none */
  readonly clientNamespaces?: readonly string[];
  /** Namespace whose pods read the metrics. */
  readonly monitoringNamespace: string;
  /** Its pods also talk to each other. */
  readonly replicated: boolean;
}

const tcp = (port: string): { protocol: string; port: string } => ({ protocol: "TCP", port });

/**
 * Admits clients, monitoring and, where there are several, the other members; lets members call each other and the name
 * service, and a server that is alone nobody. An empty `from` would let everybody in, so without clients there is no rule
 * for them at all.
 */
export function redisNetworkPolicy(network: RedisNetwork): PolicySpec {
  const { workload, clients, clientNamespaces = [], monitoringNamespace, replicated } = network;
  const members = { podSelector: { matchLabels: selectorLabels(workload) } };
  const serverPorts = [tcp("redis"), ...(replicated ? [tcp("sentinel")] : [])];
  const from = [
    ...clients.map((matchLabels) => ({ podSelector: { matchLabels } })),
    ...clientNamespaces.map(podsOfNamespace),
    ...(replicated ? [members] : []),
  ];
  const ingress: IngressRule[] = [
    ...(from.length === 0 ? [] : [{ from, ports: serverPorts }]),
    {
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": monitoringNamespace } } }],
      ports: [tcp("metrics")],
    },
  ];
  return {
    podSelector: members.podSelector,
    policyTypes: ["Ingress", "Egress"],
    ingress,
    egress: replicated
      ? [
          { to: [members], ports: serverPorts },
          // Names of the other members, from whatever serves them in this cluster.
          {
            ports: [
              { protocol: "UDP", port: 53 },
              { protocol: "TCP", port: 53 },
            ],
          },
        ]
      : [],
  };
}
