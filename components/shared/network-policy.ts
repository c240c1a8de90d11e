/** Rules of NetworkPolicies. What no rule allows is refused, in both directions. */
import type * as k8s from "@pulumi/kubernetes";

import { selectorLabels } from "./kubernetes";

export type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;
export type IngressRule = k8s.types.input.networking.v1.NetworkPolicyIngressRule;
export type EgressRule = k8s.types.input.networking.v1.NetworkPolicyEgressRule;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type PolicyPort = k8s.types.input.networking.v1.NetworkPolicyPort;

/** A port, or the first and the last of a range. */
export type Ports = readonly (number | readonly [first: number, last: number])[];

/** Where something is that pods connect to. */
export interface Destination {
  /** Labels of its pods, in the same namespace. @default it is outside the cluster, at a private address */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the pods, which may differ from their Service's. */
  readonly ports: Ports;
}

/** Somewhere that a stack file lets a service connect to. */
export interface OutsideAddress {
  /** 1..65535 */
  readonly port: number;
  /** Range of addresses. @default everywhere but the node's own, where the cloud answers with its credentials */
  readonly cidr?: string;
}

/** Namespace of the programs that read metrics. */
export const DEFAULT_MONITORING_NAMESPACE = "monitoring";

/** Everywhere but the link: there the cloud hands out the credentials of the node to whoever asks. */
const ANYWHERE: readonly Peer[] = [
  { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
  { ipBlock: { cidr: "::/0", except: ["fe80::/10", "fd00:ec2::/32"] } },
];

/** Addresses of a private network: RFC 1918, and RFC 6598, which clouds take for pods and peers. */
const PRIVATE: readonly Peer[] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"].map(
  (cidr) => ({
    ipBlock: { cidr },
  }),
);

/** EKS Pod Identity: gives a pod the credentials of its own service account. */
export const POD_IDENTITY: EgressRule = {
  to: [{ ipBlock: { cidr: "169.254.170.23/32" } }, { ipBlock: { cidr: "fd00:ec2::23/128" } }],
  ports: [{ protocol: "TCP", port: 80 }],
};

/** Names, from whatever serves them in this cluster: pods, or a cache on the node. */
export const NAMES: EgressRule = {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

export const podsLabelled = (matchLabels: Readonly<Record<string, string>>): Peer => ({
  podSelector: { matchLabels: { ...matchLabels } },
});

export const podsOfNamespace = (name: string): Peer => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

function portsOf(ports: Ports): PolicyPort[] {
  return ports.map((port) =>
    typeof port === "number"
      ? { protocol: "TCP", port }
      : { protocol: "TCP", port: port[0], endPort: port[1] },
  );
}

/** Lets these in. Nobody is no rule at all: an empty `from` would be everybody. */
export function admits(from: readonly Peer[], ports: Ports): IngressRule[] {
  return from.length === 0 || ports.length === 0 ? [] : [{ from: [...from], ports: portsOf(ports) }];
}

/** Lets everybody in at these ports. */
export function admitsAnybody(ports: Ports): IngressRule {
  return { ports: portsOf(ports) };
}

export function reaches({ labels, ports }: Destination): EgressRule {
  return { to: labels === undefined ? [...PRIVATE] : [podsLabelled(labels)], ports: portsOf(ports) };
}

export function reachesNamespace(name: string, ports: Ports): EgressRule {
  return { to: [podsOfNamespace(name)], ports: portsOf(ports) };
}

export function reachesOutside({ port, cidr }: OutsideAddress): EgressRule {
  return { to: cidr === undefined ? [...ANYWHERE] : [{ ipBlock: { cidr } }], ports: portsOf([port]) };
}

/** The policy of one workload. */
export function policyOf(
  workload: string,
  ingress: readonly IngressRule[],
  egress: readonly EgressRule[],
): PolicySpec {
  return {
    podSelector: { matchLabels: selectorLabels(workload) },
    policyTypes: ["Ingress", "Egress"],
    ingress: [...ingress],
    egress: [...egress],
  };
}
