/** What a cluster has before anybody deploys: nodes in three zones, a default StorageClass, APIs of other servers. */
import type { KubernetesObject } from "./kubernetes-client";

export const ZONES = ["local-a", "local-b", "local-c"] as const;

const NODES_PER_ZONE = 2;

/** As large as it takes for every stack of the tests; nothing is reserved by anybody else. */
const CAPACITY = { cpu: "16", memory: "64Gi", "ephemeral-storage": "200Gi", pods: "110" };

/** Annotation that tells metrics-server where a simulated node has its metrics. */
const METRICS_PATH = "metrics.k8s.io/resource-metrics-path";

/** Names of the nodes of a zone. */
export function nodesOfZone(zone: string): string[] {
  return Array.from({ length: NODES_PER_ZONE }, (_, index) => `${zone}-${index + 1}`);
}

/** Nodes as a cloud would register them: kwok sees to their status. */
export function nodes(): KubernetesObject[] {
  return ZONES.flatMap((zone) => nodesOfZone(zone).map((name) => node(name, zone)));
}

function node(name: string, zone: string): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "local",
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": "simulated",
      },
      annotations: { [METRICS_PATH]: `/metrics/nodes/${name}/metrics/resource` },
    },
    status: { capacity: CAPACITY, allocatable: CAPACITY },
  };
}

export const STORAGE_CLASS = "simulated";

/** The default class: volumes are made by a stage of kwok, exactly as large as was asked for. */
export function storageClass(): KubernetesObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: STORAGE_CLASS,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "retrofitlink.local/simulated",
    volumeBindingMode: "Immediate",
    allowVolumeExpansion: true,
  };
}

/**
 * Hands an API to a server on a port of this machine. Endpoints may not be loopback addresses; a Service that is only
 * another name may be.
 *
 * @param name `version.group`
 */
export function aggregatedApi(name: string, port: number): KubernetesObject[] {
  const version = name.slice(0, name.indexOf("."));
  const group = name.slice(version.length + 1);
  const service = `${version}-${group.replaceAll(".", "-")}`;
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: service, namespace: "kube-system" },
      spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: service, namespace: "kube-system", port },
      },
    },
  ];
}
