import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import {
  MongoDbCluster,
  mongoDbClusterIssues,
  type MongoDbClusterArgs,
} from "../../../../../components/database/mongodb/mongodb-cluster";
import { readPreference } from "../../../../../components/database/database-endpoint";
import { describeIssue } from "../../../../../components/shared/issues";
import { record } from "../../../../helpers/pulumi";
import { clusterArgs, s3Backup } from "../fixtures";

describe("what makes a MongoDbCluster impossible", () => {
  const texts = (change: Partial<MongoDbClusterArgs>): string[] =>
    mongoDbClusterIssues({ ...clusterArgs, ...change }).map((problem) =>
      describeIssue(problem, clusterArgs.configKey),
    );

  it("is nothing in a sound one", () => {
    assert.deepEqual(texts({}), []);
    assert.deepEqual(texts({ backup: s3Backup, readReplicas: 0, users: [] }), []);
  });

  for (const [change, text] of [
    [
      { shards: 0 },
      "retrofitlink:database.shards: got 0; allowed is a whole number from 1 to 100. Count the replica sets the data is spread over.",
    ],
    [
      { readReplicas: 48 },
      "retrofitlink:database.readReplicas: got 48; allowed is a whole number from 0 to 47. Count the members of each shard that serve reads only. A replica set has at most 50, 3 of them vote.",
    ],
    [
      { zones: 1.5 },
      "retrofitlink:database.zones: got 1.5; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
    ],
    [
      { dataGiB: 0 },
      "retrofitlink:database.dataGiB: got 0; allowed is a number above 0 and at most 1,000,000 (GiB). Give data and indexes of all shards at the end of the planning horizon.",
    ],
    [
      { workingSetGiB: -1 },
      "retrofitlink:database.workingSetGiB: got -1; allowed is a number above 0 and at most 100,000 (GiB). Give the documents and indexes that the queries of an hour touch, of all shards.",
    ],
    [
      { cpuCores: NaN },
      "retrofitlink:database.cpuCores: got NaN; allowed is a number from 0.01 to 256 (cores). Give the cores of one member; 500m is 0.5.",
    ],
    [
      { routers: { cpuCores: 1, queriesPerCore: 0 } },
      "retrofitlink:database.routers.queriesPerCore: got 0; allowed is a number from 1 to 1,000,000 (queries/s). Give what one core of a router passes on, as a load test measured it.",
    ],
    [
      { workingSetGiB: 500 },
      "retrofitlink:database.workingSetGiB: got 500; allowed is at most dataGiB, 400 (GiB). The working set is a part of the data.",
    ],
    [
      { backup: { ...s3Backup, retentionDays: 0 } },
      "retrofitlink:database.backup.retentionDays: got 0; allowed is a whole number from 1 to 365 (days). Say how long backups are kept.",
    ],
    [
      { users: clusterArgs.users.map((user) => ({ ...user, querySeconds: 0.06 })) },
      "retrofitlink:database.users.backend.querySeconds: got 0.06; allowed is at most 0.05 (seconds), the budget's query time. Make the queries cheaper, or loosen databaseQuerySeconds of the budget.",
    ],
  ] as const) {
    it(`is ${Object.keys(change).join()}: ${JSON.stringify(Object.values(change)[0])}`, () => {
      assert.deepEqual(texts(change), [text]);
    });
  }

  it("is all of it at once, before anything is made", async () => {
    const wrong = { ...clusterArgs, shards: 0, dataGiB: 0 };
    await record(() => {
      assert.throws(
        () => new MongoDbCluster("mongodb", wrong),
        (error: Error) =>
          pulumi.RunError.isInstance(error) &&
          /^MongoDbCluster "mongodb" cannot be built:\n {2}- .*shards.*\n {2}- .*dataGiB/.test(error.message),
      );
    });
  });
});

describe("readPreference", () => {
  it("asks the read replicas first, then the other secondaries, and the primary where there are none", () => {
    assert.equal(
      readPreference("nonVoting:true"),
      "readPreference=secondaryPreferred&readPreferenceTags=nonVoting:true&readPreferenceTags=&maxStalenessSeconds=90",
    );
    assert.equal(readPreference(""), "readPreference=primary");
  });
});
