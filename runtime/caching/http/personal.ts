import type { Request } from "express";
import { namePattern } from "./name-pattern";

/** Request headers that say who asks, besides `Authorization` and `Cookie`. */
export const CREDENTIAL_HEADERS: readonly string[] = [
  "api-key",
  "apikey",
  "proxy-authorization",
  "x-access-token",
  "x-amz-security-token",
  "x-api-key",
  "x-api-token",
  "x-auth",
  "x-auth-token",
  "x-authorization",
  "x-csrf-token",
  "x-functions-key",
  "x-goog-iap-jwt-assertion",
  "x-id-token",
  "x-jwt",
  "x-session-id",
  "x-session-token",
  "x-user-id",
  "x-user-token",
  "x-xsrf-token",
];

export interface PersonalOptions {
  readonly bypass?: ((request: Request) => boolean) | undefined;
  readonly credentialHeaders?: readonly string[] | undefined;
  readonly ignoreCookies?: readonly string[] | undefined;
  readonly vary?: readonly string[] | undefined;
}

/**
 * Which requests go past the cache: those about one person, until the route says otherwise, and those whose answer
 * depends on what no key holds: a part that is asked for, a body.
 */
export function bypassOf(options: PersonalOptions): (request: Request) => boolean {
  const ignored = namePattern("ignoreCookies", options.ignoreCookies);
  const keyed = new Set(options.vary?.map((name) => name.toLowerCase()));
  // An answer that varies with one is kept for each value apart.
  const credentials = (options.credentialHeaders ?? CREDENTIAL_HEADERS)
    .map((name) => name.toLowerCase())
    .filter((name) => !keyed.has(name));
  const isPersonal = ({ headers }: Request): boolean => {
    if (headers.authorization !== undefined) return true;
    const { cookie } = headers;
    if (cookie === undefined) return false;
    return ignored === undefined || !cookie.split(";").every((one) => ignored(cookieName(one)));
  };
  const bypass = options.bypass ?? isPersonal;
  return (request) => {
    const { headers } = request;
    if (headers.range !== undefined || hasBody(request) || bypass(request)) return true;
    for (const name of credentials) if (headers[name] !== undefined) return true;
    return false;
  };
}

function cookieName(pair: string): string {
  return pair.split("=", 1)[0]?.trim() ?? "";
}

function hasBody({ headers }: Request): boolean {
  const length = headers["content-length"];
  return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
}
