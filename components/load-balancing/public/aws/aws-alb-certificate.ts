import * as acm from "@pulumi/aws/acm";
import * as route53 from "@pulumi/aws/route53";
import type * as pulumi from "@pulumi/pulumi";

import { RECORD_TTL_SECONDS } from "../../../shared/host-records";
import type { CloudLoadBalancerArgs } from "../cloud-load-balancer-args";

/**
 * A certificate for the hosts, proved by records in their zone, and renewed by AWS as long as these stay.
 *
 * @returns its ARN, known when it is issued
 */
export function albCertificate(
  name: string,
  { hosts, dnsZone = "", records }: Pick<CloudLoadBalancerArgs, "hosts" | "dnsZone" | "records">,
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
    const proofName = `${certificateName}-proof-${host}`;
    const [recordName, type, value] = [
      field("resourceRecordName"),
      field("resourceRecordType"),
      field("resourceRecordValue"),
    ];
    if (records !== undefined) return records(proofName, { name: recordName, type, value }, child);
    return new route53.Record(
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
    );
  });
  const validation = new acm.CertificateValidation(
    `${certificateName}-validation`,
    { certificateArn: certificate.arn },
    { ...child, dependsOn: proofs },
  );
  return validation.certificateArn;
}
