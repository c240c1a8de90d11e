import * as certificatemanager from "@pulumi/gcp/certificatemanager";
import * as dns from "@pulumi/gcp/dns";
import * as pulumi from "@pulumi/pulumi";

import { RECORD_TTL_SECONDS, type RecordWriter } from "../shared/host-records";
import type { ServedCertificate } from "./cloud-load-balancer-args";

/** What the certificate map depends on. */
export interface GcpCertificateArgs {
  readonly project: string;
  readonly hosts: readonly string[];
  readonly certificate: ServedCertificate;
  readonly dnsZone?: string | undefined;
  readonly records?: RecordWriter | undefined;
}

/**
 * A certificate map with an entry for each host. A managed certificate is proved by records in the hosts' zone, so that
 * it can be issued before any client, or with a CDN in front, comes to the load balancer.
 *
 * @returns what a target proxy takes as its `certificateMap`
 */
export function gcpCertificateMap(
  name: string,
  args: GcpCertificateArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const { project, hosts, certificate } = args;
  const certificates =
    certificate.kind === "existing" ? [certificate.id] : [managedCertificate(name, args, parent)];
  const map = new certificatemanager.CertificateMap(`${name}-certificates`, { project }, child);
  for (const host of hosts) {
    new certificatemanager.CertificateMapEntry(
      `${name}-certificates-${host}`,
      { project, map: map.name, hostname: host, certificates },
      child,
    );
  }
  return pulumi.interpolate`//certificatemanager.googleapis.com/${map.id}`;
}

function managedCertificate(
  name: string,
  { project, hosts, dnsZone = "", records }: GcpCertificateArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const child = { parent };
  const proofs = hosts.map((host) => {
    const proof = new certificatemanager.DnsAuthorization(
      `${name}-proof-${host}`,
      { project, domain: host },
      child,
    );
    const field = (of: "name" | "type" | "data"): pulumi.Output<string> =>
      proof.dnsResourceRecords.apply((needed) => needed[0]?.[of] ?? "");
    const recordName = `${name}-proof-record-${host}`;
    if (records !== undefined) {
      const needed = { name: field("name"), type: field("type"), value: field("data") };
      return { proof, record: records(recordName, needed, child) };
    }
    const record = new dns.RecordSet(
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
    );
    return { proof, record };
  });
  return new certificatemanager.Certificate(
    `${name}-certificate`,
    {
      project,
      managed: { domains: [...hosts], dnsAuthorizations: proofs.map(({ proof }) => proof.id) },
    },
    { ...child, dependsOn: proofs.map(({ record }) => record) },
  ).id;
}
