import * as certificatemanager from "@pulumi/gcp/certificatemanager";
import * as dns from "@pulumi/gcp/dns";
import * as pulumi from "@pulumi/pulumi";

import { RECORD_TTL_SECONDS, type RecordWriter } from "../../../shared/host-records";
import { physicalName } from "../../../shared/physical-name";
import { transformed, type Transform } from "../../../shared/transform";
import type { ServedCertificate } from "../public-load-balancer-args";

/** What the certificate map depends on. */
export interface GcpCertificateArgs {
  readonly project: string;
  /** Physical names begin with it. */
  readonly prefix: string;
  readonly hosts: readonly string[];
  /** True where a CDN asks for its own hosts, of which this load balancer knows nothing. */
  readonly anyHost: boolean;
  readonly certificate: ServedCertificate;
  readonly dnsZone?: pulumi.Input<string> | undefined;
  readonly records?: RecordWriter | undefined;
  readonly transform?: {
    readonly certificateMap?: Transform<certificatemanager.CertificateMapArgs>;
    readonly certificateMapEntry?: Transform<certificatemanager.CertificateMapEntryArgs>;
    readonly certificate?: Transform<certificatemanager.CertificateArgs>;
    readonly dnsAuthorization?: Transform<certificatemanager.DnsAuthorizationArgs>;
    readonly certificateProof?: Transform<dns.RecordSetArgs>;
  };
}

/** Certificate Manager takes 63 characters. */
const LONGEST_NAME = 63;

/** What is made for one host: its own name holds dots, which Certificate Manager does not take. */
function nameFor({ prefix }: GcpCertificateArgs, host: string): string {
  return physicalName(`${prefix}-${host}`, LONGEST_NAME);
}

/**
 * A certificate map with an entry for each host, and behind a CDN one for all others: the CDN asks by TLS for the host
 * that its client asked for, and without an entry the handshake ends there.
 *
 * A managed certificate is proved by records in the hosts' zone, so that it can be issued before any client, or with a
 * CDN in front, comes to the load balancer.
 *
 * @returns what a target proxy takes as its `certificateMap`
 */
export function gcpCertificateMap(
  name: string,
  args: GcpCertificateArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const { project, hosts, certificate, anyHost, transform = {} } = args;
  const certificates =
    certificate.kind === "existing" ? [certificate.id] : [managedCertificate(name, args, parent)];
  const map = new certificatemanager.CertificateMap(
    ...transformed(transform.certificateMap, `${name}-certificates`, { project }, child),
  );
  for (const host of hosts) {
    new certificatemanager.CertificateMapEntry(
      ...transformed<certificatemanager.CertificateMapEntryArgs>(
        transform.certificateMapEntry,
        `${name}-certificates-${host}`,
        { project, name: nameFor(args, host), map: map.name, hostname: host, certificates },
        child,
      ),
    );
  }
  if (anyHost) {
    new certificatemanager.CertificateMapEntry(
      ...transformed<certificatemanager.CertificateMapEntryArgs>(
        transform.certificateMapEntry,
        `${name}-certificates-primary`,
        { project, name: "primary", map: map.name, matcher: "PRIMARY", certificates },
        child,
      ),
    );
  }
  return pulumi.interpolate`//certificatemanager.googleapis.com/${map.id}`;
}

function managedCertificate(
  name: string,
  args: GcpCertificateArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const { project, hosts, dnsZone = "", records, transform = {} } = args;
  const proofs = hosts.map((host) => {
    const proof = new certificatemanager.DnsAuthorization(
      ...transformed<certificatemanager.DnsAuthorizationArgs>(
        transform.dnsAuthorization,
        `${name}-proof-${host}`,
        { project, name: nameFor(args, host), domain: host },
        child,
      ),
    );
    const field = (of: "name" | "type" | "data"): pulumi.Output<string> =>
      proof.dnsResourceRecords.apply((needed) => needed[0]?.[of] ?? "");
    const recordName = `${name}-proof-record-${host}`;
    if (records !== undefined) {
      const needed = { name: field("name"), type: field("type"), value: field("data") };
      return { proof, record: records(recordName, needed, child) };
    }
    const record = new dns.RecordSet(
      ...transformed<dns.RecordSetArgs>(
        transform.certificateProof,
        recordName,
        {
          project,
          managedZone: dnsZone,
          name: field("name"),
          type: field("type"),
          rrdatas: [field("data")],
          ttl: RECORD_TTL_SECONDS,
        },
        child,
      ),
    );
    return { proof, record };
  });
  return new certificatemanager.Certificate(
    ...transformed<certificatemanager.CertificateArgs>(
      transform.certificate,
      `${name}-certificate`,
      {
        project,
        managed: { domains: [...hosts], dnsAuthorizations: proofs.map(({ proof }) => proof.id) },
      },
      { ...child, dependsOn: proofs.map(({ record }) => record) },
    ),
  ).id;
}
