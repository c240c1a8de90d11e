import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, kubectl, operations } from "../helpers/engine";
import { SECURITY_GROUPS, managedCaches } from "../helpers/managed-caches";
import { runPlatform } from "../helpers/platform";
import { edited, only, type StackFile } from "../helpers/stack-file";

/** The local stack without its database, as one of aws whose cache Amazon runs; the session store stays in the cluster. */
const beside = edited(
  only("caches", "loadBalancer"),
  (file) => {
    for (const service of Object.values<StackFile>(file["services"])) delete service["database"];
    file["cluster"] = {
      cloud: "aws",
      zones: 3,
      region: "eu-central-1",
      clusterName: "example",
      vpcId: "vpc-0a1b2c3d",
      subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e", "subnet-0a1b2c3f"],
    };
  },
  managedCaches("elasticache", SECURITY_GROUPS, "redis-cache"),
);

describe("a session store in the cluster beside a cache of Amazon", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("comes up with three members, stays as it is, and goes", async () => {
    const first = await runPlatform("up", "local", beside);
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const spec = await kubectl(
      "get",
      "statefulset/redis-session",
      "-n",
      "retrofitlink",
      "-o",
      "jsonpath={.spec.replicas} {.spec.podManagementPolicy} {.spec.serviceName} {.spec.template.spec.containers[*].name}",
    );
    assert.equal(spec, "3 OrderedReady redis-session-pods redis sentinel exporter");
    const env = await kubectl(
      "get",
      "deployment/backend",
      "-n",
      "retrofitlink",
      "-o",
      'jsonpath={range .spec.template.spec.containers[0].env[*]}{.name}={.value}{"\\n"}{end}',
    );
    const told = env.split("\n").filter((line) => /^REDIS_/.test(line));
    const member = (i: number): string => `redis-session-${i}.redis-session-pods.retrofitlink.svc:26379`;
    assert.ok(told.includes(`REDIS_SESSION_SENTINELS=${[0, 1, 2].map(member).join(",")}`), env);
    assert.ok(told.includes("REDIS_SESSION_SENTINEL_MASTER=redis-session"), env);
    assert.ok(told.includes("REDIS_CACHE_TLS=true"), env);
    assert.match(env, /^REDIS_CACHE_HOST=master\.redis-cache-.*\.cache\.amazonaws\.com$/m);

    const second = await runPlatform("up", "local", beside);
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));

    const gone = await runPlatform("destroy", "local", beside);
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
  });
});
