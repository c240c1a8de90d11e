/** Security headers of an answer. One set, whoever owns it: the proxy, or the edge in front of it. */

/** Restricts nothing that a page of the service may need; a service with a policy of its own replaces it. */
export const FALLBACK_POLICY = "base-uri 'self'; frame-ancestors 'self'; object-src 'none'";

/** The same for every answer; the service's own are dropped. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "SAMEORIGIN",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** Only where every way to the answer is TLS. A year, the least that the browsers' preload list takes. */
export const HSTS = {
  name: "Strict-Transport-Security",
  seconds: 31_536_000,
  value: "max-age=31536000; includeSubDomains",
} as const;
