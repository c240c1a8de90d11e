/** What a stack file may say of the database. */
import { z } from "zod";

import { passwordGeneration, storageClassName } from "../../../budget/core/leaves";
import { about, group } from "../../../budget/core/settings";
import {
  allowDrops,
  allowShardRemoval,
  atlasClientCidrs,
  atlasClusterName,
  atlasProjectId,
  atlasSizes,
  databaseSizes,
  diskSettings,
  instanceSizes,
  perconaSizes,
  profilerLevel,
  retentionDays,
  routerSettings,
} from "../../../budget/database/settings";

const common = {
  ...databaseSizes,
  readReplicas: databaseSizes.readReplicas.default(0),
  allowDrops: allowDrops.default(false),
  passwordGeneration: passwordGeneration.default(1),
  backup: group(
    { retentionDays },
    { fix: "Leave it out for 7 days.", decides: "backups that are kept" },
  ).default({
    retentionDays: 7,
  }),
};

export const database = about(
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("percona"),
      ...common,
      cpuCores: perconaSizes.cpuCores,
      routers: routerSettings.default({ cpuCores: 1, queriesPerCore: 2000 }),
      queriesPerCore: perconaSizes.queriesPerCore.optional(),
      disk: diskSettings.optional(),
      storageClassName: storageClassName.optional(),
      profilerLevel: profilerLevel.optional(),
    }),
    z.strictObject({
      kind: z.literal("atlas"),
      ...common,
      projectId: atlasProjectId,
      clusterName: atlasClusterName.optional(),
      analyticsNodes: atlasSizes.analyticsNodes.default(0),
      queriesPerCore: atlasSizes.queriesPerCore,
      clientCidrs: atlasClientCidrs.default([]),
      instanceSizes: instanceSizes.default({}),
      allowShardRemoval: allowShardRemoval.default(false),
    }),
  ]),
  { allowed: '"percona" or "atlas"', fix: "Choose the database; the other keys depend on it." },
);
