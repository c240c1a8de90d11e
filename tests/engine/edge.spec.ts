import assert from "node:assert/strict";
import { join } from "node:path";

import { CLUSTERS, cdnStackFile } from "../helpers/cdn";
import { ENGINE_TIMEOUT_MS, Project, operations, theClient } from "../helpers/engine";
import { ROOT } from "../../cli/paths";
import type { StackRun } from "../../engine/stack";

const from = (path: string): string => JSON.stringify(join(ROOT, path));

/** The CDN of a stack, in front of a load balancer that is there already, and what follows it. */
function edgeProgram(name: string, raw: object, more = ""): Project {
  return new Project(name).program(`
    import { parseStackConfig } from ${from("stacks/stack-file/config")};
    import { createEdge } from ${from("stacks/wiring/edge")};
    import { planStack } from ${from("plan/plan-stack")};
    import { createUrlSigning } from ${from("stacks/wiring/url-signing")};
    const parsed = parseStackConfig(${JSON.stringify(raw)});
    if (parsed.config === undefined) throw new Error(JSON.stringify(parsed.issues));
    const lock = new random.RandomPassword("lock", { length: 40, special: false });
    const originLock = { headerName: "X-Origin-Lock", headerValue: lock.result };
    const edge = createEdge(parsed.config, planStack(parsed.config), { hostname: "lb.example.net", originLock }, {});
    export const url = edge?.url;
    ${more}
  `);
}

const shape = ({ resources }: StackRun): string[] =>
  resources
    .filter(({ type, name }) => !type.startsWith("pulumi:pulumi:") && name.startsWith("cdn"))
    .map(({ type, name }) => `${type} ${name}`)
    .sort();

describe("CDN on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  for (const provider of ["cloudfront", "cloudflare"] as const) {
    it(`brings ${provider} up on aws, leaves it as it is the second time, and has the same on gcp`, async () => {
      const project = edgeProgram(`${provider}-up`, cdnStackFile(provider, "aws"));
      const first = await project.run("up");
      assert.deepEqual([first.errors, first.warnings, first.succeeded], [[], [], true]);
      assert.equal(first.outputs["url"], "https://www.example.com");
      const second = await project.run("up");
      assert.deepEqual(
        operations(second).filter((line) => !line.startsWith("same")),
        [],
      );
      const gone = await project.run("destroy");
      assert.deepEqual([gone.errors, gone.succeeded], [[], true]);

      const gcp = await edgeProgram(`${provider}-gcp`, cdnStackFile(provider, "gcp")).run("preview");
      assert.deepEqual([gcp.errors, gcp.warnings, gcp.succeeded], [[], [], true]);
      assert.ok(shape(gcp).length > 20, `${shape(gcp).length} resources`);
      assert.deepEqual(shape(first), shape(gcp));
      for (const { resources } of [first, gcp]) assert.ok(JSON.stringify(resources).includes("[secret]"));
    });
  }

  it("gives services the secrets of Cloudflare by generation, and takes away the oldest", async () => {
    const project = (generation: number): Project => {
      const raw = cdnStackFile("cloudflare", "aws");
      raw["cluster"] = { ...CLUSTERS.aws, namespace: "edge" };
      raw["services"].backend.signsUrls = true;
      raw["cdn"].cloudflare.signedUrls = { generation };
      return edgeProgram(
        "cloudflare-signing",
        raw,
        `const provider = new k8s.Provider("cluster", { enableSecretMutable: true });
         const namespace = new k8s.core.v1.Namespace("edge", { metadata: { name: "edge" } }, { provider });
         const options = { provider, dependsOn: [namespace] };
         export const entry = createUrlSigning(parsed.config, edge, options)?.keySecret.key;`,
      );
    };
    const held = async (): Promise<Record<string, unknown>> => {
      const secrets = (await (await theClient()).list("v1", "Secret")) as any[];
      return secrets.find(({ metadata }) => metadata.name === "cloudflare-signing-keys")?.data ?? {};
    };

    const first = await project(1).run("up");
    assert.deepEqual([first.errors, first.outputs["entry"]], [[], "generation-1"]);
    const before = await held();
    assert.deepEqual(Object.keys(before).sort(), ["generation-0", "generation-1"]);

    const second = await project(2).run("up");
    assert.deepEqual([second.errors, second.outputs["entry"]], [[], "generation-2"]);
    const changed = operations(second).filter((line) => !line.startsWith("same"));
    assert.ok(changed.includes("update cloudflare-signing-keys"), changed.join(", "));
    const after = await held();
    assert.deepEqual(Object.keys(after).sort(), ["generation-1", "generation-2"]);
    assert.equal(after["generation-1"], before["generation-1"]);

    const gone = await project(2).run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
  });
});
