import * as acm from "@pulumi/aws/acm";
import * as route53 from "@pulumi/aws/route53";
import type * as pulumi from "@pulumi/pulumi";

/** How long a proof by DNS is believed, seconds. */
const RECORD_TTL_SECONDS = 300;

/**
 * A certificate for the hosts, proved by records in their zone, and renewed by AWS as long as these stay.
 *
 * @returns its ARN, known when it is issued
 */
export function albCertificate(
  name: string,
  hosts: readonly string[],
  zoneId: string,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const certificateName = `${name}-certificate`;
  const [first = "", ...others] = hosts;
  const certificate = new acm.Certificate(
    certificateName,
    {
      domainName: first,
      ...(others.length === 0 ? {} : { subjectAlternativeNames: others }),
      validationMethod: "DNS",
    },
    // A listener holds the old one until it has the new one.
    child,
  );
  const proofs = hosts.map((host) => {
    const proof = certificate.domainValidationOptions.apply((options) =>
      options.find(({ domainName }) => domainName === host),
    );
    const field = (
      of: "resourceRecordName" | "resourceRecordType" | "resourceRecordValue",
    ): pulumi.Output<string> => proof.apply((found) => found?.[of] ?? "");
    return new route53.Record(
      `${certificateName}-proof-${host}`,
      {
        zoneId,
        name: field("resourceRecordName"),
        type: field("resourceRecordType"),
        records: [field("resourceRecordValue")],
        ttl: RECORD_TTL_SECONDS,
        // The same name has the same proof in every stack of the account.
        allowOverwrite: true,
      },
      child,
    );
  });
  const validation = new acm.CertificateValidation(
    `${certificateName}-validation`,
    { certificateArn: certificate.arn, validationRecordFqdns: proofs.map(({ fqdn }) => fqdn) },
    child,
  );
  return validation.certificateArn;
}
