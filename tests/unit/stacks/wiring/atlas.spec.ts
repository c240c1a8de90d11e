import assert from "node:assert/strict";

import { parseStackConfig, type StackConfig } from "../../../../stacks/stack-file/config";
import { createPlatform } from "../../../../stacks/platform";
import { record } from "../../../helpers/pulumi";
import { mistakesOf } from "../sound-stack";

const LOOK_UP = "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters";

const CLUSTERS = {
  aws: {
    cloud: "aws",
    zones: 3,
    region: "eu-central-1",
    clusterName: "retrofitlink",
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e", "subnet-0a1b2c3f"],
  },
  gcp: {
    cloud: "gcp",
    zones: 3,
    project: "retrofitlink-test",
    region: "europe-west3",
    network: "main",
    subnetwork: "nodes",
  },
  local: { cloud: "local", zones: 1 },
} as const;

const stack = (
  cloud: keyof typeof CLUSTERS,
  database: object = {},
  cluster: object = {},
): Record<string, unknown> => ({
  environment: "test",
  cluster: { ...CLUSTERS[cloud], ...cluster },
  services: {
    backend: {
      image: "registry.example.com/backend:1.0.0",
      demand: { baseRps: 10, peakRps: 20, growthPerMinute: 0.1 },
      profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 5 },
      resources: { cpuCores: 1, memoryMiB: 512 },
      budget: { throughputRps: { target: 10, warning: 5, critical: 1 } },
      database: { queriesPerRequest: 2, querySeconds: 0.005 },
    },
  },
  database: {
    kind: "atlas",
    projectId: "0123456789abcdef01234567",
    shards: 2,
    readReplicas: 1,
    dataGiB: 40,
    workingSetGiB: 2,
    queriesPerCore: 400,
    ...(cloud === "aws" ? { clientCidrs: ["10.0.0.0/16"] } : {}),
    ...database,
  },
});

function sound(raw: Record<string, unknown>): StackConfig {
  const { config, issues: problems } = parseStackConfig(raw);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}

describe("stack file with a database by Atlas", () => {
  it("has defaults for what is left out", () => {
    const { database } = sound(stack("gcp"));
    assert.deepEqual(database, {
      kind: "atlas",
      projectId: "0123456789abcdef01234567",
      shards: 2,
      readReplicas: 1,
      dataGiB: 40,
      workingSetGiB: 2,
      queriesPerCore: 400,
      passwordGeneration: 1,
      allowDrops: false,
      analyticsNodes: 0,
      clientCidrs: [],
      instanceSizes: {},
      allowShardRemoval: false,
      backup: { retentionDays: 7 },
    });
  });

  it("is refused where there is no cloud", () => {
    assert.deepEqual(mistakesOf(stack("local")), [
      'retrofitlink:database.kind: got "atlas"; allowed is "percona" where cluster.cloud is "local". Atlas runs in a cloud, and a private endpoint of that cloud leads to it: choose percona here.',
    ]);
  });

  it("is refused in a region that Atlas does not have", () => {
    const [found, ...more] = mistakesOf(stack("gcp", {}, { region: "asia-southeast3" }));
    assert.deepEqual(more, []);
    assert.match(
      found ?? "",
      /^retrofitlink:cluster\.region: got "asia-southeast3"; allowed is a region that Atlas has: .*europe-west1, /,
    );
    assert.equal(mistakesOf(stack("aws", {}, { region: "ap-southeast-6" })).length, 1);
  });

  it("names who may connect on AWS, and nobody on Google Cloud", () => {
    assert.match(
      mistakesOf(stack("aws", { clientCidrs: [] }))[0] ?? "",
      /^retrofitlink:database\.clientCidrs: got nothing/,
    );
    for (const range of ["999.0.0.0/8", "10.0.0.5/16", "10.0.0.0/7"]) {
      assert.match(
        mistakesOf(stack("aws", { clientCidrs: [range] }))[0] ?? "",
        /^retrofitlink:database\.clientCidrs\[0\]: .* without bits behind its prefix/,
      );
    }
    assert.match(
      mistakesOf(stack("gcp", { clientCidrs: ["10.0.0.0/16"] }))[0] ?? "",
      /^retrofitlink:database\.clientCidrs: got a list.*allowed is nothing on gcp/,
    );
    for (const range of ["0.0.0.0/0", "10.0.0.0/7", "10.0.0.0", "::/0"]) {
      const [found = ""] = mistakesOf(stack("aws", { clientCidrs: [range] }));
      assert.match(found, /^retrofitlink:database\.clientCidrs\[0\]: got /, range);
    }
  });

  it("says which key has to change when no tier carries it, with the other mistakes of the file", () => {
    const [found, ...more] = mistakesOf(stack("aws", { workingSetGiB: 1000, dataGiB: 1000 }));
    assert.deepEqual(more, []);
    assert.match(
      found ?? "",
      /^retrofitlink:database\.workingSetGiB: got 1000; allowed is what the largest tier of EU_CENTRAL_1 carries/,
    );
    assert.match(
      mistakesOf(stack("aws", { instanceSizes: { max: "M30" }, workingSetGiB: 20 }))[0] ?? "",
      /^retrofitlink:database\.instanceSizes\.max: got "M30"; allowed is M\d+ or larger/,
    );
    assert.match(
      mistakesOf(stack("aws", { shards: 20 }))[0] ?? "",
      /^retrofitlink:database\.shards: got 20; allowed is at most 50 nodes/,
    );
    const many = stack("aws");
    const { backend } = many["services"] as { backend: Record<string, any> };
    backend["processesPerPod"] = 64;
    backend["database"].queriesPerRequest = 1000;
    backend["profile"].concurrencyPerPod = 10_000;
    assert.ok(mistakesOf(many).some((line) => line.startsWith("retrofitlink:services: got ")));
  });

  it("reports every mistake of the block at once, each with its key", () => {
    const wrong = {
      projectId: "production",
      clusterName: "a-name-of-more-than-23-letters",
      queriesPerCore: 0,
      analyticsNodes: 0.5,
      instanceSizes: { min: "large" },
      cpuCores: 2,
    };
    assert.deepEqual(
      mistakesOf(stack("aws", wrong)).map((line) => line.slice(0, line.indexOf(":", 13))),
      ["projectId", "clusterName", "analyticsNodes", "queriesPerCore", "instanceSizes.min", "cpuCores"].map(
        (key) => `retrofitlink:database.${key}`,
      ),
    );
  });
});

describe("platform with a database by Atlas", () => {
  for (const cloud of ["aws", "gcp"] as const) {
    it(`is built on ${cloud} with the same services and Job as with the database in the cluster`, async () => {
      const config = sound(stack(cloud));
      const recording = await record(() => createPlatform(config), {
        preview: true,
        invokes: { [LOOK_UP]: { projectId: "0123456789abcdef01234567", results: [] } },
      });
      const cluster = recording.only("mongodbatlas:index/advancedCluster:AdvancedCluster").inputs;
      assert.equal(cluster["name"], "retrofitlink-test");
      const { resources } = recording;
      const types = resources.map(({ type }) => type);
      assert.ok(types.includes("retrofitlink:database:DataModelJob"));
      assert.ok(!types.some((type) => /MongoDbCluster|BackupBucket|PerconaServerMongoDB/.test(type)));
      const job = JSON.stringify(recording.only("kubernetes:batch/v1:Job").inputs);
      assert.match(job, /"key":"data-model-uri"/);
      assert.doesNotMatch(job, /database-ca/);
      const deployment = resources.find(({ name }) => name === "backend-deployment");
      const pod = JSON.stringify(deployment?.inputs);
      assert.match(pod, /"name":"MONGODB_READ_REPLICA_TAGS","value":"nodeType:READ_ONLY"/);
      assert.match(
        pod,
        /"name":"MONGODB_URI","valueFrom":\{"secretKeyRef":\{"key":"uri"|"key":"uri","name":/,
      );
      assert.doesNotMatch(pod, /mongodb-tls/);
    });
  }
});
