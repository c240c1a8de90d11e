/** Records of hosts, wherever their zone is: at the cloud's own DNS service, or at that of a CDN. */
import type * as pulumi from "@pulumi/pulumi";

/** One record of a name. */
export interface HostRecord {
  /** With or without the dot at the end. */
  readonly name: pulumi.Input<string>;
  /** `A`, `CNAME` */
  readonly type: pulumi.Input<string>;
  readonly value: pulumi.Input<string>;
}

/**
 * Writes a record in the zone that is authoritative for it.
 *
 * @returns what has to be there before anybody believes the record
 */
export type RecordWriter = (
  name: string,
  record: HostRecord,
  options: pulumi.CustomResourceOptions,
) => pulumi.Resource;

/** How long a record is believed, seconds. */
export const RECORD_TTL_SECONDS = 300;
