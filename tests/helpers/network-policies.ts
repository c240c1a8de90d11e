/** What NetworkPolicies allow, as the API describes it: a connection has to be allowed by both sides' policies. */
import { BlockList, isIP } from "node:net";

type Labels = Readonly<Record<string, string>>;

interface Peer {
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly namespaceSelector?: { readonly matchLabels?: Labels };
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}

/** A NetworkPolicy, as far as it decides. */
export interface Policy {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Labels };
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/** One end of a connection. What is outside the cluster has no labels. */
export interface Endpoint {
  readonly name: string;
  readonly address: string;
  readonly pod?: {
    readonly namespace: string;
    readonly labels: Labels;
    /** Numbers of its ports by name. */
    readonly ports: Readonly<Record<string, number>>;
  };
}

const matches = (selector: { readonly matchLabels?: Labels }, labels: Labels): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

/** Policies that select the pod. */
export function policiesOf(policies: readonly Policy[], { pod }: Endpoint): Policy[] {
  if (pod === undefined) return [];
  return policies.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && matches(spec.podSelector, pod.labels),
  );
}

function isIn(cidr: string, address: string): boolean {
  const [net = "", bits = ""] = cidr.split("/");
  const family = (ip: string): "ipv4" | "ipv6" => (isIP(ip) === 6 ? "ipv6" : "ipv4");
  if (family(net) !== family(address)) return false;
  const list = new BlockList();
  list.addSubnet(net, Number(bits), family(net));
  return list.check(address, family(address));
}

function isPeer(peer: Peer, namespace: string, { address, pod }: Endpoint): boolean {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  // Some network plugins hold pods against ranges too: what has to be refused is refused with those as well.
  if (ipBlock !== undefined) {
    return isIn(ipBlock.cidr, address) && !(ipBlock.except ?? []).some((range) => isIn(range, address));
  }
  if (pod === undefined) return false;
  const isNamespace =
    namespaceSelector === undefined
      ? pod.namespace === namespace
      : matches(namespaceSelector, { "kubernetes.io/metadata.name": pod.namespace });
  return isNamespace && matches(podSelector ?? {}, pod.labels);
}

function isPort(ports: readonly Port[] | undefined, to: Endpoint, port: number, protocol: string): boolean {
  if (ports === undefined) return true;
  return ports.some((allowed) => {
    if ((allowed.protocol ?? "TCP") !== protocol) return false;
    if (allowed.port === undefined) return true;
    const first = typeof allowed.port === "number" ? allowed.port : to.pod?.ports[allowed.port];
    return first !== undefined && port >= first && port <= (allowed.endPort ?? first);
  });
}

/** Whether a connection is made. Nobody's policy is no obstacle; of several, one that allows it is enough. */
export function isAllowed(
  policies: readonly Policy[],
  from: Endpoint,
  to: Endpoint,
  port: number,
  protocol = "TCP",
): boolean {
  const side = (self: Endpoint, other: Endpoint, type: "Ingress" | "Egress"): boolean => {
    const all = policiesOf(policies, self).filter(({ spec }) => spec.policyTypes.includes(type));
    if (all.length === 0) return true;
    return all.some(({ metadata, spec }) =>
      (type === "Ingress" ? spec.ingress : spec.egress)?.some((rule) => {
        const peers = type === "Ingress" ? rule.from : rule.to;
        const isSomebody = peers?.some((peer) => isPeer(peer, metadata.namespace, other)) ?? true;
        return isSomebody && isPort(rule.ports, to, port, protocol);
      }),
    );
  };
  return side(from, to, "Egress") && side(to, from, "Ingress");
}
