/** haproxy.cfg: a reverse proxy for one service or several. Pure text, read by HAProxy 2.6 and later. */
import { retryLimits } from "../../../../budget/load-balancing/proxy-limits";
import { TLS_SESSION_CACHE_MIB } from "../../../../budget/load-balancing/proxy-memory";
import {
  HEALTH_ANSWER,
  PROBE_LEVEL,
  addressesSections,
  clientsSection,
  connectionsSection,
} from "./haproxy-clients";
import {
  HAPROXY_SECTIONS,
  METRICS_PATH,
  uploadsOf,
  type HaProxyConfArgs,
  type HaProxyService,
} from "./haproxy-conf-args";
import { responseRules } from "./haproxy-responses";
import { duration, render, section, type Line, type Section } from "./haproxy-syntax";
import { PROXY_PORTS, SCRATCH, SLOW_CLIENT_SECONDS } from "../proxy-conf-args";
import { COMPRESSED_TYPES, ERRORS, errorBody } from "../proxy-headers";
import { HEADERS_KIB, MOST_HEADERS } from "../proxy-refusals";
import { streamTargets } from "./haproxy-routing";
import { groupOf, routeTargets, type RouteTarget } from "../proxy-routes";
import { TLS_CIPHERS, TLS_SESSION_SECONDS } from "../proxy-tls";

export { HAPROXY_CONFIG, HAPROXY_SECTIONS, METRICS_PATH } from "./haproxy-conf-args";
export type { HaProxyConfArgs, HaProxyDns } from "./haproxy-conf-args";

const { application, fleet } = HAPROXY_SECTIONS;

/** Entries of the stick table for each MiB of the plan. */
const ENTRIES_PER_MIB = 8192;

/** Blocks of 256 bytes in a MiB of the cache of TLS sessions, of which a session takes one or two. */
const SESSION_BLOCKS_PER_MIB = 4096;

/** Of a line that is counted. What is counted stands first; the rest is cut off where it is longer. */
const COUNTED_BYTES = 1024;

/** Errors that HAProxy has no text of its own for, and that are written down where they are given, or never are. */
const RETURNED: readonly number[] = [411, 414, 431];

/** The text of haproxy.cfg. */
export function haProxyConf(args: HaProxyConfArgs): string {
  return render([
    globalSection(args),
    defaultsSection(args),
    ...(args.dns === undefined ? [] : [resolversSection(args.dns.nameserver)]),
    clientsSection(args, responseRules(args)),
    statusSection(args),
    ...addressesSections(args, ENTRIES_PER_MIB),
    connectionsSection(args),
    ...fleetSections(args),
    ...serviceSections(
      { ...args, upstreamKeepAlive: args.plan.upstreamKeepAlive, slots: args.dns?.slots ?? 1 },
      application,
      args,
      [],
    ),
    ...(args.services ?? []).flatMap((service) =>
      serviceSections(service, groupOf(service.name), args, timeoutsOf(service)),
    ),
  ]);
}

/** What one service behind the proxy is. */
type Behind = Pick<
  HaProxyService,
  "upstream" | "timeouts" | "admission" | "routes" | "upstreamKeepAlive" | "healthPath" | "slots"
>;

/** @param waits timeouts of its own, beside those of the defaults */
function serviceSections(
  service: Behind,
  group: string,
  args: HaProxyConfArgs,
  waits: readonly Line[],
): Section[] {
  const { admission, routes } = service;
  return [
    applicationSection(service, args, group, admission?.serverMaxConnections, waits),
    ...(admission === undefined
      ? []
      : [applicationSection(service, args, uploadsOf(group), admission.maxConnections, waits)]),
    ...routeTargets(routes, group).map((target) => routeSection(service, args, target, waits)),
  ];
}

/** How long the proxy waits for another service than its own. */
function timeoutsOf({ timeouts, admission }: HaProxyService): Line[] {
  return [
    ["timeout", "connect", duration(retryLimits(timeouts).connectSeconds)],
    ["timeout", "server", duration(timeouts.request.proxy)],
    ["timeout", "queue", duration(admission?.queueSeconds ?? timeouts.request.proxy)],
  ];
}

function globalSection({ plan, timeouts, tls, scratch = SCRATCH, accessExporter }: HaProxyConfArgs): Section {
  const { terminationGrace, preStop } = timeouts.drain;
  const sessions = TLS_SESSION_CACHE_MIB * SESSION_BLOCKS_PER_MIB;
  return section(
    "global",
    [
      "log",
      "stdout",
      "len",
      8192,
      "format",
      "raw",
      "daemon",
      ...(accessExporter === undefined ? [] : ["info"]),
    ],
    accessExporter === undefined
      ? undefined
      : ["log", accessExporter, "len", COUNTED_BYTES, "format", "raw", "daemon", PROBE_LEVEL],
    ["nbthread", plan.workers],
    ["maxconn", plan.clientsPerPod],
    // WebSockets never end by themselves; a second before the kill they are closed rather than cut off.
    ["hard-stop-after", duration(Math.max(1, terminationGrace - preStop - 1))],
    // By which a reload hands the listening sockets over.
    ["stats", "socket", `${scratch}/haproxy.sock`, "mode", 600, "level", "admin", "expose-fd", "listeners"],
    ["tune.h2.max-concurrent-streams", 128],
    // The headers of a request or an answer have to fit, and what is added to them.
    ["tune.bufsize", (HEADERS_KIB + 1) * 1024],
    ["tune.maxrewrite", 1024],
    ["tune.http.maxhdr", MOST_HEADERS],
    // Frames that break the rules of HTTP/2; a connection with more is closed.
    [".if", "version_atleast(3.0)"],
    ["tune.h2.fe.glitches-threshold", 1000],
    [".endif"],
    ...(tls === undefined
      ? []
      : ([
          ["ssl-default-bind-options", "ssl-min-ver", "TLSv1.2", "no-tls-tickets"],
          ["ssl-default-bind-ciphers", TLS_CIPHERS.join(":")],
          ["tune.ssl.cachesize", sessions],
          ["tune.ssl.lifetime", TLS_SESSION_SECONDS],
          // The key is where a Secret has it: tls.key beside tls.crt.
          ["ssl-load-extra-del-ext"],
        ] satisfies Line[])),
  );
}

function defaultsSection(args: HaProxyConfArgs): Section {
  const { timeouts, admission, slowClientSeconds = SLOW_CLIENT_SECONDS } = args;
  const { connectSeconds } = retryLimits(timeouts);
  const slow = duration(slowClientSeconds);
  // HAProxy knows one such timeout for all clients, and a stream of messages may pause.
  const pausing = streamTargets(args).some(({ protocol }) => protocol === "grpc")
    ? duration(timeouts.idle.proxyClient)
    : slow;
  return section(
    "defaults",
    ["mode", "http"],
    ["log", "global"],
    ["option", "dontlognull"],
    // A request that waits for a client that has left is dropped.
    ["option", "abortonclose"],
    ["timeout", "http-request", slow],
    ["timeout", "client", pausing],
    ["timeout", "http-keep-alive", duration(timeouts.idle.proxyClient)],
    ["timeout", "connect", duration(connectSeconds)],
    ["timeout", "server", duration(timeouts.request.proxy)],
    ["timeout", "queue", duration(admission?.queueSeconds ?? timeouts.request.proxy)],
    ["timeout", "tunnel", duration(timeouts.idle.proxyClient)],
    ["retries", 1],
    ["option", "redispatch", 1],
    ...Object.entries(ERRORS)
      .filter(([status]) => !RETURNED.includes(Number(status)))
      .map(([status, error]): Line => [
        "http-error",
        "status",
        status,
        "content-type",
        "application/json",
        "lf-string",
        errorBody(Number(status), error, "%[var(txn.request_id)]"),
      ]),
  );
}

function resolversSection(nameserver: string | undefined): Section {
  return section(
    "resolvers cluster",
    nameserver === undefined ? ["parse-resolv-conf"] : ["nameserver", "dns", nameserver],
    ["resolve_retries", 3],
    ["timeout", "resolve", "1s"],
    ["timeout", "retry", "1s"],
    // A pod that is gone is forgotten after this, one that came is known after it.
    ["hold", "valid", "1s"],
    ["hold", "obsolete", "2s"],
    // Names of large fleets do not fit the 512 bytes of old.
    ["accepted_payload_size", 8192],
  );
}

/** For the kubelet and Prometheus. */
function statusSection({ listen }: HaProxyConfArgs): Section {
  const metrics = listen === undefined ? `:${PROXY_PORTS.metrics}` : listen.metrics;
  return section(
    "frontend status",
    ["bind", listen?.status ?? `:${PROXY_PORTS.status}`],
    metrics === undefined ? undefined : ["bind", metrics],
    ["no", "log"],
    ["http-request", "use-service", "prometheus-exporter", "if", "{", "path", METRICS_PATH, "}"],
    HEALTH_ANSWER,
    ["http-request", "return", "status", 404],
  );
}

/** The ready pods of this proxy, counted and never called: as many as the name stands for. */
function fleetSections({ fleet: { host, maxReplicas } }: HaProxyConfArgs): Section[] {
  if (host === undefined) return [];
  const address = `${host}:${PROXY_PORTS.http}`;
  const servers: Line = [
    "server-template",
    "pod",
    `1-${maxReplicas}`,
    address,
    ...RESOLVED,
    "init-addr",
    "none",
  ];
  return [section(`backend ${fleet}`, servers)];
}

/** Looked up while HAProxy runs. */
const RESOLVED = ["resolvers", "cluster", "resolve-prefer", "ipv4"];

/**
 * Ordinary requests, or those whose body is still on its way.
 *
 * @param most requests in flight to one address, undefined where there is no bound
 */
function applicationSection(
  service: Behind,
  args: HaProxyConfArgs,
  name: string,
  most: number | undefined,
  waits: readonly Line[],
): Section {
  return section(
    `backend ${name}`,
    ["balance", "leastconn"],
    ...waits,
    ...healthChecks(service),
    // One that has been sent and may have been executed is not sent again, unless that makes no difference.
    ["retry-on", "conn-failure", "empty-response"],
    [
      ...["http-request", "disable-l7-retry", "unless"],
      ...["{", "method", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "}"],
    ],
    // The service keeps an idle connection longer than HAProxy does, so that none closes under a request.
    ["http-reuse", "always"],
    ["compression", "algo", "gzip"],
    ["compression", "type", "text/html", ...COMPRESSED_TYPES],
    [
      "default-server",
      ...CHECKED,
      ...(most === undefined ? [] : ["maxconn", most]),
      "pool-max-conn",
      service.upstreamKeepAlive,
    ],
    ...servers(service, args),
  );
}

/** What stays open, apart from the requests, whose bound it would use up. */
function routeSection(
  service: Behind,
  args: HaProxyConfArgs,
  { name, protocol, port }: RouteTarget,
  waits: readonly Line[],
): Section {
  const silence = duration(service.timeouts.idle.proxyClient);
  const grpc = protocol === "grpc";
  return section(
    `backend ${name}`,
    ["balance", "leastconn"],
    ...waits.filter(([, which]) => which === "connect"),
    ...(port === undefined ? healthChecks(service) : []),
    ["timeout", "server", silence],
    // As many as there may be clients: HTTP/2 has many requests on one connection.
    ["default-server", ...CHECKED, "maxconn", args.plan.clientsPerPod, ...(grpc ? ["proto", "h2"] : [])],
    ...servers(service, args, port),
  );
}

/** Active checks each two seconds; a server that refuses connections is not asked to wait for them. */
const CHECKED = [
  "check",
  "inter",
  "2s",
  "fall",
  2,
  "rise",
  1,
  "observe",
  "layer4",
  "error-limit",
  3,
  "on-error",
  "mark-down",
];

function healthChecks({ healthPath, upstream }: Behind): Line[] {
  return [
    ["option", "httpchk"],
    [
      "http-check",
      "send",
      "meth",
      "GET",
      "uri",
      healthPath,
      "ver",
      "HTTP/1.1",
      "hdr",
      "Host",
      upstream[0]?.host ?? "localhost",
    ],
    ["http-check", "expect", "status", "200-399"],
  ];
}

function servers({ upstream, slots = 1 }: Behind, { dns }: HaProxyConfArgs, port?: number): Line[] {
  return upstream.map((server, index): Line => {
    const host = server.host.includes(":") ? `[${server.host}]` : server.host;
    const address = `${host}:${port ?? server.port}`;
    return dns === undefined
      ? ["server", `pod${index + 1}`, address]
      : // Without an address of `libc` every slot would be empty for a moment after a reload, and each request a 503.
        ["server-template", `pod${index + 1}-`, `1-${slots}`, address, ...RESOLVED, "init-addr", "libc,none"];
  });
}
