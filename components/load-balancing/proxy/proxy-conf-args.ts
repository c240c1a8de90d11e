/** What the configuration of a proxy depends on, whichever program reads it. */
import type { ProxySizes } from "../../../budget/load-balancing/proxy";
import type { Admission } from "../../../budget/load-balancing/proxy-limits";
import type { TimeoutChain } from "../../../budget/timeouts/timeouts";
import type { HeaderOwner } from "./proxy-headers";
import type { ProxyRoute } from "./proxy-routes";

/** Ports of the pod, above 1024, for its user may not open others. `accessLog` is UDP, and of the pod alone. */
export const PROXY_PORTS = {
  http: 8080,
  https: 8443,
  status: 8081,
  metrics: 9113,
  accessMetrics: 9114,
  accessLog: 5514,
} as const;

/** The one writable directory: the pid, and bodies that do not fit a buffer. */
export const SCRATCH = "/tmp";

/** Answer of the proxy about itself, which no service behind it sees: that it reacts, and takes requests. */
export const HEALTH_PATH = "/healthz";

/** How long a client may be silent in the middle of a request or an answer, seconds. Slower ones are slow on purpose. */
export const SLOW_CLIENT_SECONDS = 10;

/** A server of the service behind the proxy. */
export interface UpstreamServer {
  /** A name that resolves, or an address. With a resolver it has to be fully qualified. */
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
}

/** Addresses and ports that are listened on, as the program writes them. */
export interface ProxyListen {
  readonly http: string | number;
  readonly https: string | number;
  readonly status: string | number;
}

/** A service beside the proxy's own, at hosts and paths of its own. */
export interface ServiceConf<Limit> {
  /** A DNS label. */
  readonly name: string;
  /** Exact names. Empty for every host. */
  readonly hosts: readonly string[];
  /** Paths with all that is below them. Empty for every path. */
  readonly paths: readonly string[];
  /** Paths of it that stay open. */
  readonly routes: readonly ProxyRoute[];
  readonly upstream: readonly UpstreamServer[];
  readonly timeouts: TimeoutChain;
  /** What may be under way in it. @default no bound */
  readonly admission?: Admission;
  readonly maxBodyMiB: number;
  /** Idle connections one worker keeps to it. */
  readonly upstreamKeepAlive: number;
  /** What one address may do there. @default counted together with the proxy's own service */
  readonly rateLimit?: Limit;
}

/** Everything that the configuration of either program depends on. */
export interface ProxyConfArgs {
  readonly plan: Pick<
    ProxySizes,
    "workers" | "workerConnections" | "openFiles" | "clientsPerPod" | "upstreamKeepAlive" | "addressZoneMiB"
  >;
  readonly upstream: readonly UpstreamServer[];
  readonly timeouts: TimeoutChain;
  /** What may be under way in the service. @default no bound */
  readonly admission?: Admission;
  /** Ranges whose word about a client's address, scheme and request id is taken, in CIDR notation. */
  readonly trustedProxies: readonly string[];
  /** Largest request body, MiB, a whole number. */
  readonly maxBodyMiB: number;
  /** Paths that stay open. */
  readonly routes: readonly ProxyRoute[];
  /** Paths of all services, with what is below them, that are answered with 404. */
  readonly privatePaths: readonly string[];
  /** Host names that are answered, `*.example.org` for one label. Others get 421. @default every one */
  readonly hosts?: readonly string[];
  readonly headers: {
    /** `edge`: this proxy neither sets nor passes on a security header. */
    readonly owner: HeaderOwner;
    /** Clients come over TLS only, ended here or in front. Adds Strict-Transport-Security if the proxy is the owner. */
    readonly hsts: boolean;
  };
  /** Ends TLS with these files. @default speaks plain HTTP only */
  readonly tls?: {
    readonly certificate: string;
    readonly key: string;
    readonly plainPort: "redirect" | "off";
  };
  /** @default 8080, 8443 and 8081 of every address */
  readonly listen?: ProxyListen;
  /** Writable directory. @default "/tmp" */
  readonly scratch?: string;
  /** @default 10 */
  readonly slowClientSeconds?: number;
  /** Name of the proxy's own service, as logs and metrics call it. @default "application" */
  readonly serviceName?: string;
  /** `address:port` that is told each line of the access log by UDP, whether anybody listens or not. @default nobody */
  readonly accessExporter?: string;
}
