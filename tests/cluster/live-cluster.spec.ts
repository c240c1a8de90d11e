import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import { isAlive } from "../../cli/lock";
import { clusterDirectory, removeCluster, startCluster, type Cluster } from "../../sandbox/cluster/cluster";
import { CONTROLLER_NAMES } from "../../sandbox/cluster/controller-programs";
import { applyAll } from "../../sandbox/cluster/controllers";
import {
  KubernetesClient,
  connectionFromKubeconfig,
  type KubernetesObject,
} from "../../sandbox/cluster/kubernetes-client";
import { ZONES } from "../../sandbox/cluster/nodes";
import { runningPid } from "../../sandbox/cluster/processes";
import { liveClusterParts, prepareToolchain, withoutKeda, type Toolchain } from "../../sandbox/sandbox";
import { eventually } from "../helpers/eventually";

const NAME = "live";
const silent = (): void => undefined;
const PATIENCE = { withinMs: 90_000, everyMs: 500 };

const LABELS = { app: "web" };

const DEPLOYMENT: KubernetesObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 6,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        containers: [{ name: "main", image: "app", resources: { requests: { cpu: "100m" } } }],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: LABELS },
          },
        ],
      },
    },
  },
};

const CLAIM: KubernetesObject = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "default" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } },
};

const AUTOSCALER: KubernetesObject = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", namespace: "default" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 6,
    maxReplicas: 8,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
      },
    ],
  },
};

describe("cluster with nodes", function () {
  this.timeout(600_000);
  let toolchain: Toolchain;
  let cluster: Cluster;
  let client: KubernetesClient;

  const kubectl = (...args: string[]): string =>
    execFileSync(toolchain.kubectl.path, ["--kubeconfig", cluster.kubeconfig, ...args], { encoding: "utf8" });

  const pidOf = (name: string): number | undefined => runningPid({ name, directory: clusterDirectory(NAME) });

  before(async () => {
    // KEDA has its own specs; here it would only take memory.
    toolchain = withoutKeda(await prepareToolchain(silent));
    cluster = await startCluster(NAME, liveClusterParts(toolchain), silent);
    client = new KubernetesClient(connectionFromKubeconfig(cluster.kubeconfig));
    await applyAll(client, [DEPLOYMENT, CLAIM, AUTOSCALER]);
  });

  after(async () => {
    client.close();
    await removeCluster(NAME);
  });

  it("runs pods in three zones", async () => {
    const pods = await eventually(
      "six pods are ready",
      async () => await client.list("v1", "Pod", "default"),
      (all) =>
        all.filter((pod) =>
          /"type":"Ready","status":"True"|"status":"True","type":"Ready"/.test(JSON.stringify(pod)),
        ).length === 6,
      PATIENCE,
    );
    const zones = pods.map((pod) => (pod["spec"] as { nodeName: string }).nodeName.replace(/-\d+$/, ""));
    assert.deepEqual(
      ZONES.map((zone) => zones.filter((one) => one === zone).length),
      [2, 2, 2],
    );
  });

  it("gives a claim a volume of its size", async () => {
    const claim = await eventually(
      "the claim is bound",
      async () => (await client.read(CLAIM))?.["status"] as Record<string, unknown> | undefined,
      (status) => status?.["phase"] === "Bound",
      PATIENCE,
    );
    assert.deepEqual(claim?.["capacity"], { storage: "3Gi" });
  });

  it("answers what the guide asks: top, autoscalers, ScaledObjects", async () => {
    await eventually(
      "the pods are measured",
      async () => (await client.list("metrics.k8s.io/v1beta1", "PodMetrics", "default")).length,
      (count) => count === 6,
      PATIENCE,
    );
    assert.match(kubectl("top", "pods", "-n", "default"), /^web-\S+ +\d+m +\d+Mi/m);
    assert.match(kubectl("top", "nodes"), /^local-c-2 +\d+m/m);
    await eventually(
      "the autoscaler knows its metric",
      () => kubectl("get", "hpa", "-n", "default"),
      (text) => /cpu: \d+%\/60%/.test(text),
      PATIENCE,
    );
    assert.doesNotThrow(() => kubectl("get", "scaledobjects", "-n", "retrofitlink"));
  });

  it("starts a controller again that was killed, and says so", async () => {
    for (const name of ["kwok", "kube-scheduler"]) {
      const pid = pidOf(name);
      assert.ok(pid);
      process.kill(pid, "SIGKILL");
      await eventually("it is gone", () => pidOf(name) === undefined);
    }
    const lines: string[] = [];
    const again = await startCluster(NAME, liveClusterParts(toolchain), (line) => lines.push(line));
    assert.equal(again.reused, true);
    assert.deepEqual(lines.map((line) => line.split(";")[0]).sort(), [
      "kube-scheduler had ended and is started again",
      "kwok had ended and is started again",
    ]);
    await client.patch(AUTOSCALER, { spec: { minReplicas: 7 } });
    await eventually(
      "a new pod is ready",
      async () => ((await client.read(DEPLOYMENT))?.["status"] as { readyReplicas?: number }).readyReplicas,
      (ready) => ready === 7,
      PATIENCE,
    );
  });

  it("takes less than a gigabyte or so", () => {
    const status = (pid: number): string =>
      execFileSync("cat", [`/proc/${pid}/status`], { encoding: "utf8" });
    const megabytes = ["etcd", "kube-apiserver", ...CONTROLLER_NAMES]
      .flatMap((name) => pidOf(name) ?? [])
      .map((pid) => Number(/VmRSS:\s+(\d+) kB/.exec(status(pid))?.[1]) / 1024);
    const sum = megabytes.reduce((total, one) => total + one, 0);
    assert.ok(sum < 1_200, `${Math.round(sum)} MB: ${megabytes.map(Math.round).join(", ")}`);
  });

  it("is gone with all its programs", async () => {
    const pids = ["etcd", "kube-apiserver", ...CONTROLLER_NAMES].flatMap((name) => pidOf(name) ?? []);
    assert.ok(pids.length >= 6);
    await removeCluster(NAME);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.ok(!existsSync(clusterDirectory(NAME)));
    assert.ok(existsSync(SCRATCH));
  });
});
