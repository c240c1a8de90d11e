import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import {
  shellEnvironment,
  shellHook,
  shellScript,
} from "../../../../../components/database/mongodb/operator-shell";

const run = promisify(execFile);

describe("mongosh in the pods of the database", () => {
  let directory: string;
  const folders = (): { shell: string; users: string; tls: string } => ({
    shell: join(directory, "shell"),
    users: join(directory, "users"),
    tls: join(directory, "tls"),
  });

  /** The hook as the entry script sources it, then `mongosh` with a PATH like the container's. */
  async function mongosh(...args: string[]): Promise<string[]> {
    const path = `${folders().shell}:${join(directory, "bin")}:/usr/bin:/bin`;
    const { stdout } = await run("mongosh", args, { env: { PATH: path } });
    return stdout.trimEnd().split("\n");
  }

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "operator-shell-"));
    for (const folder of ["bin", "users"]) mkdirSync(join(directory, folder));
    // Stands for the image's mongosh: prints the arguments that reach it, one a line.
    const real = join(directory, "bin", "mongosh");
    writeFileSync(real, '#!/bin/sh\nfor argument; do printf "%s\\n" "$argument"; done\n');
    chmodSync(real, 0o755);
    writeFileSync(join(directory, "users", "MONGODB_DATABASE_ADMIN_USER"), "databaseAdmin");
    writeFileSync(join(directory, "users", "MONGODB_DATABASE_ADMIN_PASSWORD"), "s3cret word$");
    const entry = join(directory, "entry.sh");
    // The options of the operator's entry script: a hook that fails would keep the server from starting.
    writeFileSync(entry, `set -Eeuo pipefail\nsource ${join(directory, "hook.sh")}\necho started\n`);
    writeFileSync(join(directory, "hook.sh"), shellHook(folders()));
    const { stdout } = await run("bash", [entry]);
    assert.equal(stdout, "started\n");
  });

  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it("adds address, TLS and administrator to the guide's command", async () => {
    const guide = ["--eval", "db.runCommand({profile: 2, slowms: 100})"];
    assert.deepEqual(await mongosh(...guide), [
      "--host",
      "localhost",
      "--port",
      "27017",
      "--tls",
      "--tlsCAFile",
      join(directory, "tls", "ca.crt"),
      "--authenticationDatabase",
      "admin",
      "--username",
      "databaseAdmin",
      "--password",
      "s3cret word$",
      ...guide,
    ]);
  });

  it("takes a database's name as mongosh does", async () => {
    const given = await mongosh("retrofitlink", "--quiet");
    assert.deepEqual(given.slice(-2), ["retrofitlink", "--quiet"]);
  });

  for (const own of [
    ["mongodb://elsewhere/"],
    ["--quiet", "-u", "clusterAdmin", "-p", "x", "--eval", "rs.status()"],
    ["--tls", "--tlsCertificateKeyFile", "/tmp/tls.pem", "--port", "27017", "--quiet"],
    ["--norc", "--nodb", "--quiet", "--eval", "1"],
    ["--host", "other"],
    ["--version"],
  ]) {
    it(`leaves "mongosh ${own.join(" ")}" as it is`, async () => {
      assert.deepEqual(await mongosh(...own), own);
    });
  }

  it("does not keep the server from starting when it cannot be written", async () => {
    const blocked = { ...folders(), shell: join(directory, "hook.sh", "below-a-file") };
    writeFileSync(join(directory, "blocked.sh"), `set -Eeuo pipefail\n${shellHook(blocked)}echo started\n`);
    const { stdout, stderr } = await run("bash", [join(directory, "blocked.sh")]);
    assert.equal(stdout, "started\n");
    assert.match(stderr, /could not be written; give it a user and --tls by hand/);
  });

  it("has no password in it, and comes first in the PATH", () => {
    assert.doesNotMatch(shellScript(), /s3cret/);
    assert.match(readFileSync(join(folders().shell, "mongosh"), "utf8"), /^#!\/bin\/sh\n/);
    assert.deepEqual(shellEnvironment(), [
      {
        name: "PATH",
        value: "/opt/percona/shell:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      },
    ]);
  });
});
