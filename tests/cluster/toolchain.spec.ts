import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { withLock } from "../../cli/lock";
import { verify } from "../../sandbox/toolchain/downloads";
import { obtain, programCache } from "../../sandbox/toolchain/obtain";
import { ETCD, KUBECTL, atLeast, type Program } from "../../sandbox/toolchain/programs";

const run = promisify(execFile);
const silent = (): void => undefined;

describe("toolchain", () => {
  let folder: string;
  const saved = { ...process.env };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "toolchain-"));
    process.env["XDG_CACHE_HOME"] = join(folder, "cache");
  });

  afterEach(() => {
    process.env = { ...saved };
    rmSync(folder, { recursive: true, force: true });
  });

  function executable(name: string, script: string): string {
    const path = join(folder, "bin", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    process.env["PATH"] = `${join(folder, "bin")}:/usr/bin:/bin`;
    return path;
  }

  it("takes a program from PATH", async () => {
    const path = executable("etcd", "echo 'etcd Version: 3.6.8'");
    assert.deepEqual(await obtain(ETCD, { progress: silent }), { name: "etcd", path, origin: "path" });
  });

  it("passes over a program on PATH that is too old or broken", async () => {
    for (const script of ["echo 'etcd Version: 3.3.1'", "exit 1"]) {
      executable("etcd", script);
      await assert.rejects(
        obtain(ETCD, { progress: silent, ways: ["path"] }),
        /on PATH: no etcd 3\.5 or later/,
      );
    }
  });

  it("takes a program from the cache, and another when the pin changes", async () => {
    const path = join(programCache(KUBECTL), "kubectl");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    chmodSync(path, 0o755);
    const found = await obtain(KUBECTL, { progress: silent, ways: ["cache"] });
    assert.deepEqual(found, { name: "kubectl", path, origin: "cache" });
    const repinned: Program = { ...KUBECTL, build: { ...KUBECTL.build, linkerFlags: "-X other=1" } };
    await assert.rejects(obtain(repinned, { progress: silent, ways: ["cache"] }), /kubectl is missing/);
  });

  it("tells what was tried and what to do when there is neither Go nor a network", async () => {
    process.env["PATH"] = "/nowhere";
    await assert.rejects(obtain(ETCD, { progress: silent, ways: ["path", "build"] }), {
      name: "UserError",
      message: [
        "etcd is missing and could not be had:",
        "  - on PATH: no etcd 3.5 or later",
        "  - build from sandbox/toolchain/kubernetes: Go is not installed",
        "  next: put etcd 3.5 or later on PATH, or install Go 1.26 and give this machine access to a Go module proxy",
      ].join("\n"),
    });
    assert.deepEqual(readdirSync(programCache(ETCD)), []);
  });

  it("reports what the compiler said and leaves no half program", async () => {
    executable("go", "echo 'flag: help requested' >&2; exit 2");
    await assert.rejects(obtain(ETCD, { progress: silent, ways: ["build"] }), /flag: help requested/);
    assert.deepEqual(readdirSync(programCache(ETCD)), []);
  });

  it("builds a program once although two runs want it", async () => {
    const counter = join(folder, "builds");
    executable(
      "go",
      `echo x >> ${counter}; sleep 1; while [ $# -gt 0 ]; do [ "$1" = -o ] && printf '#!/bin/sh\\n' > "$2" && chmod +x "$2"; shift; done`,
    );
    const waited: string[] = [];
    const options = { progress: (line: string) => void waited.push(line), ways: ["cache", "build"] as const };
    const [one, two] = await Promise.all([obtain(ETCD, options), obtain(ETCD, options)]);
    assert.deepEqual([one.origin, two.origin].sort(), ["build", "cache"]);
    assert.equal((await run("wc", ["-l", counter])).stdout.split(" ")[0], "1");
    assert.ok(waited.includes("waiting for another run that is getting etcd"));
  });

  it("refuses a download that is not what its publisher signed", () => {
    assert.throws(
      () => verify("kubectl", Buffer.from("x"), "0".repeat(64)),
      /kubectl has the checksum 2d711642/,
    );
    assert.throws(() => verify("kubectl", Buffer.from("x"), undefined), /its publisher says nothing/);
  });

  it("knows a version from its surroundings", () => {
    const accepts = atLeast(1, 33);
    assert.deepEqual(
      ["Kubernetes v1.36.3", "Client Version: v1.33.0", "v1.32.9", "v2.40.0", ""].map(accepts),
      [true, true, false, false, false],
    );
  });

  it("names the allowed ways when the variable holds another", async () => {
    process.env["RETROFITLINK_TOOLCHAIN"] = "path,apt";
    await assert.rejects(
      obtain(ETCD, { progress: silent }),
      /RETROFITLINK_TOOLCHAIN names apt; allowed are path, cache, download, build/,
    );
  });

  it("takes over a lock whose owner is dead", async () => {
    const lock = join(folder, "lock");
    mkdirSync(lock);
    writeFileSync(join(lock, "pid"), "99999999");
    assert.equal(await withLock(lock, silent, () => Promise.resolve("done")), "done");
    assert.ok(!existsSync(lock));
  });
});
