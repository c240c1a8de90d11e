import assert from "node:assert/strict";

import type { RedisSummary } from "../../../../../budget/caching/summary";
import { contradictions } from "../../../../helpers/contradictions";
import { specOf, buildCache } from "./redis-fixture";

describe("Redis, as a cache with two replicas standing by", () => {
  const standby = { standby: true } as const;

  it("has the objects of a session store, and no volume that outlives a pod", async () => {
    const recording = await buildCache(standby);
    assert.deepEqual(
      recording.resources
        .filter(({ type }) => /StatefulSet|Deployment|Service$/.test(type))
        .map(({ name }) => name)
        .sort(),
      ["redis-cache-pods", "redis-cache-service", "redis-cache-statefulset"],
    );
    const spec = specOf(recording.only("kubernetes:apps/v1:StatefulSet"));
    assert.deepEqual([spec["replicas"], spec["volumeClaimTemplates"]], [3, undefined]);
    const volumes = spec.template.spec["volumes"] as { readonly name: string; readonly emptyDir?: object }[];
    assert.deepEqual(
      volumes.filter(({ emptyDir }) => emptyDir !== undefined),
      [{ name: "data", emptyDir: { sizeLimit: "16Mi" } }],
    );
    assert.deepEqual(contradictions(recording), []);
  });

  it("asks for the memory of the copies, and goes on without replicas", async () => {
    const recording = await buildCache(standby);
    const { numbers } = recording.only("retrofitlink:caching:Redis").inputs as unknown as RedisSummary;
    // maxmemory 720, fragmentation 72, copy on write 360, replica buffers 360, client buffers 16, process 64
    assert.deepEqual(
      [numbers.members.value, numbers.limit.value, numbers.eviction.value],
      [3, 1592, "allkeys-lfu"],
    );
    const { data } = recording.only("kubernetes:core/v1:ConfigMap").inputs as {
      data: Record<string, string>;
    };
    assert.match(data["redis.conf"] ?? "", /^appendonly no$/m);
    assert.match(data["redis.conf"] ?? "", /^repl-backlog-size 64mb$/m);
    assert.doesNotMatch(data["redis.conf"] ?? "", /min-replicas/);
  });

  it("lets nobody but the Sentinels move the primary", async () => {
    const outputs = (type: string, _: unknown, name: string): object =>
      type.endsWith(":RandomPassword") ? { result: `secret of ${name}` } : {};
    const recording = await buildCache(standby, { outputs });
    const { value } = recording.only("kubernetes:core/v1:Secret").inputs["stringData"] as {
      readonly value: Record<string, string>;
    };
    assert.match(value["users.conf"] ?? "", /^user default .* resetchannels /m);
    assert.match(value["users.conf"] ?? "", /^masteruser replica$/m);
  });
});
