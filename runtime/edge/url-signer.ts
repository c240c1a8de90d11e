import { isIPv4 } from "node:net";

/** A cookie as `response.cookie(name, value, options)` of Express takes it. */
export interface SignedCookie {
  readonly name: string;
  readonly value: string;
  readonly options: {
    /** Path that the browser sends it to. */
    readonly path: string;
    /** Milliseconds from now. */
    readonly maxAge: number;
    readonly secure: true;
    readonly httpOnly: true;
    readonly sameSite: "lax";
  };
}

/** Whom and from when on a signature serves. */
export interface SignatureLimits {
  /** Seconds since 1970 from which on it is good, a whole number; the validity counts from there. @default now */
  readonly notBefore?: number;
  /** IPv4 address of the client, or a range in CIDR notation. A client that comes over IPv6 is none of them. @default any client */
  readonly ipAddress?: string;
}

/** Gives clients access to what the CDN keeps for those who can show a signature. */
export interface UrlSigner {
  /**
   * The URL with a signature that ends.
   *
   * @param url an `https:` URL of the CDN; its path and query are signed as they are and must not be changed afterwards
   * @param validSeconds how long it can be used, whole seconds, 1 to `longestSeconds`
   * @param limits what CloudFront checks; Cloudflare checks neither, so that they are refused there
   * @throws RangeError when one of them is not allowed
   */
  signUrl(url: string, validSeconds: number, limits?: SignatureLimits): string;
  /**
   * Cookies that open everything below a path, for pages and streams of many files.
   *
   * @param prefix an `https:` URL whose path ends with "/": `https://cdn.example.com/private/42/`
   * @param limits what CloudFront checks; Cloudflare checks neither, so that they are refused there
   * @throws RangeError when one of them is not allowed
   */
  signCookies(prefix: string, validSeconds: number, limits?: SignatureLimits): readonly SignedCookie[];
  /**
   * A query that opens each URL below a path to which it is added, for players and applications that take no cookies.
   * CloudFront only.
   *
   * @param prefix as of `signCookies`
   * @returns without a "?" or "&" in front
   * @throws RangeError when one of them is not allowed, and always on Cloudflare, which signs one URL at a time
   */
  signQuery(prefix: string, validSeconds: number, limits?: SignatureLimits): string;
  /** Longest validity, seconds. */
  readonly longestSeconds: number;
}

/** Seconds since 1970. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/** A signature that is good for longer is as good as none. */
export const LONGEST_SIGNED_SECONDS = 7 * 86_400;

/** @throws RangeError when the duration is not allowed */
export function checkedSeconds(validSeconds: number, longest: number): number {
  if (Number.isInteger(validSeconds) && validSeconds >= 1 && validSeconds <= longest) return validSeconds;
  throw new RangeError(
    `valid for ${validSeconds} s; allowed is a whole number from 1 to ${longest} (seconds)`,
  );
}

/** @throws RangeError when a limit is none that an edge could check */
export function checkedLimits({ notBefore, ipAddress }: SignatureLimits): SignatureLimits {
  if (notBefore !== undefined && !(Number.isSafeInteger(notBefore) && notBefore > 0)) {
    throw new RangeError(`good from ${notBefore} on; allowed is a whole number above 0 (seconds since 1970)`);
  }
  const [address = "", bits = "32", ...rest] = ipAddress?.split("/") ?? ["0.0.0.0"];
  if (!isIPv4(address) || !/^([12]?\d|3[0-2])$/.test(bits) || rest.length > 0) {
    throw new RangeError(
      `${ipAddress} is no client; allowed is an IPv4 address, or a range like 192.0.2.0/24`,
    );
  }
  return {
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(ipAddress === undefined ? {} : { ipAddress }),
  };
}

/**
 * @param taken names of query parameters that the signature uses itself
 * @throws RangeError when it is no URL that can be signed. The message shows no query, which may hold another signature.
 */
export function checkedUrl(url: string, taken: readonly string[]): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" || parsed.username !== "" || parsed.password !== "") {
    throw new RangeError("only an https: URL without credentials can be signed");
  }
  const twice = taken.find((name) => parsed.searchParams.has(name));
  if (twice !== undefined)
    throw new RangeError(`${parsed.pathname} has the parameter "${twice}" already: it is signed`);
  parsed.hash = "";
  return parsed;
}

/** @throws RangeError when it is no prefix that cookies can be signed for */
export function checkedPrefix(prefix: string): URL {
  const parsed = checkedUrl(prefix, []);
  // A "*" or "?" in the prefix would be a wildcard in the signature, and open more than was meant.
  if (!parsed.pathname.endsWith("/") || parsed.search !== "" || mayBeWildcard(parsed.pathname)) {
    throw new RangeError(
      `${parsed.pathname} is no prefix; allowed is a path without wildcards that ends with "/"`,
    );
  }
  return parsed;
}

/** True for a path that holds a wildcard of a policy, or whose percent-encoding nobody can read. */
function mayBeWildcard(pathname: string): boolean {
  try {
    return /[*?]/.test(decodeURIComponent(pathname));
  } catch {
    return true;
  }
}

export function signedCookie(name: string, value: string, path: string, validSeconds: number): SignedCookie {
  const options = {
    path,
    maxAge: validSeconds * 1000,
    secure: true,
    httpOnly: true,
    sameSite: "lax",
  } as const;
  return { name, value, options };
}
