/** A cluster of Atlas in a stack of its own, and what Atlas does to it between two runs. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { ROOT } from "../../cli/paths";
import type { StackRun } from "../../engine/stack";
import { readAtlas, writeAtlas } from "../../sandbox/providers/mongodbatlas";
import { operations, type Project } from "./engine";

interface Specs {
  instanceSize: string;
  diskSizeGb?: number;
}

interface Region {
  electableSpecs: Specs;
  readOnlySpecs: Specs;
  autoScaling: { computeMinInstanceSize: string; computeMaxInstanceSize: string };
}

interface Shard {
  regionConfigs: [Region];
}

export const PROJECT_ID = "0123456789abcdef01234567";

/** A stack of one cluster on AWS. */
export function withShards(project: Project, shards: number, more = ""): Project {
  return project.program(`
    import { AtlasCluster } from ${JSON.stringify(join(ROOT, "components/database/atlas/atlas-cluster"))};
    import { DEFAULT_BUDGET } from ${JSON.stringify(join(ROOT, "budget/core/performance-budget"))};
    const cluster = new AtlasCluster("mongodb", {
      configKey: "retrofitlink:database",
      namespace: "default",
      projectId: "${PROJECT_ID}",
      clusterName: ${JSON.stringify(project.name)},
      network: {
        kind: "aws", region: "eu-central-1", vpcId: "vpc-0a1b2c3d", subnetIds: ["subnet-0a1b2c3d"],
        clientCidrs: ["10.0.0.0/16"],
      },
      shards: ${shards}, readReplicas: 1, analyticsNodes: 0,
      dataGiB: 400, workingSetGiB: 24, queriesPerCore: 400,
      users: [{
        service: "backend", maxReplicas: 14, maxSurge: 0.25, processesPerPod: 1, poolSize: 4,
        peakRps: 1200, queriesPerRequest: 1.5, querySeconds: 0.006,
      }],
      budget: DEFAULT_BUDGET,
      retentionDays: 30,
      ${more}
    });
    export const routers = cluster.routers;`);
}

function shardsInAtlas(name: string): Shard[] {
  return readAtlas().clusters[`${PROJECT_ID}/${name}`]?.["replicationSpecs"] as unknown as Shard[];
}

/** Sizes of the shards as Atlas has them, and the bounds between which it scales. */
export function sizesInAtlas(name: string): string[] {
  return shardsInAtlas(name).map(({ regionConfigs: [region] }) => {
    const { computeMinInstanceSize: min, computeMaxInstanceSize: max } = region.autoScaling;
    assert.equal(region.readOnlySpecs.instanceSize, region.electableSpecs.instanceSize);
    return `${region.electableSpecs.instanceSize} of ${min} to ${max}, ${region.electableSpecs.diskSizeGb} GB`;
  });
}

/** What Atlas does by itself between two runs. */
export function atlasScales(name: string, shard: number, instanceSize: string, diskSizeGb: number): void {
  const world = readAtlas();
  const shards = world.clusters[`${PROJECT_ID}/${name}`]?.["replicationSpecs"] as unknown as Shard[];
  for (const [
    index,
    {
      regionConfigs: [region],
    },
  ] of shards.entries()) {
    for (const specs of [region.electableSpecs, region.readOnlySpecs]) {
      specs.diskSizeGb = diskSizeGb;
      if (index === shard) specs.instanceSize = instanceSize;
    }
  }
  writeAtlas(world);
}

/** What a run did, without what stayed. */
export const changed = (run: StackRun): string[] =>
  operations(run).filter((line) => !line.startsWith("same"));

export const succeeded = (run: StackRun): void => assert.deepEqual([run.errors, run.succeeded], [[], true]);
