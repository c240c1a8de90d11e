import { dirname } from "node:path/posix";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ProxyPlan } from "../../budget/proxy";
import type { TimeoutLadder } from "../../budget/timeouts";
import { restrictedContainer, restrictedPod, spreadOverZonesAndNodes } from "../shared/kubernetes";
import { IMAGES } from "../shared/versions";
import { NGINX_ENDPOINTS, NGINX_PATHS, NGINX_PORTS } from "./nginx-conf";

/** Name of the container that serves, which the autoscaler measures. A rename has to reach both at once. */
export const NGINX_CONTAINER = "nginx";

/** Where the exporter answers. */
export const NGINX_METRICS_PORT = 9113;

/** Numeric id of the user and group `nginx` in the image. */
const NGINX_USER_ID = 101;

/** What a pod of the proxy is made from. */
export interface NginxPodArgs {
  readonly app: string;
  readonly labels: Record<string, string>;
  readonly cpuCores: number;
  readonly memoryLimitMiB: number;
  readonly plan: Pick<ProxyPlan, "workers" | "scratchMiB">;
  readonly drain: TimeoutLadder["drain"];
  readonly configName: pulumi.Input<string>;
  /** A change of it replaces the pods, one rollout for each configuration. */
  readonly configChecksum: pulumi.Input<string>;
}

/** The pod: nginx, and the exporter of its metrics. */
export function nginxPod(pod: NginxPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: {
      labels: pod.labels,
      annotations: {
        "checksum/config": pod.configChecksum,
        "kubectl.kubernetes.io/default-container": NGINX_CONTAINER,
      },
    },
    spec: {
      securityContext: restrictedPod(NGINX_USER_ID),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.drain.terminationGrace,
      topologySpreadConstraints: spreadOverZonesAndNodes(pod.app),
      containers: [server(pod), exporter()],
      volumes: [
        { name: "config", configMap: { name: pod.configName } },
        { name: "scratch", emptyDir: { sizeLimit: `${pod.plan.scratchMiB}Mi` } },
      ],
    },
  };
}

/**
 * The drain: the pod serves on for `preStop` while every list it is in forgets it; then the kubelet sends the image's
 * STOPSIGNAL, SIGQUIT, on which nginx takes no new connection and finishes what it has.
 */
function server(pod: NginxPodArgs): k8s.types.input.core.v1.Container {
  const memory = `${pod.memoryLimitMiB}Mi`;
  return {
    name: NGINX_CONTAINER,
    image: IMAGES.nginx,
    // Past the image's entry point, which edits files of a root that is read-only here.
    command: ["nginx", "-g", "daemon off;"],
    ports: [
      { name: "http", containerPort: NGINX_PORTS.http },
      { name: "status", containerPort: NGINX_PORTS.status },
    ],
    resources: {
      requests: { cpu: `${pod.cpuCores}`, memory },
      limits: { cpu: `${pod.plan.workers}`, memory },
    },
    securityContext: restrictedContainer(),
    lifecycle: { preStop: { exec: { command: ["sleep", `${pod.drain.preStop}`] } } },
    // Has read its configuration, and found its DNS server.
    startupProbe: {
      httpGet: { path: NGINX_ENDPOINTS.health, port: "status" },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 30,
    },
    // Takes requests: a pod without a connection left gets no new clients. Says nothing about the service behind it,
    // whose failure would take away every proxy and with them the answers that tell clients to come back.
    readinessProbe: {
      httpGet: { path: NGINX_ENDPOINTS.health, port: "http" },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 2,
    },
    // Listens at all. The kernel answers for a pod without a connection left; restarting that one would send its
    // clients to the others, and fill the next.
    livenessProbe: {
      tcpSocket: { port: "status" },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    volumeMounts: [
      { name: "config", mountPath: dirname(NGINX_PATHS.config), readOnly: true },
      { name: "scratch", mountPath: NGINX_PATHS.scratch },
    ],
  };
}

function exporter(): k8s.types.input.core.v1.Container {
  return {
    name: "exporter",
    image: IMAGES.nginxExporter,
    args: [`--nginx.scrape-uri=http://127.0.0.1:${NGINX_PORTS.status}${NGINX_ENDPOINTS.status}`],
    ports: [{ name: "metrics", containerPort: NGINX_METRICS_PORT }],
    resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { cpu: "50m", memory: "32Mi" } },
    securityContext: restrictedContainer(),
    // No readiness: metrics that are missing are no reason to take the proxy away.
    livenessProbe: {
      httpGet: { path: "/metrics", port: "metrics" },
      periodSeconds: 30,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  };
}
