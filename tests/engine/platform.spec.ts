import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { kubectl, operations, theCluster, theToolchain } from "../helpers/engine";
import { runStack, type Operation, type StackRun } from "../../sandbox/engine/stack";
import { ROOT } from "../../sandbox/paths";
import { COMPONENT_TYPES } from "../../budget/summaries";

/** Runs the platform itself with a shipped stack file, changed by the test. */
async function run(
  operation: Operation,
  stack: string,
  change: (text: string) => string = (text) => text,
): Promise<StackRun> {
  const directory = join(SCRATCH, "platform");
  mkdirSync(directory, { recursive: true });
  const runtime = { name: "nodejs", options: { typescript: true } };
  const main = relative(directory, ROOT);
  writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify({ name: "retrofitlink", runtime, main }));
  const text = readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
  const changed = change(text);
  assert.ok(change("x") === "x" || changed !== text, "the change hit nothing");
  writeFileSync(join(directory, `Pulumi.${stack}.yaml`), changed);
  const { pulumi } = await theToolchain();
  const { kubeconfig } = await theCluster();
  return await runStack({
    operation,
    stack,
    projectDirectory: directory,
    pulumi: pulumi.path,
    kubeconfig,
    policyPacks: [join(ROOT, "policies")],
  });
}

const mandatory = (result: StackRun): string[] =>
  result.policyEvents
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message);

describe("platform on the real engine", function () {
  this.timeout(180_000);

  for (const stack of ["production", "staging"]) {
    it(`previews ${stack} with every policy kept`, async () => {
      const result = await run("preview", stack);
      assert.deepEqual([result.errors, result.policyEvents, result.succeeded], [[], [], true]);
      const components = result.resources
        .filter(({ type }) => type.startsWith("retrofitlink:"))
        .map(({ name }) => name);
      assert.deepEqual(components.sort(), [
        "backend",
        "matching",
        "nginx-load-balancer",
        "platform",
        "redis-cache",
        "redis-session",
      ]);
    });
  }

  it("exits with the key of the stack file when a policy is broken", async () => {
    const result = await run("preview", "production", (text) =>
      text.replace("peakRps: 1200", "peakRps: 900"),
    );
    assert.equal(result.succeeded, false);
    const [message = "", ...more] = mandatory(result);
    assert.deepEqual(more, []);
    assert.match(
      message,
      /900 requests\/s planned >= 1000 requests\/s promised does not hold\s+change: retrofitlink:services\.backend\.demand\.peakRps/,
    );
  });

  it("reports every mistake of the stack file, without a stack trace", async () => {
    const result = await run("preview", "production", (text) =>
      text
        .replace("peakRps: 1200", "peakRps: many")
        .replace("zones: 3", "zones: 30")
        .replace("proxy: nginx", "proxi: nginx"),
    );
    const report = result.errors.join("\n");
    assert.match(report, /has 3 mistakes:/);
    for (const key of ["services.backend.demand.peakRps", "cluster.zones", "loadBalancer.proxi"]) {
      assert.ok(report.includes(`retrofitlink:${key}\n`), key);
    }
    assert.match(report, /Did you mean "proxy"\?/);
    assert.doesNotMatch(report, /\n\s+at /);
  });

  for (const proxy of ["nginx", "haproxy"]) {
    it(`previews ${proxy} with a certificate of cert-manager and every kind of route`, async () => {
      const result = await run("preview", "local", (text) =>
        // Without the database: another spec is about that.
        text
          .replace(/ {6}database:\n( {8}.*\n)+/, "")
          .replace(
            / {2}retrofitlink:database:[^]*proxy: nginx[^]*$/,
            [
              "  retrofitlink:loadBalancer:",
              `    proxy: ${proxy}`,
              "    service: backend",
              "    clientConnections: 100",
              "    cpuCores: 0.5",
              "    hosts: [app.example.org]",
              "    tls: { issuer: { name: letsencrypt }, hosts: [app.example.org] }",
              "    routes:",
              "      - { path: /socket.io/, kind: websocket }",
              "      - { path: /events, kind: sse }",
              "      - { path: /retrofitlink.Quotes, kind: grpc, port: 50051 }",
              "",
            ].join("\n"),
          ),
      );
      assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
      const certificate = result.resources.find(({ type }) => type.endsWith(":Certificate"));
      assert.equal(certificate?.name, `${proxy}-load-balancer-certificate`);
    });
  }

  it("warns about a choice from which nothing is built yet", async () => {
    const result = await run(
      "preview",
      "local",
      (text) => `${text}\n  retrofitlink:cdn:\n    provider: cloudfront\n`,
    );
    assert.ok(result.warnings.some((warning) => warning.includes("retrofitlink:cdn: no CDN is built yet")));
  });

  it("comes up, stays as it is, takes a change, and goes without a rest", async () => {
    const first = await run("up", "local");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const names = await kubectl("get", "deployments,statefulsets", "-n", "retrofitlink", "-o", "name");
    assert.deepEqual(names.trim().split("\n").sort(), [
      "deployment.apps/backend",
      "deployment.apps/nginx-load-balancer",
      "deployment.apps/redis-cache",
      "statefulset.apps/redis-session",
    ]);
    const replicas = await kubectl(
      "get",
      "hpa/backend",
      "-n",
      "retrofitlink",
      "-o",
      "jsonpath={.spec.minReplicas} {.spec.maxReplicas}",
    );
    const summary = first.resources.find(({ type }) => type === COMPONENT_TYPES.elasticService)?.inputs;
    const { min, max } = summary?.["replicas"] as { min: number; max: number };
    assert.equal(replicas, `${min} ${max}`);

    const second = await run("up", "local");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));

    const third = await run("up", "local", (text) => text.replace("backend:1.4.2", "backend:1.4.3"));
    assert.deepEqual(
      operations(third).filter((line) => !line.startsWith("same")),
      ["update backend-deployment"],
    );

    const fourth = await run("up", "local", (text) =>
      text.replace("workingSetMiB: 64", "workingSetMiB: 96").replace("backend:1.4.2", "backend:1.4.3"),
    );
    assert.deepEqual(
      operations(fourth).filter((line) => line.startsWith("update redis")),
      ["update redis-cache", "update redis-cache-config", "update redis-cache-deployment"],
    );

    const gone = await run("destroy", "local");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    assert.equal(
      await kubectl("get", "deployments,statefulsets,configmaps,secrets", "-n", "retrofitlink", "-o", "name"),
      "",
    );
  });

  it("keeps every password out of what it reports", async () => {
    const result = await run("preview", "local");
    const secret = result.resources.find(({ name }) => name === "redis-cache-credentials");
    assert.equal(secret?.inputs["stringData"], "[secret]");
  });
});
