/** What HAProxy does with one request: which paths and bodies it refuses, where it goes, what the service is told. */
import { uploadsOf, type HaProxyConfArgs } from "./haproxy-conf-args";
import { targetRules, ofService, ofTarget, streamTargets, toOwn, toWebSockets } from "./haproxy-routing";
import { duration, type Line } from "./haproxy-syntax";
import { SLOW_CLIENT_SECONDS } from "../proxy-conf-args";
import { ERRORS, REJECTIONS, errorBody } from "../proxy-headers";
import { DROPPED_HEADERS, refusedPaths } from "../proxy-refusals";
import { OWN_GROUP, groupOf, type RouteTarget } from "../proxy-routes";

/**
 * Largest body of unknown length, bytes, and largest headers beside it: with these it is certain to fit a buffer
 * together with what HAProxy notes for each header, and so to be seen whole.
 */
const UNSIZED = { body: 2048, headers: 12_288 } as const;

/** Paths that are not for the internet, and those that mean something else to a service than to HAProxy. */
export function pathRefusal(privatePaths: readonly string[]): Line {
  const refused = ["path,url_dec", "-m", "reg", "-i", refusedPaths(privatePaths)];
  return ["http-request", "deny", "deny_status", 404, "if", "{", ...refused, "}"];
}

/** Where a request goes, how large it may be, and what the service is told. */
export function requestRules(args: HaProxyConfArgs): Line[] {
  const { admission, services = [] } = args;
  const targets = streamTargets(args);
  return [
    ...targetRules(args),
    ...upgrades(args),
    ...bodies(args, targets),
    ...overload(args, targets),
    ...headers(),
    ...targets.map((target): Line => ["use_backend", target.name, "if", ofTarget(target)]),
    ...services.flatMap((service): Line[] => {
      const group = groupOf(service.name);
      return [
        ...(service.admission === undefined
          ? []
          : [["use_backend", uploadsOf(group), "if", ofService(service), ...UNFINISHED]]),
        ["use_backend", group, "if", ofService(service)],
      ];
    }),
    ...(admission === undefined ? [] : [["use_backend", uploadsOf(OWN_GROUP), "if", ...UNFINISHED]]),
  ];
}

/** What a WebSocket asks for, at a path that has them: this one word, and not as one of a list. */
function upgrades(args: HaProxyConfArgs): Line[] {
  const acls = toWebSockets(args);
  if (acls.length === 0) return [];
  return [
    ...acls,
    [
      ...["http-request", "set-var(txn.upgrade)", "str(websocket)", "if", "to_websockets"],
      ...["{", "req.fhdr(Upgrade)", "-m", "str", "-i", "websocket", "}"],
      ...["{", "req.fhdr_cnt(Upgrade)", "eq", "1", "}"],
    ],
  ];
}

const UPGRADES = ["{", "var(txn.upgrade)", "-m", "found", "}"];

/** There is a body; of most requests nothing below is looked at. */
const BODY = ["{", "var(txn.arrived)", "-m", "found", "}"];

/** One that did not fit the buffer: the service reads it as fast as the client sends it. */
const UNFINISHED = [...BODY, "{", "req.hdr_val(Content-Length),sub(txn.arrived)", "gt", "0", "}"];

/**
 * HAProxy passes a body on as it comes, and so cannot bound one that does not say how long it is: it has to be here as
 * a whole. HTTP/2 needs neither a length nor another header.
 */
function bodies(args: HaProxyConfArgs, targets: readonly RouteTarget[]): Line[] {
  const { maxBodyMiB, services = [], slowClientSeconds = SLOW_CLIENT_SECONDS } = args;
  const grpc = targets.filter(({ protocol }) => protocol === "grpc").map((target) => `!${ofTarget(target)}`);
  const refuse = (status: number, ...condition: (string | number)[]): Line => [
    ...["http-request", "return", "status", status, "content-type", "application/json", "lf-string"],
    errorBody(status, ERRORS[status] ?? "", "%[var(txn.request_id)]"),
    "if",
    ...condition,
    ...grpc,
  ];
  const unsized = ["!{", "req.hdr(Content-Length)", "-m", "found", "}"];
  return [
    refuse(413, ...largerThan(maxBodyMiB), ...toOwn(args)),
    ...services.map((service) => refuse(413, ...largerThan(service.maxBodyMiB), ofService(service))),
    // A service is not kept waiting for what a slow client has not sent yet: the whole body, or as much as a buffer
    // holds. What comes after an upgrade is no body.
    [
      ...["http-request", "wait-for-body", "time", duration(slowClientSeconds)],
      ...["unless", ...UPGRADES],
      ...grpc.flatMap((target) => ["or", target.slice(1)]),
    ],
    ["http-request", "set-var(txn.arrived)", "req.body_len", "if", "{", "req.body_len", "gt", 0, "}"],
    refuse(411, "{", "var(txn.arrived)", "-m", "int", "gt", UNSIZED.body, "}", ...unsized),
    refuse(411, ...BODY, ...unsized, "{", "req.hdrs,length", "gt", UNSIZED.headers, "}"),
  ];
}

function largerThan(mib: number): (string | number)[] {
  return ["{", "req.hdr_val(Content-Length)", "gt", mib * 1024 * 1024, "}"];
}

/** Nobody waits who would wait for too long. Streams do not count among the requests, and have no queue. */
function overload(args: HaProxyConfArgs, targets: readonly RouteTarget[]): Line[] {
  const { admission, services = [] } = args;
  const streams = targets.map((target) => `!${ofTarget(target)}`);
  const full = (name: string, backend: string, most: number, ...only: string[]): Line[] => [
    ["acl", name, `queue(${backend})`, "ge", most],
    [
      ...["http-request", "set-var(txn.rejection)", `str(${REJECTIONS.overload})`, "if"],
      // First, for it is hardly ever true, and then the others are not looked at.
      ...[name, ...streams, ...only],
    ],
    ["http-request", "deny", "deny_status", 503, "if", name, ...streams, ...only],
  ];
  const both = (
    group: string,
    suffix: string,
    bound: HaProxyConfArgs["admission"],
    ...only: string[]
  ): Line[] =>
    bound === undefined
      ? []
      : [
          ...full(`queue_full${suffix}`, group, bound.queue, ...only),
          ...full(`uploads_full${suffix}`, uploadsOf(group), bound.queue, ...only, ...UNFINISHED),
        ];
  return [
    ...both(OWN_GROUP, "", admission, ...toOwn(args)),
    ...services.flatMap((service) =>
      both(groupOf(service.name), `_${service.name}`, service.admission, ofService(service)),
    ),
  ];
}

/** Replaced and not appended to: a service that reads the first of a list would read what the client made up. */
const TOLD: Readonly<Record<string, string>> = {
  "X-Real-IP": "%[src]",
  "X-Forwarded-For": "%[src]",
  "X-Forwarded-Host": "%[req.fhdr(Host)]",
  "X-Forwarded-Proto": "%[var(txn.proto)]",
  "X-Request-ID": "%[var(txn.request_id)]",
};

/**
 * One pass over the headers for all that the client may not say. CGI and its kin read `X_Forwarded_For` like
 * `X-Forwarded-For`; no header of the web has an underscore.
 */
function headers(): Line[] {
  const dropped = [...DROPPED_HEADERS, ...Object.keys(TOLD), "Connection", "Upgrade"];
  const names = `^(${dropped.map((name) => name.toLowerCase()).join("|")})$|_`;
  return [
    ["http-request", "del-header", names, "-m", "reg"],
    ...Object.entries(TOLD).map(([name, value]): Line => ["http-request", "add-header", name, value]),
    ["http-request", "add-header", "Connection", "Upgrade", "if", ...UPGRADES],
    ["http-request", "add-header", "Upgrade", "websocket", "if", ...UPGRADES],
  ];
}
