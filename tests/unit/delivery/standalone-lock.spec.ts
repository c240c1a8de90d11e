import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { standalonePackage, type LockFile } from "../../../delivery/image-function/standalone-lock";
import { ROOT } from "../../../cli/paths";

const lock: LockFile = {
  packages: {
    "": { dependencies: { a: "^1.0.0", z: "1.0.0" } },
    "node_modules/a": {
      version: "1.2.0",
      dev: true,
      dependencies: { b: "^2.0.0" },
      optionalDependencies: { "only-elsewhere": "1.0.0", "not-locked": "1.0.0" },
    },
    "node_modules/a/node_modules/b": { version: "2.1.0", dependencies: { c: "*" } },
    "node_modules/b": { version: "1.0.0" },
    "node_modules/c": { version: "3.0.0", integrity: "sha512-c", dependencies: { a: "*" } },
    "node_modules/only-elsewhere": { version: "1.0.0", optional: true, os: ["darwin"] },
    "node_modules/z": { version: "1.0.0" },
  },
};

describe("lock file of some packages", () => {
  it("has what they need, each where Node looks for it, and nothing else", () => {
    const { manifest, lock: cut } = standalonePackage("some", ["a"], lock);
    assert.deepEqual(manifest, {
      name: "some",
      version: "1.0.0",
      private: true,
      dependencies: { a: "1.2.0" },
    });
    assert.deepEqual(cut, {
      ...manifest,
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": manifest,
        "node_modules/a": {
          version: "1.2.0",
          dependencies: { b: "^2.0.0" },
          optionalDependencies: { "only-elsewhere": "1.0.0", "not-locked": "1.0.0" },
        },
        "node_modules/a/node_modules/b": { version: "2.1.0", dependencies: { c: "*" } },
        "node_modules/c": { version: "3.0.0", integrity: "sha512-c", dependencies: { a: "*" } },
        "node_modules/only-elsewhere": { version: "1.0.0", optional: true, os: ["darwin"] },
      },
    });
  });

  it("names a package that is not locked, and who needs it", () => {
    assert.throws(
      () => standalonePackage("some", ["missing"], lock),
      /package-lock.json has no missing, which some needs/,
    );
    const broken = { packages: { "node_modules/a": { version: "1.0.0", dependencies: { b: "1" } } } };
    assert.throws(() => standalonePackage("some", ["a"], broken), /has no b, which node_modules\/a needs/);
  });

  it("finds sharp for Lambda and Cloud Run in this project's, with checksums", () => {
    const own = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as LockFile;
    const { lock: cut } = standalonePackage("image-function", ["sharp"], own);
    const { packages } = cut as { packages: Record<string, { integrity?: string }> };
    for (const name of ["sharp", "@img/sharp-linux-arm64", "@img/sharp-linux-x64"]) {
      assert.match(packages[`node_modules/${name}`]?.integrity ?? "", /^sha512-/, name);
    }
  });
});
