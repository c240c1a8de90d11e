/** What nginx.conf depends on, and the names that other files share with it. */
import type { PodRateLimit, ProxyPlan } from "../../budget/proxy";
import type { TimeoutLadder } from "../../budget/timeouts";

/** Where things are in the container. */
export const NGINX_PATHS = {
  /** nginx.conf, from the ConfigMap; where the image's `nginx -t` looks. */
  config: "/etc/nginx/nginx.conf",
  /** The one writable directory: the pid, and bodies that do not fit a buffer. */
  scratch: "/tmp",
  accessLog: "/dev/stdout",
} as const;

/** Ports of the pod, above 1024, for its user may not open others. */
export const NGINX_PORTS = { http: 8080, status: 8081 } as const;

/** Answers of the proxy about itself, which no service behind it sees. */
export const NGINX_ENDPOINTS = {
  /** On both ports: on the status port it says that nginx reacts, on the other that it takes requests. */
  health: "/healthz",
  /** On the status port, to this pod only. */
  status: "/stub_status",
} as const;

/** A server of the service behind the proxy. */
export interface UpstreamServer {
  /** A name that resolves, or an address. With a resolver it has to be fully qualified: nginx knows no search domains. */
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
}

/** Everything that nginx.conf depends on. */
export interface NginxConfArgs {
  readonly plan: Pick<
    ProxyPlan,
    "workers" | "workerConnections" | "openFiles" | "upstreamKeepAlive" | "addressZoneMiB"
  >;
  readonly upstream: readonly UpstreamServer[];
  /**
   * DNS server, by name or address, that is asked again while nginx runs. Needs nginx 1.27.3. Without one the names
   * are looked up once, when nginx starts.
   */
  readonly resolver?: string;
  readonly timeouts: TimeoutLadder;
  /** What one address may do at this pod. */
  readonly rateLimit: PodRateLimit;
  /** Ranges whose word about a client's address, scheme and request id is taken, in CIDR notation. */
  readonly trustedProxies: readonly string[];
  /** `client_max_body_size`, MiB, a whole number. */
  readonly maxBodyMiB: number;
  /** Clients reach this proxy over TLS only, ended in front of it. Adds Strict-Transport-Security. */
  readonly tlsInFront: boolean;
  /** Path prefixes of WebSockets, which stay open as long as the load balancer keeps an idle connection. */
  readonly webSocketPaths: readonly string[];
  /** Directory with the modules of brotli, which the official image has not. @default none, and no brotli */
  readonly brotliModules?: string;
  /** What `listen` gets, a port or address:port. @default 8080 and 8081 */
  readonly listen?: { readonly http: string | number; readonly status: string | number };
  /** Writable directory. @default "/tmp" */
  readonly scratch?: string;
  /** @default "/dev/stdout" */
  readonly accessLog?: string;
}
