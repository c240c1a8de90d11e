import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import type { ManagedCacheSummary } from "../../../../../budget/caching/summary";
import { text } from "../../../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import {
  ElastiCache,
  elastiCacheArgsIssues,
  type ElastiCacheArgs,
} from "../../../../../components/caching/managed/elasticache";
import { pathText, type Issue } from "../../../../../budget/core/issues";
import { contradictions } from "../../../../helpers/contradictions";
import { record, type Recording } from "../../../../helpers/pulumi";

const line = ({ path, got, allowed, fix }: Issue): string =>
  `${pathText(path)}: got ${got}; allowed is ${allowed}. ${fix}`;

const backend = { service: "backend", maxReplicas: 10, maxSurge: 0.25, processesPerPod: 1, poolSize: 8 };

const cache: ElastiCacheArgs = {
  configKey: "retrofitlink:caches.redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  workingSetMiB: 512,
  users: [backend],
  region: "eu-central-1",
  network: {
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-1", "subnet-2", "subnet-3"],
    clientSecurityGroupIds: ["sg-nodes", "sg-jobs"],
  },
  zones: 3,
  cpuCores: 1,
  budget: DEFAULT_BUDGET,
};

const session: ElastiCacheArgs = { ...cache, configKey: "retrofitlink:caches.sessions", purpose: "session" };

function build(args: ElastiCacheArgs = cache, options = {}): Promise<Recording> {
  const name = args.purpose === "cache" ? "redis-cache" : "sessions";
  return record(() => new ElastiCache(name, args), options);
}

const inputsOf = async (type: string, args: ElastiCacheArgs = cache): Promise<Record<string, unknown>> =>
  (await build(args)).only(type).inputs;

const GROUP = "aws:elasticache/replicationGroup:ReplicationGroup";
const ALARMS = ["connections", "cpu", "memory", "replication-lag"];

describe("ElastiCache", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const alarms = ALARMS.flatMap((alarm) => ["001", "002"].map((node) => `redis-cache-${alarm}-${node}`));
    const expected = [
      ...alarms.map((name) => `aws:cloudwatch/metricAlarm:MetricAlarm ${name}`),
      "aws:ec2/securityGroup:SecurityGroup redis-cache-security-group",
      "aws:elasticache/parameterGroup:ParameterGroup redis-cache-parameters",
      `${GROUP} redis-cache`,
      "aws:elasticache/subnetGroup:SubnetGroup redis-cache-subnets",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule redis-cache-ingress-0",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule redis-cache-ingress-1",
      "kubernetes:core/v1:Secret redis-cache-credentials",
      "random:index/randomPassword:RandomPassword redis-cache-password",
      "retrofitlink:caching:ElastiCache redis-cache",
    ];
    assert.deepEqual((await build()).typesAndNames(), expected);
    assert.deepEqual((await build(cache, { preview: true })).typesAndNames(), expected);
  });

  it("tells policies what it was derived from", async () => {
    const { numbers, order, proofs } = (await inputsOf(
      "retrofitlink:caching:ElastiCache",
    )) as unknown as ManagedCacheSummary;
    assert.deepEqual(
      order.map((field) => `${numbers[field]?.name} ${text(numbers[field]!)}`),
      [
        "Connections 160 connections",
        // 1.2 * 160, and 32
        "Connections to admit 224 connections",
        "maxclients 65,000 connections",
        // 512 / 0.8 + 16
        "Memory needed 656 MiB",
        "Nodes 2 nodes",
        "Node cache.m7g.large",
        "Memory of a node 6,537 MiB",
        "Kept free 25 %",
        // 6537 MiB less a quarter
        "Memory for keys and buffers 4,902 MiB",
        "When it is full allkeys-lfu",
      ],
    );
    assert.deepEqual(
      proofs.map(({ policy, holds }) => [policy, holds]),
      [
        ["connections-within-limits", true],
        ["memory-within-limits", true],
      ],
    );
  });

  it("is witnessed by what it registers, and by nothing that a transform has changed", async () => {
    assert.deepEqual(contradictions(await build()), []);
    const transform = { replicationGroup: { nodeType: "cache.t4g.micro" } };
    assert.deepEqual(contradictions(await build({ ...cache, transform })), [
      'nodeType is "cache.t4g.micro"; the plan has "cache.m7g.large"',
    ]);
  });

  it("needs a purpose, a working set and the cluster's network, of which ids may be known later", async () => {
    let made: ElastiCache | undefined;
    const recording = await record(() => {
      made = new ElastiCache("cache", {
        purpose: "cache",
        workingSetMiB: 512,
        network: {
          vpcId: pulumi.output("vpc-1"),
          subnetIds: pulumi.output(["subnet-1", "subnet-2"]),
          clientSecurityGroupIds: [pulumi.output("sg-1")],
        },
      });
    });
    assert.ok(made);
    assert.deepEqual([made.alarms.length, made.ingress.length], [8, 1]);
    const { inputs } = recording.only("aws:elasticache/subnetGroup:SubnetGroup");
    assert.deepEqual(inputs["subnetIds"], ["subnet-1", "subnet-2"]);
    assert.equal(recording.only(GROUP).inputs["region"], undefined);
    assert.deepEqual(contradictions(recording), []);
  });

  it("replaces a primary by itself, over zones, encrypted on the way and at rest, with a password", async () => {
    const inputs = await inputsOf(GROUP);
    const { engine, engineVersion, nodeType, numCacheClusters, port, authTokenUpdateStrategy } = inputs;
    assert.deepEqual(
      { engine, engineVersion, nodeType, numCacheClusters, port, authTokenUpdateStrategy },
      {
        engine: "valkey",
        engineVersion: "8.0",
        nodeType: "cache.m7g.large",
        numCacheClusters: 2,
        port: 6379,
        authTokenUpdateStrategy: "ROTATE",
      },
    );
    for (const safe of [
      "automaticFailoverEnabled",
      "multiAzEnabled",
      "transitEncryptionEnabled",
      "atRestEncryptionEnabled",
    ]) {
      assert.equal(inputs[safe], true, safe);
    }
    assert.equal(inputs["maintenanceWindow"], "sun:03:00-sun:04:00");
    assert.equal(inputs["snapshotRetentionLimit"], 0);
  });

  it("keeps the password secret, on the group and in the Secret of the services", async () => {
    const recording = await build();
    const group = recording.only(GROUP).inputs["authToken"] as Record<string, unknown>;
    const secret = recording.only("kubernetes:core/v1:Secret").inputs["stringData"] as Record<
      string,
      unknown
    >;
    // How a secret looks to the engine.
    const signature = "4dabf18193072939515e22adb298388d";
    assert.ok(signature in group, JSON.stringify(group));
    assert.ok(signature in secret, JSON.stringify(secret));
    const { inputs } = recording.only("random:index/randomPassword:RandomPassword");
    assert.deepEqual(inputs, { length: 40, special: false });
  });

  it("is open to the named security groups on one port, and to nobody else", async () => {
    const recording = await build();
    const rules = recording.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual(
      rules
        .map(({ inputs }) => [
          inputs["referencedSecurityGroupId"],
          inputs["ipProtocol"],
          inputs["fromPort"],
          inputs["toPort"],
        ])
        .sort(),
      [
        ["sg-jobs", "tcp", 6379, 6379],
        ["sg-nodes", "tcp", 6379, 6379],
      ],
    );
    assert.ok(!JSON.stringify(recording.resources).includes("0.0.0.0/0"));
    const { ingress, egress } = recording.only("aws:ec2/securityGroup:SecurityGroup").inputs;
    assert.deepEqual([ingress, egress], [undefined, undefined]);
  });

  it("evicts by purpose and keeps a share of the memory free", async () => {
    const parameters = async (args: ElastiCacheArgs): Promise<Record<string, string>> => {
      const inputs = await inputsOf("aws:elasticache/parameterGroup:ParameterGroup", args);
      assert.equal(inputs["family"], "valkey8");
      const list = inputs["parameters"] as { name: string; value: string }[];
      return Object.fromEntries(list.map(({ name, value }) => [name, value]));
    };
    const common = { activedefrag: "yes", timeout: "0", "tcp-keepalive": "60" };
    assert.deepEqual(await parameters(cache), {
      "maxmemory-policy": "allkeys-lfu",
      "reserved-memory-percent": "25",
      ...common,
    });
    assert.deepEqual(await parameters({ ...session, workingSetMiB: 64, cpuCores: 0.1 }), {
      "maxmemory-policy": "noeviction",
      // of the smallest node half
      "reserved-memory-percent": "50",
      ...common,
    });
  });

  it("keeps snapshots of a session store, away from the maintenance, and a replica in each zone", async () => {
    const { snapshotRetentionLimit, snapshotWindow, numCacheClusters } = await inputsOf(GROUP, session);
    assert.deepEqual([snapshotRetentionLimit, snapshotWindow, numCacheClusters], [7, "01:00-02:00", 3]);
    const late = { ...session, zones: 2, maintenance: { day: "saturday", hour: 23 } } as const;
    const inputs = await inputsOf(GROUP, { ...late, snapshotRetentionDays: 30 });
    assert.deepEqual(
      [inputs["maintenanceWindow"], inputs["snapshotWindow"], inputs["numCacheClusters"]],
      ["sat:23:00-sun:00:00", "21:00-22:00", 2],
    );
    assert.equal(inputs["snapshotRetentionLimit"], 30);
  });

  it("takes the thresholds of its alarms from the budget and from the services", async () => {
    const alarms = (await build({ ...cache, alarmTopicArn: "arn:topic" })).ofType(
      "aws:cloudwatch/metricAlarm:MetricAlarm",
    );
    const first = alarms.filter(({ name }) => name.endsWith("-001"));
    assert.deepEqual(
      Object.fromEntries(first.map(({ inputs }) => [inputs["metricName"], inputs["threshold"]])),
      {
        EngineCPUUtilization: 85,
        DatabaseMemoryUsagePercentage: 90,
        // 1.2 * 160, and 32
        CurrConnections: 224,
        ReplicationLag: 10,
      },
    );
    for (const { inputs } of alarms) assert.deepEqual(inputs["alarmActions"], ["arn:topic"]);
    assert.deepEqual(first[0]?.inputs["dimensions"], {
      CacheClusterId: "redis-cache-id-001",
    });
  });

  it("tells services to use TLS with its password", async () => {
    let made: ElastiCache | undefined;
    await record(() => {
      made = new ElastiCache("redis-cache", cache);
    });
    assert.ok(made);
    const { endpoint } = made;
    assert.deepEqual([endpoint.port, endpoint.tls, endpoint.sentinel], [6379, true, undefined]);
    assert.equal(endpoint.authority, undefined);
    assert.equal(endpoint.passwordSecret.key, "password");
    const name = await new Promise((resolve) => pulumi.output(endpoint.passwordSecret.name).apply(resolve));
    assert.equal(name, "redis-cache-credentials");
  });

  it("lets every child be transformed, under its name", async () => {
    const seen: string[] = [];
    const look = (_: object, _opts: object, childName: string): void => void seen.push(childName);
    const recording = await build({
      ...cache,
      transform: {
        password: look,
        credentials: look,
        subnetGroup: look,
        parameterGroup: look,
        securityGroup: look,
        ingress: look,
        replicationGroup: look,
        alarm: look,
      },
    });
    const children = recording.resources.filter(({ custom }) => custom).map(({ name }) => name);
    assert.deepEqual(seen.sort(), children.sort());
  });
});

describe("a name that ElastiCache may have", () => {
  const accepted = (name: string): boolean => elastiCacheArgsIssues(name, cache).length === 0;

  it("fits AWS's 40 characters with the 8 that the provider adds, whatever its length", async () => {
    const lengths = Array.from({ length: 52 }, (_, index) => index + 1);
    const longest = lengths.filter((length) => accepted("a".repeat(length))).at(-1) ?? 0;
    const name = "a".repeat(longest);
    const { resources } = await record(() => new ElastiCache(name, cache));
    const group = resources.find(({ type }) => type === GROUP);
    assert.deepEqual([longest, `${group?.name ?? ""}-1a2b3c4`.length], [32, 40]);
  });

  it("has no two hyphens in a row, which AWS refuses", () => {
    assert.deepEqual([accepted("redis-cache"), accepted("redis--cache")], [true, false]);
  });
});

describe("elastiCacheArgsIssues", () => {
  const texts = (change: Partial<ElastiCacheArgs>, name = "redis-cache"): string[] =>
    elastiCacheArgsIssues(name, { ...cache, ...change } as ElastiCacheArgs).map(line);

  it("finds nothing wrong with the examples", () => {
    assert.deepEqual(texts({}), []);
    assert.deepEqual(elastiCacheArgsIssues("sessions", session), []);
    assert.deepEqual(texts({ nodeType: "cache.r7g.large" }), []);
  });

  it("finds every mistake at once", () => {
    assert.deepEqual(
      texts(
        {
          workingSetMiB: 0,
          cpuCores: -1,
          zones: 0,
          maintenance: { day: "monday", hour: 24 },
          network: { vpcId: "vpc-1", subnetIds: ["subnet-1"], clientSecurityGroupIds: [] },
        },
        "a".repeat(33),
      ),
      [
        "workingSetMiB: got 0; allowed is a number above 0 and at most 1,048,576 (MiB). Give the size of what has to stay in memory for the hit rate.",
        `name: got "${"a".repeat(33)}"; allowed is a DNS label of at most 32 characters, without two hyphens in a row. Rename the cache; the provider allows no more.`,
        "maintenance.hour: got 24; allowed is a whole number from 0 to 23 (UTC). Choose an hour in which few people are there.",
        "cpuCores: got -1; allowed is a number from 0.01 to 96 (cores). Give what a load test measured; one core serves one event loop, and 500m is 0.5.",
        "zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
        "network.subnetIds: got 1; allowed is at least 2 subnets, in different zones. Give a subnet for each zone.",
        "network.clientSecurityGroupIds: got 0; allowed is at least 1 security group. Name the security group of the cluster's nodes.",
      ],
    );
    assert.match(
      elastiCacheArgsIssues("sessions", { ...session, snapshotRetentionDays: 40 })
        .map(line)
        .join("\n"),
      /^snapshotRetentionDays: got 40; allowed is a whole number from 1 to 35 \(days\)\./,
    );
  });

  it("refuses a node that is too small or unknown, and a working set that fits nowhere", () => {
    assert.deepEqual(texts({ workingSetMiB: 4096, nodeType: "cache.m7g.large" }), [
      'nodeType: got "cache.m7g.large"; allowed is a node with at least 5136 MiB after what is reserved; this one has 6537 less 25 % = 4902. Choose a larger one, or leave it out and it becomes cache.r7g.large.',
    ]);
    assert.match(
      texts({ nodeType: "cache.z9.huge" }).join("\n"),
      /^nodeType: got "cache\.z9\.huge"; allowed is "cache\.t4g\.micro", .* Leave it out/,
    );
    assert.deepEqual(texts({ workingSetMiB: 400_000 }), [
      "workingSetMiB: got 400000; allowed is a working set that needs at most 321865 MiB and 64 cores; this one needs 500016 MiB and 1. Divide the data among several caches.",
    ]);
  });

  it("refuses more connections than a node admits", () => {
    const many = { ...backend, maxReplicas: 1000, poolSize: 60 };
    assert.deepEqual(texts({ users: [many] }), [
      "users: got 144032; allowed is services that open at most 65000 connections, with margin and reserve. Give fewer connections, or divide the services among several caches.",
    ]);
  });

  it("stops the component before anything is created", async () => {
    const recording = await record(() => {
      assert.throws(
        () => new ElastiCache("redis-cache", { ...cache, workingSetMiB: -1 }),
        /ElastiCache "redis-cache" cannot be built:\n {2}- retrofitlink:caches\.redis-cache\.workingSetMiB: got -1/,
      );
    });
    assert.deepEqual(recording.typesAndNames(), []);
  });
});
