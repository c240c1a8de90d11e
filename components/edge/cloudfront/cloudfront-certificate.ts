/** The certificate of a distribution, proved through the zone, and the names that lead to the distribution. */
import * as acm from "@pulumi/aws/acm";
import type * as cloudfront from "@pulumi/aws/cloudfront";
import * as route53 from "@pulumi/aws/route53";
import type * as pulumi from "@pulumi/pulumi";

import { transformed } from "../../shared/transform";
import type { CompleteCloudFrontArgs } from "./cloudfront-args";

/**
 * A certificate for every host, usable when the zone has proved them.
 *
 * @param place where CloudFront looks for certificates
 * @returns its ARN
 */
export function provedCertificate(
  name: string,
  { hosts, zone, transform }: CompleteCloudFrontArgs,
  place: { readonly region: string },
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const [domainName, ...others] = hosts;
  const certificateName = `${name}-certificate`;
  const certificate = new acm.Certificate(
    ...transformed(
      transform?.certificate,
      certificateName,
      {
        ...place,
        ...(domainName === undefined ? {} : { domainName }),
        subjectAlternativeNames: others,
        validationMethod: "DNS",
      },
      child,
    ),
  );
  const proofs = hosts.map((host) => {
    const proof = certificate.domainValidationOptions.apply((options) => {
      const found = options.find((option) => option.domainName === host);
      if (found === undefined) throw new RangeError(`the certificate has no proof for ${host}`);
      return found;
    });
    const recordName = `${name}-proof-${host}`;
    return new route53.Record(
      ...transformed(
        transform?.record,
        recordName,
        {
          zoneId: zone.id,
          name: proof.resourceRecordName,
          type: proof.resourceRecordType,
          records: [proof.resourceRecordValue],
          ttl: 300,
          // A certificate for the same name elsewhere has the same proof.
          allowOverwrite: true,
        },
        child,
      ),
    );
  });
  return new acm.CertificateValidation(
    ...transformed<acm.CertificateValidationArgs>(
      transform?.certificateValidation,
      `${name}-certificate-proved`,
      { ...place, certificateArn: certificate.arn, validationRecordFqdns: proofs.map(({ fqdn }) => fqdn) },
      child,
    ),
  ).certificateArn;
}

/** Alias records of every host, for IPv4 and IPv6. */
export function aliasRecords(
  name: string,
  { hosts, zone, transform }: CompleteCloudFrontArgs,
  distribution: cloudfront.Distribution,
  child: pulumi.CustomResourceOptions,
): void {
  for (const host of hosts) {
    for (const type of ["A", "AAAA"]) {
      const recordName = `${name}-${type.toLowerCase()}-${host}`;
      const alias = {
        name: distribution.domainName,
        zoneId: distribution.hostedZoneId,
        evaluateTargetHealth: false,
      };
      new route53.Record(
        ...transformed(
          transform?.record,
          recordName,
          { zoneId: zone.id, name: host, type, aliases: [alias] },
          child,
        ),
      );
    }
  }
}
