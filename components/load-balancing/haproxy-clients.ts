/** The side of haproxy.cfg that faces clients: whom to believe, how much to let in, what is logged. */
import { HAPROXY_SECTIONS, type HaProxyConfArgs } from "./haproxy-conf-args";
import { duration, section, type Line, type Section } from "./haproxy-syntax";
import { HEALTH_PATH, PROXY_PORTS, SLOW_CLIENT_SECONDS } from "./proxy-conf-args";
import { REJECTIONS, REQUEST_ID_PATTERN, errorBody } from "./proxy-headers";
import { routeBase, routeTarget, routeTargets, type RouteTarget } from "./proxy-routes";
import { TLS_CURVES } from "./proxy-tls";

const { clients, application, addresses, fleet } = HAPROXY_SECTIONS;

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
    ["http-request", "set-log-level", "silent", "if", "{", "path", HEALTH_PATH, "}"],
    ...trust(args),
    HEALTH_ANSWER,
    ...limits(args),
    ...(args.tls?.plainPort === "redirect"
      ? [["http-request", "redirect", "scheme", "https", "code", 308, "unless", "{", "ssl_fc", "}"]]
      : []),
    ...routesAndBodies(args),
    ...responseRules,
    ["default_backend", application],
  );
}

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
    "curves",
    TLS_CURVES.join(":"),
  ];
  return tls.plainPort === "redirect" ? [plain, encrypted] : [encrypted];
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
  ]);
  return [
    ["acl", "from_trusted", "var(txn.peer)", "-m", "ip", ...trustedProxies],
    ["acl", "from_trusted_now", "src", ...trustedProxies],
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
function limits({ rateLimit, fleet: { maxReplicas, host } }: HaProxyConfArgs): Line[] {
  const refuse = (acl: string, reason: string): Line[] => [
    ["http-request", "set-var(txn.rejection)", `str(${JSON.stringify(reason)})`, "if", acl],
    ["http-request", "deny", "deny_status", 429, "if", acl],
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
    ["http-request", "track-sc0", "src", "table", addresses],
    // Until the name of the fleet has been looked up, the smallest share there is.
    ["http-request", "set-var(txn.pods)", `int(${maxReplicas})`],
    ...counted,
    ["http-request", "set-var(txn.requests)", "sc_gpc0_rate(0),add(1),mul(txn.pods)"],
    ["http-request", "set-var(txn.connections)", "sc_conn_cur(0),mul(txn.pods)"],
    ["acl", "too_many_requests", "var(txn.requests)", "-m", "int", "gt", rateLimit.window.requests],
    ["acl", "too_many_connections", "var(txn.connections)", "-m", "int", "gt", rateLimit.connections],
    ...refuse("too_many_requests", REJECTIONS.requests),
    ...refuse("too_many_connections", REJECTIONS.connections),
    ["http-request", "sc-inc-gpc0(0)"],
  ];
}

/** Counters of addresses, for a whole window and the one before it. */
export function addressesSection({
  plan,
  rateLimit,
  tablesPerMiB,
}: HaProxyConfArgs & { tablesPerMiB: number }): Section {
  const { seconds } = rateLimit.window;
  return section(`backend ${addresses}`, [
    "stick-table",
    "type",
    "ipv6",
    "size",
    plan.addressZoneMiB * tablesPerMiB,
    "expire",
    duration(2 * seconds),
    "store",
    `gpc0_rate(${duration(seconds)}),conn_cur`,
  ]);
}

/** Where a request goes, and how large it may be. */
function routesAndBodies(args: HaProxyConfArgs): Line[] {
  const { routes, maxBodyMiB, admission, slowClientSeconds = SLOW_CLIENT_SECONDS } = args;
  const targets = routeTargets(routes);
  const acl = ({ name }: Pick<RouteTarget, "name">): string => `to_${name}`;
  const grpc = targets.filter(({ protocol }) => protocol === "grpc").map((target) => `!${acl(target)}`);
  const streams = targets.map((target) => `!${acl(target)}`);
  const bodyProblem = (status: number, error: string, ...condition: string[]): Line => [
    "http-request",
    "return",
    "status",
    status,
    "content-type",
    "application/json",
    "lf-string",
    errorBody(status, error, "%[var(txn.request_id)]"),
    "if",
    ...condition,
    ...grpc,
  ];
  const full: Line[] =
    admission === undefined
      ? []
      : [
          ["acl", "queue_full", `queue(${application})`, "ge", admission.queue],
          [
            "http-request",
            "set-var(txn.rejection)",
            `str(${REJECTIONS.overload})`,
            "if",
            // First, for it is hardly ever true, and then the others are not looked at.
            "queue_full",
            ...streams,
          ],
          ["http-request", "deny", "deny_status", 503, "if", "queue_full", ...streams],
        ];
  return [
    ...targets.flatMap((target): Line[] => {
      const bases = routes.filter((route) => routeTarget(route).name === target.name).map(routeBase);
      return [
        ["acl", acl(target), "path", ...bases],
        ["acl", acl(target), "path_beg", ...bases.map((base) => `${base}/`)],
      ];
    }),
    bodyProblem(
      413,
      "Content Too Large",
      "{",
      "req.hdr_val(Content-Length)",
      "gt",
      String(maxBodyMiB * 1024 * 1024),
      "}",
    ),
    // HAProxy passes a body on as it comes, and so cannot bound one that does not say how long it is.
    bodyProblem(411, "Length Required", "{", "req.hdr(Transfer-Encoding)", "-m", "found", "}"),
    ...full,
    // A service is not kept waiting for what a slow client has not sent yet: the whole body, or as much as a buffer holds.
    [
      "http-request",
      "wait-for-body",
      "time",
      duration(slowClientSeconds),
      "if",
      "{",
      "req.body_size",
      "gt",
      "0",
      "}",
      ...grpc,
    ],
    // Replaced and not appended to: a service that reads the first of a list would read what the client made up.
    ...Object.entries({
      "X-Real-IP": "%[src]",
      "X-Forwarded-For": "%[src]",
      "X-Forwarded-Host": "%[req.hdr(Host)]",
      "X-Forwarded-Proto": "%[var(txn.proto)]",
      "X-Request-ID": "%[var(txn.request_id)]",
    }).map(([name, value]): Line => ["http-request", "set-header", name, value]),
    ...["Upgrade", "Connection"].map((name): Line => [
      "http-request",
      "del-header",
      name,
      "unless",
      "{",
      "req.hdr(Upgrade)",
      "-m",
      "str",
      "-i",
      "websocket",
      "}",
    ]),
    ...targets.map((target): Line => ["use_backend", target.name, "if", acl(target)]),
  ];
}

/**
 * Fields of a line of the log that may be empty, and the sample or variable each holds. The names are those of nginx's access log; times
 * are milliseconds, and `-1` where a request did not come so far. HAProxy puts the quotes, also around nothing.
 */
export const HAPROXY_LOG_FIELDS = {
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

function logFormat(): string {
  const fields = [
    ...Object.entries(HAPROXY_LOG_FIELDS).map(([name, sample]) => `"${name}":%{+Q}${sample}`),
    ...Object.entries(HAPROXY_LOG_CODES).map(([name, sample]) => `"${name}":"${sample}"`),
    ...Object.entries(HAPROXY_LOG_NUMBERS).map(([name, sample]) => `"${name}":${sample}`),
  ];
  return `{${fields.join(",")}}`;
}
