/**
 * What the objects of an Atlas cluster have to hold so that the proofs are about what runs. The bounds of the
 * auto-scaling are not among them: a run that adds a shard leaves them as they are.
 */
import type { Witness } from "../../../budget/core/witness";
import type { AtlasNumbers } from "../../../budget/database/atlas-plan";
import { VOTERS } from "../../../budget/database/mongodb";
import type { AtlasSettings } from "./atlas-cluster-args";

/** @param name of the component, after which its children are called */
export function atlasWitnesses(
  name: string,
  { shards, readReplicas, analyticsNodes }: AtlasSettings,
  { restoreWindow, backups }: AtlasNumbers,
): Witness[] {
  const cluster = (at: readonly string[], is: Witness["is"]): Witness => ({
    type: "mongodbatlas:index/advancedCluster:AdvancedCluster",
    name: `${name}-cluster`,
    at,
    is,
  });
  const schedule = (at: readonly string[], is: Witness["is"]): Witness => ({
    type: "mongodbatlas:index/cloudBackupSchedule:CloudBackupSchedule",
    name: `${name}-backup-schedule`,
    at,
    is,
  });
  return [
    ...Array.from({ length: shards }, (_, index) => [
      "replicationSpecs",
      `${index}`,
      "regionConfigs",
      "0",
    ]).flatMap((at) => [
      cluster([...at, "electableSpecs", "nodeCount"], VOTERS),
      cluster([...at, "readOnlySpecs", "nodeCount"], readReplicas),
      cluster([...at, "analyticsSpecs", "nodeCount"], analyticsNodes),
    ]),
    schedule(["restoreWindowDays"], restoreWindow.value),
    schedule(["policyItemDaily", "retentionValue"], backups.value),
  ];
}
