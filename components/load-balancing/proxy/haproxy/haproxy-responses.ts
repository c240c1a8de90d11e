/** What HAProxy adds to answers: security headers, the request id, and when to come back. */
import type { HaProxyConfArgs } from "./haproxy-conf-args";
import type { Line } from "./haproxy-syntax";
import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS } from "../../../shared/http/security-headers";
import { REJECTIONS, REQUEST_ID, RETRY_AFTER, TELLTALE } from "../proxy-headers";

/** Every header of answers, the proxy's own among them. */
export function responseRules({ headers: { owner, hsts } }: HaProxyConfArgs): Line[] {
  const security = { ...SECURITY_HEADERS, ...(hsts ? { [HSTS.name]: HSTS.value } : {}) };
  // One that is set below replaces the service's own; a rule that drops it first would only cost time.
  const dropped = [...Object.keys(SECURITY_HEADERS), HSTS.name, TELLTALE, "Server"].filter(
    (name) => owner === "edge" || !(name in security),
  );
  const unless = (name: string): string[] => ["{", `res.hdr(${name})`, "-m", "found", "}"];
  const own: Line[] = [
    ...Object.entries(security).map(([name, value]): Line => [
      "http-after-response",
      "set-header",
      name,
      value,
    ]),
    // A policy of the service belongs to its pages.
    [
      "http-after-response",
      "set-header",
      "Content-Security-Policy",
      FALLBACK_POLICY,
      "unless",
      ...unless("Content-Security-Policy"),
    ],
  ];
  return [
    ["http-response", "set-var(txn.answered)", "str(yes)"],
    ...dropped.map((name): Line => ["http-response", "del-header", name]),
    // Has waited in the queue for too long.
    [
      "http-after-response",
      "set-var(txn.rejection)",
      `str(${REJECTIONS.overload})`,
      "if",
      "{",
      "status",
      "503",
      "}",
      "!{",
      "var(txn.answered)",
      "-m",
      "found",
      "}",
    ],
    ...(owner === "proxy" ? own : []),
    [
      "http-after-response",
      "set-header",
      REQUEST_ID,
      "%[var(txn.request_id)]",
      "if",
      "{",
      "var(txn.request_id)",
      "-m",
      "found",
      "}",
    ],
    // A service that says when it will be back knows better.
    ...Object.entries(RETRY_AFTER).map(([status, wait]): Line => [
      "http-after-response",
      "set-header",
      "Retry-After",
      String(wait),
      "if",
      "{",
      "status",
      status,
      "}",
      "!{",
      "res.hdr(Retry-After)",
      "-m",
      "found",
      "}",
    ]),
  ];
}
