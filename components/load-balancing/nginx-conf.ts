/** nginx.conf: a reverse proxy for one service. Pure text, read by nginx 1.22 and later. */
import {
  clientDirectives,
  limitZones,
  rejectionMaps,
  serverLimits,
  trustMaps,
  trustServer,
} from "./nginx-clients";
import { NGINX_PATHS, NGINX_STATUS_PATH, type NginxConfArgs } from "./nginx-conf-args";
import { errorPages, responseHeaders, responseMaps } from "./nginx-responses";
import { block, directive, duration, render, type Directive } from "./nginx-syntax";
import { tlsServer } from "./nginx-tls";
import { proxying, upstreamBlocks, upstreamMaps } from "./nginx-upstream";
import { HEALTH_PATH, PROXY_PORTS, SCRATCH } from "./proxy-conf-args";
import { COMPRESSED_TYPES } from "./proxy-headers";

export { NGINX_PATHS, NGINX_STATUS_PATH } from "./nginx-conf-args";
export type { NginxConfArgs } from "./nginx-conf-args";

/** The text of nginx.conf. */
export function nginxConf(args: NginxConfArgs): string {
  return render([...main(args), events(args), http(args)]);
}

function main(args: NginxConfArgs): Directive[] {
  const { plan, timeouts } = args;
  const modules = ["ngx_http_brotli_filter_module.so", "ngx_http_brotli_static_module.so"];
  const { brotliModules } = args;
  return [
    ...(brotliModules === undefined
      ? []
      : modules.map((m) => directive("load_module", `${brotliModules}/${m}`))),
    directive("worker_processes", plan.workers),
    directive("worker_rlimit_nofile", plan.openFiles),
    // WebSockets never end by themselves; a second before the kill they are closed rather than cut off.
    directive(
      "worker_shutdown_timeout",
      duration(Math.max(1, timeouts.drain.terminationGrace - timeouts.drain.preStop - 1)),
    ),
    directive("pid", `${args.scratch ?? SCRATCH}/nginx.pid`),
    directive("error_log", "stderr", "warn"),
    // A few regular expressions are matched for every request.
    directive("pcre_jit", "on"),
  ];
}

function events({ plan }: NginxConfArgs): Directive {
  return block("events", [], [directive("worker_connections", plan.workerConnections)]);
}

function http(args: NginxConfArgs): Directive {
  return block(
    "http",
    [],
    [
      directive("server_tokens", "off"),
      directive("default_type", "application/octet-stream"),
      directive("sendfile", "on"),
      directive("tcp_nopush", "on"),
      ...temporaryPaths(args.scratch ?? SCRATCH),
      ...accessLog(args.accessLog ?? NGINX_PATHS.accessLog),
      ...clientDirectives(args),
      ...compression(args.brotliModules !== undefined),
      ...limitZones(args),
      ...trustMaps(args.trustedProxies),
      ...upstreamMaps(),
      ...responseMaps(),
      ...rejectionMaps(),
      ...upstreamBlocks(args),
      ...trafficServers(args),
      statusServer(args),
    ],
  );
}

/** All five, although only two are used: nginx creates each of them when it starts. */
function temporaryPaths(scratch: string): Directive[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((use) =>
    directive(`${use}_temp_path`, `${scratch}/${use}`),
  );
}

/**
 * Fields of a line of the access log, and the variable each holds. Of the address only the path is kept: query
 * strings and referrers carry tokens. Times of the upstream are texts, for a second attempt makes them lists.
 */
export const ACCESS_LOG_FIELDS = {
  time: "$time_iso8601",
  requestId: "$trace_id",
  client: "$remote_addr",
  peer: "$realip_remote_addr",
  method: "$request_method",
  host: "$host",
  path: "$uri",
  protocol: "$server_protocol",
  // A text as well: a line that was no request has 009, which is no number in JSON.
  status: "$status",
  // Empty, or what refused it: "rate limit: requests", "rate limit: connections", "overload".
  rejection: "$rejection",
  upstream: "$upstream_addr",
  upstreamStatus: "$upstream_status",
  upstreamConnectSeconds: "$upstream_connect_time",
  upstreamHeaderSeconds: "$upstream_header_time",
  upstreamResponseSeconds: "$upstream_response_time",
  userAgent: "$http_user_agent",
} as const;

/** Fields that are numbers without exception. */
export const ACCESS_LOG_NUMBERS = {
  requestBytes: "$request_length",
  responseBytes: "$bytes_sent",
  requestSeconds: "$request_time",
} as const;

function accessLog(path: string): Directive[] {
  const fields = [
    ...Object.entries(ACCESS_LOG_FIELDS).map(([name, variable]) => `"${name}":"${variable}"`),
    ...Object.entries(ACCESS_LOG_NUMBERS).map(([name, variable]) => `"${name}":${variable}`),
  ];
  return [
    directive("log_format", "json", "escape=json", `{${fields.join(",")}}`),
    // Up to 4 KiB are written to a pipe in one piece, so that lines of different workers never mix.
    directive("access_log", path, "json", "buffer=4k", "flush=1s"),
  ];
}

/** Below this many bytes the answer fits one packet either way. */
const SMALLEST_COMPRESSED = 1024;

function compression(brotli: boolean): Directive[] {
  const both = (name: string, level: number): Directive[] => [
    directive(name, "on"),
    // Beyond it a few percent of size cost a multiple of the CPU.
    directive(`${name}_comp_level`, level),
    directive(`${name}_min_length`, SMALLEST_COMPRESSED),
    directive(`${name}_types`, ...COMPRESSED_TYPES),
  ];
  return [
    ...both("gzip", 4),
    directive("gzip_vary", "on"),
    // Also for requests that a CDN marked with Via.
    directive("gzip_proxied", "any"),
    ...(brotli ? both("brotli", 4) : []),
  ];
}

/** One server for clients, and where that one ends TLS a second one that sends clients to it. */
function trafficServers(args: NginxConfArgs): Directive[] {
  const { tls, listen } = args;
  const plain = directive("listen", listen?.http ?? PROXY_PORTS.http, ...LISTEN_OPTIONS);
  const shared = [directive("server_name", "_"), ...trustServer(args.trustedProxies), ...serverLimits(args)];
  const traffic = [...shared, ...responseHeaders(args.headers), ...proxying(args), health(), ...errorPages()];
  if (tls === undefined) return [block("server", [], [plain, ...plainHttp2(args), ...traffic])];
  const redirect = block(
    "server",
    [],
    [
      plain,
      ...shared,
      ...responseHeaders({ ...args.headers, hsts: false }),
      health(),
      // 308 keeps the method and the body, which 301 does not.
      block("location", ["/"], [directive("return", 308, "https://$host$request_uri")]),
    ],
  );
  return [
    block("server", [], [...tlsServer(args, tls, LISTEN_OPTIONS), ...traffic]),
    ...(tls.plainPort === "redirect" ? [redirect] : []),
  ];
}

const LISTEN_OPTIONS = ["default_server", "reuseport", "backlog=4096"];

/** gRPC behind a load balancer that ended TLS: nginx tells HTTP/2 from HTTP/1.1 on one plain port as of 1.25.1. */
function plainHttp2({ routes, http2 = "directive" }: NginxConfArgs): Directive[] {
  const grpc = routes.some(({ kind }) => kind === "grpc");
  return grpc && http2 === "directive" ? [directive("http2", "on")] : [];
}

/** For the kubelet and the exporter. Knows no forwarded addresses, so that nobody can claim to be this pod. */
function statusServer(args: NginxConfArgs): Directive {
  return block(
    "server",
    [],
    [
      directive("listen", args.listen?.status ?? PROXY_PORTS.status),
      directive("access_log", "off"),
      health(),
      block(
        "location",
        ["=", NGINX_STATUS_PATH],
        [directive("stub_status"), directive("allow", "127.0.0.1"), directive("deny", "all")],
      ),
      block("location", ["/"], [directive("return", 404)]),
    ],
  );
}

function health(): Directive {
  return block(
    "location",
    ["=", HEALTH_PATH],
    [
      directive("access_log", "off"),
      directive("default_type", "text/plain"),
      directive("return", 200, "ok\n"),
    ],
  );
}
