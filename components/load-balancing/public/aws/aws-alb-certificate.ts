import * as acm from "@pulumi/aws/acm";
import * as route53 from "@pulumi/aws/route53";
import type * as pulumi from "@pulumi/pulumi";

import { RECORD_TTL_SECONDS } from "../../../shared/host-records";
import { transformed, type Transform } from "../../../shared/transform";
import type { PublicLoadBalancerArgs } from "../public-load-balancer-args";

/** What the certificate depends on. */
export interface AlbCertificateArgs extends Pick<PublicLoadBalancerArgs, "hosts" | "dnsZone" | "records"> {
  readonly transform?: {
    readonly certificate?: Transform<acm.CertificateArgs>;
    readonly certificateProof?: Transform<route53.RecordArgs>;
    readonly certificateValidation?: Transform<acm.CertificateValidationArgs>;
  };
}

/**
 * A certificate for the hosts, proved by records in their zone, and renewed by AWS as long as these stay.
 *
 * @returns its ARN, known when it is issued
 */
export function albCertificate(
  name: string,
  { hosts, dnsZone = "", records, transform = {} }: AlbCertificateArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const certificateName = `${name}-certificate`;
  const [first = "", ...others] = hosts;
  const certificate = new acm.Certificate(
    ...transformed<acm.CertificateArgs>(
      transform.certificate,
      certificateName,
      {
        domainName: first,
        ...(others.length === 0 ? {} : { subjectAlternativeNames: others }),
        validationMethod: "DNS",
      },
      // A listener holds the old one until it has the new one.
      child,
    ),
  );
  const proofs = hosts.map((host) => {
    const proof = certificate.domainValidationOptions.apply((options) =>
      options.find(({ domainName }) => domainName === host),
    );
    const field = (
      of: "resourceRecordName" | "resourceRecordType" | "resourceRecordValue",
    ): pulumi.Output<string> => proof.apply((found) => found?.[of] ?? "");
    const proofName = `${certificateName}-proof-${host}`;
    const [recordName, type, value] = [
      field("resourceRecordName"),
      field("resourceRecordType"),
      field("resourceRecordValue"),
    ];
    if (records !== undefined) return records(proofName, { name: recordName, type, value }, child);
    return new route53.Record(
      ...transformed<route53.RecordArgs>(
        transform.certificateProof,
        proofName,
        {
          zoneId: dnsZone,
          name: recordName,
          type,
          records: [value],
          ttl: RECORD_TTL_SECONDS,
          // The same name has the same proof in every stack of the account.
          allowOverwrite: true,
        },
        child,
      ),
    );
  });
  const validation = new acm.CertificateValidation(
    ...transformed<acm.CertificateValidationArgs>(
      transform.certificateValidation,
      `${certificateName}-validation`,
      { certificateArn: certificate.arn },
      { ...child, dependsOn: proofs },
    ),
  );
  return validation.certificateArn;
}
