/** Which programs act on the objects of a cluster, and how each is started beside the others on one machine. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePort, isFree } from "../../cli/free-port";
import type { KubernetesObject } from "./kubernetes-client";
import { kwokConfiguration } from "./kwok";
import { aggregatedApi } from "./nodes";
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
  /** Scales ScaledObjects, and answers for external.metrics.k8s.io. */
  readonly keda?: { readonly operator: string; readonly adapter: string };
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
  "keda-adapter",
  "keda-operator",
  "metrics-server",
  "kube-scheduler",
  "kube-controller-manager",
  "kwok",
] as const;

export type ControllerName = (typeof CONTROLLER_NAMES)[number];

/** Whether a cluster is to have it. */
export function isWanted(name: ControllerName, programs: ControllerPrograms): boolean {
  switch (name) {
    case "kube-controller-manager":
      return true;
    case "kube-scheduler":
      return programs.scheduler !== undefined;
    case "kwok":
      return programs.kwok !== undefined;
    case "metrics-server":
      return programs.metricsServer !== undefined;
    case "keda-operator":
    case "keda-adapter":
      return programs.keda !== undefined;
  }
}

export const METRICS_API = "v1beta1.metrics.k8s.io";
export const EXTERNAL_METRICS_API = "v1beta1.external.metrics.k8s.io";

const KEDA_NAMESPACE = "keda";

/** What it would know from its own pod. */
const KEDA_ENVIRONMENT = {
  WATCH_NAMESPACE: "",
  POD_NAMESPACE: KEDA_NAMESPACE,
  KEDA_CLUSTER_OBJECT_NAMESPACE: KEDA_NAMESPACE,
};

/** Nobody else asks this API server. */
const KEDA_IS_QUICK = ["--kube-api-qps=200", "--kube-api-burst=400"];

/** File with the port on which the operator answers the adapter. */
const OPERATOR_PORT = "keda-operator.port";

interface Start {
  readonly path: string;
  readonly args: readonly string[];
  /** What has to be there before. */
  readonly objects?: readonly KubernetesObject[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a program of the cluster is started. */
export async function startOf(
  name: ControllerName,
  files: ControlPlaneFiles,
  programs: ControllerPrograms,
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
      const port = await portOfKubelets(directory);
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
      return {
        path: programs.metricsServer ?? "",
        objects: aggregatedApi(METRICS_API, port),
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
    case "keda-operator": {
      const [metrics, probes, adapter] = await Promise.all([freePort(), freePort(), freePort()]);
      writeFileSync(join(directory, OPERATOR_PORT), String(adapter));
      return {
        path: programs.keda?.operator ?? "",
        objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: KEDA_NAMESPACE } }],
        environment: KEDA_ENVIRONMENT,
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--cert-dir=${kedaCertificates(directory)}`,
          `--metrics-bind-address=127.0.0.1:${metrics}`,
          `--health-probe-bind-address=127.0.0.1:${probes}`,
          `--metrics-service-bind-address=127.0.0.1:${adapter}`,
          ...KEDA_IS_QUICK,
        ],
      };
    }
    case "keda-adapter": {
      const [port, metrics] = await Promise.all([freePort(), freePort()]);
      const operator = readFileSync(join(directory, OPERATOR_PORT), "utf8");
      const certificates = kedaCertificates(directory);
      return {
        path: programs.keda?.adapter ?? "",
        objects: aggregatedApi(EXTERNAL_METRICS_API, port),
        environment: { KUBECONFIG: kubeconfig, ...KEDA_ENVIRONMENT },
        args: [
          `--authentication-kubeconfig=${kubeconfig}`,
          `--authorization-kubeconfig=${kubeconfig}`,
          `--lister-kubeconfig=${kubeconfig}`,
          `--metrics-service-address=localhost:${operator}`,
          `--cert-dir=${certificates}`,
          `--tls-cert-file=${join(certificates, "tls.crt")}`,
          `--tls-private-key-file=${join(certificates, "tls.key")}`,
          "--bind-address=127.0.0.1",
          `--secure-port=${port}`,
          `--port=${metrics}`,
          ...KEDA_IS_QUICK,
        ],
      };
    }
  }
}

/** Operator and adapter know each other by one certificate, in files of these names. */
function kedaCertificates(directory: string): string {
  const folder = join(directory, "keda");
  mkdirSync(folder, { recursive: true });
  const { certificate, key } = ensureCertificate(directory, "keda");
  for (const [name, from] of [
    ["ca.crt", certificate],
    ["tls.crt", certificate],
    ["tls.key", key],
  ] as const) {
    writeFileSync(join(folder, name), readFileSync(from), { mode: 0o600 });
  }
  return folder;
}

/** The same one after a restart, so that what the nodes' status says about it stays true. */
async function portOfKubelets(directory: string): Promise<number> {
  const file = join(directory, "kubelets.port");
  const known = existsSync(file) ? Number(readFileSync(file, "utf8")) : NaN;
  const port = Number.isInteger(known) && (await isFree(known)) ? known : await freePort();
  writeFileSync(file, String(port));
  return port;
}
