/** What nginx adds to answers: security headers, the request id, and answers of its own. */
import type { NginxConfArgs } from "./nginx-conf-args";
import { block, directive, entries, type Directive } from "./nginx-syntax";
import { ERRORS, REQUEST_ID, RETRY_AFTER, TELLTALE, errorBody } from "../proxy-headers";
import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS } from "../../../shared/http/security-headers";

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

/** What nginx counts apart: headers too large, and plain HTTP at the encrypted port. */
const OWN_STATUSES: Readonly<Record<number, readonly number[]>> = { 400: [497], 431: [494] };

/** Refused before there is a path, without which nginx cannot go to a named location. */
const PATHLESS: readonly number[] = [400, 405, 408, 414, 431, 501];

/** An answer of the proxy's own, as JSON. */
export function errorAnswer(status: number): Directive {
  return directive("return", status, errorBody(status, ERRORS[status] ?? "", "$trace_id"));
}

/**
 * Errors as JSON with the request's id. Those of the service pass through untouched. A 502 because every server has as
 * many requests as it may have is a 503: it passes by itself.
 */
export function errorPages(): Directive[] {
  return [
    // Of `return` with a text.
    directive("default_type", "application/json"),
    ...Object.keys(ERRORS)
      .map(Number)
      .flatMap((status) => {
        const place = PATHLESS.includes(status) ? `/.proxy-error-${status}` : `@error${status}`;
        return [
          // The sign lets the location decide on the status.
          directive("error_page", status, ...(OWN_STATUSES[status] ?? []), "=", place),
          block("location", place.startsWith("@") ? [place] : ["=", place], [
            ...(place.startsWith("@") ? [] : [directive("internal")]),
            ...(status === 502 ? [block("if", ["($overloaded)"], [errorAnswer(503)])] : []),
            errorAnswer(status),
          ]),
        ];
      }),
  ];
}
