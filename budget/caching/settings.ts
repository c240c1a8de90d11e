/** Settings of caches, in the cluster and rented. */
import { z } from "zod";

import { securityGroupId } from "../core/cloud-leaves";
import { passwordGeneration, poolSize, storageClassName, workloadName, zones } from "../core/leaves";
import { about, choice, flag, group, list, number, retold, text, type About } from "../core/settings";
import { WEEKDAYS } from "../core/weekdays";
import { ELASTICACHE_NODES } from "./managed-cache";

/** Largest memory that anything here may ask for, MiB: 1 TiB. */
const MOST_MIB = 1_048_576;

/** Data that has to stay in memory for the hit rate, MiB. */
export const workingSetMiB = number(
  { unit: "MiB", above: 0, atMost: MOST_MIB },
  {
    fix: "Give the size of what has to stay in memory for the hit rate.",
    decides: "maxmemory, memory limit, node",
  },
);

/** Cores that are busy at peak. */
export const cpuCores = number(
  { unit: "cores", atLeast: 0.01, atMost: 96 },
  {
    fix: "Give what a load test measured; one core serves one event loop, and 500m is 0.5.",
    decides: "CPU request, I/O threads, node",
  },
);

/** What is said of what follows from the load. */
const DERIVED = { fix: "Leave it out and it is derived." };

/** Memory request and limit of a server in the cluster, MiB. */
export const memoryLimitMiB = number(
  { unit: "MiB", atLeast: 64, atMost: MOST_MIB, whole: true },
  { ...DERIVED, decides: "memory limit" },
);

/** Whether two replicas keep what a cache has. */
export const standby = flag({
  fix: "true keeps two replicas of a cache, so that a restart, a drain or a lost zone does not empty it.",
  decides: "members, memory",
});

/** Mean size of an entry of a cache, KiB. */
export const entryKiB = number(
  { unit: "KiB", above: 0, atMost: 524_288 },
  {
    fix: "Give the mean size of an entry: used_memory_dataset over the keys, as INFO has them.",
    decides: "how long an emptied cache takes to fill",
  },
);

/** Volume of each member of a session store. */
export const storageSettings = group(
  {
    /** Size of a volume, GiB. Left out, three times maxmemory. */
    sizeGiB: number(
      { unit: "GiB", atLeast: 1, atMost: 65_536, whole: true },
      { ...DERIVED, decides: "volume claims" },
    ).optional(),
    storageClassName: retold(storageClassName, { decides: "volume claims" }).optional(),
  },
  { fix: "Leave it out for the defaults." },
);

/** Hour of the week, UTC, in which the provider may update the servers. */
export const maintenanceSettings = group(
  {
    day: choice(WEEKDAYS, { fix: "Choose a day on which few people are there." }),
    hour: number(
      { unit: "UTC", atLeast: 0, atMost: 23, whole: true },
      { fix: "Choose an hour in which few people are there." },
    ),
  },
  { fix: "Leave it out for Sunday, 3 o'clock UTC." },
);

/** An hour of the week, UTC. */
export type MaintenanceHour = Readonly<z.infer<typeof maintenanceSettings>>;

export const DEFAULT_MAINTENANCE: MaintenanceHour = { day: "sunday", hour: 3 };

/** Type of ElastiCache's nodes. */
export const nodeType = choice(ELASTICACHE_NODES.map((node) => node.nodeType) as [string, ...string[]], {
  fix: "Leave it out and the smallest that will do is chosen.",
  decides: "node",
});

/** What is said of those who may connect to a rented cache. */
export const CLIENT_GROUPS: About = {
  allowed: "at least 1 security group",
  fix: "Name the security group of the cluster's nodes.",
  decides: "security group",
};

/** Who may connect to a rented cache. */
export const securityGroupIds = about(
  z.array(securityGroupId("Give the nodes' group.")).min(1),
  CLIENT_GROUPS,
);

/** Who is told of alarms. */
export const alarmTopicArn = text(/^arn:aws[-a-z]*:sns:[-a-z0-9]+:\d{12}:\S+$/, {
  allowed: "the ARN of an SNS topic",
  fix: "Leave it out and nobody is told of alarms.",
});

/** How long daily snapshots of a rented session store are kept, days. */
export const snapshotRetentionDays = number(
  { unit: "days", atLeast: 1, atMost: 35, whole: true },
  { fix: "Say how long snapshots are kept.", decides: "snapshots" },
);

/** What a Redis is for. */
const PURPOSE: Omit<About, "allowed"> = {
  fix: "A cache may forget, a session store may not.",
  decides: "eviction, replicas, persistence",
};

/** A cache may forget, a session store may not. */
export const purpose = choice(["cache", "session"], PURPOSE);

/** Settings of a cache and settings of a session store, of which one is chosen by `purpose`. */
export function byPurpose<OfCache extends z.ZodObject, OfSession extends z.ZodObject>(
  cache: OfCache,
  session: OfSession,
): z.ZodDiscriminatedUnion<[OfCache, OfSession], "purpose"> {
  const union = z.discriminatedUnion("purpose", [cache, session]);
  return about(union, { allowed: '"cache" or "session"', ...PURPOSE });
}

/** Name of a server in the cluster. Leaves room for the suffixes of its objects. */
export const redisName = workloadName;

/** Providers limit a name to 40 characters, of which the engine adds 8 for itself; ElastiCache takes no two hyphens in a row. */
export const managedCacheName = text(/^(?!.*--)[a-z]([-a-z0-9]{0,30}[a-z0-9])?$/, {
  allowed: "a DNS label of at most 32 characters, without two hyphens in a row",
  fix: "Rename the cache; the provider allows no more.",
});

/** Who connects to a cache, at its largest, as a component is told. */
export const userSettings = list(
  z.object({
    maxReplicas: number(
      { unit: "pods", atLeast: 1, atMost: 100_000, whole: true },
      { fix: "Give the upper bound of the autoscaler of that service." },
    ),
    maxSurge: number(
      { unit: "share of the replicas", atLeast: 0, atMost: 1 },
      { fix: "Give the pods that a rollout of that service adds; 25 % are 0.25." },
    ),
    processesPerPod: number(
      { atLeast: 1, atMost: 64, whole: true },
      { fix: "Count the processes of a pod that open connections." },
    ),
    poolSize,
  }),
  { allowed: "a list of services with their pods and pools", fix: "Leave it out when nobody connects." },
);

/** What a component checks of each kind. What else is in its arguments is judged elsewhere. */
const common = { purpose, workingSetMiB, users: userSettings.optional() };

export const redisSettings = z.object({
  ...common,
  name: redisName,
  cpuCores: cpuCores.optional(),
  memoryLimitMiB: memoryLimitMiB.optional(),
  standby: standby.optional(),
  passwordGeneration: passwordGeneration.optional(),
  zones: zones.optional(),
});

export const elastiCacheSettings = z.object({
  ...common,
  name: managedCacheName,
  maintenance: maintenanceSettings.optional(),
  cpuCores: cpuCores.optional(),
  zones: zones.optional(),
  nodeType: nodeType.optional(),
  passwordGeneration: passwordGeneration.optional(),
  snapshotRetentionDays: snapshotRetentionDays.optional(),
});

export const memorystoreSettings = z.object({
  ...common,
  name: managedCacheName,
  maintenance: maintenanceSettings.optional(),
});
