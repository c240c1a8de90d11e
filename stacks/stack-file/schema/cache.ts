/** A cache or a session store, in the cluster or rented from its cloud. */
import { z } from "zod";

import { DEFAULT_ENTRY_KIB } from "../../../budget/caching/loss";
import { DEFAULT_CPU_CORES } from "../../../budget/caching/plan-redis";
import {
  DEFAULT_MAINTENANCE,
  alarmTopicArn,
  byPurpose,
  cpuCores,
  entryKiB,
  maintenanceSettings,
  memoryLimitMiB,
  nodeType,
  purpose,
  securityGroupIds,
  snapshotRetentionDays,
  standby,
  storageSettings,
  workingSetMiB,
} from "../../../budget/caching/settings";
import { passwordGeneration } from "../../../budget/core/leaves";
import { about } from "../../../budget/core/settings";

const generation = passwordGeneration.default(1);

const inClusterCommon = {
  // Left out by most: then it runs in the cluster.
  kind: z.literal("in-cluster").optional(),
  workingSetMiB,
  cpuCores: cpuCores.default(DEFAULT_CPU_CORES),
  memoryLimitMiB: memoryLimitMiB.optional(),
  passwordGeneration: generation,
};

const inCluster = byPurpose(
  z.strictObject({
    purpose: z.literal("cache"),
    ...inClusterCommon,
    standby: standby.default(false),
    entryKiB: entryKiB.default(DEFAULT_ENTRY_KIB),
  }),
  z.strictObject({
    purpose: z.literal("session"),
    ...inClusterCommon,
    storage: storageSettings.default({}),
  }),
);

const managedCommon = {
  workingSetMiB,
  maintenance: maintenanceSettings.default(DEFAULT_MAINTENANCE),
};

const elastiCacheCommon = {
  kind: z.literal("elasticache"),
  ...managedCommon,
  passwordGeneration: generation,
  cpuCores: cpuCores.default(DEFAULT_CPU_CORES),
  nodeType: nodeType.optional(),
  securityGroupIds,
  alarmTopicArn: alarmTopicArn.optional(),
};

const elastiCache = byPurpose(
  z.strictObject({ purpose: z.literal("cache"), ...elastiCacheCommon }),
  z.strictObject({
    purpose: z.literal("session"),
    ...elastiCacheCommon,
    snapshotRetentionDays: snapshotRetentionDays.default(7),
  }),
);

const memorystore = z.strictObject({ kind: z.literal("memorystore"), purpose, ...managedCommon });

export const cache = about(z.discriminatedUnion("kind", [inCluster, elastiCache, memorystore]), {
  allowed: '"in-cluster", "elasticache" or "memorystore"',
  fix: "Choose who runs it; the other keys depend on it.",
});
