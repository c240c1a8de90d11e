/** What nginx adds to answers: security headers, the request id, and answers of its own. */
import type { NginxConfArgs } from "./nginx-conf-args";
import { block, directive, entries, type Directive } from "./nginx-syntax";
import { ERRORS, REQUEST_ID, RETRY_AFTER, TELLTALE, errorBody } from "./proxy-headers";
import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS } from "./security-headers";

/** `$retry_after` and `$content_security_policy`, empty where no header is due. */
export function responseMaps(): Directive[] {
  return [
    block(
      "map",
      ["$status", "$retry_after"],
      entries({
        default: "",
        ...Object.fromEntries(Object.keys(RETRY_AFTER).map((status) => [status, `$retry_after_${status}`])),
      }),
    ),
    // A service that says when it will be back knows better.
    ...Object.entries(RETRY_AFTER).map(([status, wait]) =>
      block(
        "map",
        ["$upstream_http_retry_after", `$retry_after_${status}`],
        entries({ default: "", "": wait }),
      ),
    ),
    block(
      "map",
      ["$upstream_http_content_security_policy", "$content_security_policy"],
      entries({ default: "", "": FALLBACK_POLICY }),
    ),
  ];
}

/**
 * Every header, in one place: a location with an `add_header` of its own would lose all of these. `always` puts them
 * on errors as well, and a header without a value is not sent.
 */
export function responseHeaders({ owner, hsts }: NginxConfArgs["headers"]): Directive[] {
  const security = {
    ...SECURITY_HEADERS,
    ...(hsts ? { [HSTS.name]: HSTS.value } : {}),
    "Content-Security-Policy": "$content_security_policy",
  };
  const added = {
    ...(owner === "proxy" ? security : {}),
    [REQUEST_ID]: "$trace_id",
    "Retry-After": "$retry_after",
  };
  // A policy of the service belongs to its pages; every other of these headers has one owner, and it is not the service.
  const hidden = [...Object.keys(SECURITY_HEADERS), HSTS.name, REQUEST_ID, TELLTALE];
  return [
    ...Object.entries(added).map(([name, value]) => directive("add_header", name, value, "always")),
    ...hidden.flatMap((name) => [directive("proxy_hide_header", name), directive("grpc_hide_header", name)]),
  ];
}

/**
 * Errors as JSON with the request's id. Those of the service pass through untouched. A 502 because every server has as
 * many requests as it may have is a 503: it passes by itself.
 */
export function errorPages(): Directive[] {
  const answer = (status: number): Directive =>
    directive("return", status, errorBody(status, ERRORS[status] ?? "", "$trace_id"));
  return Object.keys(ERRORS)
    .map(Number)
    .flatMap((status) => [
      // The sign lets the location decide on the status.
      directive("error_page", status, "=", `@error${status}`),
      block(
        "location",
        [`@error${status}`],
        [
          directive("default_type", "application/json"),
          ...(status === 502 ? [block("if", ["($overloaded)"], [answer(503)])] : []),
          answer(status),
        ],
      ),
    ]);
}
