import assert from "node:assert/strict";

import {
  PROJECT_ID,
  atlasScales,
  changed,
  sizesInAtlas,
  succeeded,
  withShards,
} from "../helpers/atlas-shards";
import { ENGINE_TIMEOUT_MS, Project } from "../helpers/engine";

describe("all of the auto-scaling of Atlas on the real engine", function () {
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
