/**
 * What acts on the objects of a cluster: kube-controller-manager, kube-scheduler, nodes and pods that kwok simulates,
 * metrics-server. Each is the real program, but for the kubelets.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../cli/user-error";
import { KubernetesClient, connectionFromKubeconfig, type KubernetesObject } from "./kubernetes-client";
import {
  CONTROLLER_NAMES,
  EXTERNAL_METRICS_API,
  METRICS_API,
  isWanted,
  startOf,
  type ControlPlaneFiles,
  type ControllerName,
  type ControllerPrograms,
} from "./controller-programs";
import { nodes, storageClass } from "./nodes";
import {
  endedByItself,
  lastLogLines,
  logFile,
  runningPid,
  startInBackground,
  type BackgroundProcess,
} from "./processes";

/** APIs that another program answers for. */
const SERVED_BY: Readonly<Record<string, ControllerName>> = {
  [METRICS_API]: "metrics-server",
  [EXTERNAL_METRICS_API]: "keda-adapter",
};

/** They start at once, and some try for a while to reach the others. */
const READY_WITHIN_MS = 120_000;

/** Starts what does not run, and waits until nodes are ready and metrics are served. */
export async function ensureControllers(
  files: ControlPlaneFiles,
  programs: ControllerPrograms,
  progress: (line: string) => void,
): Promise<void> {
  const wanted = wantedPrograms(programs);
  const missing = wanted.filter((name) => runningPid(processOf(name, files)) === undefined);
  if (missing.length === 0) return;
  const client = new KubernetesClient(connectionFromKubeconfig(files.kubeconfig));
  try {
    for (const name of missing) {
      const what = processOf(name, files);
      if (endedByItself(what)) {
        progress(`${name} had ended and is started again; it said last: ${lastLogLines(what, 1)}`);
      }
      rmSync(logFile(what), { force: true });
      const { path, args, objects = [], environment = {} } = await startOf(name, files, programs);
      await applyAll(client, objects);
      startInBackground(what, path, args, { GOGC: "50", ...environment });
    }
    if (programs.kwok !== undefined) await applyAll(client, [...nodes(), storageClass()]);
    await waitUntilReady(files, programs, client);
  } finally {
    client.close();
  }
}

function wantedPrograms(programs: ControllerPrograms): ControllerName[] {
  return [...CONTROLLER_NAMES].reverse().filter((name) => isWanted(name, programs));
}

function processOf(name: ControllerName, { directory }: ControlPlaneFiles): BackgroundProcess {
  return { name, directory };
}

/** Creates or changes objects of the sandbox's own. */
export async function applyAll(
  client: KubernetesClient,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const options = { fieldManager: "retrofitlink-sandbox", force: true, dryRun: false };
  await Promise.all(objects.map((object) => client.apply(object, options)));
}

async function waitUntilReady(
  files: ControlPlaneFiles,
  programs: ControllerPrograms,
  client: KubernetesClient,
): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    for (const name of wantedPrograms(programs)) {
      const what = processOf(name, files);
      if (runningPid(what) !== undefined) continue;
      throw new UserError(
        `${name} ended while it started:\n${lastLogLines(what)}`,
        `read ${what.directory}/${name}.log`,
      );
    }
    const waitsFor = await firstThatIsNotReady(programs, client);
    if (waitsFor === undefined) return;
    if (Date.now() > deadline) {
      throw new UserError(
        `the cluster's ${waitsFor} not there after ${READY_WITHIN_MS / 1000} s`,
        `read the logs in ${files.directory}`,
      );
    }
    await sleep(200);
  }
}

async function firstThatIsNotReady(
  programs: ControllerPrograms,
  client: KubernetesClient,
): Promise<string | undefined> {
  const { kwok } = programs;
  const account = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: "default" },
  };
  if ((await client.read(account)) === undefined) return "default service account is";
  if (kwok !== undefined) {
    const ready = (await client.list("v1", "Node")).filter((node) => hasCondition(node, "Ready"));
    if (ready.length < nodes().length) return "nodes are";
  }
  const apis = await client.list("apiregistration.k8s.io/v1", "APIService");
  for (const [name, program] of Object.entries(SERVED_BY)) {
    const api = apis.find(({ metadata }) => metadata.name === name);
    const isThere = api !== undefined && hasCondition(api, "Available");
    if (isWanted(program, programs) && !isThere) return `API ${name} is`;
  }
  return undefined;
}

/** Whether a condition of an object's status is true. */
export function hasCondition(object: KubernetesObject, type: string): boolean {
  // A new definition has null in place of a list.
  const { conditions } = (object["status"] ?? {}) as {
    conditions?: readonly { readonly type: string; readonly status: string }[] | null;
  };
  return (conditions ?? []).some((condition) => condition.type === type && condition.status === "True");
}
