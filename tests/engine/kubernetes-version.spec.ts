import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { versionProblem } from "../../stacks/kubernetes-version";
import { ENGINE_TIMEOUT_MS, kubectl } from "../helpers/engine";
import { runPlatform } from "../helpers/platform";

describe("the version of the cluster on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("is read from what the real kubectl says of a real API server", async () => {
    const answer = await kubectl("version", "--output=json");
    const { serverVersion } = JSON.parse(answer) as { serverVersion: { gitVersion: string; minor: string } };
    assert.equal(versionProblem(answer), undefined);
    const old = serverVersion.gitVersion.replace(`.${serverVersion.minor}.`, ".29.");
    assert.match(
      versionProblem(answer.replaceAll(serverVersion.gitVersion, old)) ?? "",
      /allowed is 1\.30 or later/,
    );
  });

  it("fails a preview of the platform when it is too old, and says which key names another cluster", async () => {
    const folder = join(SCRATCH, "old-cluster");
    mkdirSync(folder, { recursive: true });
    const answer = JSON.stringify({ serverVersion: { gitVersion: "v1.29.15" } });
    writeFileSync(join(folder, "kubectl"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    const { PATH = "" } = process.env;
    process.env["PATH"] = [folder, PATH].join(delimiter);
    try {
      const { succeeded, errors } = await runPlatform("preview", "local");
      assert.equal(succeeded, false);
      assert.match(
        errors.join("\n"),
        /got a cluster with Kubernetes v1\.29\.15; allowed is 1\.30 or later\..*kubeContext/,
      );
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});
