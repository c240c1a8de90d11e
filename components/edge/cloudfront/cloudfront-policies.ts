/** Behaviours as CloudFront's policies. */
import type * as cloudfront from "@pulumi/aws/cloudfront";

import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS } from "../../shared/http/security-headers";
import { YEAR, cacheControl, type Cached, type EdgeBehavior } from "../../../budget/edge/behaviors";

/** AWS's own policy for what is not cached; a policy of one's own with no lifetime may not compress. */
export const CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/** Headers that are set by a field of their own; the others are custom ones to CloudFront. */
const OWN_FIELD = ["X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"];

/** A list as CloudFront writes it: the word `none` where it is empty. */
function listed(items: readonly string[]): "none" | "whitelist" {
  return items.length === 0 ? "none" : "whitelist";
}

/** Key and lifetimes of a cached class. What is in the key reaches the origin, and nothing else does. */
export function cachePolicyArgs(behavior: EdgeBehavior, cache: Cached): cloudfront.CachePolicyArgs {
  // The bucket and the function know themselves by their own names, and refuse the one that the client used.
  const headers = [...(behavior.target === "service" ? ["host"] : []), ...cache.key.headers];
  const { query } = cache.key;
  return {
    comment: `${behavior.class}: ${cacheControl(behavior) ?? ""}`.slice(0, 128),
    // The origin's own Cache-Control counts, also where it says not to keep an answer; silence means the class's time.
    minTtl: 0,
    defaultTtl: cache.edgeSeconds,
    maxTtl: YEAR,
    parametersInCacheKeyAndForwardedToOrigin: {
      enableAcceptEncodingBrotli: behavior.compress,
      enableAcceptEncodingGzip: behavior.compress,
      headersConfig: {
        headerBehavior: listed(headers),
        ...(headers.length === 0 ? {} : { headers: { items: headers } }),
      },
      cookiesConfig: {
        cookieBehavior: listed(cache.key.cookies),
        ...(cache.key.cookies.length === 0 ? {} : { cookies: { items: [...cache.key.cookies] } }),
      },
      queryStringsConfig: {
        queryStringBehavior: listed(query),
        ...(query.length === 0 ? {} : { queryStrings: { items: [...query] } }),
      },
    },
  };
}

/** What is not cached reaches the origin as the client sent it, its host included. */
export function passedOnRequestArgs(): cloudfront.OriginRequestPolicyArgs {
  return {
    comment: "everything the client sent",
    headersConfig: { headerBehavior: "allViewer" },
    cookiesConfig: { cookieBehavior: "all" },
    queryStringsConfig: { queryStringBehavior: "all" },
  };
}

/**
 * Headers of the answer: the security headers where the edge owns them, and `Cache-Control` where the origin was silent.
 * Undefined where nothing is to be set.
 */
export function responseHeadersArgs(
  behavior: EdgeBehavior,
  setsHeaders: boolean,
): cloudfront.ResponseHeadersPolicyArgs | undefined {
  const control = cacheControl(behavior);
  if (!setsHeaders && control === undefined) return undefined;
  const custom = [
    ...(setsHeaders
      ? Object.entries(SECURITY_HEADERS)
          .filter(([header]) => !OWN_FIELD.includes(header))
          .map(([header, value]) => ({ header, value, override: true }))
      : []),
    ...(control === undefined ? [] : [{ header: "Cache-Control", value: control, override: false }]),
  ];
  return {
    comment: `answers of ${behavior.class}`,
    ...(custom.length === 0 ? {} : { customHeadersConfig: { items: custom } }),
    removeHeadersConfig: {
      items: [
        // A kept answer would give one client's cookie to everybody.
        ...(control === undefined ? [] : [{ header: "Set-Cookie" }]),
        ...(setsHeaders ? [{ header: "X-Powered-By" }] : []),
      ],
    },
    ...(setsHeaders
      ? {
          securityHeadersConfig: {
            contentTypeOptions: { override: true },
            frameOptions: { frameOption: SECURITY_HEADERS["X-Frame-Options"] ?? "", override: true },
            referrerPolicy: { referrerPolicy: SECURITY_HEADERS["Referrer-Policy"] ?? "", override: true },
            strictTransportSecurity: {
              accessControlMaxAgeSec: HSTS.seconds,
              includeSubdomains: true,
              override: true,
            },
            // A service that has a policy of its own knows its pages better.
            contentSecurityPolicy: { contentSecurityPolicy: FALLBACK_POLICY, override: false },
          },
        }
      : {}),
  };
}
