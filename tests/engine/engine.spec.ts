import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { ENGINE_TIMEOUT_MS, Project, operations, theToolchain, theCluster } from "../helpers/engine";
import { clusterDirectory, removeCluster, startCluster, type Cluster } from "../../sandbox/cluster/cluster";
import { runningPid } from "../../sandbox/cluster/processes";
import { engineEnvironment } from "../../engine/environment";
import { removeAbandonedLocks } from "../../engine/locks";
import { mirrorProject } from "../../engine/project";
import { STATE } from "../../cli/paths";
import { clusterParts } from "../../sandbox/sandbox";

const CONFIG_MAP = `new k8s.core.v1.ConfigMap("one", { metadata: { name: "one-NAME", namespace: "default" }, data: { a: "1" } });`;

/** Kills the API server, which has no time to end what it does. */
function kill(cluster: string): void {
  const pid = runningPid({ name: "kube-apiserver", directory: clusterDirectory(cluster) });
  assert.ok(pid !== undefined);
  process.kill(pid, "SIGKILL");
}

describe("engine of the sandbox", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("shows a mistake of the program without a stack trace", async () => {
    const project = new Project("mistake").program(
      `throw new pulumi.RunError("retrofitlink:services: got 3");`,
    );
    const run = await project.run("preview");
    assert.equal(run.succeeded, false);
    assert.match(run.errors[0] ?? "", /retrofitlink:services: got 3/);
    assert.doesNotMatch(run.errors.join("\n"), /\n\s+at /);
  });

  it("names the stacks there are when it is asked for another", async () => {
    const project = new Project("stacks").program("");
    await assert.rejects(project.run("preview", { stack: "nowhere" }), {
      name: "UserError",
      message: /^there is no stack "nowhere"; this project has test\n {2}next: /,
    });
  });

  it("says so when the passphrase is another one", async () => {
    const project = new Project("passphrase").program(
      `export const value = pulumi.secret("x"); ${CONFIG_MAP.replace("NAME", "passphrase")}`,
    );
    await project.run("up");
    const environment = { PULUMI_CONFIG_PASSPHRASE: "wrong" };
    await assert.rejects(project.run("preview", { environment }), {
      name: "UserError",
      message:
        /^the secrets of the stack "test" were encrypted with another passphrase\n {2}next: unset PULUMI_CONFIG_PASSPHRASE/,
    });
  });

  it("leaves the stack file of the checkout as it was", async () => {
    const project = new Project("clean").program(`export const value = pulumi.secret("x");`);
    await project.run("up");
    const mirrored = mirrorProject(project.directory);
    assert.match(
      execFileSync("cat", [join(mirrored, "Pulumi.test.yaml")], { encoding: "utf8" }),
      /encryptionsalt/,
    );
    const own = execFileSync("cat", [join(project.directory, "Pulumi.test.yaml")], { encoding: "utf8" });
    assert.equal(own, "config: {}\n");
  });

  it("removes the lock of a run that was killed and respects one that lives", () => {
    const folder = join(STATE, ".pulumi", "locks", "organization", "locks", "test");
    mkdirSync(folder, { recursive: true });
    const lock = (file: string, pid: number): void =>
      writeFileSync(join(folder, file), JSON.stringify({ pid, hostname: hostname(), username: "x" }));
    // Beyond the largest number a process can have.
    lock("dead.json", 99_999_999);
    lock("alive.json", process.pid);
    assert.equal(removeAbandonedLocks(), 1);
    assert.equal(removeAbandonedLocks(), 0);
    execFileSync("rm", [join(folder, "alive.json")]);
  });

  it("survives the death of the API server in the middle of an up, and goes on from there", async () => {
    const many = Array.from({ length: 40 }, (_, i) => `map(${i});`).join(" ");
    const program = `let last: pulumi.Resource[] = [];
      const map = (i: number) => { last = [new k8s.core.v1.ConfigMap("m" + i, { metadata: { name: "death-" + i, namespace: "default" }, data: { i: String(i) } }, { dependsOn: last })]; };
      ${many}`;
    const project = new Project("death").program(program);
    // A cluster of its own: whatever happens here, the other specs keep theirs.
    const parts = { ...clusterParts(await theToolchain()), customResourceDefinitions: undefined };
    const start = (): Promise<Cluster> => startCluster("death", parts, () => undefined);
    try {
      const { kubeconfig } = await start();
      let seen = 0;
      const run = await project.run("up", {
        kubeconfig,
        onEvent: ({ resOutputsEvent }) => {
          if (resOutputsEvent?.metadata.type.endsWith("ConfigMap") === true && ++seen === 5) kill("death");
        },
      });
      assert.equal(run.succeeded, false);
      assert.match(
        run.errors.join("\n"),
        /the Kubernetes API server at https:\/\/127\.0\.0\.1:\d+ does not answer \(\w+\)\s+next: run `make up`/,
      );
      assert.doesNotMatch(run.errors.join("\n"), /\n\s+at /);

      const next = await project.run("up", { kubeconfig: (await start()).kubeconfig });
      assert.equal(next.succeeded, true);
      const done = operations(next);
      assert.equal(done.length, 40);
      assert.ok(done.filter((line) => line.startsWith("same")).length >= 4, done.join(", "));
    } finally {
      await removeCluster("death");
    }
  });

  it("runs the plain command line", async () => {
    const project = new Project("plain").program(CONFIG_MAP.replace("NAME", "plain"));
    await project.run("preview");
    const { pulumi } = await theToolchain();
    const { kubeconfig } = await theCluster();
    const env = { ...process.env, ...engineEnvironment({ pulumi: pulumi.path, kubeconfig }) };
    const cwd = mirrorProject(project.directory);
    const output = execFileSync("pulumi", ["preview", "-s", "test", "--non-interactive"], {
      cwd,
      env,
      encoding: "utf8",
    });
    assert.match(output, /\+ 2 to create/);
  });

  it("previews what is in the clouds with made-up outputs that stay unknown", async () => {
    const project = new Project("clouds");
    project.write(
      "index.ts",
      `import * as aws from "@pulumi/aws"; import * as gcp from "@pulumi/gcp";
       import * as cloudflare from "@pulumi/cloudflare"; import * as mongodbatlas from "@pulumi/mongodbatlas";
       const bucket = new aws.s3.Bucket("assets", {});
       const statement = (Resource: string) => ({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource });
       const policy = bucket.arn.apply((arn) => JSON.stringify({ Version: "2012-10-17", Statement: [statement(arn)] }));
       new aws.s3.BucketPolicy("policy", { bucket: bucket.id, policy });
       new gcp.compute.GlobalAddress("address", {});
       new cloudflare.Zone("zone", { account: { id: "a" }, name: "example.com" });
       new mongodbatlas.Project("project", { orgId: "o" });
       export const arn = bucket.arn;`,
    );
    const preview = await project.run("preview");
    assert.deepEqual(preview.errors, []);
    assert.equal(
      preview.resources.find(({ name }) => name === "policy")?.inputs["policy"],
      "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    );
    const up = await project.run("up");
    assert.deepEqual([up.errors, up.succeeded], [[], true]);
    assert.match(String(up.outputs["arn"]), /^arn:aws:s3:/);
    assert.deepEqual(
      new Set(operations(await project.run("up")).map((line) => line.split(" ")[0])),
      new Set(["same"]),
    );
  });
});
