/** More shards, other bounds and `ignoreChanges` are in tests/nightly. */
import assert from "node:assert/strict";

import { atlasScales, changed, sizesInAtlas, succeeded, withShards } from "../helpers/atlas-shards";
import { ENGINE_TIMEOUT_MS, Project } from "../helpers/engine";

describe("auto-scaling of Atlas on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  const project = new Project("atlas");
  const sizes = (): string[] => sizesInAtlas(project.name);

  it("comes up, takes over the tier and the volume that Atlas has scaled to, and stays as it is", async () => {
    const first = await withShards(project, 2).run("up");
    succeeded(first);
    assert.equal(first.outputs["routers"], 8);
    assert.deepEqual(sizes(), Array(2).fill("M60 of M60 to M80, 361 GB"));
    const secret = first.resources.find(({ name }) => name === "mongodb-application");
    assert.equal(secret?.inputs["stringData"], "[secret]");

    atlasScales(project.name, 0, "M80", 500);
    const run = await project.run("up");
    succeeded(run);
    assert.deepEqual(changed(run), ["update mongodb-cluster"]);
    assert.deepEqual(sizes(), ["M80 of M60 to M80, 500 GB", "M60 of M60 to M80, 500 GB"]);
    assert.deepEqual(changed(await project.run("up")), []);
  });

  it("takes no shard away unless it is told", async () => {
    const refused = await withShards(project, 1).run("up");
    assert.equal(refused.succeeded, false);
    assert.match(refused.errors.join("\n"), /retrofitlink:database\.shards: got 1; allowed is at least 2/);
    assert.doesNotMatch(refused.errors.join("\n"), /\n\s+at /);
    assert.equal(sizes().length, 2);
  });
});
