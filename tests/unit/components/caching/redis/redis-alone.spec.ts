import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import { Redis } from "../../../../../components/caching/redis/redis";
import { contradictions } from "../../../../helpers/contradictions";
import { record } from "../../../../helpers/pulumi";
import { cache } from "./redis-fixture";

describe("Redis, given arguments that cannot work", () => {
  it("stops the component before anything is created, and names the key in the stack file", async () => {
    const recording = await record(() => {
      assert.throws(() => new Redis("redis-cache", { ...cache, memoryLimitMiB: 512 }), {
        message: `Redis "redis-cache" cannot be built:
  - retrofitlink:caches.redis-cache.memoryLimitMiB: got 512; allowed is at least 802 = maxmemory 656 + fragmentation 66 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 802.`,
      });
      assert.throws(() => new Redis("Redis", cache), /retrofitlink:caches\.redis-cache\.name: got "Redis"/);
    });
    assert.deepEqual(recording.typesAndNames(), []);
  });
});

describe("Redis, alone in a program", () => {
  it("needs a purpose and a working set, and has its children at hand", async () => {
    let made: Redis | undefined;
    const recording = await record(() => {
      made = new Redis("cache", { purpose: "cache", workingSetMiB: 512 });
    });
    assert.ok(made);
    assert.equal(made.plan.numbers.maxClients.value, 32);
    const { workload, config, credentials, service, networkPolicy, disruptionBudget, passwords, pods } = made;
    const names = await new Promise<unknown>((resolve) => {
      const children = [workload, config, credentials, service, networkPolicy];
      pulumi.all(children.map(({ metadata }) => metadata)).apply((all) => {
        resolve(all.map(({ namespace, name }) => `${namespace} ${name}`));
      });
    });
    assert.deepEqual(names, [
      "default cache",
      "default cache-config",
      "default cache-credentials",
      "default cache",
      "default cache",
    ]);
    assert.deepEqual([passwords.length, pods, disruptionBudget !== undefined], [4, undefined, true]);
    assert.deepEqual(contradictions(recording), []);
  });

  it("takes a namespace that is known later, a session store as well", async () => {
    const namespace = pulumi.output(Promise.resolve("later"));
    let made: Redis | undefined;
    const recording = await record(() => {
      made = new Redis("sessions", { purpose: "session", workingSetMiB: 64, namespace });
    });
    const addresses = await new Promise<unknown>((resolve) => {
      pulumi.output(made?.endpoint.sentinel?.addresses).apply(resolve);
    });
    assert.match(String(addresses), /^sessions-0\.sessions-pods\.later\.svc:26379,/);
    assert.deepEqual(contradictions(recording), []);
  });

  it("names the property in its messages when nobody gave a key", async () => {
    await record(() => {
      assert.throws(
        () => new Redis("cache", { purpose: "cache", workingSetMiB: -1 }),
        /Redis "cache" cannot be built:\n {2}- workingSetMiB: got -1; allowed is a number above 0 and at most/,
      );
    });
  });
});
