/** Rules of `signsUrls`: a service signs what a CDN checks, with a key that is there. */
import { issue, type Issue } from "../../budget/core/issues";
import { cdnBehaviors } from "../../budget/edge/behaviors";
import type { CdnConfig, ClusterConfig, ServiceConfig } from "./schema/stack";

/** Entry of the Secret with CloudFront's private key: the name of the file that `openssl genrsa` was told to write. */
export const CLOUDFRONT_KEY = "signing.pem";

/** What the rules look at; undefined where that is not sound by itself. */
export interface SigningParts {
  readonly services: Readonly<Record<string, ServiceConfig>>;
  /** The file has a CDN. */
  readonly hasCdn: boolean;
  readonly cdn: CdnConfig | undefined;
  readonly cluster: ClusterConfig | undefined;
}

export function signingIssues({ services, hasCdn, cdn, cluster }: SigningParts): Issue[] {
  const signers = Object.entries(services).flatMap(([name, { signsUrls }]) => (signsUrls ? [name] : []));
  const [first] = signers;
  // A CDN with mistakes of its own may have a class that is signed.
  if (first === undefined || (hasCdn && cdn === undefined)) return [];
  if (cdn === undefined || !cdnBehaviors(cdn).some(({ signed }) => signed)) {
    return signers.map((name) =>
      issue(["services", name, "signsUrls"], true, {
        allowed: "false where no class of retrofitlink:cdn is signed",
        fix: "Remove the key, or give behaviors.media of the CDN paths.",
      }),
    );
  }
  if (cdn.provider !== "cloudfront" || cdn.cloudfront.signingKeySecret !== undefined) return [];
  const namespace = cluster?.namespace ?? "retrofitlink";
  return [
    issue(["cdn", "cloudfront", "signingKeySecret"], undefined, {
      allowed: `the name of a Secret with the private key of publicKeys[0], for services.${first} signs URLs`,
      fix: `Make it: \`kubectl -n ${namespace} create secret generic cloudfront-signing-key --from-file=${CLOUDFRONT_KEY}\`.`,
    }),
  ];
}
