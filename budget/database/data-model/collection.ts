/** What is said of a collection: its fields, the queries it has to answer fast, and what makes them fast. Plain data. */

export type FieldType =
  "string" | "number" | "boolean" | "date" | "objectId" | "point" | "object" | "string[]" | "object[]";

/** 1 ascending, -1 descending. */
export type Direction = 1 | -1;

/** How a field stands in an index. */
export type IndexKind = Direction | "hashed" | "text" | "2dsphere";

/** A condition that a partial index or a pipeline carries, in MongoDB's own words. */
export type Filter = Readonly<Record<string, unknown>>;

export interface Index {
  /** Name in the database, unique in the collection. */
  readonly name: string;
  /** Fields in their order, which decides what the index can serve: equality, then sort, then range. */
  readonly keys: Readonly<Record<string, IndexKind>>;
  /** Names of the queries it is there for. Empty only for an index that enforces something: unique, TTL, shard key. */
  readonly serves: readonly string[];
  readonly unique?: true;
  /** TTL: documents go this many seconds after the date in the only field. 0 means at that date. */
  readonly expireAfterSeconds?: number;
  /** Only documents that match are in the index, and only queries that ask for them can use it. */
  readonly partialFilterExpression?: Filter;
  /** Weights of a text index. @default 1 each */
  readonly weights?: Readonly<Record<string, number>>;
  /** Share of the documents that a partial index holds, 0..1. @default 1 */
  readonly share?: number;
}

/** A query that has to stay within the budget's query time. */
export interface HotQuery {
  readonly name: string;
  /** Who asks. */
  readonly why: string;
  /** How often, in the unit of all frequencies of the catalogue: of 1,000 operations, after the caches. */
  readonly frequency: number;
  /** Most documents it returns: its own limit, or what an aggregation groups into. */
  readonly limit: number;
  /** Most index entries it looks at. @default limit */
  readonly examines?: number;
  /** Fields compared with one value, or with `$in` of a few. */
  readonly equality: readonly string[];
  /** Fields of the sort, in order. @default unsorted */
  readonly sort?: readonly (readonly [field: string, direction: Direction])[];
  /** Fields compared with a range, `$ne` or `$exists`. @default none */
  readonly range?: readonly string[];
  /** Fields searched as text or by distance: only an index of that kind serves them. */
  readonly special?: { readonly kind: "text" | "2dsphere"; readonly fields: readonly string[] };
  /** Constants that are always in the filter, for partial indexes. */
  readonly always?: Filter;
  /** Fields compared with one value, or left out: an index has to serve both. @default none */
  readonly optional?: readonly string[];
  /** Fields compared in the documents, after an index has found them; `examines` counts what is thrown away. @default none */
  readonly inDocument?: readonly string[];
  /** The only fields that it reads or returns: its index has them all, and no document is fetched. */
  readonly covered?: readonly string[];
  /** Why it may ask every shard. Needed when the filter does not contain the shard key. */
  readonly asksEveryShard?: string;
}

/** How the documents are spread over the shards. */
export type Sharding =
  | {
      readonly key: Readonly<Record<string, 1 | "hashed">>;
      readonly reason: string;
    }
  | { readonly key?: never; /** Why it stays on one shard. */ readonly reason: string };

/** An aggregation that a hot query runs. Values that change are written `"$$name"` and filled in by the caller. */
export interface Pipeline {
  readonly name: string;
  /** The hot query its leading stages are: what they filter and sort is served by that query's index. */
  readonly startsAs: string;
  readonly stages: readonly Readonly<Record<string, unknown>>[];
}

/** How large a collection is, and how much of it is asked for. */
export interface Size {
  /** Of all data and indexes of the database; counts as a part of the sum over the catalogue. */
  readonly shareOfData: number;
  /** Mean size of a document, bytes. */
  readonly documentBytes: number;
  /** Of its documents that the queries of an hour touch, 0..1. */
  readonly activeShare: number;
}

export interface Collection {
  /** Name in the database. */
  readonly name: string;
  readonly holds: string;
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly size: Size;
  /** How often it is written to, in the unit of the frequencies. */
  readonly writes: number;
  readonly sharding: Sharding;
  readonly indexes: readonly Index[];
  readonly queries: readonly HotQuery[];
  readonly pipelines: readonly Pipeline[];
}

/** Fields of an index key or shard key, in their order. */
export function fieldsOf(keys: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(keys);
}
