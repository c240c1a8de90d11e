import { getSignedCookies } from "@aws-sdk/cloudfront-signer";

import {
  LONGEST_SIGNED_SECONDS,
  checkedLimits,
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

export interface CloudFrontSignerOptions {
  /** Id of the public key in the distribution's key group. */
  readonly keyPairId: string;
  /** The private key that belongs to it, PEM: RSA with 2048 bits, or of the curve P-256. A secret. */
  readonly privateKey: string;
  /** @default the system's clock */
  readonly now?: Clock;
}

/** Parameters of a signature: what is signed must not have them. */
const TAKEN = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/** Beginning of the names of cookies; without it they are those of the parameters. */
const COOKIE_PREFIX = "CloudFront-";

/** When a signature begins and ends, seconds since 1970, and for whom it is. */
interface Validity extends SignatureLimits {
  readonly end: number;
}

/**
 * Signs with the key of a CloudFront key group, through the vendor's signer: RSA or ECDSA, with SHA-256.
 *
 * To rotate: add the new public key to the group, let the services sign with the new private key, take the old one out
 * when the last signature made with it has ended.
 */
export class CloudFrontSigner implements UrlSigner {
  readonly longestSeconds = LONGEST_SIGNED_SECONDS;

  constructor(private readonly options: CloudFrontSignerOptions) {}

  signUrl(url: string, validSeconds: number, limits: SignatureLimits = {}): string {
    const { href, pathname, search } = checkedUrl(url, TAKEN);
    const { end, notBefore, ipAddress } = this.validity(validSeconds, limits);
    const limited = notBefore !== undefined || ipAddress !== undefined;
    if (limited && `${pathname}${search}`.includes("*")) {
      throw new RangeError(
        `${pathname} has a "*", which opens other URLs as well in a signature with limits`,
      );
    }
    // The vendor's signer of URLs would write the URL anew, `d,c.jpg` as `d%2Cc.jpg`; that of cookies takes it as it is.
    const signature = getSignedCookies({
      ...this.credentials(),
      url: href,
      dateLessThan: dateOf(end),
      ...(notBefore === undefined ? {} : { dateGreaterThan: dateOf(notBefore) }),
      ...(ipAddress === undefined ? {} : { ipAddress }),
    });
    return `${href}${search === "" ? "?" : "&"}${queryOf(signature)}`;
  }

  signCookies(prefix: string, validSeconds: number, limits: SignatureLimits = {}): readonly SignedCookie[] {
    const { href, pathname } = checkedPrefix(prefix);
    const validity = this.validity(validSeconds, limits);
    const seconds = validity.end - this.now();
    return Object.entries(this.below(href, validity)).map(([name, value]) =>
      signedCookie(name, value, pathname, seconds),
    );
  }

  signQuery(prefix: string, validSeconds: number, limits: SignatureLimits = {}): string {
    return queryOf(this.below(checkedPrefix(prefix).href, this.validity(validSeconds, limits)));
  }

  /** Signature for every URL that begins with the text. */
  private below(href: string, { end, notBefore, ipAddress }: Validity): Record<string, string> {
    const policy = JSON.stringify({
      Statement: [
        {
          Resource: `${href}*`,
          Condition: {
            DateLessThan: { "AWS:EpochTime": end },
            ...(notBefore === undefined ? {} : { DateGreaterThan: { "AWS:EpochTime": notBefore } }),
            ...(ipAddress === undefined ? {} : { IpAddress: { "AWS:SourceIp": rangeOf(ipAddress) } }),
          },
        },
      ],
    });
    return given(getSignedCookies({ ...this.credentials(), policy }));
  }

  private credentials(): { keyPairId: string; privateKey: string; algorithm: "SHA256" } {
    const { keyPairId, privateKey } = this.options;
    return { keyPairId, privateKey, algorithm: "SHA256" };
  }

  private validity(validSeconds: number, limits: SignatureLimits): Validity {
    const checked = checkedLimits(limits);
    const seconds = checkedSeconds(validSeconds, this.longestSeconds);
    return { ...checked, end: (checked.notBefore ?? this.now()) + seconds };
  }

  private now(): number {
    return (this.options.now ?? systemClock)();
  }
}

const dateOf = (seconds: number): Date => new Date(seconds * 1000);

const rangeOf = (ipAddress: string): string => (ipAddress.includes("/") ? ipAddress : `${ipAddress}/32`);

/** The values that are there, as texts. */
function given(cookies: object): Record<string, string> {
  const values = Object.entries(cookies).filter(([, value]) => value !== undefined);
  return Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
}

/** Cookies of a signature as parameters of a query. Their alphabet is that of URLs. */
function queryOf(cookies: object): string {
  return Object.entries(given(cookies))
    .map(([name, value]) => `${name.replace(COOKIE_PREFIX, "")}=${value}`)
    .join("&");
}
