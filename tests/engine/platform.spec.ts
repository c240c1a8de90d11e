import assert from "node:assert/strict";

import { parse } from "yaml";

import { ENGINE_TIMEOUT_MS, kubectl, operations } from "../helpers/engine";
import { runPlatform as run } from "../helpers/platform";
import { edited, only } from "../helpers/stack-file";
import { twoPublic } from "../helpers/recorded-stack";
import type { StackRun } from "../../engine/stack";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { AtlasSummary } from "../../budget/database/summary";

const mandatory = (result: StackRun): string[] =>
  result.policyEvents
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message);

/** Keys of a database by Atlas, by cloud. */
const ATLAS_COMMON = `    kind: atlas
    projectId: 0123456789abcdef01234567
    shards: 2
    readReplicas: 1
    dataGiB: 400
    workingSetGiB: 24
    queriesPerCore: 400
`;
const ATLAS: Readonly<Record<string, string>> = {
  aws: `${ATLAS_COMMON}    clientCidrs: [10.0.0.0/16]\n`,
  gcp: ATLAS_COMMON,
};
const ATLAS_CLUSTERS: Readonly<Record<string, string>> = {
  aws: `    cloud: aws
    region: eu-central-1
    zones: 3
    clusterName: retrofitlink-production
    vpcId: vpc-0a1b2c3d4e5f60718
    subnetIds: [subnet-0a1b2c3d4e5f60711, subnet-0a1b2c3d4e5f60712, subnet-0a1b2c3d4e5f60713]
`,
  gcp: `    cloud: gcp
    zones: 3
    project: retrofitlink-production
    region: europe-west1
    network: main
    subnetwork: nodes
`,
};

describe("platform on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  for (const stack of ["production", "staging"]) {
    it(`previews ${stack} with every policy kept`, async () => {
      const result = await run("preview", stack);
      assert.deepEqual([result.errors, result.policyEvents, result.succeeded], [[], [], true]);
      const components = result.resources
        .filter(({ type }) => type.startsWith("retrofitlink:") && !type.includes(":autoscaling:"))
        .map(({ name }) => name);
      assert.deepEqual(components.sort(), [
        "aws-load-balancer-controller",
        "backend",
        "cdn",
        "cdn-images",
        "matching",
        "mongodb",
        "mongodb-backup",
        "mongodb-data-model",
        "nginx-load-balancer",
        "origin-lock",
        "platform",
        "public-load-balancer",
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
    assert.match(
      mandatory(result).join("\n"),
      /900\/s planned ≥ 1,000\/s promised does not hold\s+change: retrofitlink:services\.backend\.demand\.peakRps/,
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

  it("previews two public services behind one proxy with every policy kept", async () => {
    const withoutDatabase = edited(only("loadBalancer", "caches"), twoPublic, (file) => {
      delete file["services"].backend.database;
    });
    const result = await run("preview", "local", withoutDatabase);
    assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
    assert.ok(result.resources.some(({ name }) => name === "matching-network-policy"));
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
      (text) => `${text}\n  retrofitlink:autoscaling:\n    kind: keda\n`,
    );
    assert.ok(
      result.warnings.some((warning) =>
        warning.includes("retrofitlink:autoscaling.kind: KEDA is not built yet"),
      ),
    );
  });

  for (const [cloud, cluster] of Object.entries(ATLAS_CLUSTERS)) {
    it(`previews production with a database by Atlas on ${cloud}`, async () => {
      const inAtlas = edited(only("caches", "database"), (file) => {
        file["cluster"] = parse(cluster) as unknown;
        file["database"] = parse(ATLAS[cloud] ?? "") as unknown;
        // No proxy is in front of it here, which would know of a lost zone at once.
        file["services"].backend.resilience = { zoneLossSeconds: 60 };
      });
      const result = await run("preview", "production", inAtlas);
      assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
      const atlas = result.resources.find(({ type }) => type === COMPONENT_TYPES.atlasCluster)?.inputs;
      const { numbers, cloud: on } = atlas as unknown as AtlasSummary;
      const { smallestTier, largestTier, nodes } = numbers;
      assert.deepEqual([smallestTier.value, largestTier.value, nodes.value, on], ["M60", "M80", 8, cloud]);
      const names = result.resources.map(({ type, name }) => `${type.split(":").pop() ?? ""} ${name}`);
      for (const name of ["AdvancedCluster mongodb-cluster", "DataModelJob mongodb-data-model"]) {
        assert.ok(names.includes(name), name);
      }
      assert.ok(!names.some((name) => /PerconaServerMongoDB|BackupBucket|IpAccessList/.test(name)));
      const backend = result.resources.find(({ name }) => name === "backend-deployment")?.inputs;
      const variables = JSON.stringify(backend);
      assert.match(variables, /"name":"MONGODB_READ_REPLICA_TAGS","value":"nodeType:READ_ONLY"/);
      assert.doesNotMatch(variables, /mongodb-tls/);
    });
  }

  it("refuses Atlas on a machine of one's own, with the key and without a stack trace", async () => {
    const local = await run("preview", "local", (text) =>
      text.replace(
        / {2}retrofitlink:database:\n( {4}.*\n)+|$/,
        `\n  retrofitlink:database:\n${ATLAS["gcp"] ?? ""}`,
      ),
    );
    assert.match(local.errors.join("\n"), /retrofitlink:database\.kind\n\s+got.*"atlas"/);
    assert.match(
      local.errors.join("\n"),
      /a private endpoint of that cloud leads to it: choose percona here/,
    );
    assert.doesNotMatch(local.errors.join("\n"), /\n\s+at /);
  });

  it("comes up without a password in what it reports, stays as it is, takes a change, and goes without a rest", async () => {
    const first = await run("up", "local");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const secret = first.resources.find(({ name }) => name === "redis-cache-credentials");
    assert.equal(secret?.inputs["stringData"], "[secret]");
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
});
