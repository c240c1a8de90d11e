import assert from "node:assert/strict";
import { join } from "node:path";

import { ROOT } from "../../cli/paths";
import { ENGINE_TIMEOUT_MS, Project, kubectl, operations } from "../helpers/engine";

/** An example as its own program, under the name of its project. */
function example(name: string): Project {
  const main = join(ROOT, "examples", name, "index");
  return new Project(name).program(`export * from ${JSON.stringify(main)};`);
}

describe("examples on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("one cache comes up by itself, stays as it is, and goes", async () => {
    const project = example("one-cache");
    const first = await project.run("up");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    // 12 pods and as many that are ending, 2 connections each: 1.2 times that, and 32 in reserve.
    assert.equal(first.outputs["maxClients"], 90);
    assert.equal(first.outputs["url"], "redis://cache.default.svc:6379");
    const of = (kind: string, name: string, path: string): Promise<string> =>
      kubectl("--namespace", "default", "get", kind, name, "--output", `jsonpath=${path}`);
    assert.match(
      await of("configmap", "cache-config", "{.data.redis\\.conf}"),
      /^maxclients 90$[^]*^maxmemory 656mb$/m,
    );
    assert.equal(
      await of("deployment", "cache", "{.spec.template.spec.containers[0].resources.limits.memory}"),
      `${String(first.outputs["memoryLimitMiB"])}Mi`,
    );
    assert.equal(await of("poddisruptionbudget", "cache", "{.spec.maxUnavailable}"), "1");
    const second = await project.run("up");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));
    const gone = await project.run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
  });

  it("one service comes up by itself, stays as it is, and goes", async () => {
    const project = example("one-service");
    const first = await project.run("up");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const bounds = await kubectl(
      "--namespace",
      "default",
      "get",
      "hpa",
      "quotes",
      "--output",
      "jsonpath={.spec.minReplicas}-{.spec.maxReplicas}",
    );
    const { min, max } = first.outputs["replicas"] as { readonly min: number; readonly max: number };
    assert.ok(max > min);
    assert.equal(bounds, `${min}-${max}`);
    const team = await kubectl(
      "--namespace",
      "default",
      "get",
      "service",
      "quotes-service",
      "--output",
      "jsonpath={.metadata.annotations.team}",
    );
    assert.equal(team, "pricing");
    const second = await project.run("up");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));
    const gone = await project.run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
  });
});
