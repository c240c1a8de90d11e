import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { RedisSummary } from "../../../../../budget/caching/summary";
import { text } from "../../../../../budget/core/derived";
import {
  Redis,
  type CacheRedisArgs,
  type RedisArgs,
  type SessionRedisArgs,
} from "../../../../../components/caching/redis/redis";
import { contradictions } from "../../../../helpers/contradictions";
import { record, type RecordedResource } from "../../../../helpers/pulumi";

const backend = { service: "backend", maxReplicas: 10, maxSurge: 0.25, processesPerPod: 1, poolSize: 8 };

const cache: CacheRedisArgs = {
  configKey: "retrofitlink:caches.redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [backend],
};

const session: SessionRedisArgs = {
  configKey: "retrofitlink:caches.sessions",
  namespace: "retrofitlink",
  purpose: "session",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [backend],
  zones: 3,
};

const CACHE_RESOURCES = [
  "kubernetes:apps/v1:Deployment redis-cache-deployment",
  "kubernetes:core/v1:ConfigMap redis-cache-config",
  "kubernetes:core/v1:Secret redis-cache-credentials",
  "kubernetes:core/v1:Service redis-cache-service",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy redis-cache-network-policy",
  "kubernetes:policy/v1:PodDisruptionBudget redis-cache-disruption-budget",
  "random:index/randomPassword:RandomPassword redis-cache-internal-password",
  "random:index/randomPassword:RandomPassword redis-cache-internal-password-2",
  "random:index/randomPassword:RandomPassword redis-cache-password",
  "random:index/randomPassword:RandomPassword redis-cache-password-2",
  "retrofitlink:autoscaling:DisruptionBudget redis-cache-disruption-budget",
  "retrofitlink:caching:Redis redis-cache",
];

interface Container {
  name: string;
  env: { name: string; value?: string; valueFrom?: unknown }[];
  [field: string]: unknown;
}

interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: { containers: [Container, Container]; [field: string]: unknown };
}

interface WorkloadSpec {
  template: PodTemplate;
  [field: string]: unknown;
}

function specOf(resource: RecordedResource): WorkloadSpec {
  return resource.inputs["spec"] as WorkloadSpec;
}

async function buildCache(change: Partial<RedisArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new Redis("redis-cache", { ...cache, ...change } as RedisArgs, {}), options);
}

async function deployment(change: Partial<RedisArgs> = {}): Promise<WorkloadSpec> {
  return specOf((await buildCache(change)).only("kubernetes:apps/v1:Deployment"));
}

describe("Redis, as a cache", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await buildCache()).typesAndNames(), CACHE_RESOURCES);
    assert.deepEqual((await buildCache({}, { preview: true })).typesAndNames(), CACHE_RESOURCES);
  });

  it("tells policies what it was derived from", async () => {
    const recording = await buildCache();
    const { numbers, order, proofs, witnesses, ...rest } = recording.only("retrofitlink:caching:Redis")
      .inputs as unknown as RedisSummary;
    assert.deepEqual(rest, {
      kind: "in-cluster",
      configKey: "retrofitlink:caches.redis-cache",
      workload: "redis-cache",
      namespace: "retrofitlink",
      purpose: "cache",
    });
    assert.deepEqual(
      order.map((field) => `${numbers[field]?.name} ${text(numbers[field]!)}`),
      [
        "Members 1 member",
        // 20 pods * 8 connections; 1.2 times that, and 32
        "Connections 160 connections",
        "maxclients 224 connections",
        "maxmemory-clients 16 MiB",
        "maxmemory 656 MiB",
        "Memory at worst 802 MiB",
        "Memory limit 802 MiB",
        "io-threads 1",
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
    assert.ok(witnesses.length > 10);
  });

  it("is witnessed by what it registers, and by nothing that a transform has changed", async () => {
    const wrong = async (change: Partial<RedisArgs>): Promise<string[]> =>
      contradictions(await buildCache(change));
    assert.deepEqual(await wrong({}), []);
    assert.deepEqual(await wrong({ transform: { deployment: { spec: { replicas: 2 } } } }), [
      "spec.replicas is 2; the plan has 1",
    ]);
    const smaller = { data: { "redis.conf": "maxclients 10\n" } };
    assert.match(
      (await wrong({ transform: { config: smaller } })).join("\n"),
      /data\.redis\.conf has "maxclients 10"; the plan has "maxclients 224"/,
    );
  });

  it("names its objects after the workload, not after the component", async () => {
    const recording = await buildCache({ name: "hot" });
    const names = recording.resources
      .filter((resource) => resource.type.startsWith("kubernetes:"))
      .map((resource) => (resource.inputs["metadata"] as { name: string }).name);
    assert.deepEqual(names.sort(), ["hot", "hot", "hot", "hot", "hot-config", "hot-credentials"]);
  });

  it("runs one replica and never two at once", async () => {
    const spec = await deployment();
    assert.equal(spec["replicas"], 1);
    assert.deepEqual(spec["strategy"], { type: "Recreate" });
    assert.deepEqual(spec["selector"], { matchLabels: { app: "redis-cache" } });
  });

  it("runs the server from its file, restricted, with what the proof asks for", async () => {
    const { template } = await deployment();
    const [server, exporter] = template.spec.containers;
    assert.equal(server.name, "redis");
    assert.deepEqual(server["command"], ["redis-server", "/etc/redis/redis.conf"]);
    assert.deepEqual(server["resources"], {
      requests: { cpu: "1", memory: "802Mi" },
      limits: { cpu: "1", memory: "802Mi" },
    });
    assert.deepEqual(server["volumeMounts"], [
      { name: "config", mountPath: "/etc/redis", readOnly: true },
      { name: "credentials", mountPath: "/etc/redis-credentials", readOnly: true },
    ]);
    for (const container of [server, exporter]) {
      assert.deepEqual(container["securityContext"], {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    assert.equal(template.spec["automountServiceAccountToken"], false);
    assert.equal(template.spec["enableServiceLinks"], false);
    assert.deepEqual(template.spec["securityContext"], {
      runAsNonRoot: true,
      runAsUser: 999,
      runAsGroup: 999,
      fsGroup: 999,
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  it("never limits the event loop to less than a core", async () => {
    const { template } = await deployment({ cpuCores: 0.25 });
    assert.deepEqual(template.spec.containers[0]["resources"], {
      requests: { cpu: "0.25", memory: "802Mi" },
      limits: { cpu: "1", memory: "802Mi" },
    });
  });

  it("asks different things to be ready and to be alive", async () => {
    const [server] = (await deployment()).template.spec.containers;
    assert.deepEqual(server["readinessProbe"], {
      exec: { command: ["redis-cli", "-e", "ping"] },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 3,
    });
    assert.deepEqual(server["livenessProbe"], {
      exec: { command: ["sh", "-c", "timeout 4 redis-cli ping >/dev/null 2>&1; test $? -ne 124"] },
      periodSeconds: 10,
      timeoutSeconds: 6,
      failureThreshold: 12,
    });
  });

  it("offers the port of the server and the port of the metrics inside the cluster", async () => {
    const service = (await buildCache()).only("kubernetes:core/v1:Service");
    assert.deepEqual(service.inputs["spec"], {
      type: "ClusterIP",
      selector: { app: "redis-cache" },
      ports: [
        { name: "redis", port: 6379, targetPort: "redis" },
        { name: "metrics", port: 9121, targetPort: "metrics" },
      ],
    });
  });

  it("lets nodes be drained, for one replica is never spare", async () => {
    const budget = (await buildCache()).only("kubernetes:policy/v1:PodDisruptionBudget");
    assert.deepEqual(budget.inputs["spec"], {
      maxUnavailable: 1,
      selector: { matchLabels: { app: "redis-cache" } },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });
});

describe("Redis, its passwords", () => {
  const PASSWORDS = "random:index/randomPassword:RandomPassword";

  /** Another secret for each resource, and what the Secret makes of them. */
  async function secretOf(change: Partial<RedisArgs> = {}): Promise<Record<string, string>> {
    const outputs = (type: string, _: unknown, name: string): object =>
      type === PASSWORDS ? { result: `secret of ${name}` } : {};
    const recording = await buildCache(change, { outputs });
    // A secret, as the engine is told.
    const { value } = recording.only("kubernetes:core/v1:Secret").inputs["stringData"] as {
      readonly value: Record<string, string>;
    };
    return value;
  }

  it("are long, random, and need no quoting", async () => {
    for (const { inputs } of (await buildCache()).ofType(PASSWORDS)) {
      assert.deepEqual(inputs, { length: 40, special: false });
    }
  });

  it("are those of the generation before, the current and the next one, each made once", async () => {
    const names = async (passwordGeneration: number): Promise<string[]> =>
      (await buildCache({ passwordGeneration })).ofType(PASSWORDS).map(({ name }) => name);
    assert.deepEqual((await names(1)).length, 4);
    const third = ["redis-cache-password-2", "redis-cache-password-3", "redis-cache-password-4"];
    assert.deepEqual(
      (await names(3)).filter((name) => !name.includes("internal")),
      third,
    );
    // What stays accepted in a rotation is what was there before it.
    assert.equal((await names(4)).filter((name) => third.includes(name)).length, 2);
  });

  it("are used one generation at a time, and accepted for two more", async () => {
    const [second, third] = [
      await secretOf({ passwordGeneration: 2 }),
      await secretOf({ passwordGeneration: 3 }),
    ];
    assert.equal(second["password"], "secret of redis-cache-password-2");
    assert.equal(third["password"], "secret of redis-cache-password-3");
    const hashes = (secret: Record<string, string>): string[] =>
      [...(/^user default on (.*?) ~/m.exec(secret["users.conf"] ?? "")?.[1] ?? "").split(" ")].sort();
    const hashOf = (generation: string): string =>
      `#${createHash("sha256").update(`secret of redis-cache-password${generation}`).digest("hex")}`;
    assert.deepEqual(hashes(second), ["", "-2", "-3"].map(hashOf).sort());
    assert.deepEqual(hashes(third), ["-2", "-3", "-4"].map(hashOf).sort());
  });

  it("are in the Secret only, where those of the operator and the exporter do not follow from the services'", async () => {
    const secret = await secretOf();
    assert.deepEqual(Object.keys(secret).sort(), [
      "exporter-password",
      "operator-password",
      "password",
      "users.conf",
    ]);
    assert.match(secret["operator-password"] ?? "", /^[0-9a-f]{64}$/);
    assert.equal(new Set(Object.values(secret)).size, 4);
    const values = Object.values(secret);
    const recording = await buildCache();
    for (const { inputs, type } of recording.resources) {
      if (type === "kubernetes:core/v1:Secret") continue;
      for (const value of values) assert.ok(!JSON.stringify(inputs).includes(value), type);
    }
  });

  it("reach the server, redis-cli and the exporter without a command line", async () => {
    const { template } = await deployment();
    const [server, exporter] = template.spec.containers;
    const fromSecret = (key: string): unknown => ({ secretKeyRef: { name: "redis-cache-credentials", key } });
    assert.deepEqual(server.env, [
      { name: "REDISCLI_AUTH", valueFrom: fromSecret("operator-password") },
      { name: "PATH", value: "/etc/redis:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    ]);
    assert.deepEqual(exporter.env, [
      { name: "REDIS_ADDR", value: "redis://localhost:6379" },
      { name: "REDIS_USER", value: "exporter" },
      { name: "REDIS_PASSWORD", valueFrom: fromSecret("exporter-password") },
      { name: "REDIS_EXPORTER_CONFIG_COMMAND", value: "-" },
    ]);
    assert.deepEqual(template.spec["volumes"], [
      { name: "config", configMap: { name: "redis-cache-config", defaultMode: 0o555 } },
      {
        name: "credentials",
        secret: {
          secretName: "redis-cache-credentials",
          items: [{ key: "users.conf", path: "users.conf" }],
          defaultMode: 0o440,
        },
      },
    ]);
  });

  it("replaces the pod when it or redis.conf changes", async () => {
    const checksums = async (change: Partial<RedisArgs>): Promise<Record<string, string>> =>
      (await deployment(change)).template.metadata.annotations;
    const digest = (data: unknown): string => createHash("sha256").update(JSON.stringify(data)).digest("hex");

    const credentials = { password: "one", "users.conf": "user default on nopass\n" };
    const data = { "redis.conf": "port 6379\n" };
    const annotations = await checksums({
      transform: {
        credentials: (args) => ({ ...args, stringData: credentials }),
        config: (args) => ({ ...args, data }),
      },
    });
    assert.deepEqual(annotations, {
      "checksum/config": digest(data),
      "checksum/credentials": digest(credentials),
      "kubectl.kubernetes.io/default-container": "redis",
    });
    const [base, larger] = [await checksums({}), await checksums({ workingSetMiB: 600 })];
    assert.notEqual(base["checksum/config"], larger["checksum/config"]);
    assert.equal(base["checksum/credentials"], larger["checksum/credentials"]);
  });

  it("does not make the pod a secret, although its digest is in it", async () => {
    const transform = { credentials: { stringData: pulumi.secret({ password: "one" }) } };
    const { annotations } = (await deployment({ transform })).template.metadata;
    assert.match(annotations["checksum/credentials"] ?? "", /^[0-9a-f]{64}$/);
  });
});

describe("Redis, its network policy", () => {
  const monitoring = (namespace: string): unknown => ({
    from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }],
    ports: [{ protocol: "TCP", port: "metrics" }],
  });
  const ingress = async (change: Partial<RedisArgs>): Promise<unknown> => {
    const policy = (await buildCache(change)).only("kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const spec = policy.inputs["spec"] as Record<string, unknown>;
    assert.deepEqual(spec["podSelector"], { matchLabels: { app: "redis-cache" } });
    assert.deepEqual(spec["policyTypes"], ["Ingress", "Egress"]);
    assert.deepEqual(spec["egress"], []);
    return spec["ingress"];
  };

  it("admits its users' pods and the monitoring, and lets nothing out", async () => {
    assert.deepEqual(await ingress({}), [
      {
        from: [{ podSelector: { matchLabels: { app: "backend" } } }],
        ports: [{ protocol: "TCP", port: "redis" }],
      },
      monitoring("monitoring"),
    ]);
  });

  it("admits the pods it is told to instead", async () => {
    const clients: Record<string, string>[] = [{ app: "backend" }, { tier: "batch" }];
    assert.deepEqual(await ingress({ clients, monitoringNamespace: "observability" }), [
      {
        from: clients.map((matchLabels) => ({ podSelector: { matchLabels } })),
        ports: [{ protocol: "TCP", port: "redis" }],
      },
      monitoring("observability"),
    ]);
  });

  it("admits nobody when nobody uses it, where an empty list would admit everybody", async () => {
    assert.deepEqual(await ingress({ users: [] }), [monitoring("monitoring")]);
    assert.deepEqual(await ingress({ clients: [] }), [monitoring("monitoring")]);
  });
});

describe("Redis, its outputs", () => {
  it("say where it is and where its password is, but not the password", async () => {
    let redis: Redis | undefined;
    await record(() => {
      redis = new Redis("redis-cache", cache);
    });
    assert.ok(redis);
    const secretName = redis.passwordSecret.name;
    const resolved = await new Promise<unknown>((resolve) => {
      pulumi.all([redis!.host, redis!.url, secretName]).apply(resolve);
    });
    assert.deepEqual(resolved, [
      "redis-cache.retrofitlink.svc",
      "redis://redis-cache.retrofitlink.svc:6379",
      "redis-cache-credentials",
    ]);
    assert.equal(redis.port, 6379);
    assert.equal(redis.passwordSecret.key, "password");
    assert.equal(redis.maxClients, 224);
    const { endpoint } = redis;
    assert.deepEqual(
      [endpoint.host, endpoint.port, endpoint.passwordSecret, endpoint.tls, endpoint.sentinel],
      [redis.host, 6379, redis.passwordSecret, undefined, undefined],
    );
  });
});

describe("Redis, its transforms", () => {
  it("reach every child, under the child's name", async () => {
    const seen: string[] = [];
    const look = (_: object, _opts: object, childName: string): void => void seen.push(childName);
    const common = {
      password: look,
      credentials: look,
      config: look,
      service: look,
      disruptionBudget: look,
      networkPolicy: look,
    };
    const children = (await buildCache({ transform: { ...common, deployment: look } })).resources
      .filter(({ custom }) => custom)
      .map((resource) => resource.name);
    assert.deepEqual(seen.sort(), children.sort());

    seen.length = 0;
    await record(() => new Redis("sessions", { ...session, transform: { statefulSet: look, pods: look } }));
    assert.deepEqual(seen.sort(), ["sessions-pods", "sessions-statefulset"]);
  });
});

describe("Redis, given arguments that cannot work", () => {
  it("stops the component before anything is created, and names the key in the stack file", async () => {
    const recording = await record(() => {
      assert.throws(() => new Redis("redis-cache", { ...cache, memoryLimitMiB: 512 }), {
        message: `Redis "redis-cache" cannot be built:
  - retrofitlink:caches.redis-cache.memoryLimitMiB: got 512; allowed is at least 802 = maxmemory 656 + fragmentation 66 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 802.`,
      });
      assert.throws(() => new Redis("Redis", cache), /retrofitlink:caches\.redis-cache\.name: got "Redis"/);
    });
    assert.deepEqual(recording.typesAndNames(), []);
  });
});

describe("Redis, alone in a program", () => {
  it("needs a purpose and a working set, and has its children at hand", async () => {
    let made: Redis | undefined;
    const recording = await record(() => {
      made = new Redis("cache", { purpose: "cache", workingSetMiB: 512 });
    });
    assert.ok(made);
    assert.equal(made.plan.numbers.maxClients.value, 32);
    const { workload, config, credentials, service, networkPolicy, disruptionBudget, passwords, pods } = made;
    const names = await new Promise<unknown>((resolve) => {
      const children = [workload, config, credentials, service, networkPolicy];
      pulumi.all(children.map(({ metadata }) => metadata)).apply((all) => {
        resolve(all.map(({ namespace, name }) => `${namespace} ${name}`));
      });
    });
    assert.deepEqual(names, [
      "default cache",
      "default cache-config",
      "default cache-credentials",
      "default cache",
      "default cache",
    ]);
    assert.deepEqual([passwords.length, pods, disruptionBudget !== undefined], [4, undefined, true]);
    assert.deepEqual(contradictions(recording), []);
  });

  it("takes a namespace that is known later, a session store as well", async () => {
    const namespace = pulumi.output(Promise.resolve("later"));
    let made: Redis | undefined;
    const recording = await record(() => {
      made = new Redis("sessions", { purpose: "session", workingSetMiB: 64, namespace });
    });
    const addresses = await new Promise<unknown>((resolve) => {
      pulumi.output(made?.endpoint.sentinel?.addresses).apply(resolve);
    });
    assert.match(String(addresses), /^sessions-0\.sessions-pods\.later\.svc:26379,/);
    assert.deepEqual(contradictions(recording), []);
  });

  it("names the property in its messages when nobody gave a key", async () => {
    await record(() => {
      assert.throws(
        () => new Redis("cache", { purpose: "cache", workingSetMiB: -1 }),
        /Redis "cache" cannot be built:\n {2}- workingSetMiB: got -1; allowed is a number above 0 and at most/,
      );
    });
  });
});

describe("Redis, as a cache with two replicas standing by", () => {
  const standby = { standby: true } as const;

  it("has the objects of a session store, and no volume that outlives a pod", async () => {
    const recording = await buildCache(standby);
    assert.deepEqual(
      recording.resources
        .filter(({ type }) => /StatefulSet|Deployment|Service$/.test(type))
        .map(({ name }) => name)
        .sort(),
      ["redis-cache-pods", "redis-cache-service", "redis-cache-statefulset"],
    );
    const spec = specOf(recording.only("kubernetes:apps/v1:StatefulSet"));
    assert.deepEqual([spec["replicas"], spec["volumeClaimTemplates"]], [3, undefined]);
    const volumes = spec.template.spec["volumes"] as { readonly name: string; readonly emptyDir?: object }[];
    assert.deepEqual(
      volumes.filter(({ emptyDir }) => emptyDir !== undefined),
      [{ name: "data", emptyDir: { sizeLimit: "16Mi" } }],
    );
    assert.deepEqual(contradictions(recording), []);
  });

  it("asks for the memory of the copies, and goes on without replicas", async () => {
    const recording = await buildCache(standby);
    const { numbers } = recording.only("retrofitlink:caching:Redis").inputs as unknown as RedisSummary;
    // maxmemory 720, fragmentation 72, copy on write 360, replica buffers 360, client buffers 16, process 64
    assert.deepEqual(
      [numbers.members.value, numbers.limit.value, numbers.eviction.value],
      [3, 1592, "allkeys-lfu"],
    );
    const { data } = recording.only("kubernetes:core/v1:ConfigMap").inputs as {
      data: Record<string, string>;
    };
    assert.match(data["redis.conf"] ?? "", /^appendonly no$/m);
    assert.match(data["redis.conf"] ?? "", /^repl-backlog-size 64mb$/m);
    assert.doesNotMatch(data["redis.conf"] ?? "", /min-replicas/);
  });

  it("lets nobody but the Sentinels move the primary", async () => {
    const outputs = (type: string, _: unknown, name: string): object =>
      type.endsWith(":RandomPassword") ? { result: `secret of ${name}` } : {};
    const recording = await buildCache(standby, { outputs });
    const { value } = recording.only("kubernetes:core/v1:Secret").inputs["stringData"] as {
      readonly value: Record<string, string>;
    };
    assert.match(value["users.conf"] ?? "", /^user default .* resetchannels /m);
    assert.match(value["users.conf"] ?? "", /^masteruser replica$/m);
  });
});
