/**
 * Puts the real HorizontalPodAutoscaler controller through scenarios, all at the same time, each in a namespace of its
 * own. No kubelet and no other controller runs: pods are what the script says, and who scales is who is judged.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { applyAll, hasCondition } from "../../../sandbox/cluster/controllers";
import { type KubernetesClient, type KubernetesObject } from "../../../sandbox/cluster/kubernetes-client";
import { aggregatedApi } from "../../../sandbox/cluster/nodes";
import { eventually } from "../eventually";
import {
  METRICS_WINDOW_SECONDS,
  SYNC_SECONDS,
  namespaceOf,
  type Metric,
  type Scenario,
  type ScriptedPod,
  type SeenPod,
  type Sync,
  type World,
} from "./scenario";
import { SERVED, serveMetrics, type MetricsScript, type PodSample } from "./scripted-metrics";

/** From the first question of a sync to the moment when its decision is read, ms. */
const DECIDED_AFTER_MS = 450;

/** Questions that come closer than this belong to one sync, ms. */
const SAME_SYNC_MS = 300;

/** Times that lie further back than any window of the controller are written once, seconds. */
const LONG_AGO = 600;

/** The controller was asked again before the script had come to the next step: this machine is too slow just now. */
export class TooSlow extends Error {}

/** @returns the syncs of each scenario, in the order of the scenarios; TooSlow for one that has to be run again */
export async function runOnRealController(
  client: KubernetesClient,
  scenarios: readonly Scenario[],
): Promise<(readonly Sync[] | TooSlow)[]> {
  const runs = new Map(scenarios.map((scenario) => [namespaceOf(scenario), new Run(client, scenario)]));
  const script: MetricsScript = {
    resource: (namespace) => runs.get(namespace)?.resource(),
    pods: (namespace, metric) => runs.get(namespace)?.custom(metric),
    external: (namespace, metric) => runs.get(namespace)?.external(metric),
  };
  const server = await serveMetrics(script);
  try {
    for (const name of SERVED) await applyAll(client, aggregatedApi(name, server.port));
    await eventually(
      "the scripted metrics are served",
      () => client.list("apiregistration.k8s.io/v1", "APIService"),
      (services) =>
        SERVED.every((name) =>
          services.some((service) => service.metadata.name === name && hasCondition(service, "Available")),
        ),
      { withinMs: 60_000, everyMs: 200 },
    );
    const all = [...runs.values()];
    for (const run of all) await run.prepare();
    await Promise.all(all.map((run) => run.begin()));
    return await Promise.all(all.map((run) => run.end()));
  } finally {
    await server.stop();
  }
}

class Run {
  private readonly namespace: string;
  private readonly syncs: Sync[] = [];
  private world: World;
  private pods: SeenPod[] = [];
  private replicas: number;
  private askedAt = -Infinity;
  private deciding: Promise<void> | undefined;
  private finished: (result: readonly Sync[] | TooSlow) => void = () => undefined;
  private readonly result: Promise<readonly Sync[] | TooSlow>;
  private isOver = false;

  constructor(
    private readonly client: KubernetesClient,
    private readonly scenario: Scenario,
  ) {
    this.namespace = namespaceOf(scenario);
    this.replicas = scenario.replicas;
    this.world = scenario.world(0, scenario.replicas);
    this.result = new Promise((resolve) => (this.finished = resolve));
  }

  async prepare(): Promise<void> {
    const { client, namespace, scenario } = this;
    await applyAll(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
    await eventually("a service account", () =>
      client.read({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } }),
    );
    await applyAll(client, [deployment(namespace, scenario.replicas, scenario.requestMilli ?? 1000)]);
    await this.enter(this.world);
  }

  async begin(): Promise<void> {
    await applyAll(this.client, [autoscaler(this.namespace, this.scenario)]);
  }

  async end(): Promise<readonly Sync[] | TooSlow> {
    const patience = (this.scenario.steps + 10) * SYNC_SECONDS * 3_000;
    const timer = setTimeout(() => {
      this.stop(new TooSlow(`only ${this.syncs.length} of ${this.scenario.steps} syncs came`));
    }, patience);
    try {
      return await this.result;
    } finally {
      clearTimeout(timer);
      // The controller would go on with it.
      await this.client.delete(autoscaler(this.namespace, this.scenario), "Background");
    }
  }

  resource(): Readonly<Record<string, readonly PodSample[]>> | undefined {
    this.asked();
    if (this.world.noResourceMetrics === true) return undefined;
    const cpu = this.pods.flatMap(({ name, cpu: milli, measuredAt }) =>
      milli === undefined ? [] : [sample(name, milli, measuredAt)],
    );
    // The API always tells both.
    return { cpu, memory: cpu.map((one) => ({ ...one, milli: 64 * 2 ** 20 * 1000 })) };
  }

  custom(metric: string): readonly PodSample[] | undefined {
    this.asked();
    return this.pods.flatMap(({ name, custom, measuredAt }) => {
      const milli = custom?.[metric];
      return milli === undefined ? [] : [sample(name, milli, measuredAt)];
    });
  }

  external(metric: string): readonly number[] | undefined {
    this.asked();
    return this.world.external?.[metric];
  }

  /** The controller asks: a sync has begun, unless this belongs to one that has. */
  private asked(): void {
    const now = Date.now();
    if (this.isOver || now - this.askedAt < SAME_SYNC_MS) return;
    this.askedAt = now;
    if (this.deciding !== undefined) {
      this.stop(new TooSlow(`sync ${this.syncs.length + 1} came before step ${this.syncs.length} was set up`));
      return;
    }
    this.deciding = this.decided(now).then(
      () => (this.deciding = undefined),
      (error: unknown) => this.stop(new TooSlow(error instanceof Error ? error.message : String(error))),
    );
  }

  private async decided(askedAt: number): Promise<void> {
    const { scenario, world, pods, replicas: replicasBefore } = this;
    await sleep(DECIDED_AFTER_MS);
    const replicasAfter = await this.read();
    this.syncs.push({ at: askedAt / 1000, replicasBefore, replicasAfter, world, pods });
    this.replicas = replicasAfter;
    if (this.syncs.length === scenario.steps) {
      this.stop(this.syncs);
      return;
    }
    await this.enter(scenario.world(this.syncs.length, replicasAfter));
    if ((await this.read()) !== replicasAfter) throw new TooSlow("a decision came late");
  }

  private stop(result: readonly Sync[] | TooSlow): void {
    this.isOver = true;
    this.finished(result);
  }

  private async read(): Promise<number> {
    const live = await this.client.read(deployment(this.namespace, 0, 0));
    return (live?.["spec"] as { readonly replicas: number }).replicas;
  }

  /** Makes the cluster what a step says it is. */
  private async enter(world: World): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    const before = this.pods;
    const pods = world.pods.map((pod, index) => seen(pod, before[index], index, now));
    await Promise.all(
      Array.from({ length: Math.max(before.length, pods.length) }, (_, index) =>
        this.write(before[index], pods[index]),
      ),
    );
    const living = pods.filter(({ deleted, phase }) => !deleted && phase !== "Failed").length;
    if (before.length === 0 || living !== livingOf(before)) {
      await this.client.patch(deployment(this.namespace, 0, 0), { status: { replicas: living } }, "status");
    }
    this.world = world;
    this.pods = pods;
  }

  private async write(before: SeenPod | undefined, after: SeenPod | undefined): Promise<void> {
    const { client, namespace } = this;
    if (after === undefined) {
      if (before !== undefined) await client.deleteNow(podObject(namespace, before.name, 0));
      return;
    }
    const object = podObject(namespace, after.name, this.scenario.requestMilli ?? 1000);
    if (before === undefined) {
      await client.create(object, { fieldManager: "script", dryRun: false });
    } else if (before.deleted && !after.deleted) {
      throw new Error(`${this.scenario.name}: pod ${after.name} was deleted and cannot come back`);
    }
    if (before === undefined || statusOf(before) !== statusOf(after)) {
      await client.patch(object, { status: JSON.parse(statusOf(after)) as object }, "status");
    }
    if (after.deleted && before?.deleted !== true) await client.delete(object, "Background");
  }
}

function livingOf(pods: readonly SeenPod[]): number {
  return pods.filter(({ deleted, phase }) => !deleted && phase !== "Failed").length;
}

function seen(pod: ScriptedPod, before: SeenPod | undefined, index: number, now: number): SeenPod {
  const { startedAgo, changedAgo, measuredAgo, ...rest } = pod;
  const since = (ago: number, known: number | undefined): number =>
    ago >= LONG_AGO && known !== undefined && known <= now - LONG_AGO ? known : now - ago;
  return {
    ...rest,
    name: `pod-${index}`,
    startedAt: since(startedAgo, before?.startedAt),
    changedAt: since(changedAgo, before?.changedAt),
    measuredAt: now - measuredAgo,
  };
}

function statusOf({ phase, ready, startedAt, changedAt }: SeenPod): string {
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");
  const conditions = [
    { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: time(changedAt) },
  ];
  return JSON.stringify({ phase, startTime: time(startedAt), conditions });
}

function sample(pod: string, milli: number, at: number): PodSample {
  return { pod, milli, at, windowSeconds: METRICS_WINDOW_SECONDS };
}

const LABELS = { app: "scripted" };

function deployment(namespace: string, replicas: number, requestMilli: number): KubernetesObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "scripted", namespace },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(requestMilli) },
    },
  };
}

function podObject(namespace: string, name: string, requestMilli: number): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: LABELS },
    // On a node, so that a deleted pod stays until its kubelet has spoken, which it never does.
    spec: { ...podSpec(requestMilli), nodeName: "scripted" },
  };
}

function podSpec(requestMilli: number): object {
  return {
    automountServiceAccountToken: false,
    containers: [
      { name: "main", image: "scripted", resources: { requests: { cpu: `${requestMilli}m` } } },
    ],
  };
}

function autoscaler(namespace: string, { min, max, metrics, behavior }: Scenario): KubernetesObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "scripted", namespace },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scripted" },
      minReplicas: min,
      maxReplicas: max,
      metrics: metrics.map(metricSpec),
      ...(behavior === undefined ? {} : { behavior }),
    },
  };
}

function metricSpec(metric: Metric): object {
  switch (metric.kind) {
    case "cpu": {
      const target = { type: "Utilization", averageUtilization: metric.percent };
      return { type: "Resource", resource: { name: "cpu", target } };
    }
    case "cpu-value": {
      const target = { type: "AverageValue", averageValue: `${metric.milli}m` };
      return { type: "Resource", resource: { name: "cpu", target } };
    }
    case "pods": {
      const target = { type: "AverageValue", averageValue: `${metric.averageMilli}m` };
      return { type: "Pods", pods: { metric: { name: metric.name }, target } };
    }
    case "external-value": {
      const target = { type: "Value", value: `${metric.milli}m` };
      return { type: "External", external: { metric: { name: metric.name }, target } };
    }
    case "external-average": {
      const target = { type: "AverageValue", averageValue: `${metric.averageMilli}m` };
      return { type: "External", external: { metric: { name: metric.name }, target } };
    }
  }
}

