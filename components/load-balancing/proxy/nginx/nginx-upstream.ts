/** The side of nginx.conf that faces the service: its addresses, connections to it, and what it is told. */
import { retryLimits } from "../../../../budget/load-balancing/proxy-limits";
import type { TimeoutChain } from "../../../../budget/timeouts/timeouts";
import type { NginxConfArgs, NginxService } from "./nginx-conf-args";
import { block, directive, duration, entries, type Directive } from "./nginx-syntax";
import { RESOLVER_VALID } from "./nginx-resolver";
import type { UpstreamServer } from "../proxy-conf-args";
import { DROPPED_HEADERS, HEADERS_KIB } from "../proxy-refusals";
import { serviceLimits } from "./nginx-clients";
import {
  OWN_GROUP,
  groupOf,
  routeBase,
  routeTargets,
  type ProxyRoute,
  type RouteKind,
} from "../proxy-routes";
import { claimOf, proxyTables, type RoutedTo } from "../proxy-routing";
import type { RoutingTable } from "../../../../budget/load-balancing/routing";

/** What one service behind the proxy is. */
type Behind = Pick<NginxService, "upstream" | "timeouts" | "admission" | "routes" | "upstreamKeepAlive">;

/** DNS, and the groups of servers: one for requests, others for what stays open and so must not count among them. */
export function upstreamBlocks(args: NginxConfArgs): Directive[] {
  const { resolver, plan, services = [] } = args;
  const named =
    typeof resolver === "string"
      ? directive("resolver", resolver, RESOLVER_VALID)
      : directive("include", resolver?.file ?? "");
  const resolving = resolver === undefined ? [] : [named, directive("resolver_timeout", "2s")];
  const ofService = (service: Behind, group: string): Directive[] => {
    const { admission, routes, upstreamKeepAlive } = service;
    const bound = admission === undefined ? [] : [`max_conns=${admission.maxConnections}`];
    const block = (
      name: string,
      port: number | undefined,
      most: readonly string[],
      kept: number,
    ): Directive => upstreamBlock({ ...service, resolver }, name, port, most, kept);
    return [
      block(group, undefined, bound, upstreamKeepAlive),
      ...routeTargets(routes, group).map(({ name, port }) =>
        block(name, port, [`max_conns=${plan.clientsPerPod}`], 2),
      ),
    ];
  };
  return [
    ...resolving,
    ...ofService({ ...args, upstreamKeepAlive: plan.upstreamKeepAlive }, OWN_GROUP),
    ...services.flatMap((service) => ofService(service, groupOf(service.name))),
  ];
}

/** The service's addresses. They and their failures are shared by all workers in a zone, which `resolve` needs. */
function upstreamBlock(
  { upstream, resolver, timeouts }: Pick<Behind, "upstream" | "timeouts"> & Pick<NginxConfArgs, "resolver">,
  name: string,
  port: number | undefined,
  bound: readonly string[],
  keepAlive: number,
): Directive {
  const resolve = resolver === undefined ? [] : ["resolve"];
  return block(
    "upstream",
    [name],
    [
      directive("zone", name, "256k"),
      directive("least_conn"),
      ...upstream.map((server) =>
        directive(
          "server",
          authority({ ...server, port: port ?? server.port }),
          "max_fails=3",
          "fail_timeout=10s",
          ...bound,
          ...resolve,
        ),
      ),
      directive("keepalive", keepAlive),
      directive("keepalive_timeout", duration(timeouts.idle.proxyUpstream)),
      // Old connections end in time for pods that were added to get their share.
      directive("keepalive_requests", 1000),
    ],
  );
}

function authority({ host, port }: UpstreamServer): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * `$websocket_upgrade`, `$upstream_connection` and `$overloaded`: a WebSocket is passed on as one, any other upgrade is not, and
 * every other request keeps the connection to the service open.
 */
export function upstreamMaps({ services = [] }: Pick<NginxConfArgs, "services">): Directive[] {
  const groups = [OWN_GROUP, ...services.map(({ name }) => groupOf(name))];
  const names = groups.length === 1 ? OWN_GROUP : `(${groups.join("|")})`;
  return [
    block(
      "map",
      ["$http_upgrade", "$websocket_upgrade"],
      // The names of a map are compared without case.
      entries({ default: "", websocket: "websocket" }),
    ),
    block(
      "map",
      ["$websocket_upgrade", "$upstream_connection"],
      entries({ default: "", websocket: "upgrade" }),
    ),
    // nginx writes the group's name where it found no server to try: all are full, or have failed.
    block(
      "map",
      ["$upstream_addr", "$overloaded"],
      entries({ default: 0, [`~(^|, )${names}(_[a-z0-9_]+)?$`]: 1 }),
    ),
  ];
}

/**
 * What the service is told. The forwarded address is replaced and not appended to: a service that reads the first of a
 * list would read what the client made up.
 */
const REQUEST_HEADERS: Readonly<Record<string, string>> = {
  Host: "$host",
  "X-Real-IP": "$remote_addr",
  "X-Forwarded-For": "$remote_addr",
  "X-Forwarded-Host": "$host",
  "X-Forwarded-Proto": "$forwarded_proto",
  "X-Request-ID": "$trace_id",
};

const setHeaders = (module: "proxy" | "grpc", headers: Readonly<Record<string, string>>): Directive[] => [
  ...Object.entries({ ...REQUEST_HEADERS, ...headers }).map(([name, value]) =>
    directive(`${module}_set_header`, name, value),
  ),
  // What has no value is not passed on.
  ...DROPPED_HEADERS.map((name) => directive(`${module}_set_header`, name, "")),
];

/** How requests are passed on. */
export function proxying(args: NginxConfArgs): Directive[] {
  const { request } = args.timeouts;
  const { connectSeconds, windowSeconds } = retryLimits(args.timeouts);
  const grpc = hasGrpc(args);
  return [
    directive("proxy_http_version", "1.1"),
    directive("proxy_headers_hash_max_size", 1024),
    directive("proxy_headers_hash_bucket_size", 128),
    // No upgrade: in a tunnel no limit holds any more.
    ...setHeaders("proxy", { Upgrade: "", Connection: "" }),
    directive("proxy_connect_timeout", duration(connectSeconds)),
    directive("proxy_send_timeout", duration(request.proxy)),
    directive("proxy_read_timeout", duration(request.proxy)),
    // Without non_idempotent: a POST may have been executed by the server that did not answer.
    directive("proxy_next_upstream", "error", "timeout"),
    directive("proxy_next_upstream_tries", 2),
    directive("proxy_next_upstream_timeout", duration(windowSeconds)),
    directive("proxy_socket_keepalive", "on"),
    // Of the headers of an answer; cookies and policies grow large.
    directive("proxy_buffer_size", `${HEADERS_KIB}k`),
    directive("proxy_buffers", 8, "8k"),
    // Answers never go to disk: a slow reader of large ones slows the service down, and does not fill the node.
    directive("proxy_max_temp_file_size", 0),
    ...(grpc ? [directive("grpc_buffer_size", `${HEADERS_KIB}k`), ...setHeaders("grpc", {})] : []),
  ];
}

/** Some path takes gRPC. */
export function hasGrpc({ routes, services = [] }: Pick<NginxConfArgs, "routes" | "services">): boolean {
  return [routes, ...services.map((service) => service.routes)].flat().some(({ kind }) => kind === "grpc");
}

export type NginxTable = RoutingTable<RoutedTo<NginxService>>;

/** Hosts that are a service's, and last all others, each with what is behind its paths. */
export function tablesOf({ routes, services = [] }: NginxConfArgs): NginxTable[] {
  return proxyTables(routes, services);
}

/** Variable with the paths that a request was claimed by. Empty where it was refused before. */
export const CLAIM = "$claim";

/** Where requests are passed on to. nginx takes the longest path, in whatever order they stand. */
export function locations(
  { claims }: NginxTable,
  { timeouts, serviceName = OWN_GROUP }: NginxConfArgs,
): Directive[] {
  const claimed = (service: string, base: string): Directive =>
    directive("set", CLAIM, claimOf(service, base));
  const found = claims.flatMap(({ base, owner: { group, service, route } }) => {
    const limits = [
      claimed(service?.name ?? serviceName, base),
      ...(service === undefined ? [] : serviceLimits(service)),
    ];
    if (route !== undefined) return routeLocations(route, group, service?.timeouts ?? timeouts, limits);
    const waits = service === undefined ? [] : timeoutsOf(service);
    const directives = [directive("proxy_pass", `http://${group}`), ...waits, ...limits];
    return base === ""
      ? [block("location", ["/"], directives)]
      : [block("location", ["=", base], directives), block("location", [`${base}/`], directives)];
  });
  const isWhole = claims.some(({ base }) => base === "");
  return [
    ...found,
    ...(isWhole
      ? []
      : [
          block(
            "location",
            ["/"],
            [directive("proxy_pass", `http://${OWN_GROUP}`), claimed(serviceName, "")],
          ),
        ]),
  ];
}

/** How long the proxy waits for another service than its own. */
function timeoutsOf({ timeouts }: NginxService): Directive[] {
  const { connectSeconds, windowSeconds } = retryLimits(timeouts);
  return [
    directive("proxy_connect_timeout", duration(connectSeconds)),
    directive("proxy_send_timeout", duration(timeouts.request.proxy)),
    directive("proxy_read_timeout", duration(timeouts.request.proxy)),
    directive("proxy_next_upstream_timeout", duration(windowSeconds)),
  ];
}

/**
 * A route by its first segments: `/live` and `/live/…`, not `/lively`. Not one regular expression, which every request
 * would pay for.
 */
function routeLocations(
  route: ProxyRoute,
  name: string,
  { idle, request }: TimeoutChain,
  limits: readonly Directive[],
): Directive[] {
  // Either end pings; the load balancer, whose idle timeout is shorter, is the one that closes.
  const silence = duration(idle.proxyClient);
  const { connectSeconds } = retryLimits({ request });
  const ofBodies = limits.filter((limit) => limit.name === "client_max_body_size");
  const others = limits.filter((limit) => !ofBodies.includes(limit));
  const http = [
    directive("proxy_pass", `http://${name}`),
    directive("proxy_read_timeout", silence),
    directive("proxy_send_timeout", silence),
    ...limits,
  ];
  const grpc = [
    directive("grpc_pass", `grpc://${name}`),
    directive("grpc_read_timeout", silence),
    directive("grpc_send_timeout", silence),
    directive("grpc_connect_timeout", duration(connectSeconds)),
    directive("grpc_socket_keepalive", "on"),
    // A stream of messages has no size, and may pause.
    directive("client_max_body_size", 0),
    directive("client_body_timeout", silence),
    ...others,
  ];
  const kinds: Readonly<Record<RouteKind, readonly Directive[]>> = {
    // Replaces the headers of other paths, all of them.
    websocket: [
      ...http,
      ...setHeaders("proxy", { Upgrade: "$websocket_upgrade", Connection: "$upstream_connection" }),
    ],
    sse: [...http, directive("proxy_buffering", "off")],
    grpc,
  };
  const base = routeBase(route);
  return [
    block("location", ["=", base], kinds[route.kind]),
    block("location", [`${base}/`], kinds[route.kind]),
  ];
}
