/** What the volume of a member reads and writes. Units: operations/s, MiB/s, GiB, seconds. */
import { derived, type Derived } from "../core/derived";
import { gibibytes, number, percent, rate } from "../core/format";
import { withoutNoise, wholeUp } from "../core/rounding";
import type { ModelLoad } from "./data-model/load";
import { largestShard, peakQueries, type DatabaseUser } from "./mongodb";

/** What one volume does. */
export interface Disk {
  /** Reads and writes a second, > 0. */
  readonly iops: number;
  /** MiB/s, > 0. */
  readonly mibPerSecond: number;
}

/**
 * What a volume of gp3 has without paying for more. Source: Amazon's "General Purpose SSD volumes". A `pd-balanced` of
 * Google has 3,000 and 6 for each GiB.
 */
export const DEFAULT_DISK: Disk = { iops: 3000, mibPerSecond: 125 };

/** Largest page of WiredTiger on disk, KiB: `leaf_page_max`, MongoDB's default. */
const PAGE_KIB = 32;

/** What is written without a data model that says it: a fifth of the queries, each a document, four entries, log and oplog. */
const USUAL_WRITES: Pick<ModelLoad, "writes" | "pagesPerWrite"> = { writes: 0.2, pagesPerWrite: 7 };

/** What decides the work of a volume. */
export interface DiskInputs {
  readonly shards: number;
  readonly workingSetGiB: number;
  readonly users: readonly DatabaseUser[];
}

/**
 * Reads: every page of the working set once an hour, for that is what the working set is. Writes: of the largest shard,
 * each dirties the page of the document, of each of its index entries, of the log and of the oplog; a checkpoint writes a
 * page once, however often it was dirtied, so that this is an upper bound.
 *
 * Warm-up: the working set of the shard, at what the volume reads.
 */
export function diskNumbers(
  { shards, workingSetGiB, users }: DiskInputs,
  disk: Disk,
  model: ModelLoad | undefined,
): { readonly iops: Derived; readonly warmUp: Derived } {
  const { writes, pagesPerWrite } = model ?? USUAL_WRITES;
  const hot = largestShard(workingSetGiB, shards);
  const reads = (hot * 1024 * 1024) / PAGE_KIB / 3600;
  const written = largestShard(peakQueries(users), shards) * writes;
  const mibPerSecond = Math.min(disk.mibPerSecond, (disk.iops * PAGE_KIB) / 1024);
  return {
    iops: derived(
      "Reads and writes of a volume at peak",
      wholeUp(reads + written * pagesPerWrite),
      "operations/s",
      `${gibibytes(hot)} ÷ ${PAGE_KIB} KiB ÷ 3,600 s + ${rate(written)} writes (${percent(writes)}) · ${number(pagesPerWrite)} pages`,
      ["workingSetGiB", "shards", "retrofitlink:services"],
    ),
    warmUp: derived(
      "Warm-up of a member",
      withoutNoise((hot * 1024) / mibPerSecond),
      "whole seconds",
      `${gibibytes(hot)} ÷ ${number(mibPerSecond)} MiB/s, min(${number(disk.mibPerSecond)} MiB/s, ${rate(disk.iops)} · ${PAGE_KIB} KiB)`,
      ["workingSetGiB", "shards", "disk.mibPerSecond", "disk.iops"],
    ),
  };
}
