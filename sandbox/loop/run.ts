/** A scripted load against the real controllers: who scales whom, step by step, and what happens when one is killed. */
import { setTimeout as sleep } from "node:timers/promises";

import {
  clusterDirectory,
  removeCluster,
  startCluster,
  startControllers,
  type Cluster,
  type ClusterParts,
} from "../cluster/cluster";
import { applyAll } from "../cluster/controllers";
import {
  KubernetesClient,
  connectionFromKubeconfig,
  type KubernetesObject,
} from "../cluster/kubernetes-client";
import { USED_CPU } from "../cluster/kwok";
import { runningPid } from "../cluster/processes";
import { LASTS_SECONDS, loadAt, serveLoad } from "./load";
import {
  CPU_SECONDS,
  MIN_REPLICAS,
  NAMESPACE,
  deployment,
  horizontalAutoscaler,
  namespace,
  neededFor,
  scaledObject,
  type Workload,
} from "./objects";
import { Prometheus } from "./prometheus";

/** One workload at one moment, pods. */
export interface Seen {
  readonly wanted: number;
  readonly ready: number;
}

/** One step. */
export interface Step {
  /** Since the load began. */
  readonly second: number;
  /** Requests a second. */
  readonly load: number;
  /** Pods without which the load is not served. */
  readonly needed: number;
  readonly workloads: Readonly<Partial<Record<Workload, Seen>>>;
  /** What was done to the programs at that moment. */
  readonly event?: string;
}

export interface LoopOptions {
  readonly parts: ClusterParts;
  readonly progress: (line: string) => void;
  readonly onStep: (step: Step) => void;
  readonly signal: AbortSignal;
}

const CLUSTER = "loop";

const STEP_SECONDS = 2;

/** Seconds at which something is done; only where KEDA runs. */
const PROMETHEUS_KILLED = 60;
const PROMETHEUS_BACK = 82;
const KEDA_KILLED = 94;
const KEDA_BACK = 110;

/** Runs the whole script on a cluster of its own, which is gone afterwards. */
export async function runLoop({ parts, progress, onStep, signal }: LoopOptions): Promise<readonly Step[]> {
  await removeCluster(CLUSTER);
  const withKeda = parts.controllers?.keda !== undefined;
  const exporter = await serveLoad();
  let prometheus: Prometheus | undefined;
  try {
    const cluster = await startCluster(CLUSTER, parts, progress);
    progress(`started the cluster at ${cluster.server}`);
    const client = new KubernetesClient(connectionFromKubeconfig(cluster.kubeconfig));
    try {
      if (withKeda) {
        const target = `127.0.0.1:${exporter.port}`;
        prometheus = await Prometheus.start(clusterDirectory(CLUSTER), target);
      }
      await prepare(client, prometheus);
      progress("the pods are ready and measured: the load begins");
      exporter.begin();
      const startedAt = Date.now();
      const faults = prometheus === undefined ? [] : faultsOf(prometheus, cluster, parts, progress);
      return await drive(client, startedAt, faults, onStep, signal);
    } finally {
      client.close();
      await prometheus?.stop();
      await removeCluster(CLUSTER);
    }
  } finally {
    await exporter.stop();
  }
}

async function prepare(client: KubernetesClient, prometheus: Prometheus | undefined): Promise<void> {
  await applyAll(client, [namespace()]);
  await applyAll(client, [deployment("by-cpu"), horizontalAutoscaler()]);
  if (prometheus !== undefined) {
    await applyAll(client, [deployment("by-requests"), scaledObject(prometheus.address)]);
  }
  // metrics-server needs two looks at a pod.
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(1_000)) {
    await use(client, "by-cpu", loadAt(0));
    const { status } = ((await client.read(horizontalAutoscaler())) ?? {}) as {
      readonly status?: { readonly currentMetrics?: readonly unknown[] };
    };
    const seen = await Promise.all(workloadsOf(prometheus).map((name) => look(client, name)));
    if ((status?.currentMetrics ?? []).length > 0 && seen.every(({ ready }) => ready >= MIN_REPLICAS)) return;
  }
}

interface Fault {
  readonly second: number;
  readonly what: string;
  readonly act: () => void;
}

function faultsOf(
  prometheus: Prometheus,
  cluster: Cluster,
  parts: ClusterParts,
  progress: (line: string) => void,
): Fault[] {
  // They go on while the load does; what goes wrong shows in the replicas, and in a line.
  const later = (work: Promise<void>): void => {
    work.catch((error: unknown) => progress(error instanceof Error ? error.message : String(error)));
  };
  return [
    { second: PROMETHEUS_KILLED, what: "Prometheus is killed", act: () => prometheus.kill() },
    { second: PROMETHEUS_BACK, what: "Prometheus is back", act: () => later(prometheus.begin()) },
    {
      second: KEDA_KILLED,
      what: "KEDA is killed",
      act: () => {
        for (const name of ["keda-operator", "keda-adapter"]) {
          const pid = runningPid({ name, directory: clusterDirectory(CLUSTER) });
          if (pid !== undefined) process.kill(pid, "SIGKILL");
        }
      },
    },
    {
      second: KEDA_BACK,
      what: "KEDA is started again",
      act: () => later(startControllers(cluster, parts, () => undefined)),
    },
  ];
}

async function drive(
  client: KubernetesClient,
  startedAt: number,
  faults: readonly Fault[],
  onStep: (step: Step) => void,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const left = [...faults];
  for (let index = 0; index * STEP_SECONDS <= LASTS_SECONDS && !signal.aborted; index++) {
    await sleep(Math.max(0, startedAt + index * STEP_SECONDS * 1000 - Date.now()));
    const second = Math.round((Date.now() - startedAt) / 1000);
    const load = Math.round(loadAt(second));
    const due = left.filter((fault) => fault.second <= second);
    left.splice(0, due.length);
    for (const { act } of due) act();
    const byCpu = await use(client, "by-cpu", load);
    const workloads = {
      "by-cpu": byCpu,
      ...(faults.length === 0 ? {} : { "by-requests": await look(client, "by-requests") }),
    };
    const event = due.map(({ what }) => what).join(", ");
    const step = { second, load, needed: neededFor(load), workloads, ...(event === "" ? {} : { event }) };
    steps.push(step);
    onStep(step);
  }
  return steps;
}

function workloadsOf(prometheus: Prometheus | undefined): Workload[] {
  return prometheus === undefined ? ["by-cpu"] : ["by-cpu", "by-requests"];
}

async function look(client: KubernetesClient, name: Workload): Promise<Seen> {
  const live = (await client.read(deployment(name))) as
    | { readonly spec: { readonly replicas: number }; readonly status?: { readonly readyReplicas?: number } }
    | undefined;
  return { wanted: live?.spec.replicas ?? 0, ready: live?.status?.readyReplicas ?? 0 };
}

/** Lets the pods that are ready share the load: what they take is what their annotation says. */
async function use(client: KubernetesClient, name: Workload, load: number): Promise<Seen> {
  const seen = await look(client, name);
  const milliCores = Math.round((1000 * load * CPU_SECONDS) / Math.max(1, seen.ready));
  const pods = (await client.list("v1", "Pod", NAMESPACE)).filter(
    (pod) =>
      (pod.metadata["labels"] as Readonly<Record<string, string>>)["app"] === name &&
      pod.metadata["deletionTimestamp"] === undefined,
  );
  const isTold = ({ metadata }: KubernetesObject): boolean =>
    (metadata["annotations"] as Readonly<Record<string, string>> | undefined)?.[USED_CPU] ===
    `${milliCores}m`;
  await Promise.all(
    pods
      .filter((pod) => !isTold(pod))
      .map(async (pod) => {
        const object = { ...pod, apiVersion: "v1", kind: "Pod" };
        // It may be gone by now.
        await client
          .patch(object, { metadata: { annotations: { [USED_CPU]: `${milliCores}m` } } })
          .catch(() => undefined);
      }),
  );
  return seen;
}

/** Steps at which somebody took pods away that the load needed. */
export function wronglyLowered(steps: readonly Step[], name: Workload): Step[] {
  return steps.filter(({ needed, workloads }, index) => {
    const before = steps[index - 1]?.workloads[name]?.wanted;
    const now = workloads[name]?.wanted;
    return before !== undefined && now !== undefined && now < before && now < needed;
  });
}
