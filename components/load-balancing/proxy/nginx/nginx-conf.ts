/** nginx.conf: a reverse proxy for one service or several. Pure text, read by nginx 1.22 and later. */
import {
  clientDirectives,
  limitZones,
  refusalMaps,
  refusals,
  rejectionMaps,
  serverLimits,
  trustMaps,
  trustServer,
} from "./nginx-clients";
import { NGINX_PATHS, NGINX_STATUS_PATH, type NginxConfArgs } from "./nginx-conf-args";
import { errorPages, responseHeaders, responseMaps } from "./nginx-responses";
import { block, directive, duration, render, type Directive } from "./nginx-syntax";
import { tlsServer } from "./nginx-tls";
import {
  CLAIM,
  hasGrpc,
  locations,
  proxying,
  tablesOf,
  upstreamBlocks,
  upstreamMaps,
  type NginxTable,
} from "./nginx-upstream";
import { HEALTH_PATH, PROXY_PORTS, SCRATCH } from "../proxy-conf-args";
import { PROBE } from "../access-program";
import { COMPRESSED_TYPES } from "../proxy-headers";

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
      // A path is matched as the service reads it.
      directive("merge_slashes", "off"),
      // Of host names as long as DNS has them.
      directive("server_names_hash_bucket_size", 512),
      directive("server_names_hash_max_size", 4096),
      ...temporaryPaths(args.scratch ?? SCRATCH),
      ...accessLog(args),
      ...clientDirectives(args),
      ...compression(args.brotliModules !== undefined),
      ...limitZones(args),
      ...refusalMaps(args),
      ...trustMaps(args.trustedProxies),
      ...upstreamMaps(args),
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
  // Paths of a service as the stack names them, `backend/api`. Empty where it was refused before.
  route: CLAIM,
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

function accessLog({ accessLog: path = NGINX_PATHS.accessLog, accessExporter }: NginxConfArgs): Directive[] {
  const fields = [
    ...Object.entries(ACCESS_LOG_FIELDS).map(([name, variable]) => `"${name}":"${variable}"`),
    ...Object.entries(ACCESS_LOG_NUMBERS).map(([name, variable]) => `"${name}":${variable}`),
  ];
  return [
    directive("log_format", "json", "escape=json", `{${fields.join(",")}}`),
    // Up to 4 KiB are written to a pipe in one piece, so that lines of different workers never mix.
    directive("access_log", path, "json", "buffer=4k", "flush=1s"),
    // A request that was refused has no claim.
    directive("uninitialized_variable_warn", "off"),
    ...(accessExporter === undefined ? [] : exported(accessExporter)),
  ];
}

/** Lines that are counted. Nothing in them is a client's, and each ends with a line feed, by which the exporter tells them apart. */
function exported(exporter: string): Directive[] {
  return [
    directive("log_format", "counted", `access "${CLAIM}" $status "$rejection" $upstream_header_time\n`),
    directive("log_format", "probe", `${PROBE}\n`),
    directive("access_log", syslog(exporter), "counted"),
  ];
}

function syslog(exporter: string): string {
  return `syslog:server=${exporter},nohostname,tag=proxy`;
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

/**
 * One server for clients, and where that one ends TLS a second one that sends clients to it. Where the hosts are known,
 * each has a companion, the default one of its port, for every other name.
 */
function trafficServers(args: NginxConfArgs): Directive[] {
  const { tls } = args;
  const shared = [...trustServer(args.trustedProxies), ...serverLimits(args)];
  const own = (names: readonly string[], headers: NginxConfArgs["headers"]): Directive[] => [
    directive("server_name", ...names),
    ...shared,
    ...responseHeaders(headers),
    health(args),
    ...errorPages(),
  ];
  const port = (encrypted: boolean, options: readonly string[]): Directive[] =>
    tls !== undefined && encrypted
      ? tlsServer(args, tls, options)
      : [directive("listen", args.listen?.http ?? PROXY_PORTS.http, ...options), ...plainHttp2(args)];
  const servers = (
    encrypted: boolean,
    headers: NginxConfArgs["headers"],
    directives: readonly Directive[],
    { hosts = [], apart = [] }: { readonly hosts?: readonly string[]; readonly apart?: readonly Directive[] },
  ): Directive[] => {
    const named = hosts.length > 0;
    return [
      ...apart,
      block(
        "server",
        [],
        [
          ...port(encrypted, named ? [] : LISTEN_OPTIONS),
          ...own(named ? hosts : ["_"], headers),
          ...directives,
        ],
      ),
      ...(named
        ? [
            block(
              "server",
              [],
              [
                ...port(encrypted, LISTEN_OPTIONS),
                ...own(["_"], headers),
                block("location", ["/"], [directive("return", 421)]),
              ],
            ),
          ]
        : []),
    ];
  };
  const traffic = (encrypted: boolean): Directive[] => {
    const shared = [...refusals(), ...proxying(args)];
    const { hosts, apart, others } = hostsApart(args);
    return servers(encrypted, args.headers, [...shared, ...locations(others, args)], {
      hosts,
      apart: apart.map((table) =>
        block(
          "server",
          [],
          [
            ...port(encrypted, []),
            ...own(table.hosts ?? [], args.headers),
            ...shared,
            ...locations(table, args),
          ],
        ),
      ),
    });
  };
  if (tls === undefined) return traffic(false);
  // 308 keeps the method and the body, which 301 does not.
  const redirect = block("location", ["/"], [directive("return", 308, "https://$host$request_uri")]);
  return [
    ...traffic(true),
    ...(tls.plainPort === "redirect"
      ? servers(false, { ...args.headers, hsts: false }, [redirect], args)
      : []),
  ];
}

/** Hosts of services have servers of their own; what is left of the known hosts, or every other, shares one. */
function hostsApart(args: NginxConfArgs): {
  readonly hosts: readonly string[];
  readonly apart: readonly NginxTable[];
  readonly others: NginxTable;
} {
  const tables = tablesOf(args);
  const apart = tables.slice(0, -1);
  const others = tables.at(-1) ?? { hosts: undefined, claims: [] };
  const named = new Set(apart.flatMap(({ hosts = [] }) => hosts));
  return { hosts: (args.hosts ?? []).filter((host) => !named.has(host)), apart, others };
}

const LISTEN_OPTIONS = ["default_server", "reuseport", "backlog=4096"];

/** gRPC behind a load balancer that ended TLS: nginx tells HTTP/2 from HTTP/1.1 on one plain port as of 1.25.1. */
function plainHttp2(args: NginxConfArgs): Directive[] {
  const { tls, http2 = "directive" } = args;
  const grpc = tls === undefined && hasGrpc(args);
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
      health(args),
      block(
        "location",
        ["=", NGINX_STATUS_PATH],
        [directive("stub_status"), directive("allow", "127.0.0.1"), directive("deny", "all")],
      ),
      block("location", ["/"], [directive("return", 404)]),
    ],
  );
}

/** Told to the exporter alone: that it hears probes proves that it would hear requests. */
function health({ accessExporter }: NginxConfArgs): Directive {
  return block(
    "location",
    ["=", HEALTH_PATH],
    [
      accessExporter === undefined
        ? directive("access_log", "off")
        : directive("access_log", syslog(accessExporter), "probe"),
      directive("default_type", "text/plain"),
      directive("return", 200, "ok\n"),
    ],
  );
}
