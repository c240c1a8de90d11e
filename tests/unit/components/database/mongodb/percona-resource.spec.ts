import assert from "node:assert/strict";
import { parse } from "yaml";

import {
  mongoDbPlan,
  mongoDbSettings,
  type MongoDbClusterArgs,
} from "../../../../../components/database/mongodb/mongodb-cluster-args";
import {
  perconaSpec,
  routerHosts,
  shardNames,
} from "../../../../../components/database/mongodb/percona-resource";
import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import { clusterArgs, s3Backup } from "../fixtures";

interface Container {
  readonly name: string;
  readonly [field: string]: unknown;
}

interface Part {
  readonly size: number;
  readonly configuration: string;
  readonly sidecars: readonly Container[];
  readonly [field: string]: unknown;
}

interface ReplicaSet extends Part {
  readonly name: string;
  readonly nonvoting: Part & { readonly enabled: boolean };
}

interface Spec {
  readonly replsets: readonly ReplicaSet[];
  readonly sharding: { readonly configsvrReplSet: Part; readonly mongos: Part };
  readonly backup: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

function spec(change: Partial<MongoDbClusterArgs> = {}): Spec {
  const settings = mongoDbSettings({ ...clusterArgs, ...change });
  return perconaSpec(
    { ...settings, name: "mongodb" },
    mongoDbPlan("mongodb", settings).numbers,
  ) as unknown as Spec;
}

/** Everything that runs a server, by what it is. */
function parts({ replsets, sharding }: Spec): Record<string, Part> {
  return Object.fromEntries([
    ...replsets.map((set): [string, Part] => [set.name, set]),
    ...replsets.map((set): [string, Part] => [`${set.name}, read replicas`, set.nonvoting]),
    ["config servers", sharding.configsvrReplSet],
    ["routers", sharding.mongos],
  ]);
}

const configurationOf = (part: Part): Record<string, unknown> =>
  parse(part.configuration) as Record<string, unknown>;

describe("PerconaServerMongoDB", () => {
  it("gives the first shard the StatefulSet that the guide names", () => {
    assert.deepEqual(shardNames(3), ["optimized", "shard-2", "shard-3"]);
    assert.equal(spec().replsets[0]?.name, "optimized");
  });

  it("has three voters a shard, the read replicas beside them, and three config servers", () => {
    const { replsets, sharding } = spec({ shards: 3, readReplicas: 2 });
    assert.deepEqual(
      replsets.map(({ name, size, nonvoting }) => [name, size, nonvoting.enabled, nonvoting.size]),
      [
        ["optimized", 3, true, 2],
        ["shard-2", 3, true, 2],
        ["shard-3", 3, true, 2],
      ],
    );
    assert.equal(sharding.configsvrReplSet.size, 3);
    assert.equal(sharding.mongos.size, 3);
    assert.equal(spec({ readReplicas: 0 }).replsets[0]?.nonvoting.enabled, false);
  });

  it("is sharded with the balancer on, updated member by member, and needs no unsafe flag", () => {
    const { sharding, updateStrategy, upgradeOptions, unsafeFlags, crVersion, logcollector, pmm } = spec();
    assert.deepEqual(
      { ...sharding, configsvrReplSet: undefined, mongos: undefined },
      { enabled: true, balancer: { enabled: true }, configsvrReplSet: undefined, mongos: undefined },
    );
    assert.deepEqual([updateStrategy, upgradeOptions], ["SmartUpdate", { apply: "disabled", setFCV: false }]);
    assert.equal(unsafeFlags, undefined);
    assert.equal(crVersion, "1.22.0");
    assert.deepEqual([logcollector, pmm], [{ enabled: false }, undefined]);
  });

  it("takes TLS only, from clients without a certificate too, under names that the certificates carry", async () => {
    const made = spec();
    assert.deepEqual(made["tls"], { mode: "requireTLS", allowInvalidCertificates: true });
    for (const [name, part] of Object.entries(parts(made))) {
      const { net } = configurationOf(part) as { net: { tls: unknown } };
      assert.deepEqual(net.tls, { allowConnectionsWithoutCertificates: true }, name);
    }
    // The operator writes *.<namespace>.<suffix> into the certificates, whether or not the feature is on.
    assert.deepEqual(made["multiCluster"], { enabled: false, DNSSuffix: "svc.cluster.local" });
    const hosts = await new Promise((resolve) => routerHosts("mongodb", 3, "retrofitlink").apply(resolve));
    assert.deepEqual(
      hosts,
      [0, 1, 2].map((at) => `mongodb-mongos-${at}.retrofitlink.svc.cluster.local:27017`),
    );
  });

  it("gives every router a Service of its own, for a cursor lives on the router that opened it", () => {
    assert.deepEqual(spec().sharding.mongos["expose"], { type: "ClusterIP", servicePerPod: true });
    assert.deepEqual(spec().replsets[0]?.["expose"], { enabled: false });
  });

  it("carries the derived memory, cache and volume, with requests equal to limits", () => {
    const { replsets, sharding } = spec();
    const resources = { cpu: "2", memory: "37Gi" };
    const storage = { engine: "wiredTiger", wiredTiger: { engineConfig: { cacheSizeRatio: 0.5 } } };
    const volume = {
      persistentVolumeClaim: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "361Gi" } },
      },
    };
    for (const set of replsets) {
      assert.deepEqual(set["storage"], storage);
      for (const part of [set, set.nonvoting]) {
        assert.deepEqual(part["resources"], { requests: resources, limits: resources });
        assert.deepEqual(part["volumeSpec"], volume);
      }
    }
    const { configsvrReplSet, mongos } = sharding;
    const small = { cpu: "500m", memory: "2Gi" };
    assert.deepEqual(configsvrReplSet["resources"], { requests: small, limits: small });
    const routers = { cpu: "1", memory: "1024Mi" };
    assert.deepEqual(mongos["resources"], { requests: routers, limits: routers });
  });

  it("names the storage class of every volume where one is asked for", () => {
    const { replsets, sharding } = spec({ storageClassName: "gp3" });
    for (const part of [replsets[0], replsets[0]?.nonvoting, sharding.configsvrReplSet]) {
      const { persistentVolumeClaim } = part?.["volumeSpec"] as {
        persistentVolumeClaim: { storageClassName: string };
      };
      assert.equal(persistentVolumeClaim.storageClassName, "gp3");
    }
  });

  it("limits connections on both sides of the routers, and keeps some warm", () => {
    const { replsets, sharding } = spec();
    const [first] = replsets;
    assert.ok(first !== undefined);
    for (const part of [first, first.nonvoting, sharding.configsvrReplSet]) {
      const { net } = configurationOf(part) as { net: { maxIncomingConnections: number } };
      assert.equal(net.maxIncomingConnections, 125);
    }
    assert.deepEqual(configurationOf(sharding.mongos), {
      net: { maxIncomingConnections: 194, tls: { allowConnectionsWithoutCertificates: true } },
      operationProfiling: { slowOpThresholdMs: 100 },
      setParameter: {
        taskExecutorPoolSize: 1,
        ShardingTaskExecutorPoolMaxSize: 20,
        ShardingTaskExecutorPoolMinSize: 5,
        ShardingTaskExecutorPoolHostTimeoutMS: 300_000,
        ShardingTaskExecutorPoolMaxConnecting: 2,
      },
    });
  });

  it("profiles what is slower than the budget allows, at the level asked for", () => {
    const modeOf = (change: Partial<MongoDbClusterArgs>): unknown =>
      configurationOf(spec(change).replsets[0] as Part)["operationProfiling"];
    assert.deepEqual(modeOf({}), { mode: "slowOp", slowOpThresholdMs: 100 });
    assert.deepEqual(modeOf({ profilerLevel: 2 }), { mode: "all", slowOpThresholdMs: 100 });
    const strict = { target: 0.02, warning: 0.02, critical: 0.04 };
    assert.deepEqual(
      modeOf({ profilerLevel: 0, budget: { ...DEFAULT_BUDGET, databaseQuerySeconds: strict } }),
      {
        mode: "off",
        slowOpThresholdMs: 40,
      },
    );
  });

  it("never lets two members of a set share a node, nor a majority a zone", () => {
    const { replsets, sharding } = spec();
    const strict = [
      {
        maxSkew: 1,
        minDomains: 3,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
      },
    ];
    const loose = [
      { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
    ];
    for (const set of replsets) {
      assert.deepEqual(set["topologySpreadConstraints"], strict);
      assert.deepEqual(set.nonvoting["topologySpreadConstraints"], loose);
    }
    assert.deepEqual(sharding.configsvrReplSet["topologySpreadConstraints"], strict);
    assert.deepEqual(sharding.mongos["topologySpreadConstraints"], loose);
    for (const part of Object.values(parts(spec()))) {
      assert.deepEqual(part["affinity"], { antiAffinityTopologyKey: "kubernetes.io/hostname" });
      assert.deepEqual(part["podDisruptionBudget"], { maxUnavailable: 1 });
    }
    const [two] = spec({ zones: 2 }).replsets[0]?.["topologySpreadConstraints"] as { minDomains: number }[];
    assert.equal(two?.minDomains, 2);
    for (const part of Object.values(parts(spec({ zones: 1 })))) {
      assert.equal(part["topologySpreadConstraints"], undefined);
    }
  });

  it("has an exporter beside every server, routers and read replicas too, with the monitor's password", () => {
    for (const [name, part] of Object.entries(parts(spec()))) {
      const [exporter, ...more] = part.sidecars;
      assert.equal(more.length, 0);
      assert.equal(exporter?.name, "exporter", name);
      assert.deepEqual(exporter?.["ports"], [{ name: "metrics", containerPort: 9216 }]);
      const env = exporter?.["env"] as { name: string; value?: string; valueFrom?: unknown }[];
      assert.deepEqual(
        env.map(({ name: variable, valueFrom }) => [variable, valueFrom]),
        [
          ["MONGODB_USER", { secretKeyRef: { name: "mongodb-users", key: "MONGODB_CLUSTER_MONITOR_USER" } }],
          [
            "MONGODB_PASSWORD",
            { secretKeyRef: { name: "mongodb-users", key: "MONGODB_CLUSTER_MONITOR_PASSWORD" } },
          ],
          ["MONGODB_URI", undefined],
        ],
      );
      assert.deepEqual(part["sidecarVolumes"], [
        { name: "exporter-tls", secret: { secretName: "mongodb-ssl" } },
      ]);
    }
  });

  it("passes the restricted Pod Security Standard in every container that it describes", () => {
    const made = spec({ backup: s3Backup });
    const contexts = [
      made["initContainerSecurityContext"],
      made.backup["containerSecurityContext"],
      ...Object.values(parts(made)).flatMap((part) => [
        part["containerSecurityContext"],
        ...part.sidecars.map((sidecar) => sidecar["securityContext"]),
      ]),
    ] as { allowPrivilegeEscalation: boolean; capabilities: unknown }[];
    for (const context of contexts) {
      assert.equal(context.allowPrivilegeEscalation, false);
      assert.deepEqual(context.capabilities, { drop: ["ALL"] });
    }
    for (const part of Object.values(parts(made))) {
      assert.deepEqual(part["podSecurityContext"], {
        runAsNonRoot: true,
        runAsUser: 1001,
        runAsGroup: 1001,
        fsGroup: 1001,
        seccompProfile: { type: "RuntimeDefault" },
      });
    }
  });

  it("puts kubectl exec into the server's container, with the mongosh of operators", () => {
    const containers = Object.entries(parts(spec())).map(([name, part]) => {
      assert.match((part["hookScript"] as { script: string }).script, /\/opt\/percona\/shell\/mongosh/);
      const annotations = part["annotations"] as Record<string, string>;
      return [name, annotations["kubectl.kubernetes.io/default-container"]];
    });
    assert.deepEqual(Object.fromEntries(containers), {
      optimized: "mongod",
      "optimized, read replicas": "mongod-nv",
      "shard-2": "mongod",
      "shard-2, read replicas": "mongod-nv",
      "config servers": "mongod",
      routers: "mongos",
    });
    const { replsets, sharding } = spec();
    // Read replicas take their variables from the replica set.
    for (const part of [...replsets, sharding.configsvrReplSet, sharding.mongos]) {
      assert.match(JSON.stringify(part["env"]), /^\[\{"name":"PATH","value":"\/opt\/percona\/shell:/);
    }
  });

  it("lets the application read and write its database, and the Job keep indexes and shard keys, no more", () => {
    const { users, roles } = spec();
    const from = (key: string): unknown => ({ name: "mongodb-application", key });
    assert.deepEqual(users, [
      {
        name: "application",
        db: "admin",
        passwordSecretRef: from("application-password"),
        roles: [{ name: "readWrite", db: "retrofitlink" }],
      },
      {
        name: "data-model",
        db: "admin",
        passwordSecretRef: from("data-model-password"),
        roles: [{ name: "dataModelKeeper", db: "admin" }],
      },
    ]);
    assert.deepEqual(roles, [
      {
        role: "dataModelKeeper",
        db: "admin",
        privileges: [
          { resource: { db: "retrofitlink", collection: "" }, actions: ["enableSharding"] },
          { resource: { db: "config", collection: "collections" }, actions: ["find"] },
        ],
        roles: [{ role: "dbAdmin", db: "retrofitlink" }],
      },
    ]);
  });

  it("backs up every day with the oplog between, and keeps what retention says", () => {
    const { enabled, storages, pitr, tasks } = spec({ backup: s3Backup }).backup;
    assert.equal(enabled, true);
    assert.deepEqual(storages, {
      main: { main: true, type: "s3", s3: { bucket: "backups", region: "eu-central-1" } },
    });
    assert.deepEqual(pitr, { enabled: true, compressionType: "gzip", compressionLevel: 6 });
    const [task, ...more] = tasks as Record<string, unknown>[];
    assert.equal(more.length, 0);
    assert.deepEqual(task?.["retention"], { type: "count", count: 30, deleteFromStorage: true });
    assert.deepEqual(
      [task?.["schedule"], task?.["type"], task?.["storageName"]],
      ["0 2 * * *", "logical", "main"],
    );
  });

  it("runs every replica set of a backup, config servers too, under the account that may write it", () => {
    const made = spec({ backup: s3Backup });
    const accounts = Object.entries(parts(made)).map(([name, part]) => [name, part["serviceAccountName"]]);
    assert.deepEqual(Object.fromEntries(accounts), {
      optimized: "mongodb-backup",
      "optimized, read replicas": "mongodb-backup",
      "shard-2": "mongodb-backup",
      "shard-2, read replicas": "mongodb-backup",
      "config servers": "mongodb-backup",
      routers: undefined,
    });
  });

  it("backs up to Cloud Storage with the key in a Secret, and not at all without a target", () => {
    const storage = {
      type: "gcs",
      bucket: "backups",
      credentialsSecret: "mongodb-backup-credentials",
    } as const;
    assert.deepEqual(spec({ backup: { ...s3Backup, storage, retentionDays: 7 } }).backup["storages"], {
      main: {
        main: true,
        type: "gcs",
        gcs: { bucket: "backups", credentialsSecret: "mongodb-backup-credentials" },
      },
    });
    const { enabled, tasks, storages } = spec().backup;
    assert.deepEqual([enabled, tasks, storages], [false, undefined, undefined]);
  });
});
