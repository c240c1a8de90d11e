/** The side of nginx.conf that faces the service: its addresses, connections to it, and what it is told. */
import { retryLimits } from "../../budget/proxy";
import type { NginxConfArgs, UpstreamServer } from "./nginx-conf-args";
import { block, directive, duration, entries, type Directive } from "./nginx-syntax";

const UPSTREAM = "application";

/** The service's addresses. They and their failures are shared by all workers in a zone, which `resolve` needs. */
export function upstreamBlock({ upstream, resolver, plan, timeouts }: NginxConfArgs): Directive[] {
  const resolve = resolver === undefined ? [] : ["resolve"];
  // Shorter than the TTL of cluster DNS: a pod that is gone is forgotten before it is tried often.
  const resolving =
    resolver === undefined
      ? []
      : [directive("resolver", resolver, "valid=5s"), directive("resolver_timeout", "2s")];
  return [
    ...resolving,
    block(
      "upstream",
      [UPSTREAM],
      [
        directive("zone", UPSTREAM, "256k"),
        directive("least_conn"),
        ...upstream.map((server) =>
          directive("server", authority(server), "max_fails=3", "fail_timeout=10s", ...resolve),
        ),
        directive("keepalive", plan.upstreamKeepAlive),
        directive("keepalive_timeout", duration(timeouts.idle.proxyUpstream)),
        // Old connections end in time for pods that were added to get their share.
        directive("keepalive_requests", 1000),
      ],
    ),
  ];
}

function authority({ host, port }: UpstreamServer): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * `$websocket_upgrade` and `$upstream_connection`: a WebSocket is passed on as one, any other upgrade is not, and
 * every other request keeps the connection to the service open.
 */
export function upstreamMaps(): Directive[] {
  return [
    block(
      "map",
      ["$http_upgrade", "$websocket_upgrade"],
      entries({ default: "", "~*^websocket$": "websocket" }),
    ),
    block(
      "map",
      ["$websocket_upgrade", "$upstream_connection"],
      entries({ default: "", websocket: "upgrade" }),
    ),
  ];
}

/**
 * What the service is told. The forwarded address is replaced and not appended to: a service that reads the first of a
 * list would read what the client made up.
 */
const REQUEST_HEADERS: Readonly<Record<string, string>> = {
  Host: "$host",
  Upgrade: "$websocket_upgrade",
  Connection: "$upstream_connection",
  "X-Real-IP": "$remote_addr",
  "X-Forwarded-For": "$remote_addr",
  "X-Forwarded-Host": "$host",
  "X-Forwarded-Proto": "$forwarded_proto",
  "X-Request-ID": "$trace_id",
};

/** How requests are passed on, and where. */
export function proxying(args: NginxConfArgs): Directive[] {
  const { request, idle } = args.timeouts;
  const { connectSeconds, windowSeconds } = retryLimits(args.timeouts);
  return [
    directive("proxy_http_version", "1.1"),
    ...Object.entries(REQUEST_HEADERS).map(([name, value]) => directive("proxy_set_header", name, value)),
    directive("proxy_connect_timeout", duration(connectSeconds)),
    directive("proxy_send_timeout", duration(request.proxy)),
    directive("proxy_read_timeout", duration(request.proxy)),
    // Without non_idempotent: a POST may have been executed by the server that did not answer.
    directive("proxy_next_upstream", "error", "timeout"),
    directive("proxy_next_upstream_tries", 2),
    directive("proxy_next_upstream_timeout", duration(windowSeconds)),
    directive("proxy_socket_keepalive", "on"),
    directive("proxy_buffer_size", "8k"),
    directive("proxy_buffers", 8, "8k"),
    // Answers never go to disk: a slow reader of large ones slows the service down, and does not fill the node.
    directive("proxy_max_temp_file_size", 0),
    ...args.webSocketPaths.map((path) =>
      location(path, [
        // Either end pings; the load balancer, whose idle timeout is shorter, is the one that closes.
        directive("proxy_read_timeout", duration(idle.proxyClient)),
        directive("proxy_send_timeout", duration(idle.proxyClient)),
      ]),
    ),
    location("/", []),
  ];
}

function location(path: string, directives: readonly Directive[]): Directive {
  return block("location", [path], [directive("proxy_pass", `http://${UPSTREAM}`), ...directives]);
}
