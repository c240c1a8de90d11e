import assert from "node:assert/strict";

import { parse } from "yaml";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { AtlasSummary, MongoDbSummary } from "../../budget/database/summary";
import { ENGINE_TIMEOUT_MS } from "../helpers/engine";
import { everyRoute, mandatory, runPlatform as run } from "../helpers/platform";
import { edited, onGcp, only } from "../helpers/stack-file";

/** Keys of a database by Atlas, by cloud. */
const ATLAS_COMMON = `    kind: atlas
    projectId: 0123456789abcdef01234567
    shards: 2
    readReplicas: 1
    dataGiB: 400
    workingSetGiB: 24
    queriesPerCore: 400
`;
const ATLAS: Readonly<Record<string, string>> = {
  aws: `${ATLAS_COMMON}    clientCidrs: [10.0.0.0/16]\n`,
  gcp: ATLAS_COMMON,
};
const ATLAS_CLUSTERS: Readonly<Record<string, string>> = {
  aws: `    cloud: aws
    region: eu-central-1
    zones: 3
    clusterName: retrofitlink-production
    vpcId: vpc-0a1b2c3d4e5f60718
    subnetIds: [subnet-0a1b2c3d4e5f60711, subnet-0a1b2c3d4e5f60712, subnet-0a1b2c3d4e5f60713]
`,
  gcp: `    cloud: gcp
    zones: 3
    project: retrofitlink-production
    region: europe-west1
    network: main
    subnetwork: nodes
`,
};

/** Nothing notices a lost pod at once, so that a lost zone and a lost cache take longer, which has to be accepted. */
const WITHOUT_PROXY = { zoneLossSeconds: 60, cacheLossSeconds: 60 };

describe("platform in its other forms on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("previews haproxy with a certificate of cert-manager and every kind of route", async () => {
    const result = await run("preview", "local", everyRoute("haproxy"));
    assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
    const certificate = result.resources.find(({ type }) => type.endsWith(":Certificate"));
    assert.equal(certificate?.name, "haproxy-load-balancer-certificate");
  });

  for (const [cloud, cluster] of Object.entries(ATLAS_CLUSTERS)) {
    it(`previews production with a database by Atlas on ${cloud}`, async () => {
      const inAtlas = edited(only("caches", "database"), (file) => {
        file["cluster"] = parse(cluster) as unknown;
        file["database"] = parse(ATLAS[cloud] ?? "") as unknown;
        file["services"].backend.resilience = WITHOUT_PROXY;
      });
      const result = await run("preview", "production", inAtlas);
      assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
      const atlas = result.resources.find(({ type }) => type === COMPONENT_TYPES.atlasCluster)?.inputs;
      const { numbers, cloud: on } = atlas as unknown as AtlasSummary;
      const { smallestTier, largestTier, nodes } = numbers;
      assert.deepEqual([smallestTier.value, largestTier.value, nodes.value, on], ["M60", "M80", 8, cloud]);
      const names = result.resources.map(({ type, name }) => `${type.split(":").pop() ?? ""} ${name}`);
      for (const name of ["AdvancedCluster mongodb-cluster", "DataModelJob mongodb-data-model"]) {
        assert.ok(names.includes(name), name);
      }
      assert.ok(!names.some((name) => /PerconaServerMongoDB|BackupBucket|IpAccessList/.test(name)));
      const backend = result.resources.find(({ name }) => name === "backend-deployment")?.inputs;
      const variables = JSON.stringify(backend);
      assert.match(variables, /"name":"MONGODB_READ_REPLICA_TAGS","value":"nodeType:READ_ONLY"/);
      assert.doesNotMatch(variables, /mongodb-tls/);
    });
  }

  it("refuses Atlas on a machine of one's own, with the key and without a stack trace", async () => {
    const local = await run("preview", "local", (text) =>
      text.replace(
        / {2}retrofitlink:database:\n( {4}.*\n)+|$/,
        `\n  retrofitlink:database:\n${ATLAS["gcp"] ?? ""}`,
      ),
    );
    assert.match(local.errors.join("\n"), /retrofitlink:database\.kind\n\s+got.*"atlas"/);
    assert.match(
      local.errors.join("\n"),
      /a private endpoint of that cloud leads to it: choose percona here/,
    );
    assert.doesNotMatch(local.errors.join("\n"), /\n\s+at /);
  });

  it("previews a database on gcp, with a bucket for its backups", async () => {
    const result = await run(
      "preview",
      "production",
      edited(only("caches", "database"), onGcp, (file) => {
        file["services"].backend.resilience = WITHOUT_PROXY;
      }),
    );
    assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
    const ofCloud = result.resources.filter(({ type }) => /^(gcp|aws):/.test(type));
    assert.deepEqual(ofCloud.map(({ type }) => type.split(":").pop()).sort(), [
      "Account",
      "Bucket",
      "BucketIAMMember",
      "HmacKey",
    ]);
    const summary = result.resources.find(({ type }) => type === COMPONENT_TYPES.mongoDbCluster)
      ?.inputs as unknown as MongoDbSummary;
    assert.deepEqual([summary.numbers.backups.value, summary.profilerLevel], [30, 1]);
  });
});
