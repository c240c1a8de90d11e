import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** Versions of modules that a go.mod leads to: what it replaces counts, then what it requires. */
function versionsOf(module: string): ReadonlyMap<string, string> {
  const text = readFileSync(`sandbox/toolchain/${module}/go.mod`, "utf8");
  const required = [...text.matchAll(/^\s+(\S+) (v\S+)/gm)];
  const replaced = [...text.matchAll(/^\s+(\S+) => \S+ (v\S+)/gm)];
  return new Map([...required, ...replaced].map(([, name = "", version = ""]) => [name, version]));
}

describe("Go modules of the sandbox's programs", () => {
  it("have the versions of Kubernetes wherever they share a module, so that it is compiled once", () => {
    const [kubernetes, nodes] = [versionsOf("kubernetes"), versionsOf("nodes")];
    const shared = [...nodes.keys()].filter((name) => kubernetes.has(name));
    assert.ok(shared.length > 50, `${shared.length} modules shared`);
    assert.deepEqual(
      shared.map((name) => `${name} ${nodes.get(name) ?? ""}`),
      shared.map((name) => `${name} ${kubernetes.get(name) ?? ""}`),
    );
  });
});
