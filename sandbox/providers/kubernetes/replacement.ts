/** Fields that the API server refuses to change, so that the object has to be made anew. */

const EVERY_KIND = ["metadata.name", "metadata.namespace", "apiVersion", "kind"];

/** By group and kind; paths are prefixes. Source: the validation of each kind in the Kubernetes API reference. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/ReplicaSet": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": [
    "spec.completionMode",
    "spec.completions",
    "spec.podFailurePolicy",
    "spec.selector",
    "spec.template",
  ],
  "/ConfigMap": ["binaryData", "data", "immutable"],
  "/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.dataSource",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
  ],
  "/Pod": ["spec"],
  "/Secret": ["data", "immutable", "stringData", "type"],
  "/Service": ["spec.clusterIP", "spec.clusterIPs"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "scheduling.k8s.io/PriorityClass": ["value", "preemptionPolicy"],
  "storage.k8s.io/StorageClass": [
    "allowedTopologies",
    "parameters",
    "provisioner",
    "reclaimPolicy",
    "volumeBindingMode",
  ],
};

export interface MutableContent {
  /** Provider option `enableConfigMapMutable`. */
  readonly configMaps: boolean;
  /** Provider option `enableSecretMutable`. */
  readonly secrets: boolean;
}

/**
 * The paths among `changed` that force a replacement. ConfigMaps and Secrets count as immutable unless the provider
 * is told otherwise, as in the official provider: a new object with a new name rolls out and rolls back with its pods.
 */
export function replacingPaths(
  apiVersion: string,
  kind: string,
  changed: readonly string[],
  mutable: MutableContent,
): string[] {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  let immutable = IMMUTABLE[`${group}/${kind}`] ?? [];
  if ((kind === "ConfigMap" && mutable.configMaps) || (kind === "Secret" && mutable.secrets)) {
    immutable = immutable.filter((path) => path === "immutable" || path === "type");
  }
  const prefixes = [...EVERY_KIND, ...immutable];
  return changed.filter((path) =>
    prefixes.some(
      (prefix) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`),
    ),
  );
}
