import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";
import {
  LONGEST_SIGNED_SECONDS,
  checkedPrefix,
  checkedSeconds,
  checkedUrl,
  signedCookie,
  systemClock,
  type Clock,
  type SignedCookie,
  type UrlSigner,
} from "./url-signer";

export interface CloudFrontSignerOptions {
  /** Id of the public key in the distribution's key group. */
  readonly keyPairId: string;
  /** The private key that belongs to it, PEM. A secret. */
  readonly privateKey: string;
  /** @default the system's clock */
  readonly now?: Clock;
}

/** Parameters of a signature: what is signed must not have them. */
const TAKEN = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/**
 * Signs with the key of a CloudFront key group, through the vendor's signer. RSA with SHA-256.
 *
 * To rotate: add the new public key to the group, let the services sign with the new private key, take the old one out
 * when the last signature made with it has ended.
 */
export class CloudFrontSigner implements UrlSigner {
  readonly longestSeconds = LONGEST_SIGNED_SECONDS;

  constructor(private readonly options: CloudFrontSignerOptions) {}

  signUrl(url: string, validSeconds: number): string {
    const { href } = checkedUrl(url, TAKEN);
    return getSignedUrl({ ...this.credentials(), url: href, dateLessThan: this.end(validSeconds) });
  }

  signCookies(prefix: string, validSeconds: number): readonly SignedCookie[] {
    const { href, pathname } = checkedPrefix(prefix);
    const seconds = checkedSeconds(validSeconds, this.longestSeconds);
    const policy = JSON.stringify({
      Statement: [
        {
          Resource: `${href}*`,
          Condition: { DateLessThan: { "AWS:EpochTime": this.now() + seconds } },
        },
      ],
    });
    const cookies = getSignedCookies({ ...this.credentials(), policy });
    return Object.entries(cookies).flatMap(([name, value]) =>
      value === undefined ? [] : [signedCookie(name, String(value), pathname, seconds)],
    );
  }

  private credentials(): { keyPairId: string; privateKey: string; algorithm: "SHA256" } {
    const { keyPairId, privateKey } = this.options;
    return { keyPairId, privateKey, algorithm: "SHA256" };
  }

  private end(validSeconds: number): Date {
    return new Date((this.now() + checkedSeconds(validSeconds, this.longestSeconds)) * 1000);
  }

  private now(): number {
    return (this.options.now ?? systemClock)();
  }
}
