import assert from "node:assert/strict";

import { parse } from "yaml";

import { ENGINE_TIMEOUT_MS, kubectl, operations, theClient } from "../helpers/engine";
import { runPlatform } from "../helpers/platform";
import type { StackRun } from "../../engine/stack";
import type { KubernetesObject } from "../../sandbox/cluster/kubernetes-client";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { MongoDbSummary } from "../../budget/database/summary";

interface Live {
  readonly metadata: { readonly finalizers?: readonly string[] };
  readonly spec: {
    readonly replsets: readonly {
      readonly name: string;
      readonly size: number;
      readonly nonvoting: { readonly enabled: boolean; readonly size: number };
      readonly configuration: string;
    }[];
    readonly sharding: { readonly mongos: { readonly size: number } };
    readonly unsafeFlags?: unknown;
  };
}

async function live<T>(kind: string, name: string): Promise<T> {
  return JSON.parse(await kubectl("get", kind, name, "-n", "retrofitlink", "-o", "json")) as T;
}

describe("the local stack through its life, on the real engine and API server", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  let first: StackRun;
  let isGone = false;

  before(async () => {
    first = await runPlatform("up", "local");
  });

  // The stack of the next spec has the same name.
  after(async () => {
    if (!isGone) await runPlatform("destroy", "local");
  });

  it("comes up without a password in what it reports, between the bounds that were derived", async () => {
    assert.deepEqual([first.errors, first.policyEvents, first.succeeded], [[], [], true]);
    const secret = first.resources.find(({ name }) => name === "redis-cache-credentials");
    assert.equal(secret?.inputs["stringData"], "[secret]");
    const names = await kubectl("get", "deployments,statefulsets", "-n", "retrofitlink", "-o", "name");
    assert.deepEqual(names.trim().split("\n").sort(), [
      "deployment.apps/backend",
      "deployment.apps/nginx-load-balancer",
      "deployment.apps/redis-cache",
      "statefulset.apps/redis-session",
    ]);
    const bounds = "jsonpath={.spec.minReplicas} {.spec.maxReplicas}";
    const replicas = await kubectl("get", "hpa/backend", "-n", "retrofitlink", "-o", bounds);
    const summary = first.resources.find(({ type }) => type === COMPONENT_TYPES.elasticService)?.inputs;
    const { min, max } = summary?.["replicas"] as { min: number; max: number };
    assert.equal(replicas, `${min} ${max}`);
  });

  it("has the custom resource of the database as it was derived, and no password of it shown", async () => {
    const summary = first.resources.find(({ type }) => type === COMPONENT_TYPES.mongoDbCluster)
      ?.inputs as unknown as MongoDbSummary;
    for (const name of ["mongodb-users", "mongodb-application"]) {
      const secret = first.resources.find((resource) => resource.name === name);
      assert.equal(secret?.inputs["stringData"], "[secret]", name);
    }

    const { metadata, spec } = await live<Live>("psmdb", "mongodb");
    assert.deepEqual(metadata.finalizers, ["percona.com/delete-psmdb-pods-in-order"]);
    assert.deepEqual(
      spec.replsets.map(({ name, size, nonvoting }) => [name, size, nonvoting.enabled, nonvoting.size]),
      [
        ["optimized", 3, true, 1],
        ["shard-2", 3, true, 1],
      ],
    );
    assert.equal(spec.sharding.mongos.size, summary.numbers.routers.value);
    assert.equal(spec.unsafeFlags, undefined);
    const { net, operationProfiling } = parse(spec.replsets[0]?.configuration ?? "") as {
      net: { maxIncomingConnections: number };
      operationProfiling: unknown;
    };
    assert.equal(net.maxIncomingConnections, summary.numbers.memberConnections.value);
    // Outside production and staging every operation is written down.
    assert.deepEqual(operationProfiling, { mode: "all", slowOpThresholdMs: 100 });
  });

  it("applies the data model by a Job that reads the script and the connection string", async () => {
    const names = await kubectl("get", "jobs", "-n", "retrofitlink", "-o", "name");
    assert.match(names, /^job\.batch\/mongodb-data-model-job-[0-9a-f]{8}\n$/);
    const { data } = await live<{ data: Record<string, string> }>("configmap", "mongodb-data-model-config");
    assert.deepEqual(Object.keys(data).sort(), [
      "apply-data-model.js",
      "apply-data-model.sh",
      "data-model.json",
    ]);
    const { data: secret } = await live<{ data: Record<string, string> }>("secret", "mongodb-application");
    const uri = Buffer.from(secret["data-model-uri"] ?? "", "base64").toString();
    assert.match(
      uri,
      /^mongodb:\/\/data-model:[A-Za-z0-9]{40}@mongodb-mongos-0\.retrofitlink\.svc\.cluster\.local:27017,.*&tls=true&tlsCAFile=\/etc\/mongodb-tls\/ca\.crt$/,
    );
  });

  it("tells the service its pool, its read replicas and where the connection string is", async () => {
    const { spec } = await live<{
      spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
    }>("deployment", "backend");
    const env = spec.template.spec.containers[0]?.env ?? [];
    const named = (name: string): unknown => env.find((variable) => variable.name === name);
    assert.deepEqual(named("MONGODB_URI"), {
      name: "MONGODB_URI",
      valueFrom: { secretKeyRef: { name: "mongodb-application", key: "uri" } },
    });
    assert.deepEqual(named("MONGODB_READ_REPLICA_TAGS"), {
      name: "MONGODB_READ_REPLICA_TAGS",
      value: "nonVoting:true",
    });
    assert.match(String(env.find(({ name }) => name === "MONGODB_MAX_POOL_SIZE")?.value), /^\d+$/);
  });

  it("stays as it is, and takes another image, read replica and working set as so many changes", async () => {
    const second = await runPlatform("up", "local");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));

    const third = await runPlatform("up", "local", (text) =>
      text
        .replace("readReplicas: 1", "readReplicas: 2")
        .replace("backend:1.4.2", "backend:1.4.3")
        .replace("workingSetMiB: 64", "workingSetMiB: 96"),
    );
    assert.deepEqual(third.errors, []);
    assert.deepEqual(
      operations(third).filter((line) => !line.startsWith("same")),
      [
        // Its proof: a larger cache takes longer to fill again.
        "update backend",
        "update backend-deployment",
        "update mongodb",
        "update mongodb-cluster",
        "update redis-cache",
        "update redis-cache-config",
        "update redis-cache-deployment",
      ],
    );
    const { spec } = await live<Live>("psmdb", "mongodb");
    assert.equal(spec.replsets[0]?.nonvoting.size, 2);
  });

  it("is judged by the operator's own definition, down to the fields of read replicas", async () => {
    const { apiVersion, kind, metadata, spec } = await live<KubernetesObject & { spec: Live["spec"] }>(
      "psmdb",
      "mongodb",
    );
    const [first] = spec.replsets;
    const wrong = { ...spec, replsets: [{ ...first, nonvoting: { ...first?.nonvoting, votes: 1 } }] };
    const { name, namespace } = metadata;
    const client = await theClient();
    const applied = client.apply(
      { apiVersion, kind, metadata: { name, namespace }, spec: wrong },
      { fieldManager: "test", force: true, dryRun: true },
    );
    await assert.rejects(applied, /spec\.replsets\[0\]\.nonvoting\.votes: field not declared in schema/);
    client.close();
  });

  it("goes without a rest, although no operator removes its finalizer", async () => {
    const gone = await runPlatform("destroy", "local");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    isGone = true;
    const kinds = "psmdb,jobs,deployments,statefulsets,configmaps,secrets";
    assert.equal(await kubectl("get", kinds, "-n", "retrofitlink", "-o", "name"), "");
  });
});
