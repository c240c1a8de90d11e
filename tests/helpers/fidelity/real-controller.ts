/**
 * Puts the real HorizontalPodAutoscaler controller through scenarios, all at the same time, each in a namespace of its
 * own. No kubelet and no other controller runs: pods are what the script says, and who scales is who is judged.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { applyAll, hasCondition } from "../../../sandbox/cluster/controllers";
import type { KubernetesClient } from "../../../sandbox/cluster/kubernetes-client";
import { aggregatedApi } from "../../../sandbox/cluster/nodes";
import { eventually } from "../eventually";
import { autoscaler, deployment, podObject } from "./manifests";
import {
  METRICS_WINDOW_SECONDS,
  namespaceOf,
  type Scenario,
  type ScriptedPod,
  type SeenPod,
  type Sync,
  type World,
} from "./scenario";
import { SERVED, serveMetrics, type MetricsScript, type PodSample } from "./scripted-metrics";

/** How long the decision of a sync is looked for before the next step is set up, and how often, ms. */
const LOOK_FOR_MS = 300;
const LOOK_EVERY_MS = 50;

/** How long the controller takes at most to be told of a pod that was written, ms. It is let to ask no sooner. */
const TOLD_WITHIN_MS = 250;

/** For a whole scenario, ms. */
const PATIENCE_MS = 180_000;

/** Times that lie further back than any window of the controller are written once, seconds. */
const LONG_AGO = 600;

/** @returns the syncs of each scenario, in the order of the scenarios */
export async function runOnRealController(
  client: KubernetesClient,
  scenarios: readonly Scenario[],
): Promise<(readonly Sync[])[]> {
  const runs = new Map(scenarios.map((scenario) => [namespaceOf(scenario), new Run(client, scenario)]));
  const script: MetricsScript = {
    asked: async (namespace, question) => await runs.get(namespace)?.asked(question),
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

/**
 * One scenario. The controller waits for its metrics, so that whoever answers sets the pace: a slow machine makes a run
 * longer and not different.
 */
class Run {
  private readonly namespace: string;
  private readonly syncs: Sync[] = [];
  private world: World;
  private pods: SeenPod[] = [];
  private replicas: number;
  private readyAt = 0;
  private answeredAt = 0;
  private readonly questions = new Set<string>();
  private decidedAt: number | undefined;
  private next: Promise<void> = Promise.resolve();
  private isOver = false;
  private finish: (syncs: readonly Sync[]) => void = () => undefined;
  private fail: (error: unknown) => void = () => undefined;
  private readonly result: Promise<readonly Sync[]>;

  constructor(
    private readonly client: KubernetesClient,
    private readonly scenario: Scenario,
  ) {
    this.namespace = namespaceOf(scenario);
    this.replicas = scenario.replicas;
    this.world = scenario.world(0, scenario.replicas);
    this.result = new Promise((resolve, reject) => ([this.finish, this.fail] = [resolve, reject]));
  }

  async prepare(): Promise<void> {
    const { client, namespace, scenario } = this;
    await applyAll(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
    await eventually(
      "a service account",
      () =>
        client.read({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } }),
      Boolean,
      { withinMs: 60_000 },
    );
    await applyAll(client, [deployment(namespace, scenario.replicas, scenario.requestMilli ?? 1000)]);
    await this.enter(this.world);
  }

  async begin(): Promise<void> {
    await applyAll(this.client, [autoscaler(this.scenario)]);
  }

  async end(): Promise<readonly Sync[]> {
    const { scenario } = this;
    const timer = setTimeout(() => {
      const came = this.syncs.length;
      this.fail(
        new Error(
          `${scenario.name}: only ${came} of ${scenario.steps} syncs came within ${PATIENCE_MS / 1000} s`,
        ),
      );
    }, PATIENCE_MS);
    try {
      return await this.result;
    } finally {
      this.isOver = true;
      clearTimeout(timer);
      // The controller would go on with it.
      await this.client.delete(autoscaler(scenario), "Background");
    }
  }

  /** The controller asks, and waits until the world is that of its step. A question that was asked begins a sync. */
  async asked(question: string): Promise<void> {
    if (this.isOver) return;
    if (this.questions.size === 0 || this.questions.has(question)) {
      this.questions.clear();
      await this.next;
      if (this.answeredAt > 0) await this.decided();
      await sleep(Math.max(0, this.readyAt - Date.now()));
    }
    this.questions.add(question);
    this.answeredAt = Date.now();
    if (this.isOver || this.questions.size < this.scenario.metrics.length) return;
    this.decidedAt = undefined;
    this.next = this.lookAhead().catch(this.fail);
  }

  /** The next step is set up as soon as the decision shows, so that the controller seldom waits. */
  private async lookAhead(): Promise<void> {
    for (const until = Date.now() + LOOK_FOR_MS; Date.now() < until;) {
      await sleep(LOOK_EVERY_MS);
      if ((await this.read()) === this.replicas) continue;
      this.decidedAt = Date.now();
      break;
    }
    await this.setUp(await this.read());
  }

  private upcoming:
    { readonly replicas: number; readonly world: World; readonly pods: SeenPod[] } | undefined;

  private async setUp(replicas: number): Promise<void> {
    const before = { world: this.world, pods: this.pods };
    if (this.syncs.length + 1 < this.scenario.steps) {
      await this.enter(this.scenario.world(this.syncs.length + 1, replicas));
    }
    this.upcoming = { replicas, ...before };
  }

  /** A sync has begun, so the one before is over: what it decided is what is there now. */
  private async decided(): Promise<void> {
    const { scenario, upcoming, replicas: replicasBefore, answeredAt } = this;
    if (upcoming === undefined) throw new Error("a step was not set up");
    const replicasAfter = await this.read();
    const decidedAt = replicasAfter === replicasBefore ? answeredAt : (this.decidedAt ?? Date.now());
    const { world, pods } = upcoming;
    this.syncs.push({
      at: answeredAt / 1000,
      decidedAt: decidedAt / 1000,
      replicasBefore,
      replicasAfter,
      world,
      pods,
    });
    this.replicas = replicasAfter;
    if (this.syncs.length === scenario.steps) {
      this.isOver = true;
      this.finish(this.syncs);
      return;
    }
    // The decision came after it was looked for.
    if (replicasAfter !== upcoming.replicas)
      await this.enter(scenario.world(this.syncs.length, replicasAfter));
  }

  resource(): Readonly<Record<string, readonly PodSample[]>> | undefined {
    if (this.world.noResourceMetrics === true) return undefined;
    const cpu = this.pods.flatMap(({ name, cpu: milli, measuredAt }) =>
      milli === undefined ? [] : [sample(name, milli, measuredAt)],
    );
    // The API always tells both.
    return { cpu, memory: cpu.map((one) => ({ ...one, milli: 64 * 2 ** 20 * 1000 })) };
  }

  custom(metric: string): readonly PodSample[] {
    return this.pods.flatMap(({ name, custom, measuredAt }) => {
      const milli = custom?.[metric];
      return milli === undefined ? [] : [sample(name, milli, measuredAt)];
    });
  }

  external(metric: string): readonly number[] | undefined {
    return this.world.external?.[metric];
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
    this.readyAt = Date.now() + TOLD_WITHIN_MS;
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
