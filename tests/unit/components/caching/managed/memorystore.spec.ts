import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import {
  Memorystore,
  memorystoreArgsIssues,
  type MemorystoreArgs,
} from "../../../../../components/caching/managed/memorystore";
import type { ManagedCacheSummary } from "../../../../../budget/caching/summary";
import { text } from "../../../../../budget/core/derived";
import { pathText, type Issue } from "../../../../../budget/core/issues";
import { contradictions } from "../../../../helpers/contradictions";
import { record, type Recording } from "../../../../helpers/pulumi";

const line = ({ path, got, allowed, fix }: Issue): string =>
  `${pathText(path)}: got ${got}; allowed is ${allowed}. ${fix}`;

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
    const recording = await build();
    const { numbers, order } = recording.only("retrofitlink:caching:Memorystore")
      .inputs as unknown as ManagedCacheSummary;
    assert.deepEqual(
      order.map((field) => `${numbers[field]?.name} ${text(numbers[field]!)}`),
      [
        "Connections 160 connections",
        "Connections to admit 224 connections",
        "maxclients 65,000 connections",
        // 2048 / 0.8 + 16
        "Memory needed 2,576 MiB",
        "Nodes 2 nodes",
        "Node STANDARD_HA 4 GiB",
        "Memory of a node 4,096 MiB",
        "Kept free 20 %",
        // 4 GiB less a fifth
        "Memory for keys and buffers 3,276 MiB",
        "When it is full allkeys-lfu",
      ],
    );
    assert.deepEqual(contradictions(recording), []);
  });

  it("needs a purpose and a working set, and asks for a network that can be found", async () => {
    const alone = { purpose: "cache", workingSetMiB: 512 } as const;
    const networkOf = async (args: Partial<MemorystoreArgs>): Promise<unknown> => {
      const recording = await record(() => new Memorystore("cache", { ...alone, ...args }), { outputs });
      assert.deepEqual(contradictions(recording), []);
      return recording.only(INSTANCE).inputs["authorizedNetwork"];
    };
    const id = "projects/p/global/networks/main";
    assert.equal(await networkOf({}), undefined);
    assert.equal(await networkOf({ network: id }), id);
    assert.equal(await networkOf({ network: pulumi.output("main"), project: pulumi.output("p") }), id);
    assert.deepEqual(memorystoreArgsIssues("cache", { ...alone, network: "main" }).map(line), [
      'network: got "main"; allowed is the id of a network, projects/<project>/global/networks/<name>, or a name with project. Give the id, or the project that the network is in.',
    ]);
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
    assert.deepEqual(memorystoreArgsIssues(name, cache), []);
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

describe("memorystoreArgsIssues", () => {
  const texts = (change: Partial<MemorystoreArgs>, name = "redis-cache"): string[] =>
    memorystoreArgsIssues(name, { ...cache, ...change }).map(line);

  it("finds nothing wrong with the example", () => {
    assert.deepEqual(texts({}), []);
  });

  it("names every mistake", () => {
    assert.deepEqual(texts({ workingSetMiB: 0, users: [{ ...backend, poolSize: 0 }] }, "Redis"), [
      "workingSetMiB: got 0; allowed is a number above 0 and at most 1,048,576 (MiB). Give the size of what has to stay in memory for the hit rate.",
      "users[0].poolSize: got 0; allowed is a whole number from 1 to 100,000 (connections). Give the connections that one process keeps.",
      'name: got "Redis"; allowed is a DNS label of at most 32 characters, without two hyphens in a row. Rename the cache; the provider allows no more.',
    ]);
    assert.deepEqual(texts({ workingSetMiB: 250_000 }), [
      "workingSetMiB: got 250000; allowed is a working set that fits into 300 GiB; this one needs 382. Divide the data among several caches.",
    ]);
  });
});
