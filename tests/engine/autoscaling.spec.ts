/** Every object of autoscaling before the real API server, with the operators' own definitions. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { ROOT } from "../../cli/paths";
import type { KubernetesObject } from "../../sandbox/cluster/kubernetes-client";
import { edited, type Change } from "../helpers/stack-file";
import { runPlatform } from "../helpers/platform";
import { ENGINE_TIMEOUT_MS, Project, kubectl, operations, theClient } from "../helpers/engine";

const NAMESPACE = "autoscaling";

/** A Deployment with each owner of replicas, and everything else that scales. */
const PROGRAM = `
  import * as autoscaling from ${JSON.stringify(join(ROOT, "components/autoscaling"))};
  import * as monitoring from ${JSON.stringify(join(ROOT, "components/monitoring"))};
  import { requestsInFlight, serviceRules } from ${JSON.stringify(join(ROOT, "budget/autoscaling/signals"))};
  import { scalingBehavior } from ${JSON.stringify(join(ROOT, "components/autoscaling/scaling-behavior"))};

  const ns = new k8s.core.v1.Namespace("ns", {
    metadata: { name: "${NAMESPACE}", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
  const namespace = ns.metadata.name;
  const options = { dependsOn: [ns] };
  const keda = new autoscaling.Keda("keda");
  const vpa = new autoscaling.VerticalPodAutoscalerOperator("vpa");
  new autoscaling.MetricsServer("metrics-server");
  const target = (name: string) => new autoscaling.ScaleTarget("Deployment", name, namespace);
  const behavior = scalingBehavior({ growthPerMinute: 0.25 }, 20, 60);

  new autoscaling.HorizontalAutoscaler("hpa", {
    target: target("computing"), min: 2, max: 20, behavior, tolerance: { up: 0.05, down: 0.2 },
    metrics: [
      { kind: "cpu", container: "app", utilization: 0.6 },
      { kind: "memory", container: "app", averageMiB: 700 },
      { kind: "pods", metric: "http_requests_in_flight", average: 3.5, matchLabels: { app: "computing" } },
      { kind: "object", metric: "requests", average: 10,
        object: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "front" } },
      { kind: "external", metric: "queue_length", average: 20 },
    ],
  }, options);

  const url = "http://prometheus-operated.monitoring.svc:9090";
  const secret = (key: string) => ({ name: "prometheus", key });
  const query = requestsInFlight({ namespace: "${NAMESPACE}", deployment: "waiting" });
  const prometheus = { kind: "prometheus" as const, url, query, perPod: 3.2, whenMissing: "fault" as const };
  const redis = { addresses: "redis-cache.${NAMESPACE}.svc:6379", password: { name: "redis", key: "password" } };
  const sentinel = { ...redis, addresses: "a:26379,b:26379", sentinelMaster: "main", username: "worker", tls: true };
  new autoscaling.EventDrivenAutoscaler("keda-waiting", {
    target: target("waiting"), min: 2, max: 20, behavior, tolerance: { up: 0.05 },
    fallback: { replicas: 8 }, labels: { app: "waiting" },
    triggers: [
      { ...prometheus, name: "in-flight", authentication: { kind: "bearer", token: secret("token") } },
      { ...prometheus, name: "basic", cached: true, timeoutSeconds: 2,
        authentication: { kind: "basic", username: secret("username"), password: secret("password") } },
      { ...prometheus, name: "forecast", whenMissing: "nothing", authentication: { kind: "tls",
        authority: secret("ca.crt"), certificate: secret("tls.crt"), key: secret("tls.key") } },
      { kind: "cpu", name: "cpu", container: "app", utilization: 0.6 },
      { kind: "cron", name: "office", timezone: "Europe/Berlin", start: "0 8 * * 1-5", end: "0 18 * * 1-5", replicas: 6 },
      { kind: "redis-list", name: "mails", redis, list: "mails", perPod: 20 },
      { kind: "redis-stream", name: "orders", redis: sentinel, stream: "orders", consumerGroup: "shop", perPod: 50 },
    ],
  }, { dependsOn: [ns, keda.release] });
  new autoscaling.EventDrivenAutoscaler("keda-paused", {
    target: target("paused"), min: 0, max: 3, pause: { kind: "all", replicas: 1 },
    triggers: [{ kind: "redis-list", name: "mails", redis, list: "mails", perPod: 20 }],
  }, { dependsOn: [ns, keda.release] });

  new autoscaling.VerticalAutoscaler("vpa-waiting", {
    workload: "waiting", namespace, container: "app", memoryMiB: { min: 128, max: 1024 }, mode: "InPlaceOrRecreate",
  }, { dependsOn: [ns, vpa.release] });
  const room = { workload: "waiting", namespace, percent: 40, pods: 6, resources: { cpuCores: 0.5, memoryMiB: 512 } };
  new autoscaling.Headroom("room", { ...room, kind: "capacity-buffer" }, options);
  new autoscaling.Headroom("pauses", room, options);
  new monitoring.PrometheusRules("rules", { namespace, labels: { release: "prometheus" }, groups: [
    { name: "autoscaling", interval: "15s", rules: serviceRules({ namespace: "${NAMESPACE}", deployment: "waiting" }, 8) },
  ] }, options);
  new autoscaling.KarpenterNodes("general", {
    clusterName: "main", nodeRoleName: "nodes", subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
    capacityTypes: ["spot", "on-demand"], limits: { cpuCores: 200, memoryGiB: 800 },
    budgets: [{ nodes: "10%" }, { nodes: "0", reasons: ["Drifted"], schedule: "0 7 * * 1-5", durationSeconds: 43200 }],
  });
`;

interface Live extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

async function live(kind: string, name: string): Promise<Live> {
  return JSON.parse(await kubectl("get", kind, name, "-n", NAMESPACE, "-o", "json")) as Live;
}

describe("autoscaling on the real engine and API server", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  const project = new Project("autoscaling").program(PROGRAM);
  let isGone = false;

  after(async () => {
    if (!isGone) await project.run("destroy");
  });

  it("previews and comes up with every object accepted by the operators' own definitions, and stays as it is", async () => {
    const preview = await project.run("preview");
    assert.deepEqual([preview.errors, preview.succeeded], [[], true]);
    const first = await project.run("up");
    assert.deepEqual([first.errors, first.warnings, first.succeeded], [[], [], true]);
    const second = await project.run("up");
    assert.deepEqual(new Set(operations(second).map((line) => line.split(" ")[0])), new Set(["same"]));
  });

  it("gives an HPA each kind of metric and a tolerance that the server keeps", async () => {
    const { spec } = await live("hpa", "computing");
    const { metrics, behavior } = spec as {
      metrics: { type: string }[];
      behavior: Record<string, { tolerance: string }>;
    };
    assert.deepEqual(
      metrics.map(({ type }) => type),
      ["ContainerResource", "ContainerResource", "Pods", "Object", "External"],
    );
    assert.deepEqual([behavior["scaleUp"]?.tolerance, behavior["scaleDown"]?.tolerance], ["50m", "200m"]);
  });

  it("gives a ScaledObject triggers whose absence is a fault, but for the one that only raises", async () => {
    const { spec, metadata } = await live("scaledobject", "waiting");
    const { triggers, fallback, advanced } = spec as {
      triggers: {
        name: string;
        type: string;
        metadata: Record<string, string>;
        authenticationRef?: { name: string };
      }[];
      fallback: object;
      advanced: { horizontalPodAutoscalerConfig: { name: string } };
    };
    assert.deepEqual(
      triggers.map(({ name, type, metadata: told, authenticationRef }) => [
        name,
        type,
        told["ignoreNullValues"] ?? "",
        authenticationRef?.name ?? "",
      ]),
      [
        ["in-flight", "prometheus", "false", "waiting-in-flight"],
        ["basic", "prometheus", "false", "waiting-basic"],
        ["forecast", "prometheus", "true", "waiting-forecast"],
        ["cpu", "cpu", "", ""],
        ["office", "cron", "", ""],
        ["mails", "redis", "", "waiting-mails"],
        ["orders", "redis-sentinel-streams", "", "waiting-orders"],
      ],
    );
    assert.deepEqual(fallback, { failureThreshold: 3, replicas: 8, behavior: "currentReplicasIfHigher" });
    assert.equal(advanced.horizontalPodAutoscalerConfig.name, "waiting");
    const { annotations } = metadata as { annotations?: Record<string, string> };
    assert.equal(annotations?.["scaledobject.keda.sh/transfer-hpa-ownership"], "true");
    const names = await kubectl("get", "triggerauthentications", "-n", NAMESPACE, "-o", "name");
    assert.equal(names.trim().split("\n").length, 6);
    const listed = await kubectl("get", "scaledobjects", "-n", NAMESPACE);
    assert.match(listed, /waiting .*2 +20/);
  });

  it("is judged by these definitions: what they do not have is refused", async () => {
    const client = await theClient();
    const refusals: [string, string, (spec: Record<string, unknown>) => object, RegExp][] = [
      [
        "scaledobject",
        "waiting",
        (spec) => ({ ...spec, minReplicaCount: 30 }),
        /less than or equal to maxReplicaCount/,
      ],
      [
        "scaledobject",
        "waiting",
        (spec) => ({ ...spec, fallback: { failureThreshold: 3, replicas: 8, behavior: "hold" } }),
        /Unsupported value: "hold"/,
      ],
      [
        "vpa",
        "waiting",
        (spec) => ({ ...spec, updatePolicy: { updateMode: "Sometimes" } }),
        /Unsupported value: "Sometimes"/,
      ],
      ["capacitybuffer", "waiting", (spec) => ({ ...spec, percent: 40 }), /field not declared in schema/],
    ];
    for (const [kind, name, change, expected] of refusals) {
      const { apiVersion, kind: proper, spec } = await live(kind, name);
      const object = {
        apiVersion,
        kind: proper,
        metadata: { name, namespace: NAMESPACE },
        spec: change(spec),
      };
      const applied = client.apply(object, { fieldManager: "test", force: true, dryRun: true });
      await assert.rejects(applied, expected, kind);
    }
    client.close();
  });

  it("keeps room with pause pods of the priority for which nodes are added", async () => {
    const priority = await kubectl(
      "get",
      "priorityclass",
      "pauses",
      "-o",
      "jsonpath={.value} {.preemptionPolicy}",
    );
    assert.equal(priority, "-10 Never");
    const { spec } = await live("deployment", "pauses");
    const { replicas, template } = spec as {
      replicas: number;
      template: { spec: { priorityClassName: string; terminationGracePeriodSeconds: number } };
    };
    assert.deepEqual(
      [replicas, template.spec.priorityClassName, template.spec.terminationGracePeriodSeconds],
      [6, "pauses", 0],
    );
  });

  it("goes without a rest, definitions after what they define", async () => {
    const gone = await project.run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    isGone = true;
    const order = gone.resources.filter(({ operation }) => operation === "delete").map(({ name }) => name);
    const at = (name: string): number => order.indexOf(name);
    assert.ok(at("keda-waiting") >= 0 && at("keda-waiting") < at("keda-release"), order.join(", "));
    assert.ok(at("vpa-waiting") >= 0 && at("vpa-waiting") < at("vpa-release"), order.join(", "));
  });
});

const SCALED: Change = (file) => {
  file["autoscaling"] = { prometheus: { url: "http://prometheus-operated.monitoring.svc:9090" } };
  file["services"].backend.autoscaling = {
    memory: "Off",
    forecast: { mode: "on" },
    schedule: [
      {
        name: "office-hours",
        timezone: "Europe/Berlin",
        start: "45 7 * * 1-5",
        end: "0 18 * * 1-5",
        requestsPerSecond: file["services"].backend.demand.peakRps,
      },
    ],
  };
};

describe("the platform with KEDA on the real engine and API server", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  after(async () => {
    await runPlatform("destroy", "local");
  });

  it("comes up with replicas, memory and rules, and its objects are what was proven", async () => {
    const first = await runPlatform("up", "local", edited(SCALED));
    assert.deepEqual([first.errors, first.policyEvents, first.succeeded], [[], [], true]);
    const listed = await kubectl("get", "scaledobjects", "-n", "retrofitlink");
    assert.match(listed, /^backend .*\n^nginx-load-balancer /m);
    assert.match(await kubectl("get", "vpa", "-n", "retrofitlink"), /^backend .*Off/m);
    assert.match(await kubectl("get", "prometheusrules", "-n", "retrofitlink"), /^autoscaling-rules /m);
    // KEDA's to make, and nobody else's.
    const names = await kubectl("get", "hpa", "-n", "retrofitlink", "-o", "name");
    assert.ok(!/\/(backend|nginx-load-balancer)$/m.test(names), names);
  });

  it("changes from an HPA to KEDA and back without a jump of the replicas", async () => {
    const back = await runPlatform("up", "local");
    assert.deepEqual([back.errors, back.policyEvents], [[], []]);
    const steps = operations(back).filter((line) => !line.startsWith("same"));
    assert.ok(
      steps.includes("create backend-autoscaler") && steps.includes("delete backend-autoscaler"),
      steps.join(),
    );
    // What is owned is not touched.
    assert.ok(!steps.some((line) => line.endsWith(" backend-deployment")), steps.join());
  });
});
