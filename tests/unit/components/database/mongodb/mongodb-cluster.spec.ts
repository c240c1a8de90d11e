import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import {
  MongoDbCluster,
  mongoDbClusterProblems,
  type MongoDbClusterArgs,
} from "../../../../../components/database/mongodb/mongodb-cluster";
import { readPreference } from "../../../../../components/database/database-endpoint";
import { describeProblem } from "../../../../../components/shared/problems";
import { record, type RecordedResource } from "../../../../helpers/pulumi";
import { clusterArgs, s3Backup } from "../fixtures";

const RESOURCES = [
  "kubernetes:core/v1:Secret mongodb-application",
  "kubernetes:core/v1:Secret mongodb-users",
  "kubernetes:helm.sh/v3:Release mongodb-operator",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy mongodb-network-policy",
  "kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB mongodb-cluster",
  "random:index/randomPassword:RandomPassword mongodb-application-password",
  "random:index/randomPassword:RandomPassword mongodb-backup-password",
  "random:index/randomPassword:RandomPassword mongodb-clusterAdmin-password",
  "random:index/randomPassword:RandomPassword mongodb-clusterMonitor-password",
  "random:index/randomPassword:RandomPassword mongodb-data-model-password",
  "random:index/randomPassword:RandomPassword mongodb-databaseAdmin-password",
  "random:index/randomPassword:RandomPassword mongodb-userAdmin-password",
  "retrofitlink:database:MongoDbCluster mongodb",
];

function build(change: Partial<MongoDbClusterArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new MongoDbCluster("mongodb", { ...clusterArgs, ...change }), options);
}

const named = (resources: readonly RecordedResource[], name: string): RecordedResource => {
  const found = resources.find((resource) => resource.name === name);
  assert.ok(found !== undefined, name);
  return found;
};

describe("MongoDbCluster", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), RESOURCES);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("starts the operator, too, only when the right to its backups is there: a pod gets its identity when it is made", async () => {
    const waits = new Map<string, pulumi.CustomResourceOptions["dependsOn"]>();
    let right: pulumi.Resource | undefined;
    await record(() => {
      right = new k8s.core.v1.ServiceAccount("right");
      const transformations: pulumi.ResourceTransformation[] = [
        ({ name, opts }) => void waits.set(name, (opts as pulumi.CustomResourceOptions).dependsOn),
      ];
      new MongoDbCluster("mongodb", { ...clusterArgs, backupReady: [right] }, { transformations });
    });
    for (const name of ["mongodb-operator", "mongodb-cluster"]) {
      assert.ok((waits.get(name) as pulumi.Resource[]).includes(right as pulumi.Resource), name);
    }
  });

  it("tells policies what it was derived from", async () => {
    const recording = await build({ backup: s3Backup });
    assert.deepEqual(recording.only("retrofitlink:database:MongoDbCluster").inputs, {
      configKey: "retrofitlink:database",
      workload: "mongodb",
      namespace: "retrofitlink",
      shards: 2,
      statefulSets: ["mongodb-optimized", "mongodb-shard-2"],
      readReplicas: 1,
      dataGiB: 400,
      workingSetGiB: 24,
      // (10 + 3) pods * (4 + 2) connections; 1.2 times that, and 50
      expectedClients: 78,
      maxClients: 144,
      slowMs: 100,
      profilerLevel: 1,
      readPreference:
        "readPreference=secondaryPreferred&readPreferenceTags=nonVoting:true&readPreferenceTags=&maxStalenessSeconds=90",
      zones: 3,
      peakQueriesPerSecond: 1800,
      queriesInFlight: 10.8,
      routerQueriesPerSecond: 2000,
      routers: 3,
      cacheGiB: 18,
      neededMemoryGiB: 19.6220703125,
      memoryLimitGiB: 37,
      routerMemoryGiB: 1,
      storageGiB: 361,
      memberMaxConnections: 125,
      routerPoolSize: 20,
      backupDays: 30,
    });
  });

  it("keeps its objects under the names that operators type", async () => {
    const { resources } = await build();
    const names = resources
      .filter(({ type }) => type.startsWith("kubernetes:") && !type.includes("Release"))
      .map(({ inputs }) => inputs["metadata"] as { name: string; namespace: string });
    assert.deepEqual(names.map(({ name }) => name).sort(), [
      "mongodb",
      "mongodb",
      "mongodb-application",
      "mongodb-users",
    ]);
    assert.deepEqual(new Set(names.map(({ namespace }) => namespace)), new Set(["retrofitlink"]));
  });

  it("installs the operator at a pinned version in its own namespace, restricted and silent", async () => {
    const release = (await build()).only("kubernetes:helm.sh/v3:Release").inputs;
    assert.deepEqual(release, {
      name: "psmdb-operator",
      namespace: "retrofitlink",
      chart: "psmdb-operator",
      version: "1.22.0",
      repositoryOpts: { repo: "https://percona.github.io/percona-helm-charts/" },
      compat: "true",
      values: {
        disableTelemetry: true,
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "256Mi" } },
        podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    });
    const without = await build({ installOperator: false });
    assert.deepEqual(without.ofType("kubernetes:helm.sh/v3:Release"), []);
  });

  it("deletes its members in order and never their volumes", async () => {
    const { inputs } = (await build()).only("kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB");
    assert.deepEqual((inputs["metadata"] as { finalizers: unknown }).finalizers, [
      "percona.com/delete-psmdb-pods-in-order",
    ]);
  });

  it("generates a password for every user, of letters and digits, and shows none", async () => {
    const { resources } = await build();
    const passwords = resources.filter(({ type }) => type === "random:index/randomPassword:RandomPassword");
    for (const { inputs } of passwords) assert.deepEqual(inputs, { length: 40, special: false });
    // All the same, from the mocks.
    const password = "0123456789abcdefghijABCDEFGHIJ0123456789";
    assert.deepEqual(secretOf(named(resources, "mongodb-users")), {
      MONGODB_BACKUP_PASSWORD: password,
      MONGODB_BACKUP_USER: "backup",
      MONGODB_CLUSTER_ADMIN_PASSWORD: password,
      MONGODB_CLUSTER_ADMIN_USER: "clusterAdmin",
      MONGODB_CLUSTER_MONITOR_PASSWORD: password,
      MONGODB_CLUSTER_MONITOR_USER: "clusterMonitor",
      MONGODB_DATABASE_ADMIN_PASSWORD: password,
      MONGODB_DATABASE_ADMIN_USER: "databaseAdmin",
      MONGODB_USER_ADMIN_PASSWORD: password,
      MONGODB_USER_ADMIN_USER: "userAdmin",
    });
  });

  it("keeps passwords and connection strings secret", async () => {
    const { resources } = await build();
    for (const name of ["mongodb-users", "mongodb-application"]) {
      const held = named(resources, name).inputs["stringData"] as Record<string, unknown>;
      assert.equal(held[pulumi.runtime.specialSigKey], pulumi.runtime.specialSecretSig, name);
    }
  });

  it("lists every router in the connection string, with TLS and the authority's certificate", async () => {
    const { resources } = await record(() => {
      new MongoDbCluster("mongodb", clusterArgs);
    });
    const hosts = [0, 1, 2].map((i) => `mongodb-mongos-${i}.retrofitlink.svc.cluster.local:27017`).join(",");
    const options = "authSource=admin&tls=true&tlsCAFile=/etc/mongodb-tls/ca.crt";
    const password = "0123456789abcdefghijABCDEFGHIJ0123456789";
    assert.deepEqual(secretOf(named(resources, "mongodb-application")), {
      "application-password": password,
      "data-model-password": password,
      uri: `mongodb://application:${password}@${hosts}/retrofitlink?${options}`,
      "data-model-uri": `mongodb://data-model:${password}@${hosts}/retrofitlink?${options}`,
    });
  });

  it("protects the cluster and what volumes cannot do without, unless told not to", async () => {
    const protectedOnes = async (change: Partial<MongoDbClusterArgs>): Promise<string[]> => {
      const found: string[] = [];
      await record(() => {
        new MongoDbCluster(
          "mongodb",
          { ...clusterArgs, ...change },
          {
            transformations: [
              ({ name, opts }) => {
                if (opts.protect === true) found.push(name);
                return undefined;
              },
            ],
          },
        );
      });
      return found.sort();
    };
    assert.deepEqual(await protectedOnes({}), [
      "mongodb-application",
      "mongodb-backup-password",
      "mongodb-cluster",
      "mongodb-clusterAdmin-password",
      "mongodb-clusterMonitor-password",
      "mongodb-databaseAdmin-password",
      "mongodb-userAdmin-password",
      "mongodb-users",
    ]);
    assert.deepEqual(await protectedOnes({ protect: false }), []);
  });

  it("lets in members, operator, data-model Job and the services that query it, and monitoring to the exporters", async () => {
    const { inputs } = (await build()).only("kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const pods = (matchLabels: object): object => ({ podSelector: { matchLabels } });
    assert.deepEqual(inputs["spec"], {
      podSelector: { matchLabels: { "app.kubernetes.io/instance": "mongodb" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [
            pods({ "app.kubernetes.io/instance": "mongodb" }),
            pods({ "app.kubernetes.io/name": "psmdb-operator" }),
            pods({ app: "mongodb-data-model" }),
            pods({ app: "backend" }),
          ],
          ports: [{ protocol: "TCP", port: 27017 }],
        },
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
          ports: [{ protocol: "TCP", port: 9216 }],
        },
      ],
      egress: [
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
        {
          to: [pods({ "app.kubernetes.io/instance": "mongodb" })],
          ports: [{ protocol: "TCP", port: 27017 }],
        },
      ],
    });
    // Nowhere outside: there are no backups.
    assert.doesNotMatch(JSON.stringify(inputs), /0\.0\.0\.0/);
  });

  it("lets a transform change each child that has one", async () => {
    const recording = await build({
      transform: {
        operator: { version: "9.9.9" },
        cluster: (args) => ({ ...args, spec: { crVersion: "9.9.9" } }),
        networkPolicy: { metadata: { name: "other" } },
      },
    });
    assert.equal(recording.only("kubernetes:helm.sh/v3:Release").inputs["version"], "9.9.9");
    const { inputs } = recording.only("kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB");
    assert.deepEqual(inputs["spec"], { crVersion: "9.9.9" });
    const policy = recording.only("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
    assert.equal((policy["metadata"] as { name: string }).name, "other");
  });
});

describe("what makes a MongoDbCluster impossible", () => {
  const texts = (change: Partial<MongoDbClusterArgs>): string[] =>
    mongoDbClusterProblems({ ...clusterArgs, ...change }).map((problem) =>
      describeProblem(problem, clusterArgs.configKey),
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
      "retrofitlink:database.readReplicas: got 48; allowed is a whole number from 0 to 47. A replica set has at most 50 members, 3 of them vote.",
    ],
    [
      { zones: 1.5 },
      "retrofitlink:database.zones: got 1.5; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
    ],
    [
      { dataGiB: 0 },
      "retrofitlink:database.dataGiB: got 0; allowed is a number above 0 (GiB). Give data and indexes at the end of the planning horizon.",
    ],
    [
      { workingSetGiB: -1 },
      "retrofitlink:database.workingSetGiB: got -1; allowed is a number above 0 (GiB). Give what the queries of an hour touch.",
    ],
    [
      { cpuCores: NaN },
      "retrofitlink:database.cpuCores: got null; allowed is a number above 0 (cores). Give what a load test measured.",
    ],
    [
      { routers: { cpuCores: 1, queriesPerCore: 0 } },
      "retrofitlink:database.routers.queriesPerCore: got 0; allowed is a number above 0 (queries/s). Give what a load test measured.",
    ],
    [
      { workingSetGiB: 500 },
      "retrofitlink:database.workingSetGiB: got 500; allowed is at most dataGiB, 400. The working set is a part of the data.",
    ],
    [
      { backup: { ...s3Backup, retentionDays: 0 } },
      "retrofitlink:database.backup.retentionDays: got 0; allowed is a whole number of at least 1 (days). Say how long backups are kept.",
    ],
    [
      { users: clusterArgs.users.map((user) => ({ ...user, querySeconds: 0.06 })) },
      "retrofitlink:database.users.backend.querySeconds: got 0.06; allowed is at most 0.05 (seconds), the budget's query time. Make the queries cheaper, or loosen retrofitlink:budget.databaseQuerySeconds.",
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

function secretOf({ inputs }: RecordedResource): unknown {
  return (inputs["stringData"] as { value: unknown }).value;
}
