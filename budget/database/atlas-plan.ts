/** The plan of a sharded MongoDB that Atlas runs: tiers, nodes, connections, volume, and what they carry. */
import { UNMEASURED } from "./numbers";
import { derived, type Derived, type Numbers } from "../core/derived";
import { gibibytes, number, percent, plural, show } from "../core/format";
import type { Plan } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { PEAK_MARGIN } from "../service/plan";
import {
  atlasBusyCores,
  atlasConnections,
  atlasNodes,
  atlasStorageGiB,
  atlasTierRange,
  largestTierRequirements,
  smallestTierRequirements,
  type AtlasLoad,
  type AtlasRequirement,
  type AtlasTierRange,
} from "./atlas";
import {
  PRIVATE_ENDPOINT_NODES,
  atlasCacheGiB,
  atlasTiers,
  type AtlasCloud,
  type AtlasTier,
} from "./atlas-tiers";
import type { Collection } from "./data-model/collection";
import { QUERIES_PER_CORE, loadNumbers, ofLargestShard, slowQuery, type LoadNumbers } from "./load";
import { DISK_SHARE, VOTERS, clientsPerRouter, type DatabaseUser } from "./mongodb";
import { modelFits } from "./proofs";

/** What a database of Atlas is planned from. */
export interface AtlasInputs {
  /** As messages call it. */
  readonly database: string;
  readonly cloud: AtlasCloud;
  /** In Atlas's name: `EU_CENTRAL_1`. */
  readonly region: string;
  /** Whole number >= 1. */
  readonly shards: number;
  /** Nodes of each shard that serve reads only, and for reports; whole numbers >= 0. */
  readonly readReplicas: number;
  readonly analyticsNodes: number;
  /** Data and indexes of all shards, GiB, > 0. */
  readonly dataGiB: number;
  /** What queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** Queries/s that one core of a node answers, > 0. @default QUERIES_PER_CORE */
  readonly queriesPerCore?: number | undefined;
  /** Services that query it, at their largest. */
  readonly users: readonly DatabaseUser[];
  /** Bounds of the auto-scaling: `M60`. @default what the proofs need */
  readonly instanceSizes?:
    { readonly min?: string | undefined; readonly max?: string | undefined } | undefined;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization" | "databaseQuerySeconds">;
  /** Daily snapshots are kept so long, days, whole number >= 1. */
  readonly retentionDays: number;
  /** What is asked of it. @default every query names its shard */
  readonly dataModel?: readonly Collection[] | undefined;
}

/** Numbers of a database of Atlas. */
export interface AtlasNumbers extends Numbers, LoadNumbers {
  /** Nodes of all shards, each of which runs a router as well. */
  readonly nodes: Derived;
  /** Connections that one router admits. */
  readonly maxClients: Derived;
  /** Bounds of the auto-scaling. */
  readonly smallestTier: Derived<string>;
  readonly largestTier: Derived<string>;
  /** WiredTiger cache of a node of the smallest tier, GiB. */
  readonly cache: Derived;
  /** Volume that a node's data needs, GiB. */
  readonly storage: Derived;
  readonly slow: Derived;
  readonly backups: Derived;
  /** Any second of the last days can be restored. */
  readonly restoreWindow: Derived;
}

export type AtlasPlan = Plan<AtlasNumbers>;

/** Atlas keeps what every second needs at most so long by default; more costs a copy of the oplog. Days. */
const LONGEST_RESTORE_WINDOW_DAYS = 7;

/** What decides the tiers, from the services and the data model. */
export function atlasLoad(inputs: AtlasInputs): AtlasLoad {
  const { queriesPerCore = QUERIES_PER_CORE, users, budget } = inputs;
  return {
    ...inputs,
    queriesPerCore,
    shardQueries: loadNumbers({ ...inputs, queriesPerCore }).shardQueries.value,
    expectedClients: clientsPerRouter(users),
    cpuTarget: budget.cpuUtilization.target,
  };
}

/** The bounds that were given, and the derived ones where none were. */
export function chosenTiers(
  { instanceSizes }: Pick<AtlasInputs, "instanceSizes">,
  load: AtlasLoad,
): AtlasTierRange {
  const range = atlasTierRange(load, instanceSizes?.min);
  const max = atlasTiers(load.cloud, load.region).find(({ name }) => name === instanceSizes?.max);
  return { smallest: range.smallest, largest: max ?? range.largest };
}

/** The whole derivation. Where no tier is large enough it is the largest there is, and a proof says what is missing. */
export function planAtlas(inputs: AtlasInputs): AtlasPlan {
  const { shards, dataGiB, budget, retentionDays, queriesPerCore = QUERIES_PER_CORE } = inputs;
  const load = atlasLoad(inputs);
  const found = chosenTiers(inputs, load);
  const last = atlasTiers(load.cloud, load.region).at(-1);
  if (last === undefined) throw new RangeError("the table of tiers is empty");
  const { smallest = last, largest = last } = found;
  const restoreWindowDays = Math.min(LONGEST_RESTORE_WINDOW_DAYS, retentionDays);
  const numbers: AtlasNumbers = {
    nodes: nodesNumber(inputs),
    ...loadNumbers({ ...inputs, queriesPerCore }),
    maxClients: derived(
      "Connections that a router admits",
      smallest.maxConnections,
      "connections",
      `what Atlas gives ${smallest.name}; ⌈${number(load.expectedClients)} · 1.2⌉ + 50 + 10 of Atlas's own = ` +
        `${number(atlasConnections(load.expectedClients))} are needed`,
      ["instanceSizes.min", "retrofitlink:services"],
    ),
    cache: derived(
      "WiredTiger cache of a node",
      atlasCacheGiB(smallest),
      "GiB",
      `${percent(atlasCacheGiB(smallest) / smallest.memoryGiB)} of the ${gibibytes(smallest.memoryGiB)} of ${smallest.name}`,
      ["instanceSizes.min"],
    ),
    storage: derived(
      "Volume of a node",
      atlasStorageGiB(load),
      "GiB",
      `${ofLargestShard(gibibytes(dataGiB), shards)} ÷ ${percent(DISK_SHARE)} + oplog, at least 10`,
      ["dataGiB", "shards"],
    ),
    smallestTier: derived(
      "Smallest tier",
      smallest.name,
      "",
      "the smallest that carries the peak: Atlas scales up after ten minutes to an hour, and not for connections",
      ["instanceSizes.min"],
    ),
    largestTier: derived(
      "Largest tier",
      largest.name,
      "",
      `above ${smallest.name}, for a working set that grows, and for the peak + ${percent(PEAK_MARGIN)}`,
      ["instanceSizes.max"],
    ),
    slow: slowQuery(budget.databaseQuerySeconds),
    backups: derived("Backups", retentionDays, "days", "daily snapshots", ["backup.retentionDays"]),
    restoreWindow: derived(
      "Restore window",
      restoreWindowDays,
      "days",
      `min(${LONGEST_RESTORE_WINDOW_DAYS}, ${number(retentionDays)}): any second of it`,
      ["backup.retentionDays"],
    ),
  };
  return { numbers, proofs: atlasProofs(inputs, load, numbers, smallest, largest) };
}

function nodesNumber(inputs: AtlasInputs): Derived {
  const { shards, readReplicas, analyticsNodes } = inputs;
  return derived(
    "Nodes and routers",
    atlasNodes(inputs),
    "nodes",
    `${plural(shards, "shard")} · (${VOTERS} that vote + ${readReplicas} read only + ${analyticsNodes} analytics)`,
    ["shards", "readReplicas", "analyticsNodes"],
  );
}

/** Keys of the requirements that come from the services. */
const MEND = new Map([["users", "retrofitlink:services"]]);

function atlasProofs(
  inputs: AtlasInputs,
  load: AtlasLoad,
  numbers: AtlasNumbers,
  smallest: AtlasTier,
  largest: AtlasTier,
): Proof[] {
  const { database, cloud } = inputs;
  const most = PRIVATE_ENDPOINT_NODES[cloud];
  const needs = smallestTierRequirements(load);
  const beyond = largestTierRequirements(load).slice(needs.length);
  return [
    {
      policy: "database-carries-load",
      statement: `every node of "${database}" is reached through a private endpoint`,
      inequality: `${plural(numbers.nodes.value, "node")} ≤ ${most} of an endpoint on ${cloud}`,
      holds: numbers.nodes.value <= most,
      mend: ["shards", "readReplicas", "analyticsNodes"],
    },
    ...needs.map((need) => tierProof(inputs, load, need, smallest, "smallest", "instanceSizes.min")),
    ...beyond.map((need) => tierProof(inputs, load, need, largest, "largest", "instanceSizes.max")),
    ...modelFits(inputs, numbers),
  ];
}

function tierProof(
  { database, queriesPerCore, dataModel }: AtlasInputs,
  load: AtlasLoad,
  { name, unit, needed, of, key }: AtlasRequirement,
  tier: AtlasTier,
  which: string,
  bound: string,
): Proof {
  const processors = unit === "cores";
  const busy = processors
    ? ` (${number(atlasBusyCores(load))} busy${which === "largest" ? ` · ${1 + PEAK_MARGIN}` : ""} ÷ ${percent(load.cpuTarget)})`
    : "";
  return {
    policy: "database-carries-load",
    statement: `the ${which} tier of "${database}" has enough of: ${name}`,
    inequality: `${tier.name} has ${show(of(tier), unit)} ≥ ${show(needed, unit)}${busy}`,
    holds: of(tier) >= needed,
    mend: [bound, MEND.get(key) ?? key, "shards"],
    ...(processors
      ? {
          assumes: [
            ...(queriesPerCore === undefined ? [UNMEASURED] : []),
            ...(dataModel === undefined ? ["queries that name their shard"] : []),
          ],
        }
      : {}),
  };
}
