import assert from "node:assert/strict";

import {
  atlasClusterIssues,
  atlasPlan,
  atlasSettings,
  type AtlasClusterArgs,
} from "../../../../../components/database/atlas/atlas-cluster-args";
import { describeIssue } from "../../../../../components/shared/issues";
import { ATLAS, AWS, GCP } from "../atlas-fixture";

const texts = (change: Partial<AtlasClusterArgs>): string[] =>
  atlasClusterIssues("mongodb", { ...ATLAS, ...change }).map((found) => describeIssue(found));

describe("atlasClusterIssues", () => {
  it("finds nothing wrong with the examples", () => {
    assert.deepEqual(texts({}), []);
    assert.deepEqual(texts({ network: GCP }), []);
    assert.deepEqual(texts({ users: [] }), []);
    assert.deepEqual(texts({ instanceSizes: { min: "M60", max: "M80" } }), []);
  });

  it("finds every mistake at once", () => {
    const wrong = {
      projectId: "production",
      clusterName: "retrofitlink-production-1",
      network: { ...AWS, region: "cn-north-1", clientCidrs: ["0.0.0.0/0"] },
      shards: 0,
      readReplicas: 48,
      analyticsNodes: -1,
      dataGiB: 0,
      workingSetGiB: NaN,
      queriesPerCore: -1,
      retentionDays: 0.5,
    };
    const found = texts(wrong);
    const region = found.splice(-2, 1)[0] ?? "";
    assert.match(region, /^network\.region: got "cn-north-1"; allowed is one of af-south-1, .*eu-central-1/);
    assert.deepEqual(found, [
      'projectId: got "production"; allowed is 24 hexadecimal digits. Give the id of the Atlas project; see its settings.',
      'clusterName: got "retrofitlink-production-1"; allowed is 1 to 23 letters, digits and hyphens, no hyphen at the ends. Shorten it: Atlas forms host names from the first 23 characters.',
      "shards: got 0; allowed is a whole number from 1 to 100. Count the replica sets the data is spread over.",
      "readReplicas: got 48; allowed is a whole number from 0 to 47. Count the members of each shard that serve reads only. A replica set has at most 50, 3 of them vote.",
      "dataGiB: got 0; allowed is a number above 0 and at most 1,000,000 (GiB). Give data and indexes of all shards at the end of the planning horizon.",
      "workingSetGiB: got NaN; allowed is a number above 0 and at most 100,000 (GiB). Give the documents and indexes that the queries of an hour touch, of all shards.",
      "analyticsNodes: got -1; allowed is a whole number from 0 to 47. Count the nodes of each shard that serve reports. A replica set has at most 50, 3 of them vote.",
      "queriesPerCore: got -1; allowed is a number from 1 to 1,000,000 (queries/s). Give what one core answers, as a load test measured it.",
      "retentionDays: got 0.5; allowed is a whole number from 1 to 365 (days). Say how long backups are kept.",
      'network.clientCidrs: got a list, ["0.0.0.0/0"]; allowed is at least one IPv4 range of at least 8 bits, like 10.0.0.0/16. Give the addresses of the pods that connect; the private endpoint lets nobody else in.',
    ]);
  });

  it("refuses an endpoint for nobody", () => {
    assert.equal(texts({ network: { ...AWS, clientCidrs: [] } }).length, 1);
  });

  it("refuses a load that no tier carries, with what is missing and how to mend it", () => {
    assert.deepEqual(texts({ dataGiB: 900, workingSetGiB: 600, shards: 1 }), [
      "workingSetGiB: got 600; allowed is what the largest tier of EU_CENTRAL_1 carries: M300 has 192 GiB (WiredTiger cache), and 750 GiB are needed. Add shards, or make the working set smaller.",
    ]);
    assert.deepEqual(
      texts({ dataGiB: 9000 }).map((line) => line.replace(/and [\d,]+ GiB are/, "and N are")),
      [
        "dataGiB: got 9000; allowed is what the largest tier of EU_CENTRAL_1 carries: M300 has 4,096 GiB (storage), and N are needed. Add shards, or move old data to an archive.",
      ],
    );
    const [backend] = ATLAS.users;
    assert.ok(backend);
    const many = texts({ users: [{ ...backend, poolSize: 10_000 }] });
    assert.equal(many.length, 2);
    assert.match(
      many[1] ?? "",
      /^users: got 280056; allowed is .* M300 has 128,000 connections \(connections\), and 336,128 connections are needed/,
    );
    assert.match(
      texts({ queriesPerCore: 10 })[0] ?? "",
      /^queriesPerCore: got 10; .* M300 has 96 cores \(CPU at peak\)/,
    );
  });

  it("refuses bounds below the proof, and says what they would become", () => {
    assert.deepEqual(texts({ instanceSizes: { min: "M30" } }), [
      'instanceSizes.min: got "M30"; allowed is M60 or larger: M30 has 2 GiB (WiredTiger cache), and 18 GiB are needed. Raise it, or leave it out and it becomes M60.',
      'instanceSizes.min: got "M30"; allowed is M60 or larger: M30 has 2 cores (CPU at peak), and 3.86 cores are needed. Raise it, or leave it out and it becomes M60.',
    ]);
    assert.deepEqual(texts({ instanceSizes: { max: "M50" } }), [
      'instanceSizes.max: got "M50"; allowed is M60 or larger. The largest tier is not below the smallest.',
    ]);
    const busy = { queriesPerCore: 70, instanceSizes: { max: "M80" } };
    assert.deepEqual(texts({ ...busy, queriesPerCore: 54 }), [
      'instanceSizes.max: got "M80"; allowed is M140 or larger: M80 has 32 cores (CPU at peak + 20 %), and 34.29 cores are needed. Raise it, or leave it out and it becomes M140.',
    ]);
    assert.deepEqual(texts(busy), []);
    assert.deepEqual(texts({ instanceSizes: { min: "M80", max: "M60" } }), [
      'instanceSizes.max: got "M60"; allowed is M80 or larger. The largest tier is not below the smallest.',
    ]);
    assert.match(
      texts({ instanceSizes: { min: "M70" } })[0] ?? "",
      /^instanceSizes\.min: got "M70"; allowed is one of M30, M40, M50, M60, M80, M140, M200, M300\./,
    );
  });

  it("refuses more nodes than a private endpoint reaches", () => {
    const many = { shards: 11, readReplicas: 1, analyticsNodes: 1 };
    assert.deepEqual(texts(many), [
      "shards: got 11; allowed is at most 50 nodes that a private endpoint of aws reaches, and these are 11 * (3 + 1 + 1) = 55. Use fewer shards, read replicas or analytics nodes.",
    ]);
    assert.deepEqual(texts({ ...many, network: GCP }), []);
  });

  it("refuses a working set larger than the data, and queries slower than the budget", () => {
    assert.match(
      texts({ workingSetGiB: 24, dataGiB: 20 })[0] ?? "",
      /^workingSetGiB: got 24; allowed is at most dataGiB, 20/,
    );
    const [backend] = ATLAS.users;
    assert.ok(backend);
    assert.match(
      texts({ users: [{ ...backend, querySeconds: 0.2 }] })[0] ?? "",
      /^users\.backend\.querySeconds: got 0\.2; allowed is at most 0\.05 \(seconds\)/,
    );
  });
});

describe("tiers of an AtlasCluster", () => {
  it("are what is given over what is derived", () => {
    const names = (change: Partial<AtlasClusterArgs>): string[] => {
      const { numbers } = atlasPlan("mongodb", atlasSettings("mongodb", { ...ATLAS, ...change }));
      return [numbers.smallestTier.value, numbers.largestTier.value];
    };
    assert.deepEqual(names({}), ["M60", "M80"]);
    assert.deepEqual(names({ instanceSizes: { min: "M80" } }), ["M80", "M140"]);
    assert.deepEqual(names({ instanceSizes: { max: "M300" } }), ["M60", "M300"]);
    assert.deepEqual(names({ instanceSizes: { min: "M60", max: "M60" } }), ["M60", "M60"]);
  });
});
