import { ReadPreference } from "mongodb";

/** Tags of a member of a replica set, as in `{ role: "read-replica" }`. */
export type Tags = Readonly<Record<string, string>>;

/**
 * What a query is for, which decides who may answer it:
 *
 * - `transactional` the primary only: the answer decides a write, or has just been written;
 * - `read-your-writes` the primary, and without one a secondary: an older answer is better than none. Not for what
 *   decides a write;
 * - `catalogue` a read replica that is at most 90 s behind, else any secondary, else the primary;
 * - `report` a read replica, else any secondary, and never the primary: a report may fail, a sale may not.
 */
export type QueryClass = "transactional" | "read-your-writes" | "catalogue" | "report";

/** All of them. */
export const QUERY_CLASSES: readonly QueryClass[] = [
  "transactional",
  "read-your-writes",
  "catalogue",
  "report",
];

/** Oldest state that a catalogue may show, seconds. 90 is the least that drivers accept: they measure every 10 s. */
export const MAX_STALENESS_SECONDS = 90;

/**
 * Tags from a text like `role:read-replica,region:eu`. An empty text has none.
 *
 * @throws RangeError that says what is allowed, when it is no such text
 */
export function parseTags(text: string): Tags {
  if (text === "") return {};
  const pairs = text.split(",").map((pair) => /^([^:,\s]+):([^:,\s]+)$/.exec(pair.trim()));
  if (pairs.includes(null))
    throw new RangeError('tags like "role:read-replica", separated by commas, or nothing');
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}

/** Who is asked for queries of a class: the tagged members first, and without any of them those without. */
export function readPreferenceOf(queryClass: QueryClass, readReplicaTags: Tags): ReadPreference {
  // The last, empty set matches every member: without it a replica set that has lost its read replicas answers nothing.
  const tags = Object.keys(readReplicaTags).length === 0 ? undefined : [{ ...readReplicaTags }, {}];
  switch (queryClass) {
    case "transactional":
      return ReadPreference.primary;
    case "read-your-writes":
      return ReadPreference.primaryPreferred;
    case "catalogue":
      return new ReadPreference("secondaryPreferred", tags, { maxStalenessSeconds: MAX_STALENESS_SECONDS });
    case "report":
      return new ReadPreference("secondary", tags);
  }
}
