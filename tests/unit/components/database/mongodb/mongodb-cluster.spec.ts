import assert from "node:assert/strict";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  MongoDbCluster,
  type MongoDbClusterArgs,
} from "../../../../../components/database/mongodb/mongodb-cluster";
import { contradiction } from "../../../../../budget/core/witness";
import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import type { Planned } from "../../../../../budget/core/summary";
import { planDatabase } from "../../../../../budget/database/plan";
import { record } from "../../../../helpers/pulumi";
import { clusterArgs, s3Backup } from "../fixtures";
import { RESOURCES, build, named, secretOf } from "./mongodb-fixture";

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
    const { numbers, order, proofs, witnesses, ...rest } = recording.only(
      "retrofitlink:database:MongoDbCluster",
    ).inputs;
    const plan = planDatabase({
      ...clusterArgs,
      database: "mongodb",
      budget: DEFAULT_BUDGET,
      backupDays: 30,
    });
    assert.deepEqual({ numbers, proofs }, plan);
    assert.deepEqual(order, Object.keys(plan.numbers));
    assert.ok((witnesses as unknown[]).length > 30);
    assert.deepEqual(rest, {
      configKey: "retrofitlink:database",
      workload: "mongodb",
      namespace: "retrofitlink",
      shards: 2,
      statefulSets: ["mongodb-optimized", "mongodb-shard-2"],
      readReplicas: 1,
      profilerLevel: 1,
      readPreference:
        "readPreference=secondaryPreferred&readPreferenceTags=nonVoting:true&readPreferenceTags=&maxStalenessSeconds=90",
      zones: 3,
    });
  });

  it("is what its plan says, and a transform that changes it is found", async () => {
    const contradictions = async (change: Partial<MongoDbClusterArgs>): Promise<string[]> => {
      const recording = await build(change);
      const { witnesses } = recording.only("retrofitlink:database:MongoDbCluster")
        .inputs as unknown as Planned;
      return witnesses.flatMap((witness) => {
        const [object] = recording.ofType(witness.type).filter(({ name }) => name === witness.name);
        return contradiction(witness, object?.inputs) ?? [];
      });
    };
    assert.deepEqual(await contradictions({}), []);
    assert.deepEqual(await contradictions({ readReplicas: 0, shards: 3, backup: s3Backup }), []);
    assert.deepEqual(
      await contradictions({
        transform: { cluster: { spec: { sharding: { mongos: { size: 2, configuration: "" } } } } },
      }),
      [
        "spec.sharding.mongos.size is 2; the plan has 3",
        'spec.sharding.mongos.configuration has no line "maxIncomingConnections: …"; the plan has "maxIncomingConnections: 194"',
        'spec.sharding.mongos.configuration has no line "ShardingTaskExecutorPoolMaxSize: …"; the plan has "ShardingTaskExecutorPoolMaxSize: 20"',
        'spec.sharding.mongos.configuration has no line "taskExecutorPoolSize: …"; the plan has "taskExecutorPoolSize: 1"',
      ],
    );
    const halved = (args: k8s.apiextensions.CustomResourceArgs): void => {
      const [set] = (args["spec"] as { replsets: { storage: unknown; resources: { limits: object } }[] })
        .replsets;
      assert.ok(set);
      set.storage = { wiredTiger: { engineConfig: { cacheSizeRatio: 0.25 } } };
      set.resources.limits = { cpu: "2", memory: "20Gi" };
    };
    assert.deepEqual(await contradictions({ transform: { cluster: halved } }), [
      "spec.replsets.optimized.storage.wiredTiger.engineConfig.cacheSizeRatio is 0.25; the plan has 0.5",
      'spec.replsets.optimized.resources.limits.memory is "20Gi"; the plan has "37Gi"',
    ]);
  });

  it("takes the plan of a stack in place of its own", async () => {
    const plan = planDatabase({ ...clusterArgs, database: "mongodb", budget: DEFAULT_BUDGET, dataGiB: 4000 });
    const { inputs: made } = (await build({ plan })).only(
      "kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB",
    );
    assert.match(JSON.stringify(made), new RegExp(`"storage":"${plan.numbers.storage.value}Gi"`));
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
        operatorUsers: { metadata: { labels: { team: "a" } } },
        application: { metadata: { annotations: { team: "a" } } },
        password: { length: 50 },
      },
    });
    for (const name of ["mongodb-users", "mongodb-application"]) {
      const { labels, annotations } = named(recording.resources, name).inputs["metadata"] as Record<
        string,
        Record<string, string> | undefined
      >;
      assert.equal(labels?.["team"] ?? annotations?.["team"], "a");
    }
    const passwords = recording.ofType("random:index/randomPassword:RandomPassword");
    assert.ok(passwords.length > 0 && passwords.every(({ inputs: { length } }) => length === 50));
    assert.equal(recording.only("kubernetes:helm.sh/v3:Release").inputs["version"], "9.9.9");
    const { inputs } = recording.only("kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB");
    assert.deepEqual(inputs["spec"], { crVersion: "9.9.9" });
    const policy = recording.only("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
    assert.equal((policy["metadata"] as { name: string }).name, "other");
  });
});

describe("MongoDbCluster, alone in somebody's program", () => {
  it("is built from what it holds", async () => {
    const recording = await record(() => new MongoDbCluster("orders", { dataGiB: 20, workingSetGiB: 2 }));
    const { inputs } = recording.only("retrofitlink:database:MongoDbCluster");
    assert.deepEqual(
      [inputs["configKey"], inputs["workload"], inputs["namespace"], inputs["shards"], inputs["zones"]],
      ["orders", "orders", "default", 1, 3],
    );
    assert.doesNotMatch(JSON.stringify(inputs["statefulSets"]), /mongodb/);
    const names = recording.resources.map(({ name }) => name);
    assert.ok(
      names.every((name) => name.startsWith("orders")),
      names.join(),
    );
    const uri = (secretOf(named(recording.resources, "orders-application")) as { uri: string }).uri;
    assert.match(uri, /@orders-mongos-0\.default\.svc\.cluster\.local:27017,.*\/app\?authSource=admin/);
    // Nothing of the product but the label that says what made it.
    const objects = JSON.stringify(
      recording.resources
        .filter(({ type }) => !type.startsWith("retrofitlink:"))
        .map(({ inputs: made }) => made),
    );
    assert.doesNotMatch(objects.replaceAll('"app.kubernetes.io/part-of":"retrofitlink"', ""), /retrofitlink/);
  });

  it("goes into a namespace that is only known later, and shows its children", async () => {
    const seen: unknown[] = [];
    const recording = await record(() => {
      const namespace = new k8s.core.v1.Namespace("team", { metadata: { name: "team-a" } });
      const orders = new MongoDbCluster("orders", {
        dataGiB: 20,
        workingSetGiB: 2,
        namespace: namespace.metadata.name,
      });
      orders.networkPolicy.metadata.namespace.apply((where) => seen.push(where));
      assert.ok(orders.operator instanceof k8s.helm.v3.Release);
      assert.ok(orders.operatorUsers instanceof k8s.core.v1.Secret);
      assert.equal(orders.plan.numbers.routers.value, orders.routers);
    });
    assert.deepEqual(seen, ["team-a"]);
    assert.equal(recording.only("retrofitlink:database:MongoDbCluster").inputs["namespace"], undefined);
    const secret = secretOf(named(recording.resources, "orders-application")) as { uri: string };
    assert.match(secret.uri, /orders-mongos-0\.team-a\.svc/);
  });
});
