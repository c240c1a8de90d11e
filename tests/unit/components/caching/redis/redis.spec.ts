import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import type { RedisSummary } from "../../../../../budget/caching/summary";
import { text } from "../../../../../budget/core/derived";
import { Redis, type RedisArgs } from "../../../../../components/caching/redis/redis";
import { contradictions } from "../../../../helpers/contradictions";
import { record } from "../../../../helpers/pulumi";
import { cache, session, CACHE_RESOURCES, buildCache, deployment } from "./redis-fixture";

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
