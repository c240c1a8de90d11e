/** Every object of monitoring before the real API server, with the definitions of Prometheus's operator. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { ROOT } from "../../cli/paths";
import { remoteWriteSpec, type SecretEntry } from "../../components/monitoring/remote-write";
import type { KubernetesObject } from "../../sandbox/cluster/kubernetes-client";
import { ENGINE_TIMEOUT_MS, Project, kubectl, operations, theClient } from "../helpers/engine";

const NAMESPACE = "watched";

/** The stack, and a monitor of each kind. */
const PROGRAM = `
  import * as monitoring from ${JSON.stringify(join(ROOT, "components/monitoring"))};

  const ns = new k8s.core.v1.Namespace("ns", {
    metadata: { name: "${NAMESPACE}", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
  const namespace = ns.metadata.name;
  const stack = new monitoring.PrometheusStack("monitoring", {
    grafana: { domain: "example.com", issuer: { kind: "ClusterIssuer", name: "letsencrypt" } },
  });
  new monitoring.Monitors("monitors", {
    labels: { release: "monitoring" },
    monitored: [
      monitoring.serviceMetrics({ name: "backend", namespace }),
      monitoring.proxyMetrics({ name: "nginx-load-balancer", namespace }),
      monitoring.proxyAccessMetrics({ name: "nginx-load-balancer", namespace }),
      monitoring.redisMetrics({ name: "redis-cache", namespace }),
      monitoring.mongoDbMetrics({ name: "mongodb", namespace }),
      monitoring.kedaMetrics(namespace),
      { kind: "service", job: "store", namespace, matchLabels: { app: "store" }, port: "metrics",
        tls: { ca: { name: "store-tls", key: "ca.crt" }, serverName: "store" } },
      { kind: "probe", job: "public-address", namespace, addresses: ["https://app.example.com/"],
        prober: "blackbox-exporter.monitoring.svc:9115" },
    ],
  }, { dependsOn: [ns, stack.release] });
  new monitoring.BlackboxExporter("blackbox", { namespace, namespaceName: "${NAMESPACE}" });
`;

interface Live extends KubernetesObject {
  readonly spec: Readonly<Record<string, any>>;
}

async function live(kind: string, name: string): Promise<Live> {
  return JSON.parse(await kubectl("get", kind, name, "-n", NAMESPACE, "-o", "json")) as Live;
}

/** A part of the object is another, and the server does not take it. */
async function refused(kind: string, name: string, spec: object, expected: RegExp): Promise<void> {
  const { apiVersion, kind: proper } = await live(kind, name);
  const object = { apiVersion, kind: proper, metadata: { name, namespace: NAMESPACE }, spec };
  const client = await theClient();
  const applied = client.apply(object, { fieldManager: "test", force: true, dryRun: true });
  await assert.rejects(applied, expected, kind).finally(() => client.close());
}

describe("monitoring on the real engine and API server", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  const project = new Project("monitoring").program(PROGRAM);
  let isGone = false;

  after(async () => {
    if (!isGone) await project.run("destroy");
  });

  it("previews and comes up with every monitor accepted by the operator's own definitions, and stays as it is", async () => {
    const preview = await project.run("preview");
    assert.deepEqual([preview.errors, preview.succeeded], [[], true]);
    const first = await project.run("up");
    assert.deepEqual([first.errors, first.warnings, first.succeeded], [[], [], true]);
    const second = await project.run("up");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));
    const names = await kubectl("get", "podmonitors,servicemonitors,probes", "-n", NAMESPACE, "-o", "name");
    assert.deepEqual(names.trim().split("\n").sort(), [
      "podmonitor.monitoring.coreos.com/backend",
      "podmonitor.monitoring.coreos.com/keda-operator",
      "podmonitor.monitoring.coreos.com/mongodb",
      "podmonitor.monitoring.coreos.com/nginx-load-balancer",
      "podmonitor.monitoring.coreos.com/nginx-load-balancer-access",
      "podmonitor.monitoring.coreos.com/redis-cache",
      "probe.monitoring.coreos.com/public-address",
      "servicemonitor.monitoring.coreos.com/store",
    ]);
  });

  it("keeps every field that the components set", async () => {
    const { spec } = await live("podmonitor", "keda-operator");
    const { portNumber, relabelings } = spec["podMetricsEndpoints"][0];
    assert.deepEqual(
      [portNumber, relabelings.map((rule: { targetLabel: string }) => rule.targetLabel)],
      [8080, ["job", "namespace", "pod"]],
    );
    const probe = await live("probe", "public-address");
    assert.deepEqual(
      [probe.spec["jobName"], probe.spec["targets"].staticConfig.static, probe.spec["module"]],
      ["public-address", ["https://app.example.com/"], "http_2xx"],
    );
    const access = await live("podmonitor", "nginx-load-balancer-access");
    assert.match(access.spec["podMetricsEndpoints"][0].metricRelabelings[0].regex, /proxy_requests_total/);
    const exporter = await live("deployment", "blackbox-exporter");
    assert.equal(exporter.spec["replicas"], 2);
    const service = await live("servicemonitor", "store");
    assert.equal(service.spec["endpoints"][0].tlsConfig.serverName, "store");
  });

  it("is judged by these definitions: what they do not have is refused", async () => {
    const { spec } = await live("podmonitor", "backend");
    const [endpoint] = spec["podMetricsEndpoints"];
    await refused(
      "podmonitor",
      "backend",
      { ...spec, podMetricsEndpoints: [{ ...endpoint, scheme: "ftp" }] },
      /Unsupported value: "ftp"/,
    );
    await refused(
      "podmonitor",
      "backend",
      { ...spec, podMetricsEndpoints: [{ ...endpoint, portName: "http" }] },
      /field not declared in schema/,
    );
  });

  it("takes a second store as the operator's Prometheus has it, by each way to prove who one is", async () => {
    const client = await theClient();
    const object = (spec: object): KubernetesObject => ({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
      metadata: { name: "tried", namespace: NAMESPACE },
      spec,
    });
    const tried = (spec: object): Promise<unknown> =>
      client.apply(object(spec), { fieldManager: "test", force: true, dryRun: true });
    const entry = (key: string): SecretEntry => ({ name: "store", key });
    const store = { url: "https://store.example.com/write", name: "store", keep: "slo:.*" };
    const remoteWrite = [
      { ...store, authentication: { kind: "bearer", token: entry("token") } } as const,
      {
        ...store,
        authentication: { kind: "basic", username: entry("username"), password: entry("password") },
      } as const,
    ].map(remoteWriteSpec);
    try {
      await tried({ remoteWrite });
      const wrong = [
        { ...remoteWrite[0], writeRelabelConfigs: [{ sourceLabels: ["__name__"], action: "hold" }] },
      ];
      await assert.rejects(tried({ remoteWrite: wrong }), /Unsupported value: "hold"/);
      await assert.rejects(tried({ remoteWrite: [{ ...remoteWrite[0], bearer: {} }] }), /field not declared/);
    } finally {
      client.close();
    }
  });

  it("has Grafana's administrator where the chart looks for it, under a password that was made", async () => {
    const entry = (key: string): Promise<string> =>
      kubectl(
        "get",
        "secret",
        "monitoring-grafana-admin",
        "-n",
        "monitoring",
        "-o",
        `go-template={{index .data "${key}" | base64decode}}`,
      );
    assert.equal(await entry("admin-user"), "admin");
    assert.match(await entry("admin-password"), /^[A-Za-z0-9]{40}$/);
  });

  it("goes without a rest, monitors before the definitions", async () => {
    const gone = await project.run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    isGone = true;
    const order = gone.resources.filter(({ operation }) => operation === "delete").map(({ name }) => name);
    const at = (name: string): number => order.indexOf(name);
    assert.ok(
      at("monitors-backend") >= 0 && at("monitors-backend") < at("monitoring-release"),
      order.join(", "),
    );
  });
});
