import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import {
  Memorystore,
  memorystoreProblems,
  type MemorystoreArgs,
} from "../../../../../components/caching/managed/memorystore";
import { describeProblem } from "../../../../../components/shared/problems";
import { record, type Recording } from "../../../../helpers/pulumi";

const backend = { service: "backend", maxReplicas: 10, maxSurge: 0.25, processesPerPod: 1, poolSize: 8 };

const cache: MemorystoreArgs = {
  configKey: "retrofitlink:caches.redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  workingSetMiB: 2048,
  users: [backend],
  project: "example-project",
  region: "europe-west3",
  network: "main",
};

const INSTANCE = "gcp:redis/instance:Instance";

/** What the provider adds once the instance is there. */
const outputs = {
  [INSTANCE]: {
    host: "10.1.2.3",
    authString: "generated",
    serverCaCerts: [{ cert: "one\n" }, { cert: "two\n" }],
  },
};

function build(change: Partial<MemorystoreArgs> = {}, options = {}): Promise<Recording> {
  return record(() => new Memorystore("redis-cache", { ...cache, ...change }), { outputs, ...options });
}

describe("Memorystore", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const expected = [
      `${INSTANCE} redis-cache`,
      "kubernetes:core/v1:Secret redis-cache-credentials",
      "retrofitlink:caching:Memorystore redis-cache",
    ];
    assert.deepEqual((await build()).typesAndNames(), expected);
    assert.deepEqual((await build({}, { preview: true, outputs: {} })).typesAndNames(), expected);
  });

  it("tells policies what it was derived from", async () => {
    assert.deepEqual((await build()).only("retrofitlink:caching:Memorystore").inputs, {
      kind: "memorystore",
      configKey: "retrofitlink:caches.redis-cache",
      workload: "redis-cache",
      namespace: "retrofitlink",
      purpose: "cache",
      workingSetMiB: 2048,
      replicas: 1,
      // 4 GiB less a fifth
      maxMemoryMiB: 3276,
      expectedClients: 104,
      maxClients: 65_000,
      evictionPolicy: "allkeys-lfu",
      persistent: false,
      nodeType: "STANDARD_HA 4 GiB",
      nodeMemoryMiB: 4096,
      reservedShare: 0.2,
      // 2048 / 0.8 + 16
      neededMemoryMiB: 2576,
    });
  });

  it("stands in two zones, with TLS, a password and a private address", async () => {
    const { inputs } = (await build()).only(INSTANCE);
    const { tier, authEnabled, transitEncryptionMode, connectMode, authorizedNetwork } = inputs;
    assert.deepEqual(
      { tier, authEnabled, transitEncryptionMode, connectMode, authorizedNetwork },
      {
        tier: "STANDARD_HA",
        authEnabled: true,
        transitEncryptionMode: "SERVER_AUTHENTICATION",
        connectMode: "PRIVATE_SERVICE_ACCESS",
        authorizedNetwork: "projects/example-project/global/networks/main",
      },
    );
    assert.equal(inputs["memorySizeGb"], 4);
    const { "maxmemory-policy": policy, "maxmemory-gb": gb } = inputs["redisConfigs"] as Record<
      string,
      string
    >;
    assert.deepEqual([policy, gb], ["allkeys-lfu", "3.2"]);
    assert.deepEqual(inputs["persistenceConfig"], { persistenceMode: "DISABLED" });
    assert.deepEqual(inputs["maintenancePolicy"], {
      weeklyMaintenanceWindows: [
        { day: "SUNDAY", startTime: { hours: 3, minutes: 0, seconds: 0, nanos: 0 } },
      ],
    });
  });

  it("evicts no session, keeps snapshots of them, and is not deleted by mistake", async () => {
    const { inputs } = (await build({ purpose: "session" })).only(INSTANCE);
    const { "maxmemory-policy": policy } = inputs["redisConfigs"] as Record<string, string>;
    assert.equal(policy, "noeviction");
    assert.deepEqual(inputs["persistenceConfig"], {
      persistenceMode: "RDB",
      rdbSnapshotPeriod: "ONE_HOUR",
    });
    // It could not be turned off from the stack file; Pulumi's own protection can.
    assert.equal(inputs["deletionProtection"], false);
    let kept: boolean | undefined;
    await record(
      () =>
        new Memorystore(
          "sessions",
          { ...cache, purpose: "session" },
          { transformations: [({ type, opts }) => void (type === INSTANCE && (kept = opts.protect))] },
        ),
      { outputs },
    );
    assert.equal(kept, true);
  });

  it("fits Google's 40 characters with the 8 that the provider adds, at its longest", async () => {
    const name = "a".repeat(32);
    assert.deepEqual(memorystoreProblems(name, cache), []);
    const { resources } = await record(() => new Memorystore(name, cache), { outputs });
    const instance = resources.find(({ type }) => type === INSTANCE);
    assert.equal(`${instance?.name ?? ""}-1a2b3c4`.length, 40);
  });

  it("lets every child be transformed, under its name", async () => {
    const seen: string[] = [];
    const look = (_: object, _opts: object, childName: string): void => void seen.push(childName);
    await build({ transform: { instance: look, credentials: look } });
    assert.deepEqual(seen.sort(), ["redis-cache", "redis-cache-credentials"]);
  });

  it("passes the password on as a secret", async () => {
    const { inputs } = (await build()).only("kubernetes:core/v1:Secret");
    const data = inputs["stringData"] as Record<string, unknown>;
    assert.ok("4dabf18193072939515e22adb298388d" in data, JSON.stringify(data));
  });

  it("tells services its address, to use TLS, and whom to trust", async () => {
    let made: Memorystore | undefined;
    await record(
      () => {
        made = new Memorystore("redis-cache", cache);
      },
      { outputs },
    );
    assert.ok(made);
    const { endpoint } = made;
    assert.deepEqual([endpoint.port, endpoint.tls, endpoint.sentinel], [6378, true, undefined]);
    const [host, authority] = await new Promise<unknown[]>((resolve) => {
      pulumi.all([endpoint.host, endpoint.authority]).apply(resolve);
    });
    assert.deepEqual([host, authority], ["10.1.2.3", "one\ntwo"]);
  });
});

describe("memorystoreProblems", () => {
  const texts = (change: Partial<MemorystoreArgs>, name = "redis-cache"): string[] =>
    memorystoreProblems(name, { ...cache, ...change }).map((one) => describeProblem(one));

  it("finds nothing wrong with the example", () => {
    assert.deepEqual(texts({}), []);
  });

  it("names every mistake", () => {
    assert.deepEqual(texts({ workingSetMiB: 0, users: [{ ...backend, poolSize: 0 }] }, "Redis"), [
      'name: got "Redis"; allowed is a DNS label of at most 32 characters, without two hyphens in a row. Rename the cache; the provider allows no more.',
      "workingSetMiB: got 0; allowed is a number above 0 (MiB). Give what a load test measured.",
      "users[0].poolSize: got 0; allowed is a whole number of at least 1. Correct the plan of backend.",
    ]);
    assert.deepEqual(texts({ workingSetMiB: 250_000 }), [
      "workingSetMiB: got 250000; allowed is a working set that fits into 300 GiB; this one needs 382. Divide the data among several caches.",
    ]);
  });
});
