/** Settings of a database, each declared once. The stack file and the components use them. */
import { z } from "zod";

import { zones } from "../core/leaves";
import { allowedRange } from "../core/ranges";
import { about, flag, group, list, number, text } from "../core/settings";

/** How a service uses the database. */
export const databaseUseSettings = group(
  {
    queriesPerRequest: number(
      { above: 0, atMost: 1000 },
      {
        fix: "Give the queries that one request makes on average, after the caches.",
        decides: "pool, routers, connections, CPU",
      },
    ),
    uncachedQueriesPerRequest: number(
      { atLeast: 0, atMost: 1000 },
      {
        fix: "Give how many of these are made whatever the caches have; left out, every query is a cache's miss.",
        decides: "queries when a cache is lost",
      },
    ).optional(),
    querySeconds: number(
      { unit: "seconds", above: 0, atMost: 60 },
      { fix: "Give the mean time of one query.", decides: "pool, pools of the routers" },
    ),
  },
  { fix: "Say how the service uses the database." },
);

/** Nodes of a replica set that do not vote. A set has at most 50, three of them vote. */
const nonVoting = (what: string): z.ZodNumber =>
  number(
    { atLeast: 0, atMost: 47, whole: true },
    { fix: `${what} A replica set has at most 50, 3 of them vote.` },
  );

const queriesPerCore = number(
  { unit: "queries/s", atLeast: 1, atMost: 1_000_000 },
  { fix: "Give what one core answers, as a load test measured it.", decides: "cores, tiers" },
);

/** What both kinds hold. */
export const databaseSizes = {
  shards: number(
    { atLeast: 1, atMost: 100, whole: true },
    { fix: "Count the replica sets the data is spread over.", decides: "members, all sizes" },
  ),
  readReplicas: nonVoting("Count the members of each shard that serve reads only."),
  dataGiB: number(
    { unit: "GiB", above: 0, atMost: 1_000_000 },
    {
      fix: "Give data and indexes of all shards at the end of the planning horizon.",
      decides: "volumes",
    },
  ),
  workingSetGiB: number(
    { unit: "GiB", above: 0, atMost: 100_000 },
    {
      fix: "Give the documents and indexes that the queries of an hour touch, of all shards.",
      decides: "cache, memory, reads of the volumes",
    },
  ),
};

export const retentionDays = number(
  { unit: "days", atLeast: 1, atMost: 365, whole: true },
  { fix: "Say how long backups are kept.", decides: "backups" },
);

/** What only the database in the cluster has. */
export const perconaSizes = {
  cpuCores: number(
    { unit: "cores", atLeast: 0.01, atMost: 256 },
    { fix: "Give the cores of one member; 500m is 0.5.", decides: "CPU of members" },
  ),
  queriesPerCore,
};

export const routerSettings = group(
  {
    cpuCores: number(
      { unit: "cores", atLeast: 0.01, atMost: 256 },
      { fix: "Give the cores of one router; 500m is 0.5.", decides: "routers" },
    ).default(1),
    queriesPerCore: number(
      { unit: "queries/s", atLeast: 1, atMost: 1_000_000 },
      { fix: "Give what one core of a router passes on, as a load test measured it.", decides: "routers" },
    ).default(2000),
  },
  { fix: "Leave it out for the defaults." },
);

export const diskSettings = group(
  {
    iops: number(
      { unit: "reads and writes/s", atLeast: 1, atMost: 1_000_000, whole: true },
      { fix: "Give what the storage class provides to one volume.", decides: "proof of the volumes" },
    ).default(3000),
    mibPerSecond: number(
      { unit: "MiB/s", atLeast: 1, atMost: 100_000 },
      { fix: "Give what one volume reads and writes in a second.", decides: "warm-up of a member" },
    ).default(125),
  },
  { fix: "Leave it out for what gp3 has without paying for more." },
);

export const profilerLevel = about(z.literal([0, 1, 2]), {
  allowed: "0, 1 or 2",
  fix: "0 profiles nothing, 1 slow operations, 2 all of them.",
});

export const allowDrops = flag({ fix: "True for one run that may drop or rebuild indexes." });

/** Zones of the cluster that members are spread over. */
export const memberZones = zones;

/** What only Atlas has. */
export const atlasSizes = {
  analyticsNodes: nonVoting("Count the nodes of each shard that serve reports."),
  queriesPerCore,
};

export const atlasProjectId = text(/^[0-9a-f]{24}$/, {
  allowed: "24 hexadecimal digits",
  fix: "Give the id of the Atlas project; see its settings.",
});

export const atlasClusterName = text(/^[A-Za-z0-9]([-A-Za-z0-9]{0,21}[A-Za-z0-9])?$/, {
  allowed: "1 to 23 letters, digits and hyphens, no hyphen at the ends",
  fix: "Shorten it: Atlas forms host names from the first 23 characters.",
});

/** Ranges that are not the whole of the internet. */
export const atlasClientCidrs = list(
  about(
    z
      .string()
      .regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/)
      .refine((range) => allowedRange(range) === undefined),
    {
      allowed: "an IPv4 range of at least 8 bits and without bits behind its prefix, like 10.0.0.0/16",
      fix: "Give the addresses of the pods that connect.",
    },
  ),
  { allowed: "a list of IPv4 ranges", fix: "List where the pods that connect have their addresses." },
);

/** What is said where a private endpoint of AWS lets nobody in. */
export const NO_CLIENT_CIDRS = {
  allowed: "at least one IPv4 range of at least 8 bits, like 10.0.0.0/16",
  fix: "Give the addresses of the pods that connect; the private endpoint lets nobody else in.",
};

const instanceSize = text(/^M\d+$/, {
  allowed: "a tier of Atlas, like M60",
  fix: "See docs/components/atlas-cluster.md.",
});

export const instanceSizes = group(
  { min: instanceSize.optional(), max: instanceSize.optional() },
  { fix: "Leave it out for what the proof needs." },
);

export const allowShardRemoval = flag({ fix: "True for one run that takes the last shards away." });
