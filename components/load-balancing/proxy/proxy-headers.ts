/** Headers and answers that are the same whichever program the proxy is. */

/** Who sets the security headers, and nobody else: the proxy, or the CDN in front of it. */
export type HeaderOwner = "proxy" | "edge";

export const REQUEST_ID = "X-Request-ID";

/** Tells more about the service than anybody needs to know. */
export const TELLTALE = "X-Powered-By";

/** A request id of a trusted proxy that can stand in a header, a log line and a page without quotes. */
export const REQUEST_ID_PATTERN = "[A-Za-z0-9._-]{1,64}";

/** Answers that the proxy gives by itself, and what they say. */
export const ERRORS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Seconds after which it is worth another try: a share of the limit is free again, or a pod has been replaced. */
export const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 1, 503: 5 };

/** @param requestId the variable of the program that holds it */
export function errorBody(status: number, error: string, requestId: string): string {
  return JSON.stringify({ status, error, requestId });
}

/** What the log calls a refusal. `kubectl logs … | grep "rate limit"` finds both limits. */
export const REJECTIONS = {
  requests: "rate limit: requests",
  connections: "rate limit: connections",
  overload: "overload",
} as const;

/** What is worth compressing besides text/html. Event streams are not among them: a compressor holds events back. */
export const COMPRESSED_TYPES = [
  "application/javascript",
  "application/json",
  "application/ld+json",
  "application/manifest+json",
  "application/problem+json",
  "application/xml",
  "image/svg+xml",
  "text/css",
  "text/csv",
  "text/javascript",
  "text/plain",
  "text/xml",
];
