/** What neither proxy passes on, and why: paths, methods, hosts and headers. The programs write it down in their own way. */

/** Regular expression of text that is taken literally. */
function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * A decoded path with a `.` or `..` as a segment. Clients resolve these before they ask; what is left means one path to
 * the proxy and another to a service. Some service takes `\` for a separator, and `..;a=b` for `..`.
 */
const DOT_SEGMENTS = String.raw`[/\\]\.\.?(;[^/\\]*)?([/\\]|$)`;

/**
 * Decoded paths that are not passed on, to be compared without case: those with dot segments, and `privatePaths` with
 * what is below them. Some service reads `//metrics`, `/Metrics` and `/metrics;a=b` as `/metrics`.
 */
export function refusedPaths(privatePaths: readonly string[]): string {
  if (privatePaths.length === 0) return DOT_SEGMENTS;
  const names = privatePaths.map((path) => literally(path.replace(/^\/+/, ""))).join("|");
  return String.raw`^[/\\]+(${names})([/\\;?#]|$)|${DOT_SEGMENTS}`;
}

/**
 * The same dots in a target as the client wrote it, for a program that has resolved them in the path it matches. The
 * query is not looked at.
 */
export const WRITTEN_DOTS = String.raw`^[^?#]*(/|\\|%2f|%5c)(\.|%2e)(\.|%2e)?(;[^/?#]*)?(/|\\|%2f|%5c|[?#]|$)`;

/** Methods that make a tunnel or an echo, and that no service behind a proxy needs. */
export const REFUSED_METHODS = ["CONNECT", "TRACE"] as const;

/**
 * Headers by which a client could name itself, its address or another target, besides those that a proxy replaces. No
 * service is told any of them, not even by a trusted peer: a load balancer passes on what the client wrote.
 */
export const DROPPED_HEADERS = [
  "Forwarded",
  "X-Forwarded",
  "X-Forwarded-By",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "X-Forwarded-Path",
  "X-Forwarded-Scheme",
  "X-Forwarded-Server",
  "X-Forwarded-Ssl",
  "X-Forwarded-Uri",
  "X-Forwarded-User",
  "X-Original-Forwarded-For",
  "X-Original-Host",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-Host",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "True-Client-IP",
  "CF-Connecting-IP",
  "CF-Connecting-IPv6",
  "Fastly-Client-IP",
  // Of an upgrade that is not passed on.
  "HTTP2-Settings",
  // Becomes the variable HTTP_PROXY of a CGI.
  "Proxy",
] as const;

/** Largest URI and headers of a request together, and headers of an answer, KiB: the 16 that Node reads, and what a proxy adds. */
export const HEADERS_KIB = 20;

/** Headers that a request may have. */
export const MOST_HEADERS = 500;
