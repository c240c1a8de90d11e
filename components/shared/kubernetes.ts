import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Labels by which a workload's pods are selected. `app` is what the guide's commands use (`kubectl logs -l app=backend`). */
export function selectorLabels(app: string): Record<string, string> {
  return { app };
}

/** Labels of every object of a workload. */
export function commonLabels(app: string, component: string): Record<string, string> {
  return {
    ...selectorLabels(app),
    "app.kubernetes.io/name": app,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": "retrofitlink",
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** Metadata of an object by its name, for all objects of a workload. */
export function metadataOf(
  namespace: pulumi.Input<string>,
  labels: Readonly<Record<string, string>>,
): (objectName: string) => k8s.types.input.meta.v1.ObjectMeta & { readonly name: string } {
  return (objectName) => ({ name: objectName, namespace, labels });
}

/** Passes the "restricted" Pod Security Standard. @param user numeric user of the image, for the kubelet cannot check a name */
export function restrictedPod(user: number): k8s.types.input.core.v1.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** Passes the "restricted" Pod Security Standard. Writable paths are emptyDir volumes. */
export function restrictedContainer(): k8s.types.input.core.v1.SecurityContext {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
}

/**
 * Spreads pods over zones and nodes. `ScheduleAnyway`, because a pod that serves from a crowded zone is worth more
 * than one that waits for an even spread. `matchLabelKeys` counts each rollout's pods by themselves.
 */
export function spreadOverZonesAndNodes(app: string): k8s.types.input.core.v1.TopologySpreadConstraint[] {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(app) },
    matchLabelKeys: ["pod-template-hash"],
  }));
}
