import assert from "node:assert/strict";

import type { RedisSummary } from "../../../../budget/caching/summary";
import { text } from "../../../../budget/core/derived";
import { Redis, type SessionRedisArgs } from "../../../../components/caching/redis/redis";
import { contradictions } from "../../../helpers/contradictions";
import { record, type Recording } from "../../../helpers/pulumi";

const session: SessionRedisArgs = {
  configKey: "retrofitlink:caches.sessions",
  namespace: "retrofitlink",
  purpose: "session",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [{ service: "backend", maxReplicas: 10, maxSurge: 0.25, processesPerPod: 1, poolSize: 8 }],
  zones: 3,
};

type Fields = Record<string, unknown>;

interface Container extends Fields {
  readonly name: string;
}

interface StatefulSetSpec extends Fields {
  readonly template: { readonly spec: Fields & { readonly containers: readonly Container[] } };
}

function build(change: Partial<SessionRedisArgs> = {}, options = {}): Promise<Recording> {
  return record(() => new Redis("sessions", { ...session, ...change }), options);
}

async function statefulSet(change: Partial<SessionRedisArgs> = {}): Promise<StatefulSetSpec> {
  const recording = await build(change);
  return recording.only("kubernetes:apps/v1:StatefulSet").inputs["spec"] as StatefulSetSpec;
}

async function container(name: string): Promise<Container> {
  const found = (await statefulSet()).template.spec.containers.find((one) => one.name === name);
  assert.ok(found);
  return found;
}

describe("Redis, as a session store", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const expected = [
      "kubernetes:apps/v1:StatefulSet sessions-statefulset",
      "kubernetes:core/v1:ConfigMap sessions-config",
      "kubernetes:core/v1:Secret sessions-credentials",
      "kubernetes:core/v1:Service sessions-pods",
      "kubernetes:core/v1:Service sessions-service",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy sessions-network-policy",
      "kubernetes:policy/v1:PodDisruptionBudget sessions-disruption-budget",
      "random:index/randomPassword:RandomPassword sessions-internal-password",
      "random:index/randomPassword:RandomPassword sessions-internal-password-2",
      "random:index/randomPassword:RandomPassword sessions-password",
      "random:index/randomPassword:RandomPassword sessions-password-2",
      "retrofitlink:autoscaling:DisruptionBudget sessions-disruption-budget",
      "retrofitlink:caching:Redis sessions",
    ];
    assert.deepEqual((await build()).typesAndNames(), expected);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), expected);
  });

  it("tells policies of its replicas, which are as large as the primary", async () => {
    const recording = await build();
    const { numbers, order, proofs } = recording.only("retrofitlink:caching:Redis")
      .inputs as unknown as RedisSummary;
    assert.deepEqual(
      order.map((field) => `${numbers[field]?.name} ${text(numbers[field]!)}`),
      [
        "Members 3 members",
        "Connections 160 connections",
        // 1.2 times that; the exporter, probes and people; 2 replicas and 3 Sentinels with 2 each
        `maxclients ${192 + 32 + 8} connections`,
        "maxmemory-clients 16 MiB",
        "maxmemory 720 MiB",
        "Memory at worst 1,592 MiB",
        "Memory limit 1,592 MiB",
        "io-threads 1",
        "When it is full noeviction",
        "repl-backlog-size 64 MiB",
        "Buffer of a replica 424 MiB",
        "Smallest volume 3 GiB",
        "Volume of a member 3 GiB",
      ],
    );
    assert.deepEqual(
      proofs.map(({ policy, holds }) => [policy, holds]),
      [
        ["connections-within-limits", true],
        ["memory-within-limits", true],
        ["memory-within-limits", true],
      ],
    );
    assert.deepEqual(contradictions(recording), []);
  });

  it("starts its members one after the other, each with a volume that outlives it", async () => {
    const spec = await statefulSet();
    assert.equal(spec["replicas"], 3);
    assert.equal(spec["podManagementPolicy"], "OrderedReady");
    assert.equal(spec["serviceName"], "sessions-pods");
    assert.deepEqual(spec["persistentVolumeClaimRetentionPolicy"], {
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
    // 3 * 720 MiB
    assert.deepEqual(spec["volumeClaimTemplates"], [
      {
        metadata: { name: "data", labels: { app: "sessions" } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } },
      },
    ]);
  });

  it("takes the volume it is given", async () => {
    const spec = await statefulSet({ storage: { sizeGiB: 20, storageClassName: "fast" } });
    const [claim] = spec["volumeClaimTemplates"] as { spec: Fields }[];
    assert.deepEqual(claim?.spec["resources"], { requests: { storage: "20Gi" } });
    assert.equal(claim?.spec["storageClassName"], "fast");
  });

  it("gives members names that resolve before they are ready", async () => {
    const [pods] = (await build())
      .ofType("kubernetes:core/v1:Service")
      .filter(({ name }) => name === "sessions-pods");
    assert.deepEqual(pods?.inputs["spec"], {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { app: "sessions" },
      ports: [
        { name: "redis", port: 6379, targetPort: "redis" },
        { name: "sentinel", port: 26379, targetPort: "sentinel" },
      ],
    });
  });

  it("has a server, a Sentinel and an exporter in each pod, restricted and bounded", async () => {
    const { containers } = (await statefulSet()).template.spec;
    assert.deepEqual(
      containers.map(({ name }) => name),
      ["redis", "sentinel", "exporter"],
    );
    for (const one of containers) {
      assert.deepEqual(one["securityContext"], {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    const { resources } = await container("redis");
    assert.deepEqual(resources, {
      requests: { cpu: "1", memory: "1592Mi" },
      limits: { cpu: "1", memory: "1592Mi" },
    });
  });

  it("lets the server ask who it is when it starts, and hand over before it stops", async () => {
    const { command, lifecycle, env, volumeMounts } = await container("redis");
    assert.deepEqual(command, ["sh", "/etc/redis/start-server.sh"]);
    assert.deepEqual(lifecycle, { preStop: { exec: { command: ["sh", "/etc/redis/hand-over.sh"] } } });
    assert.deepEqual(env, [
      {
        name: "REDISCLI_AUTH",
        valueFrom: { secretKeyRef: { name: "sessions-credentials", key: "operator-password" } },
      },
      { name: "PATH", value: "/etc/redis:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ]);
    assert.deepEqual((volumeMounts as unknown[])[2], { name: "data", mountPath: "/data" });
    // 20 s for the hand-over, the rest for the flush
    assert.equal((await statefulSet()).template.spec["terminationGracePeriodSeconds"], 120);
  });

  it("keeps what a Sentinel knows on the volume", async () => {
    const sentinel = await container("sentinel");
    assert.deepEqual(sentinel["command"], ["sh", "/etc/redis/start-sentinel.sh"]);
    assert.deepEqual(sentinel["ports"], [{ name: "sentinel", containerPort: 26379 }]);
    assert.deepEqual((sentinel["volumeMounts"] as unknown[])[2], { name: "data", mountPath: "/data" });
  });

  it("brings redis.conf, the Sentinel's settings and the scripts in one ConfigMap, without a password", async () => {
    const { inputs } = (await build()).only("kubernetes:core/v1:ConfigMap");
    const data = inputs["data"] as Record<string, string>;
    assert.deepEqual(Object.keys(data).sort(), [
      "hand-over.sh",
      "members.sh",
      "redis-cli",
      "redis.conf",
      "sentinel.conf",
      "start-sentinel.sh",
      "start-server.sh",
    ]);
    assert.match(data["redis.conf"] ?? "", /^repl-backlog-size 64mb$/m);
    assert.match(data["members.sh"] ?? "", /^1 sessions-1\.sessions-pods\.retrofitlink\.svc 6379 26379$/m);
    assert.ok(
      !/^user |requirepass |masterauth |auth-pass |sentinel-pass /m.test(Object.values(data).join("\n")),
    );
  });

  it("mounts a file of users for the server and one for the Sentinel", async () => {
    const { volumes } = (await statefulSet()).template.spec;
    assert.deepEqual((volumes as unknown[])[1], {
      name: "credentials",
      secret: {
        secretName: "sessions-credentials",
        items: [
          { key: "users.conf", path: "users.conf" },
          { key: "sentinel-users.conf", path: "sentinel-users.conf" },
        ],
        defaultMode: 0o440,
      },
    });
  });

  it("puts a member into each of three zones, and never two on a node", async () => {
    const { topologySpreadConstraints, affinity } = (await statefulSet()).template.spec;
    const labelSelector = { matchLabels: { app: "sessions" } };
    assert.deepEqual(topologySpreadConstraints, [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector,
      },
    ]);
    assert.deepEqual(affinity, {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector, topologyKey: "kubernetes.io/hostname" },
        ],
      },
    });
  });

  it("shares zones where there are fewer, and the node where there is one", async () => {
    const policy = async (zones: number): Promise<unknown> => {
      const { topologySpreadConstraints, affinity } = (await statefulSet({ zones })).template.spec;
      const [constraint] = topologySpreadConstraints as { whenUnsatisfiable: string }[];
      const { podAntiAffinity } = affinity as { podAntiAffinity: object };
      return [constraint?.whenUnsatisfiable, Object.keys(podAntiAffinity)];
    };
    assert.deepEqual(await policy(2), ["ScheduleAnyway", ["requiredDuringSchedulingIgnoredDuringExecution"]]);
    assert.deepEqual(await policy(1), [
      "ScheduleAnyway",
      ["preferredDuringSchedulingIgnoredDuringExecution"],
    ]);
  });

  it("lets one member be drained at a time", async () => {
    const budget = (await build()).only("kubernetes:policy/v1:PodDisruptionBudget");
    assert.deepEqual(budget.inputs["spec"], {
      maxUnavailable: 1,
      selector: { matchLabels: { app: "sessions" } },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });

  it("lets services and members in, and out only to members and the name service", async () => {
    const policy = (await build()).only("kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const { ingress, egress } = policy.inputs["spec"] as Fields;
    const members = { podSelector: { matchLabels: { app: "sessions" } } };
    const ports = [
      { protocol: "TCP", port: "redis" },
      { protocol: "TCP", port: "sentinel" },
    ];
    assert.deepEqual((ingress as unknown[])[0], {
      from: [{ podSelector: { matchLabels: { app: "backend" } } }, members],
      ports,
    });
    assert.deepEqual(egress, [
      { to: [members], ports },
      {
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ]);
  });

  it("tells clients of the Sentinels", async () => {
    let redis: Redis | undefined;
    await record(() => {
      redis = new Redis("sessions", session);
    });
    assert.deepEqual(redis?.endpoint.sentinel, {
      addresses: [0, 1, 2].map((i) => `sessions-${i}.sessions-pods.retrofitlink.svc:26379`).join(","),
      masterName: "sessions",
    });
  });
});
