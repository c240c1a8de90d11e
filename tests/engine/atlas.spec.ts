import assert from "node:assert/strict";
import { join } from "node:path";

import { ENGINE_TIMEOUT_MS, Project, operations } from "../helpers/engine";
import type { StackRun } from "../../engine/stack";
import { ROOT } from "../../cli/paths";
import { readAtlas, writeAtlas } from "../../sandbox/providers/mongodbatlas";

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

const PROJECT_ID = "0123456789abcdef01234567";

/** A stack of one cluster on AWS. */
function withShards(project: Project, shards: number, more = ""): Project {
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
function sizesInAtlas(name: string): string[] {
  return shardsInAtlas(name).map(({ regionConfigs: [region] }) => {
    const { computeMinInstanceSize: min, computeMaxInstanceSize: max } = region.autoScaling;
    assert.equal(region.readOnlySpecs.instanceSize, region.electableSpecs.instanceSize);
    return `${region.electableSpecs.instanceSize} of ${min} to ${max}, ${region.electableSpecs.diskSizeGb} GB`;
  });
}

/** What Atlas does by itself between two runs. */
function atlasScales(name: string, shard: number, instanceSize: string, diskSizeGb: number): void {
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

const changed = (run: StackRun): string[] => operations(run).filter((line) => !line.startsWith("same"));

const succeeded = (run: StackRun): void => assert.deepEqual([run.errors, run.succeeded], [[], true]);

describe("auto-scaling of Atlas on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  const project = new Project("atlas-scaling");
  const sizes = (): string[] => sizesInAtlas(project.name);

  it("comes up with the private endpoint before the cluster, and stays as it is", async () => {
    const first = await withShards(project, 2).run("up");
    succeeded(first);
    assert.equal(first.outputs["routers"], 8);
    assert.deepEqual(sizes(), Array(2).fill("M60 of M60 to M80, 361 GB"));
    const secret = first.resources.find(({ name }) => name === "mongodb-application");
    assert.equal(secret?.inputs["stringData"], "[secret]");
    assert.deepEqual(changed(await project.run("up")), []);
  });

  it("takes over the tier and the volume that Atlas has scaled to", async () => {
    atlasScales(project.name, 0, "M80", 500);
    const run = await project.run("up");
    succeeded(run);
    assert.deepEqual(changed(run), ["update mongodb-cluster"]);
    assert.deepEqual(sizes(), ["M80 of M60 to M80, 500 GB", "M60 of M60 to M80, 500 GB"]);
    assert.deepEqual(changed(await project.run("up")), []);
  });

  it("adds a shard behind the others, which stay as they are", async () => {
    const run = await withShards(project, 3).run("up");
    succeeded(run);
    assert.deepEqual(changed(run), ["update mongodb", "update mongodb-cluster"]);
    assert.deepEqual(sizes(), [
      "M80 of M60 to M80, 500 GB",
      "M60 of M60 to M80, 500 GB",
      "M60 of M60 to M80, 500 GB",
    ]);
    const warnings = run.warnings.join("\n");
    assert.match(
      warnings,
      /this run adds 1 to 2 shards and leaves the auto-scaling of all between M60 and M80/,
    );
  });

  it("moves the bounds with the next run, and what is outside of them", async () => {
    const run = await project.run("up");
    succeeded(run);
    assert.deepEqual(sizes(), [
      "M60 of M50 to M60, 500 GB",
      "M60 of M50 to M60, 500 GB",
      "M60 of M50 to M60, 500 GB",
    ]);
    assert.deepEqual(run.warnings, []);
    assert.deepEqual(changed(await project.run("up")), []);
  });

  it("takes no shard away unless it is told", async () => {
    const refused = await withShards(project, 2).run("up");
    assert.equal(refused.succeeded, false);
    assert.match(refused.errors.join("\n"), /retrofitlink:database\.shards: got 2; allowed is at least 3/);
    assert.doesNotMatch(refused.errors.join("\n"), /\n\s+at /);
    assert.equal(sizes().length, 3);
    const told = await withShards(project, 2, "allowShardRemoval: true,").run("up");
    succeeded(told);
    assert.equal(sizes().length, 2);
  });
});

describe("auto-scaling of Atlas with ignoreChanges", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  const project = new Project("atlas-ignored");
  const program = (shards: number): Project =>
    project.program(`
      import { AdvancedCluster } from "@pulumi/mongodbatlas";
      const scaling = {
        computeEnabled: true, computeScaleDownEnabled: true, diskGbEnabled: true,
        computeMinInstanceSize: "M30", computeMaxInstanceSize: "M60",
      };
      const specs = { instanceSize: "M30", nodeCount: 3 };
      const region = {
        providerName: "AWS", regionName: "EU_CENTRAL_1", priority: 7, autoScaling: scaling,
        electableSpecs: specs, readOnlySpecs: specs,
      };
      const count = ${shards};
      new AdvancedCluster("cluster", {
        projectId: "${PROJECT_ID}", name: ${JSON.stringify(project.name)}, clusterType: "SHARDED",
        replicationSpecs: Array.from({ length: count }, () => ({ regionConfigs: [region] })),
      }, {
        ignoreChanges: ["electableSpecs", "readOnlySpecs"].flatMap((specs) =>
          Array.from({ length: count }, (_, i) => \`replicationSpecs[\${i}].regionConfigs[0].\${specs}.instanceSize\`)),
      });`);

  it("is reverted when a shard is added, which is why the platform looks up what is there", async () => {
    succeeded(await program(2).run("up"));
    atlasScales(project.name, 0, "M50", 40);
    assert.deepEqual(changed(await project.run("up")), []);
    assert.match(sizesInAtlas(project.name)[0] ?? "", /^M50/);
    succeeded(await program(3).run("up"));
    assert.match(sizesInAtlas(project.name)[0] ?? "", /^M30/);
  });
});
