/** What a database in the cluster promises, each with the numbers that keep it. */
import type { Derived, Numbers } from "../core/derived";
import { gibibytes, mebibytes, number, percent, plural, rate } from "../core/format";
import type { Proof } from "../core/proof";
import { withoutNoise } from "../core/rounding";
import { DEFAULT_DISK } from "./disk";
import { ofLargestShard } from "./load";
import {
  CACHE_SHARE,
  DISK_SHARE,
  HEADROOM,
  LARGEST_CACHE_RATIO,
  ROUTER_SHARE,
  SMALLEST_CACHE_GIB,
  largestShard,
  neededGiB,
  queriesInFlight,
  type MongodMemory,
} from "./mongodb";
import { type DatabaseInputs, type DatabaseNumbers, type Sizes, UNMEASURED } from "./numbers";

const POLICY = "database-carries-load";

/** Every promise of a database in the cluster. */
export function databaseProofs(inputs: DatabaseInputs, numbers: DatabaseNumbers, sizes: Sizes): Proof[] {
  return [
    routersCarry(inputs, numbers),
    routersAdmit(inputs, numbers),
    poolsCarry(inputs, numbers),
    membersAdmit(inputs, numbers),
    cacheHolds(inputs, numbers),
    ...modelFits(inputs, numbers),
    processorsCarry(inputs, numbers),
    ...disksCarry(inputs, numbers),
    memoryFits(`a member of "${inputs.database}"`, sizes.memory, numbers.memory, ["workingSetGiB", "shards"]),
    memoryFits(`a config server of "${inputs.database}"`, sizes.configServer, numbers.configServerMemory, []),
  ];
}

function routersCarry({ database, routers: router }: DatabaseInputs, numbers: DatabaseNumbers): Proof {
  const { routers, peakQueries } = numbers;
  const each = router.cpuCores * router.queriesPerCore;
  return {
    policy: POLICY,
    statement: `the routers of "${database}" pass on the queries of the peak with one of them missing`,
    inequality: `(${plural(routers.value, "router")} − 1) · ${rate(each)} ≥ ${rate(peakQueries.value)}`,
    holds: withoutNoise((routers.value - 1) * each) >= peakQueries.value,
    mend: ["routers.cpuCores", "routers.queriesPerCore"],
  };
}

function routersAdmit({ database }: DatabaseInputs, { clients, maxClients }: DatabaseNumbers): Proof {
  return {
    policy: POLICY,
    statement: `a router of "${database}" admits every client when all services roll out at maxReplicas`,
    inequality: `${number(maxClients.value)} ≥ ${plural(clients.value, "connection")}`,
    holds: maxClients.value >= clients.value,
    mend: ["retrofitlink:services"],
  };
}

function poolsCarry({ database, users }: DatabaseInputs, { routers, routerPool }: DatabaseNumbers): Proof {
  const inFlight = queriesInFlight(users);
  const left = Math.max(1, routers.value - 1);
  return {
    policy: POLICY,
    statement: `the routers of "${database}" have connections for a burst of queries with one of them missing`,
    inequality: `${plural(left, "router")} · ${number(routerPool.value)} ≥ ${HEADROOM} · ${number(inFlight)} in flight`,
    holds: left * routerPool.value >= withoutNoise(HEADROOM * inFlight),
    mend: ["retrofitlink:services"],
  };
}

function membersAdmit({ database }: DatabaseInputs, numbers: DatabaseNumbers): Proof {
  const { routers, routerPool, memberConnections } = numbers;
  return {
    policy: POLICY,
    statement: `a member of "${database}" admits all routers with full pools, and fails over then`,
    inequality:
      `${plural(routers.value, "router")} · ${number(routerPool.value)} ≤ ` +
      `${number(memberConnections.value)} · ${percent(ROUTER_SHARE)}`,
    holds:
      routers.value * routerPool.value <= Math.floor(withoutNoise(memberConnections.value * ROUTER_SHARE)),
    mend: ["retrofitlink:services"],
  };
}

function cacheHolds({ database, workingSetGiB, shards }: DatabaseInputs, { cache }: DatabaseNumbers): Proof {
  const hot = largestShard(workingSetGiB, shards);
  return {
    policy: POLICY,
    statement: `a member of "${database}" keeps the working set of its shard in memory`,
    inequality:
      `${gibibytes(cache.value)} · ${percent(CACHE_SHARE)} ≥ ` +
      `${ofLargestShard(gibibytes(workingSetGiB), shards)} = ${gibibytes(hot)}`,
    holds: withoutNoise(cache.value * CACHE_SHARE) >= withoutNoise(hot),
    mend: ["workingSetGiB", "shards"],
  };
}

/** The working set that was given holds what the data model says of it. */
export function modelFits(
  { database, workingSetGiB }: Pick<DatabaseInputs, "database" | "workingSetGiB">,
  numbers: Numbers,
): Proof[] {
  const needed = numbers["modelWorkingSet"]?.value;
  if (typeof needed !== "number") return [];
  return [
    {
      policy: POLICY,
      statement: `the working set of "${database}" holds the documents and index entries that an hour touches`,
      inequality: `${gibibytes(workingSetGiB)} ≥ ${gibibytes(needed)}`,
      holds: workingSetGiB >= needed,
      mend: ["workingSetGiB"],
      assumes: ["sizes and shares of the data model"],
    },
  ];
}

function processorsCarry(inputs: DatabaseInputs, { busyCores }: DatabaseNumbers): Proof {
  const { database, cpuCores, budget, queriesPerCore, dataModel } = inputs;
  const { target } = budget.cpuUtilization;
  return {
    policy: POLICY,
    statement: `a primary of "${database}" answers the peak within the promised CPU`,
    inequality:
      `${number(busyCores.value)} busy ≤ ${plural(cpuCores, "core")} · ${percent(target)} = ` +
      number(cpuCores * target),
    holds: busyCores.value <= withoutNoise(cpuCores * target),
    mend: ["cpuCores", "shards", "queriesPerCore"],
    assumes: [
      ...(queriesPerCore === undefined ? [UNMEASURED] : []),
      ...(dataModel === undefined ? ["queries that name their shard"] : []),
    ],
  };
}

function disksCarry(inputs: DatabaseInputs, { iops, storage }: DatabaseNumbers): Proof[] {
  const { database, dataGiB, shards } = inputs;
  const data = largestShard(dataGiB, shards);
  const { iops: given } = inputs.disk ?? DEFAULT_DISK;
  return [
    {
      policy: POLICY,
      statement: `the volume of a member of "${database}" reads and writes what the peak asks for`,
      inequality: `${rate(iops.value)} ≤ ${rate(given)}`,
      holds: iops.value <= given,
      mend: ["disk.iops", "shards"],
      assumes: ["every page of the working set is read once an hour"],
    },
    {
      policy: POLICY,
      statement: `the volume of a member of "${database}" holds the data of its shard and leaves room to work`,
      inequality: `${gibibytes(data)} ≤ ${gibibytes(storage.value)} · ${percent(DISK_SHARE)}`,
      holds: withoutNoise(data) <= withoutNoise(storage.value * DISK_SHARE),
      mend: ["dataGiB", "shards"],
    },
  ];
}

function memoryFits(what: string, memory: MongodMemory, limit: Derived, mend: readonly string[]): Proof {
  const needed = neededGiB(memory);
  const most = Math.max(SMALLEST_CACHE_GIB, withoutNoise(LARGEST_CACHE_RATIO * (memory.limitGiB - 1)));
  return {
    policy: "memory-within-limits",
    statement: `${what} stays within its memory limit at worst`,
    inequality:
      `${mebibytes(needed * 1024)} ≤ ${mebibytes(limit.value * 1024)}, and the cache ` +
      `${gibibytes(memory.cacheGiB)} ≤ ${percent(LARGEST_CACHE_RATIO)} of what is beside the first GiB, ${gibibytes(most)}`,
    holds: needed <= limit.value && memory.cacheGiB <= most,
    mend,
  };
}
