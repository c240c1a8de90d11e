/** How the tiers and the other numbers of an Atlas cluster follow from its data and from the services that query it. */
import {
  ELECTABLE_NODES,
  PEAK_MARGIN,
  atlasBusyCores,
  atlasConnections,
  atlasNodes,
  atlasOtherMemoryGiB,
  atlasStorageGiB,
  atlasWorkingSetCacheGiB,
  largestTierRequirements,
  smallestTierRequirements,
  unmet,
  type AtlasLoad,
} from "../../budget/database/atlas";
import {
  PRIVATE_ENDPOINT_NODES,
  atlasCacheGiB,
  atlasTiers,
  type AtlasTier,
} from "../../budget/database/atlas-tiers";
import { mongoConnections, type DatabaseUser } from "../../budget/database/mongodb";
import type { AtlasSummary } from "../../budget/database/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import type { Derivation } from "../../report/derivation";
import { number, percent, rate } from "../../budget/core/format";

/** The smallest tier with what it has, or nothing when the summary names one that is not there. */
interface Context {
  readonly summary: AtlasSummary;
  readonly load: AtlasLoad;
  readonly smallest: AtlasTier | undefined;
  readonly largest: AtlasTier | undefined;
}

/** Each derived number with its formula. */
export function atlasDerivations(summary: AtlasSummary, services: readonly ServiceSummary[]): Derivation[] {
  const tiers = atlasTiers(summary.cloud, summary.region);
  const named = (name: string): AtlasTier | undefined => tiers.find((tier) => tier.name === name);
  const context: Context = {
    summary,
    load: summary,
    smallest: named(summary.minInstanceSize),
    largest: named(summary.maxInstanceSize),
  };
  return [
    nodes(summary),
    connections(context, services),
    cache(context),
    memory(context),
    storage(context),
    processors(context),
    smallestTier(context),
    largestTier(context),
    backups(summary),
    slowQueries(summary),
    reading(summary),
  ];
}

function gib(value: number): string {
  return `${number(value)} GiB`;
}

/** `14.4 GiB`: of one shard all, of more a fifth above the mean. */
function share({ shards }: AtlasSummary, total: string): string {
  return shards === 1 ? total : `${total} ÷ ${number(shards)} · 1.2`;
}

function nodes(summary: AtlasSummary): Derivation {
  const derived = atlasNodes(summary);
  const most = PRIVATE_ENDPOINT_NODES[summary.cloud];
  return {
    name: "Nodes and routers",
    value: number(summary.nodes),
    formula:
      `${number(summary.shards)} · (${ELECTABLE_NODES} that vote + ${number(summary.readReplicas)} read only + ` +
      `${number(summary.analyticsNodes)} analytics) = ${number(derived)} ≤ ${number(most)} behind a private endpoint`,
    from: ["shards", "readReplicas", "analyticsNodes"],
    holds: summary.nodes === derived && derived <= most,
  };
}

function connections({ summary, smallest }: Context, services: readonly ServiceSummary[]): Derivation {
  const users = services
    .filter(({ databasePool }) => databasePool > 0)
    .map(({ workload, replicas, maxSurge, processesPerPod, databasePool }): DatabaseUser => ({
      service: workload,
      maxReplicas: replicas.max,
      maxSurge,
      processesPerPod,
      poolSize: databasePool,
      // What a service asks decides nothing here.
      peakRps: 0,
      queriesPerRequest: 0,
      querySeconds: 0,
    }));
  const clients = mongoConnections(users, 1).clientsPerRouter;
  const needed = atlasConnections(clients);
  const admitted = smallest?.maxConnections ?? 0;
  return {
    name: "Connections of a router",
    value: `${number(summary.expectedClients)} of ${number(summary.maxClients)}`,
    formula:
      `⌈${number(clients)} · 1.2⌉ + 50 + 10 of Atlas's own = ${number(needed)} ≤ ${number(admitted)} of ` +
      `${summary.minInstanceSize}; pools and 2 monitors of each process, at their most pods during a rollout`,
    from: ["retrofitlink:services", "instanceSizes.min"],
    holds: summary.expectedClients >= clients && summary.maxClients === admitted && needed <= admitted,
  };
}

function cache({ summary, load, smallest }: Context): Derivation {
  const needed = atlasWorkingSetCacheGiB(load);
  const has = smallest === undefined ? 0 : atlasCacheGiB(smallest);
  return {
    name: "WiredTiger cache",
    value: gib(summary.cacheGiB),
    formula:
      `${share(summary, `${number(summary.workingSetGiB)} working set`)} ÷ 0.8 = ${gib(needed)} ≤ ${gib(has)}, ` +
      `${percent(has / (smallest?.memoryGiB ?? 1))} of ${summary.minInstanceSize}`,
    from: ["workingSetGiB", "shards"],
    holds: summary.cacheGiB === has && needed <= has,
  };
}

function memory({ summary, smallest }: Context): Derivation {
  const open = atlasConnections(summary.expectedClients);
  const needed = atlasOtherMemoryGiB(open);
  const left = smallest === undefined ? 0 : smallest.memoryGiB - atlasCacheGiB(smallest);
  return {
    name: "Memory beside the cache",
    value: gib(left),
    formula: `${number(open)} connections · 1 MiB + 0.5 index builds + 1 processes = ${gib(needed)} ≤ ${gib(left)}`,
    from: ["retrofitlink:services", "instanceSizes.min"],
    holds: needed <= left,
  };
}

function storage({ summary, load, smallest }: Context): Derivation {
  const derived = atlasStorageGiB(load);
  const most = smallest?.maxStorageGiB ?? 0;
  return {
    name: "Volume of a node",
    value: gib(summary.storageGiB),
    formula:
      `${share(summary, `${number(summary.dataGiB)} data`)} ÷ 0.7 + oplog, at least 10 = ${gib(derived)} ≤ ` +
      `${gib(most)} of ${summary.minInstanceSize}`,
    from: ["dataGiB", "shards"],
    holds: summary.storageGiB === derived && derived <= most,
  };
}

function processors({ summary, load, smallest }: Context): Derivation {
  const busy = atlasBusyCores(load);
  const { critical } = summary.cpuUtilization;
  const cores = smallest?.cpuCores ?? 0;
  return {
    name: "CPU at peak",
    value: `${number(busy)} of ${number(cores)} cores`,
    formula:
      `${share(summary, rate(summary.peakQueries))} ÷ ${number(summary.queriesPerCore)} per core = ${number(busy)} ` +
      `busy; ÷ ${percent(critical)} = ${number(busy / critical)} ≤ ${number(cores)} of ${summary.minInstanceSize}`,
    from: ["queriesPerCore", "shards", "retrofitlink:services"],
    holds: busy / critical <= cores + 1e-9,
  };
}

function smallestTier({ summary, load, smallest }: Context): Derivation {
  const tiers = atlasTiers(summary.cloud, summary.region);
  const needed = tiers.find((tier) => unmet(smallestTierRequirements(load), tier).length === 0);
  return {
    name: "Smallest tier",
    value: summary.minInstanceSize,
    formula:
      `the smallest with all of the above is ${needed?.name ?? "none"}; it carries the peak, for Atlas scales up ` +
      "after ten minutes to an hour, and not for connections",
    from: ["instanceSizes.min"],
    holds: smallest !== undefined && unmet(smallestTierRequirements(load), smallest).length === 0,
  };
}

function largestTier({ summary, load, smallest, largest }: Context): Derivation {
  const needed = (atlasBusyCores(load) * (1 + PEAK_MARGIN)) / summary.cpuUtilization.target;
  const tiers = atlasTiers(summary.cloud, summary.region);
  const place = (tier: AtlasTier | undefined): number => (tier === undefined ? -1 : tiers.indexOf(tier));
  return {
    name: "Largest tier",
    value: summary.maxInstanceSize,
    formula:
      `peak + ${percent(PEAK_MARGIN)} within ${percent(summary.cpuUtilization.target)}: ${number(needed)} ≤ ` +
      `${number(largest?.cpuCores ?? 0)} cores; above ${summary.minInstanceSize} for a working set that grows`,
    from: ["instanceSizes.max"],
    holds:
      largest !== undefined &&
      place(largest) >= place(smallest) &&
      unmet(largestTierRequirements(load), largest).length === 0,
  };
}

function backups({ retentionDays, restoreWindowDays }: AtlasSummary): Derivation {
  return {
    name: "Backups",
    value: `${number(retentionDays)} days`,
    formula: `daily snapshots for ${number(retentionDays)} days; any second of the last min(7, ${number(retentionDays)}) = ${number(restoreWindowDays)} days`,
    from: ["backup.retentionDays"],
    holds: restoreWindowDays === Math.min(7, retentionDays),
  };
}

function slowQueries({ slowMs }: AtlasSummary): Derivation {
  return {
    name: "Slow query",
    value: `${number(slowMs)} ms`,
    formula: "the budget's critical query time",
    from: ["retrofitlink:budget.databaseQuerySeconds.critical"],
    holds: true,
  };
}

function reading({ readPreference, readReplicas }: AtlasSummary): Derivation {
  return {
    name: "Reads that may be stale",
    value: readReplicas === 0 ? "from the primary" : "from read-only nodes",
    formula: readPreference,
    from: ["readReplicas"],
    holds: readPreference.includes("nodeType:READ_ONLY") === readReplicas > 0,
  };
}
