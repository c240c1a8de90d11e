/** What nginx adds to answers: security headers, the request id, and answers of its own. */
import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS, STRICT_TRANSPORT } from "./security-headers";
import { block, directive, entries, type Directive } from "./nginx-syntax";

const REQUEST_ID = "X-Request-ID";

/** Answers that nginx gives by itself, and what they say. */
const ERRORS: Readonly<Record<number, string>> = {
  413: "Content Too Large",
  429: "Too Many Requests",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Seconds after which it is worth another try: a share of the limit is free again, or a pod has been replaced. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 1, 503: 5 };

/** `$retry_after` and `$content_security_policy`, empty where no header is due. */
export function responseMaps(): Directive[] {
  return [
    block(
      "map",
      // A service that says when it will be back knows better.
      ["$upstream_http_retry_after:$status", "$retry_after"],
      entries({
        default: "",
        ...Object.fromEntries(Object.entries(RETRY_AFTER).map(([status, wait]) => [`:${status}`, wait])),
      }),
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
export function responseHeaders(tlsInFront: boolean): Directive[] {
  const headers = {
    ...SECURITY_HEADERS,
    ...(tlsInFront ? { [HSTS]: STRICT_TRANSPORT } : {}),
    [REQUEST_ID]: "$trace_id",
  };
  return [
    ...Object.entries({
      ...headers,
      "Content-Security-Policy": "$content_security_policy",
      "Retry-After": "$retry_after",
    }).map(([name, value]) => directive("add_header", name, value, "always")),
    ...[...Object.keys(headers), "X-Powered-By"].map((name) => directive("proxy_hide_header", name)),
  ];
}

/** Errors as JSON with the request's id. Those of the service pass through untouched. */
export function errorPages(): Directive[] {
  return Object.entries(ERRORS).flatMap(([status, error]) => [
    directive("error_page", status, `@error${status}`),
    block(
      "location",
      [`@error${status}`],
      [
        directive("default_type", "application/json"),
        directive(
          "return",
          status,
          JSON.stringify({ status: Number(status), error, requestId: "$trace_id" }),
        ),
      ],
    ),
  ]);
}
