import type * as pulumi from "@pulumi/pulumi";

import type { Destination } from "../shared/network-policy";

/** One entry of a Secret. */
export interface SecretKey {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** How services reach a database, whichever kind it is. */
export interface DatabaseEndpoint {
  /** Name of the application's database. */
  readonly database: string;
  /** Where the connection string with the application's password is. */
  readonly uriSecret: SecretKey;
  /** Where the connection string of the data-model Job is. */
  readonly adminUriSecret: SecretKey;
  /** Certificate of the authority that signed the servers', when it is not a public one; mounted at `CA_FILE`. */
  readonly caSecret?: SecretKey;
  /** Tags by which a read preference finds the read replicas, `nonVoting:true`; empty when there are none. */
  readonly readReplicaTags: string;
  /** Where clients connect to. */
  readonly destination: Destination;
}

/** Where a pod finds the authority's certificate. */
export const CA_FILE = "/etc/mongodb-tls/ca.crt";

/** Database of the application, where none is named. */
export const DEFAULT_DATABASE = "app";

/** A reading older than this is not served by a read replica; the smallest that drivers allow is 90 seconds. */
export const MAX_STALENESS_SECONDS = 90;

/** The part of a connection string that sends reads to the read replicas, and to the others while there are none. */
export function readPreference(tags: string): string {
  if (tags === "") return "readPreference=primary";
  const wanted = `readPreferenceTags=${tags}&readPreferenceTags=`;
  return `readPreference=secondaryPreferred&${wanted}&maxStalenessSeconds=${MAX_STALENESS_SECONDS}`;
}
