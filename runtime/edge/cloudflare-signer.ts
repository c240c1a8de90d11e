import { createHmac } from "node:crypto";
import {
  LONGEST_SIGNED_SECONDS,
  checkedPrefix,
  checkedSeconds,
  checkedUrl,
  signedCookie,
  systemClock,
  type Clock,
  type SignatureLimits,
  type SignedCookie,
  type UrlSigner,
} from "./url-signer";

export interface CloudflareSignerOptions {
  /** Key of the HMAC, as in the zone's rule. A secret. */
  readonly secret: string;
  /** Lifetime that the zone's rule gives every signature, whole seconds, 1 to 604,800. */
  readonly lifetimeSeconds: number;
  /** @default the system's clock */
  readonly now?: Clock;
}

/** Query parameter of a signature. With its "?" or "&" and "=" it is the rule's separator of eight bytes. */
export const SIGNATURE_PARAMETER = "verify";

/** Cookie of a signature: `<prefix>:<timestamp>-<mac>`, with a separator of one byte. */
export const SIGNATURE_COOKIE = "cdn-access";

/**
 * Signs what a rule of the zone checks with `is_timed_hmac_valid_v0`: HMAC with SHA-256 over the message and the time.
 *
 * The rule knows one lifetime for all signatures. A shorter one is had by dating the signature back, so that
 * `timestamp + lifetime` is the wanted end.
 *
 * To rotate: let the rule accept two secrets, sign with the new one, take the old one out a lifetime later.
 */
export class CloudflareSigner implements UrlSigner {
  readonly longestSeconds: number;

  /** @throws RangeError when the lifetime is not allowed */
  constructor(private readonly options: CloudflareSignerOptions) {
    this.longestSeconds = checkedSeconds(options.lifetimeSeconds, LONGEST_SIGNED_SECONDS);
  }

  signUrl(url: string, validSeconds: number, limits: SignatureLimits = {}): string {
    refuseLimits(limits);
    const { origin, pathname, search } = checkedUrl(url, [SIGNATURE_PARAMETER]);
    const message = `${pathname}${search}`;
    const separator = search === "" ? "?" : "&";
    const timestamp = this.issued(validSeconds);
    // The rule decodes the value from the URL, so it is encoded like any other.
    const mac = encodeURIComponent(this.mac(message, timestamp, "base64"));
    return `${origin}${message}${separator}${SIGNATURE_PARAMETER}=${timestamp}-${mac}`;
  }

  signCookies(prefix: string, validSeconds: number, limits: SignatureLimits = {}): readonly SignedCookie[] {
    refuseLimits(limits);
    const { pathname } = checkedPrefix(prefix);
    const timestamp = this.issued(validSeconds);
    const value = `${pathname}:${timestamp}-${this.mac(pathname, timestamp, "base64url")}`;
    return [signedCookie(SIGNATURE_COOKIE, value, pathname, validSeconds)];
  }

  signQuery(): never {
    throw new RangeError(
      "a query for many URLs; the rule of Cloudflare checks one URL at a time: sign cookies",
    );
  }

  private issued(validSeconds: number): number {
    const seconds = checkedSeconds(validSeconds, this.longestSeconds);
    return (this.options.now ?? systemClock)() + seconds - this.longestSeconds;
  }

  private mac(message: string, timestamp: number, encoding: "base64" | "base64url"): string {
    return createHmac("sha256", this.options.secret).update(`${message}${timestamp}`).digest(encoding);
  }
}

/** @throws RangeError for what the rule of the zone cannot check: a signature that promised it would open more than was said */
function refuseLimits({ notBefore, ipAddress }: SignatureLimits): void {
  if (notBefore === undefined && ipAddress === undefined) return;
  throw new RangeError("a signature with notBefore or ipAddress; the rule of Cloudflare checks neither");
}
