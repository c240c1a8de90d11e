/** With what the services sign URLs that the CDN checks. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { CloudFront } from "../../components/edge/cloudfront/cloudfront";
import { Cloudflare } from "../../components/edge/cloudflare/cloudflare";
import { commonLabels } from "../../components/shared/kubernetes";
import type { ServiceUrlSigning } from "../../components/workload/elastic-service-args";
import type { StackConfig } from "../stack-file/config";
import { CLOUDFRONT_KEY } from "../stack-file/url-signing-checks";

/** Name of the Secret with Cloudflare's secrets. */
const CLOUDFLARE_SECRET = "cloudflare-signing-keys";

/**
 * The key of the stack's CDN. Cloudflare's is made by the stack; CloudFront's private key is in a Secret that somebody
 * made, so that it is never in a stack file or in the state.
 *
 * @returns undefined when no service signs
 */
export function createUrlSigning(
  { cdn, cluster, services }: StackConfig,
  edge: CloudFront | Cloudflare | undefined,
  options: pulumi.ComponentResourceOptions,
): ServiceUrlSigning | undefined {
  if (!Object.values(services).some(({ signsUrls }) => signsUrls)) return undefined;
  if (cdn?.provider === "cloudfront" && edge instanceof CloudFront) {
    const [keyId] = edge.signingKeyIds;
    const name = cdn.cloudfront.signingKeySecret;
    if (keyId === undefined || name === undefined) return undefined;
    return { provider: "cloudfront", keyId, keySecret: { name, key: CLOUDFRONT_KEY } };
  }
  if (cdn?.provider === "cloudflare" && edge instanceof Cloudflare) {
    const { generation, lifetimeSeconds } = cdn.cloudflare.signedUrls;
    const keySecret = {
      name: cloudflareSecret(cluster.namespace, generation, edge, options),
      key: entryOf(generation),
    };
    return { provider: "cloudflare", lifetimeSeconds, keySecret };
  }
  return undefined;
}

/** A new generation is another entry, so that pods roll out; the one before stays for those that are still there. */
const entryOf = (generation: number): string => `generation-${generation}`;

function cloudflareSecret(
  namespace: string,
  generation: number,
  { signingSecrets, signatureRules }: Cloudflare,
  options: pulumi.ComponentResourceOptions,
): pulumi.Output<string> {
  const entries = signingSecrets.map((secret, index) => [
    entryOf(generation - index),
    pulumi.secret(secret).apply((text) => Buffer.from(text).toString("base64")),
  ]);
  const secret = new k8s.core.v1.Secret(
    CLOUDFLARE_SECRET,
    {
      metadata: { name: CLOUDFLARE_SECRET, namespace, labels: commonLabels(CLOUDFLARE_SECRET, "cdn") },
      // Not stringData: of that, server-side apply would leave the entry of an old generation where it is.
      data: Object.fromEntries(entries) as Record<string, pulumi.Output<string>>,
    },
    // Nobody signs with a secret before the zone knows it.
    pulumi.mergeOptions(options, { dependsOn: signatureRules === undefined ? [] : [signatureRules] }),
  );
  return secret.metadata.name;
}
