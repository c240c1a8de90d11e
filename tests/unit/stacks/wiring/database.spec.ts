import assert from "node:assert/strict";

import { parseStackConfig, type StackConfig } from "../../../../stacks/stack-file/config";
import { createPlatform } from "../../../../stacks/platform";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import type { MongoDbSummary } from "../../../../budget/database/summary";
import type { ServiceSummary } from "../../../../budget/service/summary";
import { shippedConfig } from "../../../helpers/preview";
import { only } from "../../../helpers/stack-file";
import { record, type Recording } from "../../../helpers/pulumi";
import { TODAY, mistakesOf } from "../sound-stack";

const base = (): Record<string, any> => ({
  environment: "test",
  cluster: { cloud: "local", zones: 1 },
  services: {
    backend: {
      image: "registry.example.com/backend:1.0.0",
      demand: { baseRps: 10, peakRps: 20, growthPerMinute: 0.1 },
      profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 5 },
      resources: { cpuCores: 1, memoryMiB: 512 },
      database: { queriesPerRequest: 2, querySeconds: 0.005 },
    },
  },
  database: { kind: "percona", shards: 1, dataGiB: 10, workingSetGiB: 1, cpuCores: 1 },
});

function mistakes(change: (config: Record<string, any>) => void): string[] {
  const config = base();
  change(config);
  return mistakesOf(config);
}

function accepted(change: (config: Record<string, any>) => void = () => undefined): StackConfig {
  const input = base();
  change(input);
  const { config, problems } = parseStackConfig(input, TODAY);
  assert.deepEqual(problems, []);
  assert.ok(config !== undefined);
  return config;
}

describe("database of a stack file", () => {
  it("fills in the documented defaults", () => {
    assert.deepEqual(accepted().database, {
      kind: "percona",
      shards: 1,
      readReplicas: 0,
      dataGiB: 10,
      workingSetGiB: 1,
      passwordGeneration: 1,
      allowDrops: false,
      cpuCores: 1,
      routers: { cpuCores: 1, queriesPerCore: 2000 },
      backup: { retentionDays: 7 },
    });
  });

  for (const [change, text] of [
    [
      (config: Record<string, any>) => (config["database"].kind = "mysql"),
      /^retrofitlink:database\.kind: got "mysql"; allowed is .*"percona".*Choose the database/,
    ],
    [
      (config: Record<string, any>) => (config["database"].shards = 0),
      /^retrofitlink:database\.shards: got 0; allowed is a whole number from 1 to 100\. Count the replica sets/,
    ],
    [
      (config: Record<string, any>) => (config["database"].readReplicas = 48),
      /^retrofitlink:database\.readReplicas: got 48; allowed is a whole number from 0 to 47\./,
    ],
    [
      (config: Record<string, any>) => (config["database"].profilerLevel = 3),
      /^retrofitlink:database\.profilerLevel: got 3; allowed is 0, 1 or 2\. 0 profiles nothing/,
    ],
    [
      (config: Record<string, any>) => (config["database"].backup = { retentionDays: 0 }),
      /^retrofitlink:database\.backup\.retentionDays: got 0; allowed is a whole number from 1 to 365 \(days\)\./,
    ],
    [
      (config: Record<string, any>) => (config["database"].workingSetGiB = 11),
      /^retrofitlink:database\.workingSetGiB: got 11; allowed is at most dataGiB, 10 \(GiB\)\. The working set is a part of the data\.$/,
    ],
    [
      (config: Record<string, any>) =>
        (config["services"].backend.database = { queriesPerRequest: 0.1, querySeconds: 0.06 }),
      /^retrofitlink:services\.backend\.database\.querySeconds: got 0\.06; allowed is at most 0\.05 \(seconds\), the budget's query time\. Make the queries cheaper, or loosen databaseQuerySeconds of the budget\.$/,
    ],
    [
      (config: Record<string, any>) => delete config["database"],
      /^retrofitlink:services\.backend\.database: got a map; allowed is nothing, for the stack has no database\. Add retrofitlink:database, or remove the key\.$/,
    ],
    [
      (config: Record<string, any>) => (config["database"].replicas = 3),
      /^retrofitlink:database\.replicas: got 3; allowed is one of kind, shards, readReplicas, /,
    ],
  ] as const) {
    it(`says: ${text.source.slice(1, 90).replaceAll("\\", "")}…`, () => {
      const found = mistakes((config) => {
        change(config);
      });
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", text);
    });
  }

  it("does not say that a database is missing which has a mistake of its own", () => {
    const found = mistakes((config) => {
      config["database"].shards = 0;
      config["database"].dataGiB = -1;
    });
    assert.deepEqual(
      found.map((line) => line.split(":")[1]?.trim()),
      ["database.shards", "database.dataGiB"],
    );
  });
});

describe("database of a platform", () => {
  const build = (config: StackConfig): Promise<Recording> => record(() => createPlatform(config));
  const summaryOf = (recording: Recording): MongoDbSummary =>
    recording.only(COMPONENT_TYPES.mongoDbCluster).inputs as unknown as MongoDbSummary;

  it("is sized by the services that use it, and gives them the pools it was sized for", async () => {
    const recording = await build(shippedConfig("production", only("caches", "database")));
    const summary = summaryOf(recording);
    const services = recording
      .ofType(COMPONENT_TYPES.elasticService)
      .map(({ inputs }) => inputs as unknown as ServiceSummary);
    const open = services
      .filter(({ databasePool }) => databasePool > 0)
      .reduce(
        // Each pod and the one that it replaces: a drain is longer than a rollout.
        (sum, { replicas, processesPerPod, databasePool }) =>
          sum + 2 * replicas.max * processesPerPod * (databasePool + 2),
        0,
      );
    assert.equal(summary.numbers.clients.value, open);
    assert.equal(summary.numbers.peakQueries.value, 1200 * 1.5);
    assert.equal(summary.numbers.slow.value, 0.1);
  });

  it("profiles by environment, unless the file says how", async () => {
    const levelOf = async (config: StackConfig): Promise<number> =>
      summaryOf(await build(config)).profilerLevel;
    assert.equal(await levelOf(shippedConfig("production", only("caches", "database"))), 1);
    assert.equal(await levelOf(shippedConfig("staging", only("caches", "database"))), 1);
    assert.equal(await levelOf(accepted()), 2);
    assert.equal(await levelOf(accepted((config) => (config["database"].profilerLevel = 0))), 0);
  });

  it("backs up to a bucket of the cluster's cloud, and not on a machine of one's own", async () => {
    const production = await build(shippedConfig("production", only("caches", "database")));
    const bucket = production.only(COMPONENT_TYPES.backupBucket).inputs;
    assert.deepEqual([bucket["cloud"], bucket["retentionDays"]], ["aws", 30]);
    assert.equal(summaryOf(production).numbers.backups.value, 30);
    const local = await build(accepted());
    assert.deepEqual(local.ofType(COMPONENT_TYPES.backupBucket), []);
    assert.equal(summaryOf(local).numbers.backups.value, 0);
  });

  it("lets the data-model Job drop only when the file says so", async () => {
    const modelOf = async (config: StackConfig): Promise<{ allowDrops: boolean; sharded: boolean }> => {
      const [found] = (await build(config)).resources.filter(
        ({ name }) => name === "mongodb-data-model-config",
      );
      return JSON.parse((found?.inputs["data"] as Record<string, string>)["data-model.json"] ?? "") as {
        allowDrops: boolean;
        sharded: boolean;
      };
    };
    assert.equal((await modelOf(accepted())).allowDrops, false);
    assert.equal(
      (await modelOf(accepted((config) => (config["database"].allowDrops = true)))).allowDrops,
      true,
    );
    assert.equal((await modelOf(accepted())).sharded, true);
  });

  it("is not there when the file has none", async () => {
    const config = accepted((input) => {
      delete input["database"];
      delete input["services"].backend.database;
    });
    const types = (await build(config)).typesAndNames().join("\n");
    assert.doesNotMatch(types, /mongodb|psmdb/i);
  });
});
