import assert from "node:assert/strict";

import type { ManagedCacheNumbers } from "../../budget/caching/plan-managed";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { StackResource, StackRun } from "../../engine/stack";
import { ENGINE_TIMEOUT_MS } from "../helpers/engine";
import { SECURITY_GROUPS, managedCaches } from "../helpers/managed-caches";
import { runPlatform } from "../helpers/platform";
import { edited, onGcp, type Change } from "../helpers/stack-file";

/** Both caches of production as others than those in the cluster. */
const both = (kind: string, more: object = {}): Change =>
  managedCaches(kind, more, "redis-cache", "redis-session");

const ofType = (run: StackRun, type: string): StackResource[] =>
  run.resources.filter((resource) => resource.type === type);

/** What is rented, how many of it, and what happens when it is full. */
function rented(inputs: StackResource["inputs"]): unknown[] {
  const { node, members, eviction } = inputs["numbers"] as ManagedCacheNumbers;
  return [node.value, members.value, eviction.value];
}

/** `NAME: value` of the variables of a service that begin with a prefix, secrets by where they are. */
function variables(run: StackRun, service: string, prefix: RegExp): string[] {
  const deployment = run.resources.find(({ name }) => name === `${service}-deployment`);
  const { template } = deployment?.inputs["spec"] as {
    template: { spec: { containers: { env: { name: string; value?: string }[] }[] } };
  };
  const env = template.spec.containers[0]?.env ?? [];
  return env
    .filter(({ name }) => prefix.test(name))
    .map(({ name, value }) => `${name}: ${value ?? "secret"}`);
}

describe("managed caches on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("preview production on aws with ElastiCache for both, and with every policy kept", async () => {
    const run = await runPlatform("preview", "production", edited(both("elasticache", SECURITY_GROUPS)));
    assert.deepEqual([run.errors, run.policyEvents, run.succeeded], [[], [], true]);
    const summaries = ofType(run, COMPONENT_TYPES.elastiCache).map(({ inputs }) => [
      inputs["workload"],
      ...rented(inputs),
    ]);
    assert.deepEqual(summaries.sort(), [
      ["redis-cache", "cache.m7g.large", 2, "allkeys-lfu"],
      ["redis-session", "cache.m7g.large", 3, "noeviction"],
    ]);
    assert.deepEqual(ofType(run, COMPONENT_TYPES.redis), []);
    assert.equal(ofType(run, "aws:elasticache/replicationGroup:ReplicationGroup").length, 2);
    for (const { inputs } of ofType(run, "aws:elasticache/replicationGroup:ReplicationGroup")) {
      assert.equal(inputs["authToken"], "[secret]");
    }
    const told = variables(run, "backend", /^REDIS_SESSION_/);
    assert.ok(told.includes("REDIS_SESSION_TLS: true"), told.join("\n"));
    assert.ok(told.includes("REDIS_SESSION_PASSWORD: secret"), told.join("\n"));
    assert.ok(!told.some((line) => line.includes("SENTINEL")), told.join("\n"));
  });

  it("preview production on gcp with Memorystore for both, and with every policy kept", async () => {
    const run = await runPlatform("preview", "production", edited(onGcp, both("memorystore")));
    assert.deepEqual([run.errors, run.succeeded], [[], true]);
    // The address of the load balancer is in nginx.conf, and known after the deployment only.
    assert.deepEqual(
      run.policyEvents.map(({ policyName, resourceUrn = "" }) => [policyName, resourceUrn.split("::").pop()]),
      [["not-provable", "nginx-load-balancer-config"]],
    );
    assert.deepEqual(
      ofType(run, COMPONENT_TYPES.memorystore)
        .map(({ inputs }) => [inputs["workload"], ...rented(inputs)])
        .sort(),
      [
        ["redis-cache", "STANDARD_HA 4 GiB", 2, "allkeys-lfu"],
        ["redis-session", "STANDARD_HA 1 GiB", 2, "noeviction"],
      ],
    );
    assert.ok(variables(run, "backend", /./).includes("NODE_EXTRA_CA_CERTS: /etc/cache-authorities/ca.crt"));
    assert.equal(
      ofType(run, "kubernetes:core/v1:Secret").filter(({ name }) => name === "cache-authorities").length,
      1,
    );
  });

  it("refuse a cloud that does not have them, with the key of the stack file", async () => {
    const run = await runPlatform("preview", "production", edited(both("memorystore")));
    assert.equal(run.succeeded, false);
    assert.match(
      run.errors.join("\n"),
      /retrofitlink:caches\.redis-session\.kind\n(.*\n)*.*"in-cluster" or "elasticache" on aws/,
    );
    assert.doesNotMatch(run.errors.join("\n"), /\n\s+at /);
  });
});
