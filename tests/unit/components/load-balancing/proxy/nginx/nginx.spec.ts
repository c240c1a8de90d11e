import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { valuesOf } from "../../../../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../../../../budget/core/performance-budget";
import { broken } from "../../../../../../budget/core/plan";
import type { Proof } from "../../../../../../budget/core/proof";
import type { ProxyNumbers } from "../../../../../../budget/load-balancing/proxy-plan";
import { timeoutChain } from "../../../../../../budget/timeouts/timeouts";
import { Nginx } from "../../../../../../components/load-balancing/proxy/nginx/nginx";
import type { ProxyArgs } from "../../../../../../components/load-balancing/proxy/proxy-args";
import { ROUTE_KINDS } from "../../../../../../components/load-balancing/proxy/proxy-routes";
import { record, type RecordedResource } from "../../../../../helpers/pulumi";
import { judgedObjects } from "../../../../../helpers/witnesses";

const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "aws" });

const args: ProxyArgs = {
  configKey: "retrofitlink:loadBalancer",
  namespace: "retrofitlink",
  upstream: {
    host: "backend-service",
    port: 3000,
    demand: { baseRps: 400, peakRps: 1000, growthPerMinute: 0.2 },
    serviceTimeSeconds: 0.03,
  },
  clientConnections: 20_000,
  rateLimit: { requestsPerSecond: 20, burst: 40, connections: 50 },
  trustedProxies: ["10.0.0.0/8"],
  maxBodyMiB: 10,
  cpuCores: 1,
  zones: 3,
  budget: DEFAULT_BUDGET,
  timeouts,
};

const RESOURCES = [
  "kubernetes:apps/v1:Deployment edge-deployment",
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler edge-autoscaler",
  "kubernetes:core/v1:ConfigMap edge-config",
  "kubernetes:core/v1:Service edge-service",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy edge-network-policy",
  "kubernetes:policy/v1:PodDisruptionBudget edge-disruption-budget",
  "retrofitlink:autoscaling:DisruptionBudget edge-disruption-budget",
  "retrofitlink:autoscaling:HorizontalAutoscaler edge-autoscaler",
  "retrofitlink:load-balancing:Nginx edge",
];

type Fields = Record<string, unknown>;

interface PodTemplate {
  readonly metadata: { readonly labels: Fields; readonly annotations: Record<string, string> };
  readonly spec: Fields & { readonly containers: readonly [Fields, Fields] };
}

function build(change: Partial<ProxyArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new Nginx("edge", { ...args, ...change }), options);
}

function specOf(resource: RecordedResource): Fields {
  return resource.inputs["spec"] as Fields;
}

async function template(change: Partial<ProxyArgs> = {}): Promise<PodTemplate> {
  return specOf((await build(change)).only("kubernetes:apps/v1:Deployment"))["template"] as PodTemplate;
}

async function files(change: Partial<ProxyArgs> = {}): Promise<Fields> {
  return (await build(change)).only("kubernetes:core/v1:ConfigMap").inputs["data"] as Fields;
}

async function conf(change: Partial<ProxyArgs> = {}): Promise<string> {
  const data = await files(change);
  assert.deepEqual(Object.keys(data), ["access.mtail", "nginx.conf"]);
  return String(data["nginx.conf"]);
}

describe("Nginx", () => {
  it("makes pods only once their Service exists, of which nothing is waited for", async () => {
    const waits = new Map<string, pulumi.CustomResourceOptions["dependsOn"]>();
    const seen = new Map<string, pulumi.Resource>();
    const recording = await record(() => {
      const transformations: pulumi.ResourceTransformation[] = [
        ({ name, opts, resource }) => {
          waits.set(name, (opts as pulumi.CustomResourceOptions).dependsOn);
          seen.set(name, resource);
          return undefined;
        },
      ];
      new Nginx("edge", args, { transformations });
    });
    assert.deepEqual(waits.get("edge-deployment"), [seen.get("edge-service")]);
    const { annotations } = recording.only("kubernetes:core/v1:Service").inputs["metadata"] as {
      annotations: unknown;
    };
    // A Service without endpoints is never ready for the provider.
    assert.deepEqual(annotations, { "pulumi.com/skipAwait": "true" });
  });

  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), RESOURCES);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("tells policies what it was derived from", async () => {
    const { numbers, order, proofs, witnesses, ...rest } = (await build()).only(
      "retrofitlink:load-balancing:Nginx",
    ).inputs;
    assert.deepEqual(rest, {
      configKey: "retrofitlink:loadBalancer",
      workload: "nginx-load-balancer",
      namespace: "retrofitlink",
      proxy: "nginx",
      tls: false,
      zones: 3,
      maxUnavailable: 1,
      timeouts,
    });
    const { minReplicas, maxReplicas, memoryLimitMiB } = valuesOf(numbers as ProxyNumbers);
    assert.deepEqual([minReplicas, maxReplicas, memoryLimitMiB], [5, 7, 242]);
    assert.deepEqual([...(order as string[])].sort(), Object.keys(numbers as object).sort());
    assert.deepEqual(broken({ proofs: proofs as Proof[] }), []);
    assert.ok(Array.isArray(witnesses));
  });

  it("names its objects after the workload, not after the component", async () => {
    const names = async (change: Partial<ProxyArgs>): Promise<string[]> =>
      (await build(change)).resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ inputs }) => (inputs["metadata"] as { name: string }).name)
        .sort();
    const standard = "nginx-load-balancer";
    const all = (name: string): string[] => [...Array.from({ length: 5 }, () => name), `${name}-config`];
    assert.deepEqual(await names({}), all(standard));
    assert.deepEqual(await names({ name: "proxy" }), all("proxy"));
  });

  it("leaves the number of pods to the autoscaler, and never has fewer of them in a rollout", async () => {
    const spec = specOf((await build()).only("kubernetes:apps/v1:Deployment"));
    assert.deepEqual(Object.keys(spec).sort(), ["revisionHistoryLimit", "selector", "strategy", "template"]);
    assert.deepEqual(spec["strategy"], {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
    });
    assert.deepEqual(spec["selector"], { matchLabels: { app: "nginx-load-balancer" } });
  });

  it("scales on the CPU of nginx alone", async () => {
    assert.deepEqual(specOf((await build()).only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")), {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "nginx-load-balancer" },
      minReplicas: 5,
      maxReplicas: 7,
      metrics: [
        {
          type: "ContainerResource",
          containerResource: {
            name: "cpu",
            container: "nginx",
            target: { type: "Utilization", averageUtilization: 70 },
          },
        },
      ],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: "Max",
          policies: [
            { type: "Percent", value: 100, periodSeconds: 15 },
            { type: "Pods", value: 4, periodSeconds: 15 },
          ],
        },
        scaleDown: {
          stabilizationWindowSeconds: 300,
          selectPolicy: "Min",
          policies: [
            { type: "Percent", value: 10, periodSeconds: 60 },
            { type: "Pods", value: 1, periodSeconds: 60 },
          ],
        },
      },
    });
  });

  it("scales on its clients as well where something serves their number", async () => {
    const recording = await build({ connectionsMetric: true });
    const { metrics } = specOf(recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"));
    assert.deepEqual((metrics as unknown[])[1], {
      type: "Pods",
      pods: {
        metric: { name: "nginx_connections_active" },
        target: { type: "AverageValue", averageValue: "5734" },
      },
    });
  });

  it("is what was planned, with every kind of route", async () => {
    const routes = ROUTE_KINDS.map((kind, index) => ({ path: `/${kind}/`, kind, port: 3000 + index }));
    for (const change of [{}, { routes }, { routes: routes.slice(0, 2), memoryLimitMiB: 512 }]) {
      assert.deepEqual(judgedObjects(await build(change)), { witnesses: 17, wrong: [] });
    }
  });

  it("shows what a transform changes of what was proven", async () => {
    const { wrong } = judgedObjects(
      await build({
        transform: {
          autoscaler: { spec: { maxReplicas: 2 } },
          config: ({ data = {}, ...rest }) => ({
            ...rest,
            data: pulumi.output(data).apply((files) => ({
              "nginx.conf": (files?.["nginx.conf"] ?? "").replace("read_timeout 12s", "read_timeout 120s"),
            })),
          }),
        },
      }),
    );
    assert.deepEqual(wrong, [
      "spec.maxReplicas is 2; the plan has 7",
      'data.nginx.conf has "proxy_read_timeout 120s;"; the plan has "proxy_read_timeout 12s;"',
    ]);
  });

  it("lets a drain take one pod at a time, and a broken one at any time", async () => {
    assert.deepEqual(specOf((await build()).only("kubernetes:policy/v1:PodDisruptionBudget")), {
      maxUnavailable: 1,
      selector: { matchLabels: { app: "nginx-load-balancer" } },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });

  it("is reached on port 80 and nothing else, from the cluster unless it is told otherwise", async () => {
    const service = async (change: Partial<ProxyArgs>): Promise<Fields> =>
      specOf((await build(change)).only("kubernetes:core/v1:Service"));
    const common = {
      selector: { app: "nginx-load-balancer" },
      ports: [{ name: "http", port: 80, targetPort: "http" }],
    };
    assert.deepEqual(await service({}), { type: "ClusterIP", ...common });
    for (const serviceType of ["LoadBalancer", "NodePort"] as const) {
      assert.deepEqual(await service({ serviceType }), {
        type: serviceType,
        externalTrafficPolicy: "Local",
        ...common,
      });
    }
  });

  it("says where it is reached", async () => {
    const built: Nginx[] = [];
    await record(() => built.push(new Nginx("edge", args)));
    const [nginx] = built;
    assert.ok(nginx);
    const known = await new Promise((resolve) => pulumi.all([nginx.host, nginx.url]).apply(resolve));
    assert.deepEqual(known, [
      "nginx-load-balancer.retrofitlink.svc",
      "http://nginx-load-balancer.retrofitlink.svc",
    ]);
    assert.deepEqual([nginx.port, nginx.replicas], [80, { min: 5, max: 7 }]);
  });

  it("refuses arguments with problems, all in one message, before anything is created", async () => {
    await assert.rejects(build({ maxBodyMiB: 0, zones: 0 }), {
      message:
        'Nginx "edge" cannot be built:\n' +
        "  - retrofitlink:loadBalancer.maxBodyMiB: got 0; allowed is a whole number from 1 to 1,024 (MiB). Give the largest request body.\n" +
        "  - retrofitlink:loadBalancer.zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
    });
  });

  it("lets a transform have the last word on each child", async () => {
    const recording = await build({
      transform: {
        config: (config) => ({ ...config, data: { "nginx.conf": "events {}" } }),
        deployment: (deployment) => void (deployment.metadata = { name: "other" }),
        service: { metadata: { name: "front" } },
        autoscaler: { metadata: { name: "scaler" } },
        disruptionBudget: { metadata: { name: "budget" } },
      },
    });
    const named = (type: string): string =>
      (recording.only(type).inputs["metadata"] as { name: string }).name;
    assert.deepEqual(recording.only("kubernetes:core/v1:ConfigMap").inputs["data"], {
      "nginx.conf": "events {}",
    });
    assert.equal(named("kubernetes:apps/v1:Deployment"), "other");
    assert.equal(named("kubernetes:core/v1:Service"), "front");
    assert.equal(named("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"), "scaler");
    assert.equal(named("kubernetes:policy/v1:PodDisruptionBudget"), "budget");
    const target = specOf(recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"))[
      "scaleTargetRef"
    ];
    assert.equal((target as { name: string }).name, "other");
  });
});

describe("nginx.conf of a Nginx", () => {
  it("is rendered from the plan, the timeout chain and the divided rate limit", async () => {
    const text = await conf({ routes: [{ path: "/socket.io/", kind: "websocket" }] });
    for (const line of [
      "worker_processes 1;",
      "worker_rlimit_nofile 32768;",
      "worker_connections 16384;",
      "keepalive 128;",
      "include /tmp/resolver.conf;",
      "server backend-service.retrofitlink.svc.cluster.local:3000 max_fails=3 fail_timeout=10s resolve;",
      // 20/s over 7 pods
      "limit_req_zone $counted_client zone=requests_per_address:10m rate=171r/m;",
      "limit_req zone=requests_per_address burst=40 nodelay;",
      "limit_conn connections_per_address 7;",
      "set_real_ip_from 10.0.0.0/8;",
      "client_max_body_size 10m;",
      "keepalive_timeout 75s;",
      "location /socket.io/ {",
    ]) {
      assert.ok(text.includes(line), line);
    }
    assert.ok(!text.includes('Strict-Transport-Security "'));
    assert.ok(
      (await conf({ headers: { tlsInFront: true } })).includes("add_header Strict-Transport-Security"),
    );
  });

  it("follows the cluster's DNS, and a service whose name is known later", async () => {
    const text = await conf({
      clusterDns: { server: "169.254.20.10", domain: "prod.example" },
      upstream: { ...args.upstream, host: pulumi.output("backend.other.svc"), port: pulumi.output(8080) },
    });
    assert.ok(text.includes("resolver 169.254.20.10 valid=5s;"));
    assert.ok(text.includes("server backend.other.svc.prod.example:8080 max_fails=3"));
  });

  it("rolls the pods when it changes, and only then", async () => {
    const annotation = async (change: Partial<ProxyArgs> = {}): Promise<string | undefined> =>
      (await template(change)).metadata.annotations["checksum/config"];
    const { "nginx.conf": text, "access.mtail": program } = await files();
    const digest = createHash("sha256")
      .update(JSON.stringify({ "nginx.conf": text, "access.mtail": program }))
      .digest("hex");
    assert.equal(await annotation(), digest);
    assert.equal(await annotation({ serviceType: "NodePort" }), digest);
    assert.notEqual(await annotation({ maxBodyMiB: 11 }), digest);
    assert.notEqual(await annotation({ transform: { config: { data: { more: "x" } } } }), digest);
  });
});

describe("the pod of a Nginx", () => {
  it("is nginx first, as `kubectl exec deployment/nginx-load-balancer -- nginx -t` expects, and the exporters", async () => {
    const { metadata, spec } = await template();
    const [server, exporter] = spec.containers;
    assert.deepEqual([spec.containers.length, server["name"], exporter["name"]], [3, "nginx", "exporter"]);
    assert.equal(metadata.annotations["kubectl.kubernetes.io/default-container"], "nginx");
    // It becomes nginx, once the DNS server of the cluster is written down.
    const [shell, option, script = ""] = server["command"] as string[];
    assert.deepEqual([shell, option], ["sh", "-c"]);
    assert.ok(script.endsWith('\nexec nginx -g "daemon off;"'), script);
    assert.deepEqual(server["ports"], [
      { name: "http", containerPort: 8080 },
      { name: "status", containerPort: 8081 },
    ]);
    assert.deepEqual(exporter["args"], ["--nginx.scrape-uri=http://127.0.0.1:8081/stub_status"]);
    assert.deepEqual(exporter["ports"], [{ name: "metrics", containerPort: 9113 }]);
  });

  it("asks for the memory of the proof, and may use a whole core for each worker", async () => {
    const [server, exporter] = (await template({ cpuCores: 1.5 })).spec.containers;
    assert.deepEqual(server["resources"], {
      requests: { cpu: "1.5", memory: "426Mi", "ephemeral-storage": "1088Mi" },
      limits: { cpu: "2", memory: "426Mi" },
    });
    assert.deepEqual(exporter["resources"], {
      requests: { cpu: "50m", memory: "32Mi" },
      limits: { cpu: "50m", memory: "32Mi" },
    });
    const [given] = (await template({ memoryLimitMiB: 512 })).spec.containers;
    assert.deepEqual((given["resources"] as Fields)["limits"], { cpu: "1", memory: "512Mi" });
  });

  it("serves on while the lists it is in forget it, and then has time for its last answers", async () => {
    const { spec } = await template();
    assert.deepEqual(spec.containers[0]["lifecycle"], { preStop: { exec: { command: ["sleep", "50"] } } });
    assert.equal(spec["terminationGracePeriodSeconds"], 67);
  });

  it("asks three different things with its three probes, none of them about the service behind it", async () => {
    const [server] = (await template()).spec.containers;
    assert.deepEqual(server["startupProbe"], {
      httpGet: { path: "/healthz", port: "status" },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 30,
    });
    assert.deepEqual(server["readinessProbe"], {
      httpGet: { path: "/healthz", port: "http" },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 2,
    });
    assert.deepEqual(server["livenessProbe"], {
      tcpSocket: { port: "status" },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    });
  });

  it("may do nothing it does not need, and writes to one directory", async () => {
    const { spec } = await template();
    assert.deepEqual(spec["securityContext"], {
      runAsNonRoot: true,
      runAsUser: 101,
      runAsGroup: 101,
      fsGroup: 101,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual([spec["automountServiceAccountToken"], spec["enableServiceLinks"]], [false, false]);
    for (const container of spec.containers) {
      assert.deepEqual(container["securityContext"], {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    assert.deepEqual(spec.containers[0]["volumeMounts"], [
      { name: "config", mountPath: "/etc/nginx", readOnly: true },
      { name: "scratch", mountPath: "/tmp" },
    ]);
    assert.deepEqual(spec["volumes"], [
      { name: "config", configMap: { name: "nginx-load-balancer-config" } },
      { name: "scratch", emptyDir: { sizeLimit: "1024Mi" } },
    ]);
  });

  it("is spread over zones and nodes", async () => {
    const constraint = (topologyKey: string): Fields => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: { app: "nginx-load-balancer" } },
      matchLabelKeys: ["pod-template-hash"],
    });
    assert.deepEqual((await template()).spec["topologySpreadConstraints"], [
      constraint("topology.kubernetes.io/zone"),
      constraint("kubernetes.io/hostname"),
    ]);
  });
});
