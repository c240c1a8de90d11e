/** What haproxy.cfg depends on, and the names that other files share with it. */
import type { SlidingWindow } from "../../../../budget/load-balancing/proxy-limits";
import type { ProxyConfArgs } from "../proxy-conf-args";

/** haproxy.cfg, from the ConfigMap; where the image looks. */
export const HAPROXY_CONFIG = "/usr/local/etc/haproxy/haproxy.cfg";

/** On the metrics port. */
export const METRICS_PATH = "/metrics";

/** Names of the sections, by which an operator finds them in metrics. */
export const HAPROXY_SECTIONS = {
  clients: "clients",
  application: "application",
  /** Of the same pods: bodies that come while the service reads them. */
  uploads: "application_uploads",
  addresses: "addresses",
  connections: "connections",
  fleet: "fleet",
} as const;

/** How names are looked up while HAProxy runs. */
export interface HaProxyDns {
  /** Servers that the service's name stands for at most: `server-template` has as many slots. */
  readonly slots: number;
  /** `address:port` of a DNS server. @default those of /etc/resolv.conf */
  readonly nameserver?: string;
}

/** Everything that haproxy.cfg depends on. */
export interface HaProxyConfArgs extends Omit<ProxyConfArgs, "listen"> {
  /** Without it the names are looked up once, when HAProxy starts. */
  readonly dns?: HaProxyDns;
  /** Path that a ready server of the service answers with 2xx or 3xx. */
  readonly healthPath: string;
  /** What one address may do at all pods together. */
  readonly rateLimit: {
    readonly window: SlidingWindow;
    /** Requests in flight at the same time. */
    readonly connections: number;
  };
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
