import assert from "node:assert/strict";

import type { KubernetesObject } from "../../../sandbox/cluster/kubernetes-client";
import { isForcedAtPreview, takenOver } from "../../../sandbox/providers/kubernetes/field-managers";
import { replacingPaths } from "../../../sandbox/providers/kubernetes/replacement";

const content = { configMaps: false, secrets: false, immutable: false };

/** What the official provider does with a change, as was seen or as its source says. */
const CASES: readonly [apiVersion: string, kind: string, path: string, replaced: boolean][] = [
  ["apps/v1", "StatefulSet", "spec.revisionHistoryLimit", true],
  ["apps/v1", "StatefulSet", "spec.volumeClaimTemplates[0].spec.resources.requests.storage", true],
  ["apps/v1", "StatefulSet", "spec.template.spec.containers[0].image", false],
  ["apps/v1", "Deployment", "spec.selector.matchLabels.app", true],
  ["apps/v1", "Deployment", "spec.revisionHistoryLimit", false],
  // Not known yet: may be any of the fields below it.
  ["apps/v1", "Deployment", "spec", true],
  ["batch/v1", "Job", 'spec.template.metadata.annotations["checksum/job"]', true],
  ["batch/v1", "Job", "spec.parallelism", true],
  ["batch/v1", "Job", "spec.podFailurePolicy.rules[0].action", false],
  ["batch/v1", "Job", "spec.completionMode", false],
  ["v1", "Service", "spec.clusterIP", true],
  ["v1", "Service", "spec.clusterIPs[0]", false],
  ["v1", "PersistentVolumeClaim", "spec.storageClassName", true],
  ["v1", "PersistentVolumeClaim", "spec.volumeMode", false],
  ["v1", "Pod", "spec.containers[1].image", true],
  ["v1", "Pod", "spec.tolerations[0].key", false],
  ["storage.k8s.io/v1", "StorageClass", "parameters.type", true],
  ["storage.k8s.io/v1", "StorageClass", "reclaimPolicy", false],
  ["scheduling.k8s.io/v1", "PriorityClass", "value", false],
  ["keda.sh/v1alpha1", "ScaledObject", "metadata.name", true],
  ["keda.sh/v1alpha1", "ScaledObject", "spec.scaleTargetRef.name", false],
  ["v1", "ConfigMap", "apiVersion", false],
];

describe("rules of the stand-in of the Kubernetes provider", () => {
  it("replaces for the changes for which the official provider does, and for no others", () => {
    for (const [apiVersion, kind, path, replaced] of CASES) {
      const found = replacingPaths(apiVersion, kind, [path], content);
      assert.deepEqual(found, replaced ? [path] : [], `${kind} ${path}`);
    }
  });

  it("replaces ConfigMaps and Secrets for their content unless it may change and does in this object", () => {
    const mutable = { configMaps: true, secrets: true, immutable: false };
    const paths = ["data.a", "type", "immutable"];
    assert.deepEqual(replacingPaths("v1", "Secret", paths, content), ["data.a", "type"]);
    assert.deepEqual(replacingPaths("v1", "Secret", paths, mutable), ["type"]);
    assert.deepEqual(replacingPaths("v1", "ConfigMap", paths, content), ["data.a"]);
    assert.deepEqual(replacingPaths("v1", "ConfigMap", paths, mutable), []);
    assert.deepEqual(replacingPaths("v1", "ConfigMap", paths, { ...mutable, immutable: true }), ["data.a"]);
  });

  const live = (...managedFields: object[]): KubernetesObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", managedFields },
  });
  const fields = (name: string): object => ({ "f:data": { ".": {}, [`f:${name}`]: {} } });

  it("takes the fields of kubectl and of its own creation over in one entry, and leaves those of others", () => {
    const other = { manager: "operator", operation: "Update", fieldsV1: fields("other") };
    const status = { manager: "kubectl", operation: "Update", subresource: "status", fieldsV1: fields("s") };
    const taken = takenOver(
      live(
        { manager: "pulumi-kubernetes", operation: "Update", fieldsV1: fields("a") },
        other,
        { manager: "kubectl-set", operation: "Update", fieldsV1: fields("b") },
        status,
      ),
      "mine",
    );
    assert.deepEqual(taken, [
      other,
      status,
      { manager: "mine", operation: "Apply", fieldsV1: { "f:data": { ".": {}, "f:a": {}, "f:b": {} } } },
    ]);
    const own = { manager: "mine", operation: "Apply", fieldsV1: fields("a") };
    assert.equal(takenOver(live(own, other), "mine"), undefined);
  });

  it("passes over conflicts at preview until the first update, and never later", () => {
    assert.equal(isForcedAtPreview(live({ manager: "pulumi-kubernetes", operation: "Update" })), true);
    assert.equal(isForcedAtPreview(live({ manager: "pulumi-kubernetes-1a2b", operation: "Apply" })), false);
    assert.equal(isForcedAtPreview(live()), true);
  });
});
