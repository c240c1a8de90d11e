/**
 * What kwok does in place of kubelets and of a provisioner of volumes. Reference of its objects: kwok.sigs.k8s.io,
 * pages Stage, Metric, ResourceUsage.
 */
import { stringify } from "yaml";

import { STORAGE_CLASS } from "./nodes";

const API = "kwok.x-k8s.io/v1alpha1";

/** Annotation of a pod: how long it takes from its node to being ready, such as `20s`. */
export const READY_DELAY = "pod-ready.stage.kwok.x-k8s.io/delay";

/** Annotations of a pod: what it takes, as a quantity. */
export const USED_CPU = "kwok.x-k8s.io/usage-cpu";
export const USED_MEMORY = "kwok.x-k8s.io/usage-memory";

/** Annotation of a pod of a Job: it fails with this exit code. */
export const EXIT_CODE = "retrofitlink.local/exit-code";

/** The file for kwok's `--config`. @param podReadyMs from being on a node to being ready */
export function kwokConfiguration(podReadyMs: number): string {
  const objects = [
    ...nodeStages(),
    ...podStages(podReadyMs),
    ...volumeStages(),
    ...addressStages(),
    kubeletMetrics(),
    resourceUsage(),
  ];
  return objects.map((object) => stringify(object)).join("---\n");
}

interface Condition {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

function stage(
  name: string,
  resource: string,
  conditions: readonly Condition[],
  rest: Readonly<Record<string, unknown>>,
  apiGroup = "v1",
): unknown {
  return {
    apiVersion: API,
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup, kind: resource },
      selector: { matchExpressions: conditions },
      ...rest,
    },
  };
}

const is = (key: string, ...values: string[]): Condition => ({ key, operator: "In", values });
const isNot = (key: string, ...values: string[]): Condition => ({ key, operator: "NotIn", values });
const exists = (key: string): Condition => ({ key, operator: "Exists" });
const isMissing = (key: string): Condition => ({ key, operator: "DoesNotExist" });
const conditionOf = (type: string): string =>
  `.status.conditions.[] | select( .type == "${type}" ) | .status`;

function nodeStages(): unknown[] {
  const status = `
{{ $now := Now }}
phase: Running
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
addresses:
- type: InternalIP
  address: {{ NodeIP | Quote }}
- type: Hostname
  address: {{ NodeName | Quote }}
daemonEndpoints:
  kubeletEndpoint:
    Port: {{ NodePort }}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  kubeletVersion: {{ printf "kwok-%s" Version }}
  containerRuntimeVersion: {{ printf "kwok-%s" Version }}
  kubeProxyVersion: ""
  kernelVersion: simulated
  osImage: simulated
  bootID: ""
  machineID: ""
  systemUUID: ""
`;
  const isReady = conditionOf("Ready");
  return [
    stage("node-ready", "Node", [isNot(isReady, "True")], { next: { statusTemplate: status } }),
    // Leases keep it alive; this tells the port of a kwok that was started again.
    stage("node-heartbeat", "Node", [is(isReady, "True")], {
      delay: { durationMilliseconds: 30_000, jitterDurationMilliseconds: 35_000 },
      next: { statusTemplate: status },
    }),
  ];
}

const CONTAINERS = (state: string, ready: boolean): string => `
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: ${ready}
  started: ${ready}
  state: ${state}
{{ end }}`;

const RUNNING = "{ running: { startedAt: {{ $now | Quote }} } }";

const condition = (type: string, status: "True" | "False"): string => `
- type: ${type}
  status: "${status}"
  lastTransitionTime: {{ $now | Quote }}`;

function podStages(podReadyMs: number): unknown[] {
  const lives = isMissing(".metadata.deletionTimestamp");
  const running = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ index ( NodeIPsWith .spec.nodeName ) 0 | Quote }}
{{ $ips := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index $ips 0 | Quote }}
podIPs:
{{ range $ips }}
- ip: {{ . | Quote }}
{{ end }}
conditions:
${condition("Initialized", "True")}
${condition("ContainersReady", "False")}
${condition("Ready", "False")}
${CONTAINERS(RUNNING, false)}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: true
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }
{{ end }}
`;
  const ready = `
{{ $now := Now }}
conditions:
${condition("ContainersReady", "True")}
${condition("Ready", "True")}
${CONTAINERS(RUNNING, true)}
`;
  const ended = (phase: string, exitCode: string, reason: string): string => `
{{ $now := Now }}
phase: ${phase}
conditions:
${condition("ContainersReady", "False")}
${condition("Ready", "False")}
${CONTAINERS(`{ terminated: { exitCode: ${exitCode}, reason: ${reason}, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }`, false)}
`;
  const exitCode = `.metadata.annotations["${EXIT_CODE}"]`;
  const belongsToJob = is(".metadata.ownerReferences.[].kind", "Job");
  const delay = {
    durationMilliseconds: podReadyMs,
    durationFrom: { expressionFrom: `.metadata.annotations["${READY_DELAY}"]` },
  };
  return [
    stage("pod-running", "Pod", [lives, is(".status.phase", "Pending"), exists(".spec.nodeName")], {
      delay: { durationMilliseconds: 100, jitterDurationMilliseconds: 300 },
      next: { statusTemplate: running },
    }),
    stage("pod-ready", "Pod", [lives, is(".status.phase", "Running"), is(conditionOf("Ready"), "False")], {
      delay,
      next: { statusTemplate: ready },
    }),
    stage(
      "pod-complete",
      "Pod",
      [
        lives,
        is(".status.phase", "Running"),
        is(conditionOf("Ready"), "True"),
        belongsToJob,
        isMissing(exitCode),
      ],
      {
        delay: { durationMilliseconds: 500 },
        next: { statusTemplate: ended("Succeeded", "0", "Completed") },
      },
    ),
    stage(
      "pod-fail",
      "Pod",
      [lives, is(".status.phase", "Running"), is(conditionOf("Ready"), "True"), exists(exitCode)],
      {
        delay: { durationMilliseconds: 500 },
        next: {
          statusTemplate: ended("Failed", `{{ index $.metadata.annotations "${EXIT_CODE}" }}`, "Error"),
        },
      },
    ),
    // It answers for a moment while it ends, as a pod with a preStop does.
    stage("pod-delete", "Pod", [exists(".metadata.deletionTimestamp")], {
      delay: { durationMilliseconds: 1_000 },
      next: { delete: true },
    }),
  ];
}

/** A volume for each claim of the default class; the real controller binds the two. */
function volumeStages(): unknown[] {
  const volume = `
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
spec:
  accessModes:
  {{ YAML .spec.accessModes 1 }}
  capacity:
    storage: {{ .spec.resources.requests.storage | Quote }}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ${STORAGE_CLASS}
  volumeMode: {{ or .spec.volumeMode "Filesystem" | Quote }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name | Quote }}
    namespace: {{ .metadata.namespace | Quote }}
    uid: {{ .metadata.uid | Quote }}
  hostPath:
    path: /nowhere/pvc-{{ .metadata.uid }}
`;
  const ofClass = is(".spec.storageClassName", STORAGE_CLASS);
  return [
    stage(
      "volume-make",
      "PersistentVolumeClaim",
      [ofClass, isMissing(".metadata.deletionTimestamp"), isMissing(".spec.volumeName")],
      { steps: [{ apply: { template: volume } }] },
    ),
    stage("volume-delete", "PersistentVolume", [ofClass, is(".status.phase", "Released")], {
      steps: [{ delete: true }],
    }),
  ];
}

/** Addresses that a cloud's controller would give to Services and Ingresses. */
function addressStages(): unknown[] {
  const status = `
loadBalancer:
  ingress:
  - ip: 127.0.0.1
`;
  const patch = { steps: [{ patch: { root: "status", subresource: "status", template: status } }] };
  const without = isMissing(".status.loadBalancer.ingress.[].ip");
  return [
    stage("service-address", "Service", [is(".spec.type", "LoadBalancer"), without], patch),
    stage("ingress-address", "Ingress", [without], patch, "networking.k8s.io/v1"),
  ];
}

/** What a kubelet answers under `/metrics/resource`, as metrics-server reads it. */
function kubeletMetrics(): unknown {
  const labels = (...names: readonly string[]): unknown[] =>
    names.map((name) => ({ name, value: LABELS[name] }));
  const metric = (name: string, dimension: string, kind: string, value: string): unknown => ({
    name,
    dimension,
    kind,
    help: name,
    value,
    ...(dimension === "container" ? { labels: labels("container", "namespace", "pod") } : {}),
  });
  return {
    apiVersion: API,
    kind: "Metric",
    metadata: { name: "metrics-resource" },
    spec: {
      path: "/metrics/nodes/{nodeName}/metrics/resource",
      metrics: [
        metric("container_start_time_seconds", "container", "gauge", "pod.SinceSecond()"),
        metric(
          "container_cpu_usage_seconds_total",
          "container",
          "counter",
          'pod.CumulativeUsage("cpu", container.name)',
        ),
        metric(
          "container_memory_working_set_bytes",
          "container",
          "gauge",
          'pod.Usage("memory", container.name)',
        ),
        // With what the node itself takes, for metrics-server takes a node that uses nothing for one that is not there.
        metric(
          "node_cpu_usage_seconds_total",
          "node",
          "counter",
          'node.CumulativeUsage("cpu") + 0.05 * node.SinceSecond()',
        ),
        metric("node_memory_working_set_bytes", "node", "gauge", 'node.Usage("memory") + 300000000.0'),
      ],
    },
  };
}

const LABELS: Readonly<Record<string, string>> = {
  container: "container.name",
  namespace: "pod.metadata.namespace",
  pod: "pod.metadata.name",
};

/** What each container uses: what the pod's annotations say, or next to nothing. */
function resourceUsage(): unknown {
  const from = (annotation: string, otherwise: string): { expression: string } => ({
    expression:
      `"${annotation}" in pod.metadata.annotations ` +
      `? Quantity(pod.metadata.annotations["${annotation}"]) : Quantity("${otherwise}")`,
  });
  return {
    apiVersion: API,
    kind: "ClusterResourceUsage",
    metadata: { name: "usage" },
    spec: { usages: [{ usage: { cpu: from(USED_CPU, "5m"), memory: from(USED_MEMORY, "20Mi") } }] },
  };
}
