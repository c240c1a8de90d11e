/** The sandbox as a whole: programs, API server, engine. It knows only that there is a program to run. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  knownClusters,
  removeCluster,
  runningCluster,
  startCluster,
  startControllers,
  type Cluster,
  type ClusterParts,
} from "./cluster/cluster";
import { runStack, type StackRun, type StackRunArgs } from "../engine/stack";
import { withLock } from "../cli/lock";
import { ROOT, SANDBOX, ensureDirectory } from "../cli/paths";
import { customResourceDefinitions } from "./toolchain/crds";
import { isCached, obtain, type Obtained } from "./toolchain/obtain";
import {
  API_SERVER,
  CONTROLLER_MANAGER,
  ETCD,
  KEDA_ADAPTER,
  KEDA_OPERATOR,
  KUBECTL,
  KWOK,
  METRICS_SERVER,
  PULUMI,
  SCHEDULER,
  type Program,
} from "./toolchain/programs";

export type Progress = (line: string) => void;

/** Paths of everything the sandbox runs. */
export interface Toolchain {
  readonly pulumi: Obtained;
  readonly etcd: Obtained;
  readonly apiServer: Obtained;
  readonly kubectl: Obtained;
  readonly controllerManager: Obtained;
  readonly scheduler: Obtained;
  readonly kwok: Obtained;
  readonly metricsServer: Obtained;
  /** Where they are cached, or were asked for with KEDA=1. */
  kedaOperator?: Obtained;
  kedaAdapter?: Obtained;
  /** Folder of CustomResourceDefinitions. */
  readonly definitions: string;
}

/**
 * Finds or makes every part of the toolchain. Two builds at a time, halves that take about as long: one alone leaves a quarter of two
 * cores idle, as its last steps are one after the other. etcd is built first and alone: otherwise both halves would compile
 * Go's own packages.
 */
export async function prepareToolchain(progress: Progress): Promise<Toolchain> {
  const get: Get = (program) => obtain(program, { progress });
  const etcd = await get(ETCD);
  const halves = [engineNodesAndClient(get), apiServerAndControllers(get)] as const;
  // What one half fails of is said when the other one has ended, too: no build goes on behind the message.
  await Promise.allSettled(halves);
  const [withEngine, withApiServer] = await Promise.all(halves);
  return {
    etcd,
    ...withEngine,
    ...withApiServer,
    ...(await keda(progress)),
    definitions: await customResourceDefinitions(progress),
  };
}

type Get = (program: Program) => Promise<Obtained>;

async function engineNodesAndClient(
  get: Get,
): Promise<Pick<Toolchain, "pulumi" | "kwok" | "metricsServer" | "kubectl" | "scheduler">> {
  return {
    pulumi: await get(PULUMI),
    kwok: await get(KWOK),
    metricsServer: await get(METRICS_SERVER),
    kubectl: await get(KUBECTL),
    scheduler: await get(SCHEDULER),
  };
}

async function apiServerAndControllers(
  get: Get,
): Promise<Pick<Toolchain, "apiServer" | "controllerManager">> {
  return { apiServer: await get(API_SERVER), controllerManager: await get(CONTROLLER_MANAGER) };
}

/** Its build takes longer than that of all the others, so it is made only when asked for. */
async function keda(progress: Progress): Promise<Pick<Toolchain, "kedaOperator" | "kedaAdapter">> {
  const isThere = [KEDA_OPERATOR, KEDA_ADAPTER].every(isCached);
  if (!isThere && process.env["KEDA"] !== "1") return {};
  return {
    kedaOperator: await obtain(KEDA_OPERATOR, { progress }),
    kedaAdapter: await obtain(KEDA_ADAPTER, { progress }),
  };
}

/** Every program of the toolchain. */
export function programsOf(toolchain: Toolchain): Obtained[] {
  return Object.values(toolchain).filter((part): part is Obtained => typeof part === "object");
}

/** For clusters in which nothing is scaled by it: it would only take memory. */
export function withoutKeda(toolchain: Toolchain): Toolchain {
  const rest = { ...toolchain };
  delete rest.kedaOperator;
  delete rest.kedaAdapter;
  return rest;
}

/** A control plane that stores objects and nothing more: enough for a preview. */
export function clusterParts(toolchain: Toolchain): ClusterParts {
  return {
    etcd: toolchain.etcd.path,
    apiServer: toolchain.apiServer.path,
    customResourceDefinitions: toolchain.definitions,
  };
}

/**
 * A cluster in which objects are acted on: pods run on simulated nodes in three zones.
 *
 * @param flags of kube-controller-manager
 */
export function liveClusterParts(toolchain: Toolchain, flags: readonly string[] = []): ClusterParts {
  const { controllerManager, scheduler, kwok, metricsServer, kedaOperator, kedaAdapter } = toolchain;
  return {
    ...clusterParts(toolchain),
    controllers: {
      controllerManager: controllerManager.path,
      scheduler: scheduler.path,
      kwok: kwok.path,
      metricsServer: metricsServer.path,
      controllerManagerFlags: flags,
      ...(kedaOperator === undefined || kedaAdapter === undefined
        ? {}
        : { keda: { operator: kedaOperator.path, adapter: kedaAdapter.path } }),
    },
  };
}

/** One run at a time in a checkout; another checkout has a sandbox of its own. */
export async function alone<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  ensureDirectory(SANDBOX);
  const waiting = (): void => progress("waiting for another run in this checkout");
  return await withLock(join(SANDBOX, "lock"), waiting, work);
}

type RunArgs = Omit<StackRunArgs, "pulumi" | "kubeconfig" | "operation" | "projectDirectory">;

/** Starts the stack's cluster when it is not there and brings the stack up in it. */
export async function up(
  args: RunArgs & { readonly projectDirectory?: string },
  toolchain: Toolchain,
  progress: Progress,
): Promise<{ readonly cluster: Cluster; readonly run: StackRun }> {
  const parts = liveClusterParts(toolchain);
  const cluster = await startCluster(args.stack, parts, progress);
  progress(`${cluster.reused ? "found" : "started"} the cluster at ${cluster.server}`);
  const watch = keepRunning(cluster, parts, progress);
  try {
    const run = await runStack({
      projectDirectory: ROOT,
      ...args,
      operation: "up",
      pulumi: toolchain.pulumi.path,
      kubeconfig: cluster.kubeconfig,
    });
    return { cluster, run };
  } finally {
    await watch.stop();
  }
}

/** Between two looks at the controllers, ms. */
const LOOK_EVERY_MS = 2_000;

/** Starts controllers again that end while somebody waits for what they do, and says so. */
export function keepRunning(
  cluster: Cluster,
  parts: ClusterParts,
  progress: Progress,
): { stop(): Promise<void> } {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await startControllers(cluster, parts, progress).catch((error: unknown) => {
        progress(error instanceof Error ? error.message : String(error));
      });
      await sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    stop: async () => {
      over.abort();
      await watching;
    },
  };
}

/**
 * Previews a stack against its running cluster, or else against an empty one that is there only for the preview, so
 * that the objects of one stack never meet those of another.
 */
export async function preview(
  args: RunArgs & { readonly projectDirectory?: string },
  toolchain: Toolchain,
  progress: Progress,
): Promise<StackRun> {
  const running = await runningCluster(args.stack);
  const name = `preview-${args.stack}`;
  try {
    const cluster = running ?? (await startCluster(name, clusterParts(toolchain), () => undefined));
    progress(`previewing ${args.stack} against the API server at ${cluster.server}`);
    return await runStack({
      projectDirectory: ROOT,
      ...args,
      operation: "preview",
      pulumi: toolchain.pulumi.path,
      kubeconfig: cluster.kubeconfig,
    });
  } finally {
    if (running === undefined) await removeCluster(name);
  }
}

/** Ends every process of this checkout's sandbox and removes its files. The toolchain's cache stays. */
export async function down(): Promise<readonly string[]> {
  const clusters = knownClusters();
  for (const name of clusters) await removeCluster(name);
  rmSync(SANDBOX, { recursive: true, force: true });
  return clusters;
}
