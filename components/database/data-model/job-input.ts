import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Collection, Index } from "./collection";

/** What the Job reads: the catalogue in the words of MongoDB's commands. */
export interface JobInput {
  readonly database: string;
  /** The cluster is sharded: collections are sharded by their keys. */
  readonly sharded: boolean;
  /** Unlisted and changed indexes may be dropped. */
  readonly allowDrops: boolean;
  readonly profiler: { readonly level: 0 | 1 | 2; readonly slowMs: number };
  readonly collections: readonly {
    readonly name: string;
    readonly shardKey?: Readonly<Record<string, unknown>>;
    readonly indexes: readonly Readonly<Record<string, unknown>>[];
  }[];
}

/** An index as `createIndexes` takes it. */
export function indexCommand(index: Index): Record<string, unknown> {
  const { name, keys, unique, expireAfterSeconds, partialFilterExpression, weights } = index;
  return {
    name,
    key: keys,
    ...(unique === undefined ? {} : { unique }),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(partialFilterExpression === undefined ? {} : { partialFilterExpression }),
    ...(weights === undefined ? {} : { weights }),
  };
}

/** The file the Job's script reads. */
export function jobInput(catalogue: readonly Collection[], options: Omit<JobInput, "collections">): JobInput {
  return {
    ...options,
    collections: catalogue.map(({ name, sharding, indexes }) => ({
      name,
      ...(sharding.key === undefined ? {} : { shardKey: sharding.key }),
      indexes: indexes.map(indexCommand),
    })),
  };
}

/** Text of the script that mongosh runs. */
export function jobScript(): string {
  return readFileSync(join(__dirname, "apply-data-model.js"), "utf8");
}
