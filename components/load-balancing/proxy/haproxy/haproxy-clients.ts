/** The side of haproxy.cfg that faces clients: whom to believe, how much to let in, what is logged. */
import { connectionsPerAddress } from "../../../../budget/load-balancing/proxy-limits";
import { HAPROXY_SECTIONS, addressesOf, type HaProxyConfArgs, type HaProxyLimit } from "./haproxy-conf-args";
import { CLAIM, HOST, ofService, routingRules } from "./haproxy-routing";
import { duration, section, type Line, type Section } from "./haproxy-syntax";
import { HEALTH_PATH, PROXY_PORTS } from "../proxy-conf-args";
import { pathRefusal, requestRules } from "./haproxy-requests";
import { REJECTIONS, REQUEST_ID_PATTERN } from "../proxy-headers";
import { REFUSED_METHODS } from "../proxy-refusals";

const { clients, application, addresses, connections, fleet } = HAPROXY_SECTIONS;

/** Proxies in front of this one that a forwarded address may have come through, and that are all trusted. */
const LONGEST_CHAIN = 5;

/** What probes ask for, answered by the proxy itself. */
export const HEALTH_ANSWER: Line = [
  ...["http-request", "return", "status", 200, "content-type", "text/plain", "string", "ok"],
  ...["if", "{", "path", HEALTH_PATH, "}"],
];

/** The frontend. Rules run from top to bottom: believe, count, refuse, pass on. */
export function clientsSection(args: HaProxyConfArgs, responseRules: readonly Line[]): Section {
  return section(
    `frontend ${clients}`,
    ...binds(args),
    ["maxconn", args.plan.clientsPerPod],
    ["log-format", logFormat()],
    ...captures(),
    ...trusted(args),
    ...connectionLimit(args),
    ...probes(args),
    ...trust(args),
    HEALTH_ANSWER,
    ["http-request", "deny", "deny_status", 405, "if", "{", "method", ...REFUSED_METHODS, "}"],
    ...strangers(args.hosts),
    ...routingRules(args),
    ...limits(args),
    ...(args.tls?.plainPort === "redirect"
      ? [["http-request", "redirect", "scheme", "https", "code", 308, "unless", "{", "ssl_fc", "}"]]
      : []),
    pathRefusal(args.privatePaths),
    ...requestRules(args),
    ...responseRules,
    ["default_backend", application],
  );
}

/** Probes are no requests. The exporter hears of them: that it does proves that it would hear requests. */
function probes({ accessExporter }: HaProxyConfArgs): Line[] {
  const level = accessExporter === undefined ? "silent" : PROBE_LEVEL;
  return [["http-request", "set-log-level", level, "if", "{", "path", HEALTH_PATH, "}"]];
}

/** Below what goes to stdout. */
export const PROBE_LEVEL = "debug";

function binds({ listen, tls }: HaProxyConfArgs): Line[] {
  // A socket for each thread, so that the kernel spreads new connections over them.
  const shared = ["shards", "by-thread", "backlog", 4096];
  const plain: Line = ["bind", listen?.http ?? `:${PROXY_PORTS.http}`, ...shared];
  if (tls === undefined) return [plain];
  const encrypted: Line = [
    "bind",
    listen?.https ?? `:${PROXY_PORTS.https}`,
    ...shared,
    "ssl",
    "crt",
    tls.certificate,
    "alpn",
    "h2,http/1.1",
  ];
  return tls.plainPort === "redirect" ? [plain, encrypted] : [encrypted];
}

/** Who is trusted: the peer of a connection, and whoever a request is found to come from so far. */
function trusted({ trustedProxies }: HaProxyConfArgs): Line[] {
  if (trustedProxies.length === 0) return [];
  return [
    ["acl", "from_trusted", "var(txn.peer)", "-m", "ip", ...trustedProxies],
    ["acl", "from_trusted_now", "src", ...trustedProxies],
  ];
}

/**
 * The address that is counted. Who has an IPv6 address has 2^64 of them: these are counted by their first half.
 */
const COUNTED = "src,ipmask(32,64)";

/**
 * Connections of one address, idle ones among them. The limit of requests does not see these, and a pod has no more
 * than `maxconn` of them for everybody. Load balancers have as many as they like.
 */
function connectionLimit({ plan, rateLimit, trustedProxies }: HaProxyConfArgs): Line[] {
  const most = connectionsPerAddress(rateLimit, plan.clientsPerPod);
  const direct = trustedProxies.length === 0 ? [] : ["if", "!from_trusted_now"];
  return [
    ["tcp-request", "connection", "track-sc1", COUNTED, "table", connections, ...direct],
    ["tcp-request", "connection", "reject", "if", "{", "sc1_conn_cur", "gt", most, "}"],
  ];
}

/** Names that are nobody's here, and that a service might put into links or a cache into its keys. */
function strangers(hosts: readonly string[] = []): Line[] {
  if (hosts.length === 0) return [];
  const wildcards = hosts.filter((name) => name.startsWith("*."));
  const exact = hosts.filter((name) => !name.startsWith("*."));
  return [
    ...(exact.length === 0 ? [] : [["acl", "known_host", HOST, "-m", "str", ...exact]]),
    ...(wildcards.length === 0
      ? []
      : [["acl", "known_host", HOST, "-m", "end", ...wildcards.map((name) => name.slice(1))]]),
    ["http-request", "deny", "deny_status", 421, "unless", "known_host"],
  ];
}

/**
 * Takes the client's address from the last proxy that is not trusted, however many a client has made up before it, and
 * the scheme and the request id from a trusted one only.
 */
function trust({ trustedProxies }: HaProxyConfArgs): Line[] {
  const scheme = (name: string): Line[] => [
    [
      "http-request",
      "set-var(txn.proto)",
      `str(${name})`,
      "if",
      "from_trusted",
      "{",
      "req.hdr(X-Forwarded-Proto)",
      name,
      "}",
    ],
  ];
  const own: Line[] = [
    ["http-request", "set-var(txn.peer)", "src"],
    ["http-request", "set-var(txn.request_id)", "uuid"],
    ["http-request", "set-var(txn.proto)", "str(http)"],
    ["http-request", "set-var(txn.proto)", "str(https)", "if", "{", "ssl_fc", "}"],
  ];
  if (trustedProxies.length === 0) return own;
  const hops = Array.from({ length: LONGEST_CHAIN }, (_, hop): Line => [
    "http-request",
    "set-src",
    `req.hdr_ip(X-Forwarded-For,-${hop + 1})`,
    "if",
    // First, for it ends the rule for a client that comes directly, before any header is looked for.
    "from_trusted_now",
    ...(hop === 0 ? [] : ["{", `req.hdr_cnt(X-Forwarded-For)`, "ge", hop + 1, "}"]),
    // What is no address names nobody, and neither does anything left of it.
    ...Array.from({ length: hop }, (_, nearer) => [
      "{",
      `req.hdr_ip(X-Forwarded-For,-${nearer + 1})`,
      "-m",
      "found",
      "}",
    ]).flat(),
  ]);
  return [
    ...own,
    [
      "http-request",
      "set-var(txn.request_id)",
      "req.hdr(X-Request-ID)",
      "if",
      "from_trusted",
      "{",
      "req.hdr(X-Request-ID)",
      "-m",
      "reg",
      `^${REQUEST_ID_PATTERN}$`,
      "}",
    ],
    ...scheme("http"),
    ...scheme("https"),
    ...hops,
  ];
}

/** Headers that a line of the log has, in the order of their slots, and how many bytes of each are kept. */
const LOGGED_HEADERS = { Host: 256, "User-Agent": 256 } as const;

/** The line is written when the request is gone. Cheaper than variables, which would be set by rules. */
function captures(): Line[] {
  return Object.entries(LOGGED_HEADERS).map(([name, bytes]): Line => [
    "capture",
    "request",
    "header",
    name,
    "len",
    bytes,
  ]);
}

/**
 * A pod lets in its share of the window: as many as all pods may, divided by the pods that are ready now. Requests that
 * are refused do not count, so that a client over its limit gets what it was promised, and not nothing.
 */
function limits(args: HaProxyConfArgs): Line[] {
  const { rateLimit, trustedProxies, services = [] } = args;
  const { maxReplicas, host } = args.fleet;
  const apart = services.flatMap((service) =>
    service.rateLimit === undefined ? [] : [{ ...service, rateLimit: service.rateLimit }],
  );
  const refuse = (acl: string, reason: string, only: readonly string[]): Line[] => [
    ["http-request", "set-var(txn.rejection)", `str(${JSON.stringify(reason)})`, "if", acl, ...only],
    ["http-request", "deny", "deny_status", 429, "if", acl, ...only],
  ];
  const held = (
    { window, connections: most }: HaProxyLimit,
    suffix: string,
    only: readonly string[],
  ): Line[] => [
    ["acl", `too_many_requests${suffix}`, "var(txn.requests)", "-m", "int", "gt", window.requests],
    ["acl", `too_many_connections${suffix}`, "var(txn.connections)", "-m", "int", "gt", most],
    ...refuse(`too_many_requests${suffix}`, REJECTIONS.requests, only),
    ...refuse(`too_many_connections${suffix}`, REJECTIONS.connections, only),
  ];
  // Only a load balancer writes an IPv4 address as IPv6; all of these have the same first half.
  const mapped = ["from_trusted", "{", "src,ipmask(32,96)", "-m", "str", "::ffff:0.0.0.0", "}"];
  const tracked = (table: string, only: readonly string[]): Line[] => [
    ...(trustedProxies.length === 0
      ? []
      : [["http-request", "track-sc0", "src", "table", table, "if", ...only, ...mapped]]),
    // The first rule that applies is the one that counts.
    ["http-request", "track-sc0", COUNTED, "table", table, ...(only.length === 0 ? [] : ["if", ...only])],
  ];
  const counted: Line[] =
    host === undefined
      ? []
      : [
          [
            "http-request",
            "set-var(txn.pods)",
            `nbsrv(${fleet})`,
            "if",
            "{",
            `nbsrv(${fleet})`,
            "gt",
            0,
            "}",
          ],
        ];
  return [
    ...apart.flatMap((service) => tracked(addressesOf(service.name), [ofService(service)])),
    ...tracked(addresses, []),
    // Until the name of the fleet has been looked up, the smallest share there is.
    ["http-request", "set-var(txn.pods)", `int(${maxReplicas})`],
    ...counted,
    ["http-request", "set-var(txn.requests)", "sc_gpc0_rate(0),add(1),mul(txn.pods)"],
    ["http-request", "set-var(txn.connections)", "sc_conn_cur(0),mul(txn.pods)"],
    ...held(
      rateLimit,
      "",
      apart.map((service) => `!${ofService(service)}`),
    ),
    ...apart.flatMap((service) => held(service.rateLimit, `_${service.name}`, [ofService(service)])),
    ["http-request", "sc-inc-gpc0(0)"],
  ];
}

/** Counters of addresses, for a whole window and the one before it. */
export function addressesSections(
  { plan, rateLimit, services = [] }: HaProxyConfArgs,
  entriesPerMiB: number,
): Section[] {
  const counters = (name: string, { window: { seconds } }: HaProxyLimit): Section =>
    section(`backend ${name}`, [
      "stick-table",
      "type",
      "ipv6",
      "size",
      plan.addressZoneMiB * entriesPerMiB,
      "expire",
      duration(2 * seconds),
      "store",
      `gpc0_rate(${duration(seconds)}),conn_cur`,
    ]);
  return [
    counters(addresses, rateLimit),
    ...services.flatMap(({ name, rateLimit: own }) =>
      own === undefined ? [] : [counters(addressesOf(name), own)],
    ),
  ];
}

/** Counters of connections: of no more addresses than may be connected. */
export function connectionsSection({ plan, timeouts }: HaProxyConfArgs): Section {
  const expire = duration(timeouts.idle.proxyClient);
  return section(`backend ${connections}`, [
    ...["stick-table", "type", "ipv6", "size", plan.clientsPerPod, "expire", expire, "store", "conn_cur"],
  ]);
}

/**
 * Fields of a line of the log that may be empty, and the sample or variable each holds. The names are those of nginx's access log; times
 * are milliseconds, and `-1` where a request did not come so far. HAProxy puts the quotes, also around nothing.
 */
export const HAPROXY_LOG_FIELDS = {
  // Paths of a service as the stack names them, `backend/api`. Empty where it was refused before.
  route: `[var(${CLAIM})]`,
  time: "[date,utime(%Y-%m-%dT%H:%M:%SZ)]",
  // Made here, or a trusted proxy's that needs no escapes.
  requestId: "[var(txn.request_id)]",
  client: "[src]",
  peer: "[var(txn.peer)]",
  host: "[capture.req.hdr(0),json(utf8s)]",
  // Query strings carry tokens. HAProxy keeps the first 1024 bytes.
  path: "[capture.req.uri,field(1,?),json(utf8s)]",
  // Empty, or what refused it: "rate limit: requests", "rate limit: connections", "overload".
  rejection: "[var(txn.rejection)]",
  // "yes" where the service answered.
  answered: "[var(txn.answered)]",
  userAgent: "[capture.req.hdr(1),json(utf8s)]",
} as const;

/** Fields that never are. */
export const HAPROXY_LOG_CODES = {
  // `<BADREQ>` for what is no request.
  method: "%HM",
  protocol: "%HV",
  status: "%ST",
  upstream: "%b/%s",
  // How it ended, in HAProxy's letters: `sH` is a timeout of the service.
  termination: "%tsc",
} as const;

/** Fields that are numbers without exception. */
export const HAPROXY_LOG_NUMBERS = {
  requestBytes: "%U",
  responseBytes: "%B",
  queueMilliseconds: "%Tw",
  upstreamConnectMilliseconds: "%Tc",
  upstreamHeaderMilliseconds: "%Tr",
  requestMilliseconds: "%Ta",
} as const;

/** What is counted stands first, in this order: the exporter gets as much of a line, and nothing that a client chose. */
const COUNTED_FIELDS = [
  "route",
  "status",
  "rejection",
  "answered",
  "upstream",
  "queueMilliseconds",
  "upstreamConnectMilliseconds",
  "upstreamHeaderMilliseconds",
];

function logFormat(): string {
  const fields = new Map([
    ...Object.entries(HAPROXY_LOG_FIELDS).map(([name, sample]) => [name, `%{+Q}${sample}`] as const),
    ...Object.entries(HAPROXY_LOG_CODES).map(([name, sample]) => [name, `"${sample}"`] as const),
    ...Object.entries(HAPROXY_LOG_NUMBERS),
  ]);
  const names = [...new Set([...COUNTED_FIELDS, ...fields.keys()])];
  return `{${names.map((name) => `"${name}":${fields.get(name) ?? ""}`).join(",")}}`;
}
