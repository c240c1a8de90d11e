/** What a data model asks of a database: where queries go, what they examine, what is written, how large indexes are. Pure. */
import { withoutNoise } from "../../core/rounding";
import { type Collection, type FieldType, type HotQuery, type Index, type IndexKind } from "./collection";
import { asksEveryShard } from "./serving";

/** Means over all operations of a catalogue. Shares are 0..1. */
export interface ModelLoad {
  /** Of operations on sharded collections that name no shard. */
  readonly everyShard: number;
  /** Of operations on collections that are on one shard. */
  readonly oneShard: number;
  /** Of operations that write. */
  readonly writes: number;
  /** Pages that a write dirties: the document, its index entries, the log, the oplog. */
  readonly pagesPerWrite: number;
  readonly keysPerQuery: number;
  readonly documentsPerQuery: number;
  /** Of the data that indexes are. */
  readonly indexShare: number;
  /** Of the data, documents and their index entries, that an hour touches. */
  readonly workingSetShare: number;
}

/** Frequencies and shares count as parts of their sum. */
export function modelLoad(catalogue: readonly Collection[]): ModelLoad {
  const operations = Math.max(sum(catalogue, operationsOf), Number.MIN_VALUE);
  const data = Math.max(
    sum(catalogue, ({ size }) => size.shareOfData),
    Number.MIN_VALUE,
  );
  const queries = catalogue.flatMap((collection) =>
    collection.queries.map((query) => ({ collection, query, share: query.frequency / operations })),
  );
  const written = sum(catalogue, ({ writes }) => writes);
  return {
    everyShard: sum(queries, ({ collection, query, share }) =>
      asksEveryShard(collection, query) ? share : 0,
    ),
    oneShard: sum(catalogue, (collection) =>
      collection.sharding.key === undefined ? operationsOf(collection) / operations : 0,
    ),
    writes: withoutNoise(written / operations),
    pagesPerWrite:
      written === 0 ? 0 : sum(catalogue, ({ writes, indexes }) => (writes * pagesOfWrite(indexes)) / written),
    keysPerQuery: sum(queries, ({ query, share }) => share * keysExamined(query)),
    documentsPerQuery: sum(queries, ({ query, share }) => share * documentsExamined(query)),
    indexShare: sum(catalogue, (collection) => {
      const { shareOfData, documentBytes } = collection.size;
      const indexes = indexBytes(collection);
      return ((shareOfData / data) * indexes) / (documentBytes + indexes);
    }),
    workingSetShare: sum(catalogue, ({ size }) => (size.shareOfData / data) * size.activeShare),
  };
}

/** Reads and writes of a collection, in the unit of the frequencies. */
function operationsOf({ queries, writes }: Collection): number {
  return sum(queries, ({ frequency }) => frequency) + writes;
}

/** Index entries that a query looks at, at most. */
function keysExamined({ limit, examines = limit }: HotQuery): number {
  return examines;
}

/** Documents that a query fetches, at most: none when its index has all that it returns. */
function documentsExamined(query: HotQuery): number {
  return query.covered === undefined ? keysExamined(query) : 0;
}

/** The document, its entries and that on `_id`, the log, the oplog. */
function pagesOfWrite(indexes: readonly Index[]): number {
  return 1 + sum(indexes, ({ share = 1 }) => share) + 1 + 2;
}

/** Bytes of a value in an index, by its type; of text and arrays the usual mean. */
const KEY_BYTES: Readonly<Record<FieldType, number>> = {
  string: 18,
  number: 8,
  boolean: 1,
  date: 8,
  objectId: 12,
  point: 9,
  object: 64,
  "string[]": 18,
  "object[]": 64,
};

/** Elements of an array, and words of a text: each is an entry. */
const ENTRIES: Readonly<Record<"array" | "text", number>> = { array: 5, text: 30 };

/** Where the document is, and what a B-tree wastes. */
const ENTRY_OVERHEAD_BYTES = 12;

/** Bytes of all entries of one document, that on `_id` among them. */
export function indexBytes({ indexes, fields }: Pick<Collection, "indexes" | "fields">): number {
  const onId = KEY_BYTES.objectId + ENTRY_OVERHEAD_BYTES;
  return withoutNoise(onId + sum(indexes, (index) => (index.share ?? 1) * entryBytes(index, fields)));
}

function entryBytes({ keys }: Index, fields: Collection["fields"]): number {
  const parts = Object.entries(keys);
  const kinds = parts.map(([, kind]) => kind);
  const key = sum(parts, ([field, kind]) => partBytes(fields[field.split(".")[0] ?? ""], kind));
  const array = parts.some(([field]) => fields[field]?.endsWith("[]") === true);
  const entries = kinds.includes("text") ? ENTRIES.text : array ? ENTRIES.array : 1;
  return entries * (key + ENTRY_OVERHEAD_BYTES);
}

function partBytes(type: FieldType = "string", kind: IndexKind): number {
  return kind === "hashed" ? 8 : KEY_BYTES[type];
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return withoutNoise(items.reduce((total, item) => total + of(item), 0));
}
