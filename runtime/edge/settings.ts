import { type Environment, Variables, VariablesError } from "../shared/variables";
import { CloudFrontSigner } from "./cloudfront-signer";
import { CloudflareSigner } from "./cloudflare-signer";
import { LONGEST_SIGNED_SECONDS, type UrlSigner } from "./url-signer";

/** CDNs that a stack can have. */
export const CDN_PROVIDERS = ["cloudfront", "cloudflare"] as const;

export type CdnProvider = (typeof CDN_PROVIDERS)[number];

/**
 * The CDN's name from `CDN_PROVIDER`.
 *
 * @throws VariablesError when it is missing or unknown
 */
export function cdnProvider(environment: Environment): CdnProvider {
  const given = environment["CDN_PROVIDER"];
  const provider = CDN_PROVIDERS.find((name) => name === given);
  if (provider !== undefined) return provider;
  const got = given === undefined || given === "" ? "not set" : JSON.stringify(given);
  throw new VariablesError([`CDN_PROVIDER is ${got}; allowed is ${CDN_PROVIDERS.join(" or ")}`]);
}

/**
 * The signer of the stack's CDN.
 *
 * - cloudfront: `CDN_SIGNING_KEY_ID`, the public key's id, and `CDN_SIGNING_KEY`, the private key as PEM
 * - cloudflare: `CDN_SIGNING_KEY`, the rule's secret, and `CDN_SIGNED_SECONDS`, the lifetime that the rule gives, @default 3600
 *
 * @throws VariablesError that names every variable which is missing or wrong, and shows no secret
 */
export function urlSigner(environment: Environment): UrlSigner {
  const provider = cdnProvider(environment);
  const variables = new Variables(environment);
  if (provider === "cloudfront") {
    const keyPairId = variables.secret("CDN_SIGNING_KEY_ID", "the id of a public key", (id) =>
      /^[A-Z0-9]{10,20}$/.test(id),
    );
    const privateKey = variables.secret("CDN_SIGNING_KEY", "an RSA or EC private key, PEM", (pem) =>
      /^-----BEGIN (RSA |EC )?PRIVATE KEY-----\n/.test(pem),
    );
    variables.refuse();
    return new CloudFrontSigner({ keyPairId, privateKey });
  }
  const secret = variables.secret(
    "CDN_SIGNING_KEY",
    "a secret of at least 32 characters",
    (key) => key.length >= 32,
  );
  const lifetimeSeconds = variables.wholeNumber("CDN_SIGNED_SECONDS", {
    most: LONGEST_SIGNED_SECONDS,
    fallback: 3600,
  });
  variables.refuse();
  return new CloudflareSigner({ secret, lifetimeSeconds });
}
