import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { refuseOldCluster, versionProblem } from "../../../stacks/kubernetes-version";

const answer = (gitVersion: string): string =>
  JSON.stringify({ clientVersion: { gitVersion: "v1.24.0" }, serverVersion: { gitVersion } });

const TOO_OLD =
  "retrofitlink:cluster: got a cluster with Kubernetes v1.29.15-eks-1a2b3c4; allowed is 1.30 or later. " +
  "Upgrade it, or name the context of another one in retrofitlink:cluster.kubeContext.";

describe("the version of the cluster", () => {
  it("is 1.30 or later, whoever built it", () => {
    for (const version of ["v1.30.0", "v1.34.1-gke.1829001", "v1.36.2", "v2.0.0"]) {
      assert.equal(versionProblem(answer(version)), undefined, version);
    }
    assert.equal(versionProblem(answer("v1.29.15-eks-1a2b3c4")), TOO_OLD);
    assert.match(versionProblem(answer("v1.9.0")) ?? "", /Kubernetes v1\.9\.0; allowed is 1\.30 or later/);
  });

  it("is not known where no server answered", () => {
    for (const text of ["", "error: no configuration", '{"clientVersion":{"gitVersion":"v1.24.0"}}']) {
      assert.equal(versionProblem(text), undefined, text);
    }
  });

  describe("as kubectl says it", () => {
    const folder = mkdtempSync(join(tmpdir(), "kubectl-"));
    after(() => {
      rmSync(folder, { recursive: true });
    });

    function kubectl(name: string, script: string): string {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return path;
    }

    it("ends the program when it is too old, for the context that was named", async () => {
      const program = kubectl(
        "old",
        `case "$*" in *"--context staging"*) echo '${answer("v1.29.15-eks-1a2b3c4")}';; esac`,
      );
      await assert.rejects(refuseOldCluster("staging", program), { message: TOO_OLD });
      await refuseOldCluster("another", program);
    });

    it("is no matter where there is no cluster, or no kubectl", async () => {
      await refuseOldCluster(undefined, kubectl("failing", `echo '${answer("")}'; exit 1`));
      await refuseOldCluster(undefined, join(folder, "missing"));
    });
  });
});
