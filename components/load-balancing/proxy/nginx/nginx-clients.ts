/** The side of nginx.conf that faces clients: whom to believe, how much to let in, how long to wait. */
import type { NginxConfArgs, NginxService } from "./nginx-conf-args";
import { errorAnswer } from "./nginx-responses";
import { block, directive, duration, entries, type Directive } from "./nginx-syntax";
import { SLOW_CLIENT_SECONDS } from "../proxy-conf-args";
import { REJECTIONS, REQUEST_ID_PATTERN } from "../proxy-headers";
import { HEADERS_KIB, WRITTEN_DOTS, refusedPaths } from "../proxy-refusals";

/** Time-outs and sizes of what a client may send. */
export function clientDirectives(args: NginxConfArgs): Directive[] {
  const { timeouts, maxBodyMiB, slowClientSeconds = SLOW_CLIENT_SECONDS } = args;
  return [
    directive("keepalive_timeout", duration(timeouts.idle.proxyClient)),
    directive("keepalive_requests", 1000),
    directive("client_header_timeout", duration(slowClientSeconds)),
    directive("client_body_timeout", duration(slowClientSeconds)),
    directive("send_timeout", duration(slowClientSeconds)),
    directive("reset_timedout_connection", "on"),
    directive("client_header_buffer_size", "1k"),
    // One, so that this is the bound of all headers together and not of each.
    directive("large_client_header_buffers", 1, `${HEADERS_KIB}k`),
    directive("client_body_buffer_size", "16k"),
    directive("client_max_body_size", `${maxBodyMiB}m`),
  ];
}

const ZONES = { requests: "requests_per_address", connections: "connections_per_address" } as const;

/** Zones of the limits, keyed by the client's address as `trustServer` found it. */
export function limitZones({ plan, rateLimit, services = [] }: NginxConfArgs): Directive[] {
  const zone = (name: string): string => `zone=${name}:${plan.addressZoneMiB}m`;
  const key = "$counted_client";
  return [
    // Who has an IPv6 address has 2^64 of them: counted by their first half. IPv4 written as IPv6 is IPv4.
    block(
      "map",
      ["$binary_remote_addr", key],
      entries({
        default: "$binary_remote_addr",
        [String.raw`~(?s)^\x00{10}\xff{2}(?<ipv4>.{4})\z`]: "$ipv4",
        [String.raw`~(?s)^(?<network>.{8}).{8}\z`]: "$network",
      }),
    ),
    directive("limit_req_zone", key, zone(ZONES.requests), `rate=${rateLimit.requestsPerMinute}r/m`),
    directive("limit_conn_zone", key, zone(ZONES.connections)),
    ...services.flatMap(({ name, rateLimit: own }) =>
      own === undefined
        ? []
        : [
            directive(
              "limit_req_zone",
              key,
              zone(zoneOf("requests", name)),
              `rate=${own.requestsPerMinute}r/m`,
            ),
            directive("limit_conn_zone", key, zone(zoneOf("connections", name))),
          ],
    ),
  ];
}

/** Zone of a service that counts clients apart. */
function zoneOf(kind: keyof typeof ZONES, service: string): string {
  return `${ZONES[kind]}_${service}`;
}

/** What one service lets in. Its own limits replace those of the server; without them its requests count there. */
export function serviceLimits({ name, maxBodyMiB, rateLimit }: NginxService): Directive[] {
  return [
    directive("client_max_body_size", `${maxBodyMiB}m`),
    ...(rateLimit === undefined
      ? []
      : [
          limitOfRequests(zoneOf("requests", name), rateLimit),
          directive("limit_conn", zoneOf("connections", name), rateLimit.connections),
        ]),
  ];
}

function limitOfRequests(zone: string, { burst }: NginxConfArgs["rateLimit"]): Directive {
  return directive("limit_req", `zone=${zone}`, ...(burst > 0 ? [`burst=${burst}`, "nodelay"] : []));
}

/** The limits themselves. Without delay: a request that waits for its turn holds a connection and helps nobody. */
export function serverLimits({ rateLimit }: NginxConfArgs): Directive[] {
  return [
    limitOfRequests(ZONES.requests, rateLimit),
    directive("limit_req_status", 429),
    // The access log has a line for each refusal; a second one in the error log would only cost more.
    directive("limit_req_log_level", "info"),
    directive("limit_conn", ZONES.connections, rateLimit.connections),
    directive("limit_conn_status", 429),
    directive("limit_conn_log_level", "info"),
  ];
}

/** `$refused_path`, 1 where a path is not passed on. nginx itself refuses CONNECT and TRACE. */
export function refusalMaps({ privatePaths }: NginxConfArgs): Directive[] {
  return [
    block(
      "map",
      ["$uri", "$refused_path"],
      entries({ default: "$written_dots", [`~*${refusedPaths(privatePaths)}`]: 1 }),
    ),
    // `$uri` has no dots any more; what is passed on is what the client wrote.
    block("map", ["$request_uri", "$written_dots"], entries({ default: 0, [`~*${WRITTEN_DOTS}`]: 1 })),
  ];
}

/** To the client such a path is not there. */
export function refusals(): Directive[] {
  return [block("if", ["($refused_path)"], [errorAnswer(404)])];
}

/** Takes the client's address from the last proxy that is not trusted, however many a client has made up before it. */
export function trustServer(trustedProxies: readonly string[]): Directive[] {
  if (trustedProxies.length === 0) return [];
  return [
    ...trustedProxies.map((range) => directive("set_real_ip_from", range)),
    directive("real_ip_header", "X-Forwarded-For"),
    directive("real_ip_recursive", "on"),
  ];
}

/**
 * `$forwarded_proto` and `$trace_id`: a trusted proxy's word, or else what this proxy sees and makes itself. A variable that
 * a map points to is only made when it is chosen: for most requests no regular expression is tried.
 */
export function trustMaps(trustedProxies: readonly string[]): Directive[] {
  return [
    block(
      "geo",
      ["$realip_remote_addr", "$from_trusted_proxy"],
      entries({ default: 0, ...Object.fromEntries(trustedProxies.map((range) => [range, 1])) }),
    ),
    block("map", ["$from_trusted_proxy", "$forwarded_proto"], entries({ 0: "$scheme", 1: "$trusted_proto" })),
    block(
      "map",
      ["$http_x_forwarded_proto", "$trusted_proto"],
      entries({ default: "$scheme", http: "http", https: "https" }),
    ),
    block("map", ["$from_trusted_proxy", "$trace_id"], entries({ 0: "$request_id", 1: "$trusted_trace_id" })),
    block(
      "map",
      ["$http_x_request_id", "$trusted_trace_id"],
      // Only what can stand in a header, a log line and a page without quotes.
      entries({ default: "$request_id", [`~^(?<trusted_id>${REQUEST_ID_PATTERN})$`]: "$trusted_id" }),
    ),
  ];
}

/** `$rejection`: why this proxy refused a request, for the log. Empty for every other, also for a 429 of the service. */
export function rejectionMaps(): Directive[] {
  return [
    block("map", ["$status", "$rejection"], entries({ default: "", 429: "$limited", 503: "$overload" })),
    block(
      "map",
      ["$limit_req_status:$limit_conn_status", "$limited"],
      entries({
        default: "",
        "~^REJECTED:": REJECTIONS.requests,
        "~:REJECTED$": REJECTIONS.connections,
      }),
    ),
    block("map", ["$overloaded", "$overload"], entries({ default: "", 1: REJECTIONS.overload })),
  ];
}
