/** `retrofitlink:cdn` with the blocks of both CDNs, as it is read from a stack file. */
import { generateKeyPairSync } from "node:crypto";

/** RSA keys of 2048 bits: the only ones that CloudFront takes from RSA. */
export function publicKey(bits = 2048): string {
  const { publicKey: key } = generateKeyPairSync("rsa", { modulusLength: bits });
  return key.export({ type: "spki", format: "pem" }).toString();
}

export const PUBLIC_KEYS = [publicKey(), publicKey()] as const;

export type Provider = "cloudfront" | "cloudflare";

/** Described as a map that a test may change. */

export function cdnBlock(provider: Provider): Record<string, any> {
  return {
    provider,
    hosts: ["www.example.com", "example.com"],
    zone: "example.com",
    traffic: {
      peakRps: 4000,
      shares: {
        assets: 0.5,
        images: 0.2,
        media: 0.05,
        publicApi: 0.05,
        api: 0.09,
        webSocket: 0.01,
        html: 0.1,
      },
    },
    behaviors: {
      media: { paths: ["/media/*"] },
      publicApi: { paths: ["/api/public/*"] },
      webSocket: { paths: ["/socket.io/*"] },
    },
    cloudfront: {
      zoneId: "Z0123456789ABC",
      originShieldRegion: "eu-central-1",
      publicKeys: [...PUBLIC_KEYS],
    },
    cloudflare: {
      zoneId: "0123456789abcdef0123456789abcdef",
      accountId: "fedcba9876543210fedcba9876543210",
    },
  };
}

/** What AWS and the generator of passwords add to their inputs. */
export function inventedOutputs(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type !== "aws:acm/certificate:Certificate") return {};
  const others = (inputs["subjectAlternativeNames"] ?? []) as unknown[];
  return {
    domainValidationOptions: [inputs["domainName"], ...others].map((domainName) => ({
      domainName,
      resourceRecordName: `_proof.${String(domainName)}`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_proof.acm-validations.aws",
    })),
  };
}
