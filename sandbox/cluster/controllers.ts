/**
 * What acts on the objects of a cluster: kube-controller-manager, kube-scheduler, nodes and pods that kwok simulates,
 * metrics-server. Each is the real program, but for the kubelets.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../cli/free-port";
import { UserError } from "../../cli/user-error";
import { ApiError, KubernetesClient, connectionFromKubeconfig, type KubernetesObject } from "./kubernetes-client";
import { kwokConfiguration } from "./kwok";
import { aggregatedApi, nodes, storageClass } from "./nodes";
import { lastLogLines, logFile, runningPid, startInBackground, type BackgroundProcess } from "./processes";
import { ensureCertificate } from "./self-signed";

/** Paths of the programs, and what is special about this cluster. */
export interface ControllerPrograms {
  readonly controllerManager: string;
  /** Flags on top of the sandbox's, such as a shorter period of the HorizontalPodAutoscaler. */
  readonly controllerManagerFlags?: readonly string[];
  /** Puts pods on nodes. Left out, they stay pending. */
  readonly scheduler?: string;
  /** Stands for the kubelets. Left out, there are no nodes. */
  readonly kwok?: string;
  /** Between being scheduled and being ready, milliseconds; a pod's annotation `pod-ready.stage.kwok.x-k8s.io/delay` says otherwise. @default 1000 */
  readonly podReadyMs?: number;
  /** Answers for metrics.k8s.io with what kwok says is used. */
  readonly metricsServer?: string;
}

/** Files of a control plane that its controllers need. */
export interface ControlPlaneFiles {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly serviceAccountKey: string;
  /** Certificate by which the API server is known. */
  readonly authority: string;
}

/** In the order in which they are stopped. */
export const CONTROLLER_NAMES = [
  "metrics-server",
  "kube-scheduler",
  "kube-controller-manager",
  "kwok",
] as const;

type ControllerName = (typeof CONTROLLER_NAMES)[number];

/** They start at once, and some try for a while to reach the others. */
const READY_WITHIN_MS = 120_000;

interface Start {
  readonly path: string;
  readonly args: readonly string[];
}

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
      const died = existsSync(logFile(what)) ? lastLogLines(what, 1) : undefined;
      rmSync(logFile(what), { force: true });
      if (died !== undefined) progress(`${name} had ended and is started again; it said last: ${died}`);
      const { path, args } = await start(name, files, programs, client);
      startInBackground(what, path, args, { GOGC: "50" });
    }
    if (programs.kwok !== undefined) await applyAll(client, [...nodes(), storageClass()]);
    await waitUntilReady(files, programs, client);
  } finally {
    client.close();
  }
}

function wantedPrograms({ scheduler, kwok, metricsServer }: ControllerPrograms): ControllerName[] {
  return [
    "kube-controller-manager",
    ...(scheduler === undefined ? [] : (["kube-scheduler"] as const)),
    ...(kwok === undefined ? [] : (["kwok"] as const)),
    ...(metricsServer === undefined ? [] : (["metrics-server"] as const)),
  ];
}

function processOf(name: ControllerName, { directory }: ControlPlaneFiles): BackgroundProcess {
  return { name, directory };
}

async function start(
  name: ControllerName,
  files: ControlPlaneFiles,
  programs: ControllerPrograms,
  client: KubernetesClient,
): Promise<Start> {
  const { directory, kubeconfig, serviceAccountKey, authority } = files;
  switch (name) {
    case "kube-controller-manager":
      return {
        path: programs.controllerManager,
        args: [
          `--kubeconfig=${kubeconfig}`,
          "--leader-elect=false",
          // Nobody asks it anything.
          "--secure-port=0",
          `--service-account-private-key-file=${serviceAccountKey}`,
          `--root-ca-file=${authority}`,
          ...(programs.controllerManagerFlags ?? []),
        ],
      };
    case "kube-scheduler":
      return {
        path: programs.scheduler ?? "",
        args: [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"],
      };
    case "kwok": {
      const port = await freePort();
      const configuration = join(directory, "kwok.yaml");
      writeFileSync(configuration, kwokConfiguration(programs.podReadyMs ?? 1_000));
      const kubelet = ensureCertificate(directory, "kubelet");
      return {
        path: programs.kwok ?? "",
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--config=${configuration}`,
          "--v=WARN",
          "--manage-all-nodes=true",
          // Without leases the node controller takes every node for lost.
          "--node-lease-duration-seconds=40",
          "--node-ip=127.0.0.1",
          `--node-port=${port}`,
          `--server-address=127.0.0.1:${port}`,
          `--tls-cert-file=${kubelet.certificate}`,
          `--tls-private-key-file=${kubelet.key}`,
        ],
      };
    }
    case "metrics-server": {
      const port = await freePort();
      await applyAll(client, aggregatedApi("v1beta1.metrics.k8s.io", port));
      return {
        path: programs.metricsServer ?? "",
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--authentication-kubeconfig=${kubeconfig}`,
          `--authorization-kubeconfig=${kubeconfig}`,
          `--cert-dir=${join(directory, "metrics-server")}`,
          "--bind-address=127.0.0.1",
          `--secure-port=${port}`,
          "--kubelet-insecure-tls",
          "--kubelet-use-node-status-port",
          "--kubelet-preferred-address-types=InternalIP",
          // The shortest that it takes.
          "--metric-resolution=10s",
          "--kubelet-request-timeout=5s",
        ],
      };
    }
  }
}

/** Creates or changes objects of the sandbox's own. */
export async function applyAll(client: KubernetesClient, objects: readonly KubernetesObject[]): Promise<void> {
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
  { kwok, metricsServer }: ControllerPrograms,
  client: KubernetesClient,
): Promise<string | undefined> {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } };
  if ((await client.read(account)) === undefined) return "default service account is";
  if (kwok !== undefined) {
    const ready = (await client.list("v1", "Node")).filter((node) => hasCondition(node, "Ready"));
    if (ready.length < nodes().length) return "nodes are";
  }
  if (metricsServer !== undefined) {
    const service = (await client.list("apiregistration.k8s.io/v1", "APIService")).find(
      ({ metadata }) => metadata.name === "v1beta1.metrics.k8s.io",
    );
    if (service === undefined || !hasCondition(service, "Available")) return "metrics API is";
    // It is there before it has asked the kubelets twice.
    if ((await metricsOfNodes(client)) < nodes().length) return "metrics of the nodes are";
  }
  return undefined;
}

async function metricsOfNodes(client: KubernetesClient): Promise<number> {
  try {
    return (await client.list("metrics.k8s.io/v1beta1", "NodeMetrics")).length;
  } catch (error) {
    if (error instanceof ApiError) return 0;
    throw error;
  }
}

/** Whether a condition of an object's status is true. */
export function hasCondition(object: KubernetesObject, type: string): boolean {
  const { conditions = [] } = (object["status"] ?? {}) as {
    conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}
