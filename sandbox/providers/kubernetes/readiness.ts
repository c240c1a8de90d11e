/**
 * When an object counts as there, as the official provider has it. Source: pulumi/pulumi-kubernetes,
 * provider/pkg/await: deployment.go, statefulset.go, job.go, pod.go, service.go, awaiters.go; provider/pkg/metadata.
 */
import { setTimeout as sleep } from "node:timers/promises";

import type { KubernetesClient, KubernetesObject } from "../../cluster/kubernetes-client";

/** What is still missing; nothing when the object is ready. */
export interface Standing {
  readonly missing: readonly string[];
  /** It will not become ready any more. */
  readonly failed?: boolean;
}

const READY: Standing = { missing: [] };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Status {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly currentReplicas?: number;
  readonly updatedReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly numberReady?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly startTime?: string;
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly loadBalancer?: { readonly ingress?: readonly unknown[] };
}

type Judge = (
  object: KubernetesObject,
  status: Status,
  client: KubernetesClient,
) => Standing | Promise<Standing>;

/** Kinds that are waited for, by apiVersion and kind, and how long unless something else is said, seconds. */
const JUDGES: Readonly<Record<string, { readonly judge: Judge; readonly seconds: number }>> = {
  "apps/v1/Deployment": { judge: deployment, seconds: 600 },
  "apps/v1/StatefulSet": { judge: statefulSet, seconds: 600 },
  "apps/v1/DaemonSet": { judge: daemonSet, seconds: 600 },
  "batch/v1/Job": { judge: job, seconds: 600 },
  "v1/Pod": { judge: pod, seconds: 600 },
  "v1/PersistentVolumeClaim": { judge: claim, seconds: 300 },
  "v1/Service": { judge: service, seconds: 600 },
};

/** How long an object is to be waited for, ms; undefined: not at all. @param timeoutSeconds of the resource's options, 0 for none */
export function patienceFor(object: KubernetesObject, timeoutSeconds: number): number | undefined {
  const spec = JUDGES[`${object.apiVersion}/${object.kind}`];
  const annotations = (object.metadata["annotations"] ?? {}) as Readonly<Record<string, string>>;
  if (spec === undefined || annotations["pulumi.com/skipAwait"] === "true") return undefined;
  const annotated = Number(annotations["pulumi.com/timeoutSeconds"]);
  const seconds = timeoutSeconds > 0 ? timeoutSeconds : annotated > 0 ? annotated : spec.seconds;
  return seconds * 1000;
}

/** Between two looks, ms. */
const LOOK_EVERY_MS = 300;

/**
 * Waits until the object is ready.
 *
 * @returns the object as it is then, and what is missing when it has failed, the time is over or the run was cancelled
 */
export async function untilReady(
  client: KubernetesClient,
  object: KubernetesObject,
  patienceMs: number,
  signal: AbortSignal,
): Promise<{ readonly live: KubernetesObject; readonly missing: readonly string[] }> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(LOOK_EVERY_MS)) {
    const live = await client.read(object);
    if (live === undefined) return { live: object, missing: ["it was deleted in the meantime"] };
    const { missing, failed = false } = await standing(live, client);
    if (missing.length === 0 || failed) return { live, missing };
    if (signal.aborted) return { live, missing: ["the run was cancelled", ...missing] };
    if (Date.now() > deadline) {
      const late = `it was not ready within ${patienceMs / 1000} s`;
      return { live, missing: [late, ...missing, ...(await podProblems(client, live))] };
    }
  }
}

/** Where an object stands now; one of a kind that nothing is known about is ready. */
export async function standing(live: KubernetesObject, client: KubernetesClient): Promise<Standing> {
  const judge = JUDGES[`${live.apiVersion}/${live.kind}`]?.judge;
  return judge === undefined ? READY : await judge(live, live["status"] ?? {}, client);
}

function missing(...reasons: readonly (string | false)[]): Standing {
  return { missing: reasons.filter((reason): reason is string => reason !== false) };
}

function conditionOf({ conditions = [] }: Status, type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

function isTrue(status: Status, type: string): boolean {
  return conditionOf(status, type)?.status === "True";
}

function told(status: Status, type: string, otherwise: string): string {
  const { reason, message } = conditionOf(status, type) ?? {};
  return reason === undefined ? otherwise : `[${reason}] ${message ?? ""}`.trim();
}

const REVISION = "deployment.kubernetes.io/revision";

function deployment(object: KubernetesObject, status: Status): Standing {
  if (status.observedGeneration !== object.metadata["generation"]) {
    return missing("its controller has not seen it yet");
  }
  const { [REVISION]: revision } = (object.metadata["annotations"] ?? {}) as Record<string, string>;
  if (revision === undefined) return missing("it has no ReplicaSet yet");
  const progressing = conditionOf(status, "Progressing");
  // The first revision is no rollout.
  const rolledOut =
    revision === "1" || (progressing?.reason === "NewReplicaSetAvailable" && isTrue(status, "Progressing"));
  const wanted = replicasOf(object);
  const { updatedReplicas = 0, unavailableReplicas = 0 } = status;
  return missing(
    !isTrue(status, "Available") && told(status, "Available", "it is not available"),
    (!rolledOut || progressing?.status === "False") && told(status, "Progressing", "it is not rolled out"),
    (updatedReplicas < wanted || unavailableReplicas > 0) &&
      `${wanted - unavailableReplicas} of ${wanted} pods are available, ${updatedReplicas} of them of this revision`,
  );
}

function statefulSet(object: KubernetesObject, status: Status): Standing {
  if (status.observedGeneration !== object.metadata["generation"]) {
    return missing("its controller has not seen it yet");
  }
  const { replicas = 0, readyReplicas = 0, currentReplicas = 0, currentRevision, updateRevision } = status;
  const wanted = replicasOf(object);
  const { updateStrategy } = object["spec"] as { readonly updateStrategy?: { readonly type?: string } };
  // Somebody else replaces the pods one by one.
  const onDelete = updateStrategy?.type === "OnDelete" && Number(object.metadata["generation"]) > 1;
  const rolledOut = currentRevision !== undefined && currentRevision === updateRevision;
  return missing(
    (replicas !== wanted || readyReplicas !== wanted || (!onDelete && currentReplicas !== wanted)) &&
      `${Math.min(readyReplicas, onDelete ? readyReplicas : currentReplicas)} out of ${wanted} replicas succeeded readiness checks`,
    !onDelete && !rolledOut && `it did not advance from revision ${currentRevision} to ${updateRevision}`,
  );
}

function daemonSet(object: KubernetesObject, status: Status): Standing {
  const { desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0 } = status;
  if (status.observedGeneration !== object.metadata["generation"]) {
    return missing("its controller has not seen it yet");
  }
  return missing(
    (numberReady < desiredNumberScheduled || updatedNumberScheduled < desiredNumberScheduled) &&
      `${Math.min(numberReady, updatedNumberScheduled)} of ${desiredNumberScheduled} nodes have a ready pod`,
  );
}

function job(_object: KubernetesObject, status: Status): Standing {
  if (isTrue(status, "Failed")) return { missing: [told(status, "Failed", "it failed")], failed: true };
  return missing(
    status.startTime === undefined && "it has not started",
    !isTrue(status, "Complete") && "it is not complete",
  );
}

function pod(_object: KubernetesObject, status: Status): Standing {
  if (status.phase === "Succeeded" || isTrue(status, "Ready")) return READY;
  return missing(told(status, "PodScheduled", `it is ${status.phase ?? "unknown"}`));
}

/** A class that binds when the first pod comes is not waited for. */
async function claim(object: KubernetesObject, status: Status, client: KubernetesClient): Promise<Standing> {
  if (status.phase === "Bound") return READY;
  const { storageClassName } = object["spec"] as { readonly storageClassName?: string };
  const classes = await client.list("storage.k8s.io/v1", "StorageClass");
  const found = classes.find(({ metadata }) => metadata.name === storageClassName);
  if (found?.["volumeBindingMode"] === "WaitForFirstConsumer") return READY;
  return missing("it has no volume");
}

async function service(
  object: KubernetesObject,
  status: Status,
  client: KubernetesClient,
): Promise<Standing> {
  const { type, clusterIP } = object["spec"] as { readonly type?: string; readonly clusterIP?: string };
  if (type === "ExternalName" || clusterIP === "None") return READY;
  const address = (status.loadBalancer?.ingress ?? []).length > 0;
  const endpoints = await client.read({ apiVersion: "v1", kind: "Endpoints", metadata: object.metadata });
  const targets = (endpoints?.["subsets"] ?? []) as readonly unknown[];
  return missing(
    targets.length === 0 &&
      "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
    type === "LoadBalancer" && !address && "Service was not allocated an IP address",
  );
}

function replicasOf(object: KubernetesObject): number {
  return (object["spec"] as { readonly replicas?: number }).replicas ?? 1;
}

/** What keeps pods of a workload from running, a few of them. */
async function podProblems(client: KubernetesClient, workload: KubernetesObject): Promise<string[]> {
  const { selector } = (workload["spec"] ?? {}) as {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (wanted.length === 0) return [];
  const pods = await client.list("v1", "Pod", workload.metadata.namespace);
  return pods
    .filter(({ metadata }) => {
      const labels = (metadata["labels"] ?? {}) as Readonly<Record<string, string>>;
      return wanted.every(([key, value]) => labels[key] === value);
    })
    .flatMap((one) => {
      const status = (one["status"] ?? {}) as Status;
      const notScheduled = conditionOf(status, "PodScheduled");
      if (isTrue(status, "Ready")) return [];
      const why =
        notScheduled?.status === "False" ? (notScheduled.message ?? "") : "its containers are not ready";
      return [`pod ${one.metadata.name ?? ""} is ${status.phase ?? "unknown"}: ${why}`];
    })
    .slice(0, 3);
}
