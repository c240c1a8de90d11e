/** What haproxy.cfg depends on, and the names that other files share with it. */
import type { SlidingWindow } from "../../../../budget/load-balancing/proxy-limits";
import type { ProxyConfArgs, ServiceConf } from "../proxy-conf-args";

/** haproxy.cfg, from the ConfigMap; where the image looks. */
export const HAPROXY_CONFIG = "/usr/local/etc/haproxy/haproxy.cfg";

/** On the metrics port. */
export const METRICS_PATH = "/metrics";

/** Names of the sections, by which an operator finds them in metrics. */
export const HAPROXY_SECTIONS = {
  clients: "clients",
  application: "application",
  addresses: "addresses",
  connections: "connections",
  fleet: "fleet",
} as const;

/** Name of the section of the same pods for bodies that come while the service reads them. */
export function uploadsOf(group: string): string {
  return `${group}_uploads`;
}

/** Name of the section that counts the clients of a service apart. */
export function addressesOf(service: string): string {
  return `${HAPROXY_SECTIONS.addresses}_${service}`;
}

/** How names are looked up while HAProxy runs. */
export interface HaProxyDns {
  /** Servers that the service's name stands for at most: `server-template` has as many slots. */
  readonly slots: number;
  /** `address:port` of a DNS server. @default those of /etc/resolv.conf */
  readonly nameserver?: string;
}

/** What one address may do at all pods together. */
export interface HaProxyLimit {
  readonly window: SlidingWindow;
  /** Requests in flight at the same time. */
  readonly connections: number;
}

/** A service beside the proxy's own. */
export interface HaProxyService extends ServiceConf<HaProxyLimit> {
  /** Path that a ready server of it answers with 2xx or 3xx. */
  readonly healthPath: string;
  /** Servers that its name stands for at most. @default 1 */
  readonly slots?: number;
}

/** Everything that haproxy.cfg depends on. */
export interface HaProxyConfArgs extends Omit<ProxyConfArgs, "listen"> {
  /** Without it the names are looked up once, when HAProxy starts. */
  readonly dns?: HaProxyDns;
  /** Path that a ready server of the service answers with 2xx or 3xx. */
  readonly healthPath: string;
  /** What one address may do at all pods together. */
  readonly rateLimit: HaProxyLimit;
  /** Services beside the proxy's own. @default none */
  readonly services?: readonly HaProxyService[];
  /** The pods of this proxy, which share the rate limit. */
  readonly fleet: {
    readonly maxReplicas: number;
    /** Name that stands for every ready pod. Needs `dns`. @default counts as `maxReplicas` */
    readonly host?: string;
  };
  /** @default 8080, 8443, 8081 and 9113 of every address */
  readonly listen?: {
    readonly http: string;
    readonly https: string;
    readonly status: string;
    readonly metrics?: string;
  };
}
