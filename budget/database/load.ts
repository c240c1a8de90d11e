/** What a database is asked, whoever runs it: connections, queries of the largest shard, processors. */
import { derived, type Derived, type Numbers } from "../core/derived";
import { gibibytes, number, percent, plural, rate } from "../core/format";
import type { Threshold } from "../core/performance-budget";
import { livingPods } from "../service/connections";
import { withoutNoise } from "../core/rounding";
import type { Collection } from "./data-model/collection";
import { modelLoad, type ModelLoad } from "./data-model/load";
import {
  MONITORS_PER_HOST,
  SHARD_SKEW,
  clientsPerRouter,
  largestShard,
  peakQueries,
  type DatabaseUser,
} from "./mongodb";

/** Queries/s of a core, where none were measured: indexed reads and small writes from memory do several times as many. */
export const QUERIES_PER_CORE = 1000;

/** What both kinds of database are planned from. */
export interface LoadInputs {
  readonly shards: number;
  readonly dataGiB: number;
  readonly workingSetGiB: number;
  /** Queries/s that one core of a member answers. */
  readonly queriesPerCore: number;
  readonly users: readonly DatabaseUser[];
  /** @default every query names its shard */
  readonly dataModel?: readonly Collection[] | undefined;
}

/** Numbers that every database has. */
export interface LoadNumbers extends Numbers {
  /** Connections that clients open to one router at worst. */
  readonly clients: Derived;
  /** Queries/s of all services at peak. */
  readonly peakQueries: Derived;
  /** Queries/s of the shard that gets the most. */
  readonly shardQueries: Derived;
  /** Cores that the primary of that shard is busy with, as if it got all of them. */
  readonly busyCores: Derived;
}

/** `24 GiB ÷ 2 shards · 1.2`, of one shard all. */
export function ofLargestShard(total: string, shards: number): string {
  return shards === 1 ? total : `${total} ÷ ${plural(shards, "shard")} · ${SHARD_SKEW}`;
}

/** What clients open to one router at worst. */
export function connectionNumber(users: readonly DatabaseUser[]): Derived {
  const terms = users.map(
    (user) =>
      `${user.service} ${plural(livingPods(user), "pod")} · ${plural(user.processesPerPod, "process")} · ` +
      `(pool ${number(user.poolSize)} + ${MONITORS_PER_HOST} monitors)`,
  );
  return derived(
    "Connections to a router",
    clientsPerRouter(users),
    "connections",
    terms.length === 0
      ? "no service connects"
      : `${terms.join(" + ")}, at maxReplicas in a rollout, with the pods that are ending`,
    ["retrofitlink:services"],
  );
}

export function loadNumbers(inputs: LoadInputs): LoadNumbers {
  const { users, shards, queriesPerCore, dataModel } = inputs;
  const peak = peakQueries(users);
  const model = dataModel === undefined ? undefined : modelLoad(dataModel);
  const shardQueries = queriesOfShard(peak, shards, model);
  return {
    clients: connectionNumber(users),
    peakQueries: derived(
      "Queries at peak",
      peak,
      "queries/s",
      users.length === 0
        ? "no service queries it"
        : users
            .map(
              ({ service, peakRps, queriesPerRequest }) =>
                `${service} ${rate(peakRps)} · ${number(queriesPerRequest)}`,
            )
            .join(" + "),
      ["retrofitlink:services"],
    ),
    shardQueries,
    busyCores: derived(
      "Busy cores of a primary at peak",
      withoutNoise(shardQueries.value / queriesPerCore),
      "cores",
      `${rate(shardQueries.value)} ÷ ${rate(queriesPerCore)} of a core, as if the primary got all of them`,
      ["queriesPerCore", "shards", "retrofitlink:services"],
    ),
    ...(model === undefined ? {} : modelNumbers(inputs, model, peak)),
  };
}

/**
 * Queries/s of the shard that gets the most: its part of those that name a shard, all that ask every shard, and all of
 * the collections that are on one.
 */
function queriesOfShard(peak: number, shards: number, model: ModelLoad | undefined): Derived {
  const name = "Queries of the largest shard";
  const from = ["shards", "retrofitlink:services"];
  if (model === undefined || shards === 1) {
    return derived(name, largestShard(peak, shards), "queries/s", ofLargestShard(rate(peak), shards), from);
  }
  const { everyShard, oneShard } = model;
  const targeted = 1 - everyShard - oneShard;
  return derived(
    name,
    withoutNoise(largestShard(peak * targeted, shards) + peak * (everyShard + oneShard)),
    "queries/s",
    `${rate(peak)} · (${ofLargestShard(percent(targeted), shards)} + ${percent(everyShard)} that ask every shard + ` +
      `${percent(oneShard)} of collections on one shard)`,
    from,
  );
}

/** What the data model makes of the load. */
function modelNumbers(
  { dataGiB }: LoadInputs,
  { keysPerQuery, documentsPerQuery, indexShare, workingSetShare }: ModelLoad,
  peak: number,
): Record<"keysExamined" | "documentsExamined" | "indexes" | "modelWorkingSet", Derived> {
  return {
    keysExamined: derived(
      "Index keys examined",
      withoutNoise(peak * keysPerQuery),
      "operations/s",
      `${rate(peak)} · ${number(keysPerQuery)} a query, by the frequencies of the data model`,
      ["retrofitlink:services"],
    ),
    documentsExamined: derived(
      "Documents examined",
      withoutNoise(peak * documentsPerQuery),
      "operations/s",
      `${rate(peak)} · ${number(documentsPerQuery)} a query; covered queries examine none`,
      ["retrofitlink:services"],
    ),
    indexes: derived(
      "Indexes of all shards",
      withoutNoise(dataGiB * indexShare),
      "GiB",
      `${gibibytes(dataGiB)} · ${percent(indexShare)} by the entries of the data model`,
      ["dataGiB"],
    ),
    modelWorkingSet: derived(
      "Working set by the data model",
      withoutNoise(dataGiB * workingSetShare),
      "GiB",
      `${gibibytes(dataGiB)} · ${percent(workingSetShare)}: documents that an hour touches, with their index entries`,
      ["dataGiB"],
    ),
  };
}

/** Above it a query is logged. */
export function slowQuery({ critical }: Threshold): Derived {
  return derived("Slow query", critical, "seconds", "the budget's critical query time", [
    "retrofitlink:budget.databaseQuerySeconds.critical",
  ]);
}
