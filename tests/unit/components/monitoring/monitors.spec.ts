/** Monitors, held to the pods that the components really make. */
import assert from "node:assert/strict";

import type * as pulumi from "@pulumi/pulumi";

import * as components from "../../../../components";
import { isAllowed, type Endpoint, type Policy } from "../../../helpers/network-policies";
import { record, type Recording } from "../../../helpers/pulumi";
import { clusterArgs } from "../database/fixtures";

const MONITOR = /^kubernetes:monitoring\.coreos\.com\/v1:/;
const NAMESPACE = "retrofitlink";

async function monitorsOf(args: components.MonitorsArgs): Promise<Record<string, any>[]> {
  const { resources } = await record(() => new components.Monitors("monitors", args));
  return resources.filter(({ type }) => MONITOR.test(type)).map(({ inputs }) => inputs);
}

const demand = { baseRps: 50, peakRps: 200, growthPerMinute: 0.2 };
const upstream = { host: "shop", port: 3000, demand, serviceTimeSeconds: 0.05 };
const users = [{ service: "shop", maxReplicas: 4, maxSurge: 0.25, processesPerPod: 1, poolSize: 4 }];
const named = { namespace: NAMESPACE, name: "shop" };
const proxy = { namespace: NAMESPACE, upstream, clientConnections: 500, hosts: ["www.example.com"] };

/** Each workload, the number of the port that answers, and what makes it. */
const WORKLOADS: Readonly<
  Record<string, { monitored: components.Monitored; port: number; make: () => pulumi.Resource }>
> = {
  service: {
    monitored: components.serviceMetrics(named),
    port: 3000,
    make: () =>
      new components.ElasticService("shop", {
        namespace: NAMESPACE,
        image: "registry.example.com/shop:1",
        demand,
        profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
        resources: { cpuCores: 1, memoryMiB: 1024 },
      }),
  },
  nginx: {
    monitored: components.proxyMetrics({ ...named, name: "nginx-load-balancer" }),
    port: 9113,
    make: () => new components.Nginx("shop", proxy),
  },
  haproxy: {
    monitored: components.proxyMetrics({ ...named, name: "haproxy-load-balancer" }),
    port: 9113,
    make: () => new components.HaProxy("shop", proxy),
  },
  "nginx's access log": {
    monitored: components.proxyAccessMetrics({ ...named, name: "nginx-load-balancer" }),
    port: 9114,
    make: () => new components.Nginx("shop", proxy),
  },
  "HAProxy's access log": {
    monitored: components.proxyAccessMetrics({ ...named, name: "haproxy-load-balancer" }),
    port: 9114,
    make: () => new components.HaProxy("shop", proxy),
  },
  redis: {
    monitored: components.redisMetrics(named),
    port: 9121,
    make: () =>
      new components.Redis("shop", {
        namespace: NAMESPACE,
        workingSetMiB: 512,
        users,
        purpose: "session",
      }),
  },
  mongodb: {
    monitored: components.mongoDbMetrics(named),
    port: 9216,
    make: () => new components.MongoDbCluster("shop", clusterArgs),
  },
};

interface Pod {
  readonly labels: Record<string, string>;
  readonly ports: Record<string, number>;
}

const portsOf = (containers: readonly any[]): Pod["ports"] =>
  Object.fromEntries(
    containers.flatMap(({ ports = [] }) =>
      ports.map((port: any) => [port.name, port.containerPort] as [string, number]),
    ),
  );

/** Pods of what was made. Those of MongoDB are the operator's, which gives them the name of the cluster as instance. */
function podsOf({ resources }: Recording, name: string): Pod[] {
  return resources.flatMap(({ type, inputs }: { type: string; inputs: Record<string, any> }): Pod[] => {
    if (/:(Deployment|StatefulSet)$/.test(type)) {
      const { metadata, spec } = inputs["spec"].template;
      return [{ labels: metadata.labels, ports: portsOf(spec.containers) }];
    }
    if (!type.endsWith(":PerconaServerMongoDB")) return [];
    const { replsets, sharding } = inputs["spec"];
    const parts = [
      ...replsets,
      ...replsets.map((set: any) => set.nonvoting),
      sharding.configsvrReplSet,
      sharding.mongos,
    ];
    return parts.map((part: any) => ({
      labels: { "app.kubernetes.io/instance": name },
      ports: portsOf(part.sidecars),
    }));
  });
}

describe("monitors", () => {
  for (const [kind, { monitored, port, make }] of Object.entries(WORKLOADS)) {
    it(`find the pods of ${kind} at a named port that monitoring is let in at, and nobody else`, async () => {
      const [monitor] = await monitorsOf({ monitored: [monitored] });
      const { selector, podMetricsEndpoints } = monitor?.["spec"];
      const made = await record(make);
      const pods = podsOf(made, "shop");
      assert.ok(pods.length > 0);
      const policies = made
        .ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        .map(({ inputs }) => inputs as unknown as Policy);
      assert.ok(policies.length > 0);
      for (const { labels, ports } of pods) {
        for (const [key, value] of Object.entries(selector.matchLabels)) assert.equal(labels[key], value);
        assert.equal(ports[podMetricsEndpoints[0].port], port);
        const target: Endpoint = {
          name: kind,
          address: "10.0.0.1",
          pod: { namespace: NAMESPACE, labels, ports },
        };
        const from = (namespace: string): Endpoint => ({
          name: namespace,
          address: "10.0.1.1",
          pod: { namespace, labels: {}, ports: {} },
        });
        assert.equal(isAllowed(policies, from("monitoring"), target, port), true);
        assert.equal(isAllowed(policies, from("other"), target, port), false);
      }
    });
  }

  it("are a PodMonitor whose series have job, namespace and pod", async () => {
    const monitors = await monitorsOf({
      monitored: [components.serviceMetrics(named)],
      labels: { release: "prometheus" },
    });
    assert.deepEqual(monitors, [
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PodMonitor",
        metadata: {
          name: "shop",
          namespace: NAMESPACE,
          labels: {
            "app.kubernetes.io/part-of": "retrofitlink",
            "app.kubernetes.io/managed-by": "pulumi",
            release: "prometheus",
          },
        },
        spec: {
          selector: { matchLabels: { app: "shop" } },
          podMetricsEndpoints: [
            {
              port: "http",
              path: "/metrics",
              scheme: "http",
              honorLabels: false,
              relabelings: [
                { action: "replace", targetLabel: "job", replacement: "shop" },
                {
                  action: "replace",
                  sourceLabels: ["__meta_kubernetes_namespace"],
                  targetLabel: "namespace",
                },
                { action: "replace", sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "pod" },
              ],
            },
          ],
        },
      },
    ]);
  });

  it("keep of an exporter what is counted on, and nothing of the exporter itself", async () => {
    const [monitor] = await monitorsOf({ monitored: [components.proxyAccessMetrics(named)] });
    assert.equal(monitor?.["metadata"].name, "shop-access");
    const [{ metricRelabelings }] = monitor?.["spec"].podMetricsEndpoints;
    const [{ action, sourceLabels, regex }] = metricRelabelings;
    assert.deepEqual([action, sourceLabels], ["keep", ["__name__"]]);
    const kept = new RegExp(`^(?:${regex})$`);
    for (const name of ["proxy_requests_total", "proxy_request_duration_seconds_bucket"])
      assert.ok(kept.test(name), name);
    for (const name of ["go_goroutines", "mtail_lines_total"]) assert.ok(!kept.test(name), name);
  });

  it("take a port by its number, a Service, TLS with an authority of its own, and another path", async () => {
    const [keda, service] = await monitorsOf({
      monitored: [
        components.kedaMetrics(),
        {
          kind: "service",
          job: "store",
          namespace: NAMESPACE,
          matchLabels: { app: "store" },
          port: "metrics",
          path: "/stats",
          tls: { ca: { name: "store-tls", key: "ca.crt" }, serverName: "store" },
        },
      ],
    });
    const { namespace } = keda?.["metadata"];
    assert.deepEqual(
      [namespace, keda?.["spec"].podMetricsEndpoints[0].portNumber, keda?.["spec"].selector.matchLabels],
      ["keda", 8080, { app: "keda-operator" }],
    );
    assert.equal("port" in keda?.["spec"].podMetricsEndpoints[0], false);
    const { kind, spec } = service as any;
    const { port, path, scheme, tlsConfig } = spec.endpoints[0];
    assert.deepEqual(
      [kind, port, path, scheme, tlsConfig],
      [
        "ServiceMonitor",
        "metrics",
        "/stats",
        "https",
        { ca: { secret: { name: "store-tls", key: "ca.crt" } }, serverName: "store" },
      ],
    );
  });

  it("are a Probe for addresses that are asked from outside", async () => {
    const [probe] = await monitorsOf({
      monitored: [
        {
          kind: "probe",
          job: "public-address",
          namespace: NAMESPACE,
          addresses: ["https://app.example.com/"],
          prober: "blackbox-exporter.monitoring.svc:9115",
        },
      ],
    });
    assert.equal(probe?.["kind"], "Probe");
    assert.deepEqual(probe?.["spec"], {
      jobName: "public-address",
      module: "http_2xx",
      prober: { url: "blackbox-exporter.monitoring.svc:9115", scheme: "http", path: "/probe" },
      scrapeTimeout: "10s",
      targets: {
        staticConfig: { static: ["https://app.example.com/"], labels: { namespace: NAMESPACE } },
      },
    });
  });

  it("refuse what rules could not tell apart and what nobody answers", async () => {
    const pods = {
      kind: "pods",
      job: "shop",
      namespace: NAMESPACE,
      matchLabels: { app: "shop" },
      port: "http",
    };
    const probe = {
      kind: "probe",
      job: "outside",
      namespace: NAMESPACE,
      addresses: ["https://app.example.com/"],
      prober: "blackbox:9115",
    };
    const refusals: [object[], RegExp][] = [
      [[], /monitored: got a list, \[\]; allowed is at least one workload or address/],
      [[pods, pods], /monitored\[1\]\.job: got "shop"/],
      [[{ ...pods, job: "My shop" }], /monitored\[0\]\.job/],
      [[{ ...pods, matchLabels: {} }], /monitored\[0\]\.matchLabels/],
      [[{ ...pods, port: 70_000 }], /monitored\[0\]\.port: got 70000/],
      [[{ ...pods, port: "a port" }], /monitored\[0\]\.port/],
      [[{ ...probe, addresses: [] }], /monitored\[0\]\.addresses/],
      [[{ ...probe, addresses: ["app.example.com"] }], /monitored\[0\]\.addresses/],
      [[{ ...probe, prober: "http://blackbox" }], /monitored\[0\]\.prober/],
    ];
    for (const [monitored, expected] of refusals) {
      await record(() =>
        assert.throws(
          () => new components.Monitors("monitors", { monitored } as components.MonitorsArgs),
          expected,
        ),
      );
    }
  });
});
