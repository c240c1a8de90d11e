import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Collection, Index } from "../../../budget/database/data-model/collection";

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

/** Texts of what the Job runs, by file name: the shell that waits for the database, and mongosh's script. */
export const JOB_FILES = { shell: "apply-data-model.sh", script: "apply-data-model.js" } as const;

/** @param file one of `JOB_FILES` */
export function jobText(file: string): string {
  return readFileSync(join(__dirname, file), "utf8");
}

/** How long the database may take to come up, and its account after it; seconds. */
export const JOB_WAITS = { server: 1800, login: 300, pause: 10 } as const;

/** What an index build reads in a second, of a disk that serves at the same time; MiB. A cautious guess. */
const BUILD_MIB_PER_SECOND = 50;

/**
 * Seconds after which the Job counts as stuck: the wait for the database, ten minutes, and every index of what is there
 * built anew, each a pass over its collection.
 *
 * @param shardGiB data of one shard, GiB, >= 0; shards build at the same time
 */
export function jobDeadlineSeconds(catalogue: readonly Collection[], shardGiB: number): number {
  const indexes = catalogue.reduce((sum, collection) => sum + collection.indexes.length, 0);
  const passes = indexes / Math.max(1, catalogue.length);
  const minutes = Math.ceil((passes * shardGiB * 1024) / BUILD_MIB_PER_SECOND / 60);
  return JOB_WAITS.server + 600 + minutes * 60;
}
