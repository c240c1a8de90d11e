/** Records in a zone of Cloudflare of what stands behind it: the origin's host, and the proofs of its certificate. */
import { DnsRecord, type DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord";
import * as pulumi from "@pulumi/pulumi";

import { RECORD_TTL_SECONDS, type RecordWriter } from "../../shared/host-records";
import { transformed, type Transform } from "../../shared/transform";

/**
 * Writes records that lead past Cloudflare, not through it: an origin that is proxied would be its own origin, and a
 * proof that is proxied proves nothing.
 *
 * @param zoneId of a zone that Cloudflare is authoritative for
 * @param transform of each record
 */
export function cloudflareRecords(zoneId: string, transform?: Transform<DnsRecordArgs>): RecordWriter {
  return (name, record, options) =>
    new DnsRecord(
      ...transformed<DnsRecordArgs>(
        transform,
        name,
        {
          zoneId,
          name: pulumi.output(record.name).apply(withoutDot),
          type: record.type,
          content: pulumi.output(record.value).apply(withoutDot),
          proxied: false,
          ttl: RECORD_TTL_SECONDS,
        },
        options,
      ),
    );
}

/** Other services write names with a dot at the end; Cloudflare gives them back without, which would be a change for ever. */
const withoutDot = (name: string): string => name.replace(/\.$/, "");
