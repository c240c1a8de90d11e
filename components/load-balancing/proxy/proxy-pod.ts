/** The pod of a proxy: what both programs have in common. */
import { dirname } from "node:path/posix";

import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import type { ProxySizes } from "../../../budget/load-balancing/proxy";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import type { TimeoutChain } from "../../../budget/timeouts/timeouts";
import { restrictedContainer, restrictedPod, spreadOverZonesAndNodes } from "../../shared/kubernetes";
import type { CompleteProxyArgs } from "./proxy-args";
import { HEALTH_PATH, PROXY_PORTS, SCRATCH } from "./proxy-conf-args";
import { reloadScript, type Reload } from "./proxy-reload";
import { TLS_FILES } from "./proxy-tls";

/** What a program's container is made from. */
export interface ProxyProgram {
  /** Name of the container that serves, which the autoscaler measures. */
  readonly container: string;
  readonly image: string;
  /** Past the image's entry point, which may want to write to a root that is read-only here. */
  readonly command: readonly string[];
  /** Numeric id of the image's user and group. */
  readonly userId: number;
  /** Path of the configuration. */
  readonly configPath: string;
  /** Ports besides those of all proxies. */
  readonly ports: readonly k8s.types.input.core.v1.ContainerPort[];
  /** How it takes a certificate that was renewed. */
  readonly reload: Reload;
  /** Containers beside it. */
  readonly sidecars: readonly k8s.types.input.core.v1.Container[];
  /** Lines of its configuration that the plan counts on: how they begin, and all that begin so, in their order. */
  readonly planned: (args: CompleteProxyArgs, plan: ProxyPlan) => readonly PlannedLines[];
}

export type PlannedLines = readonly [begin: string, ...lines: string[]];

/** What a pod of the proxy is made from. */
export interface ProxyPodArgs {
  readonly program: ProxyProgram;
  readonly app: string;
  readonly labels: Record<string, string>;
  readonly cpuCores: number;
  readonly memoryLimitMiB: number;
  readonly plan: Pick<ProxySizes, "workers" | "scratchMiB">;
  readonly drain: TimeoutChain["drain"];
  readonly configName: pulumi.Input<string>;
  /** A change of it replaces the pods, one rollout for each configuration. */
  readonly configChecksum: pulumi.Input<string>;
  /** Secret with the certificate, and whether the plain port is there as well. */
  readonly tls?: { readonly secretName: pulumi.Input<string>; readonly plainPort: "redirect" | "off" };
}

/** The pod: the proxy, what is beside it, and where TLS ends here the container that reloads it. */
export function proxyPod(pod: ProxyPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const { program, tls } = pod;
  const certificate: k8s.types.input.core.v1.Volume[] =
    // Read by the user of the pod through its group, and by nobody else.
    tls === undefined ? [] : [{ name: "tls", secret: { secretName: tls.secretName, defaultMode: 0o440 } }];
  return {
    metadata: {
      labels: pod.labels,
      annotations: {
        "checksum/config": pod.configChecksum,
        "kubectl.kubernetes.io/default-container": program.container,
      },
    },
    spec: {
      securityContext: restrictedPod(program.userId),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.drain.terminationGrace,
      topologySpreadConstraints: spreadOverZonesAndNodes(pod.app),
      // So that the container that reloads can signal the one that serves.
      ...(tls === undefined ? {} : { shareProcessNamespace: true }),
      containers: [server(pod), ...program.sidecars, ...(tls === undefined ? [] : [reloader(pod)])],
      volumes: [
        { name: "config", configMap: { name: pod.configName } },
        { name: "scratch", emptyDir: { sizeLimit: `${pod.plan.scratchMiB}Mi` } },
        ...certificate,
      ],
    },
  };
}

/**
 * The drain: the pod serves on for `preStop` while every list it is in forgets it; then the kubelet sends the image's
 * STOPSIGNAL, on which both programs take no new connection and finish what they have.
 */
function server(pod: ProxyPodArgs): k8s.types.input.core.v1.Container {
  const { program, tls } = pod;
  const memory = `${pod.memoryLimitMiB}Mi`;
  const http = { name: "http", containerPort: PROXY_PORTS.http };
  const https = { name: "https", containerPort: PROXY_PORTS.https };
  const traffic = tls === undefined ? [http] : tls.plainPort === "redirect" ? [http, https] : [https];
  const takesRequests = tls === undefined ? { port: "http" } : { port: "https", scheme: "HTTPS" };
  return {
    name: program.container,
    image: program.image,
    command: [...program.command],
    ports: [...traffic, { name: "status", containerPort: PROXY_PORTS.status }, ...program.ports],
    resources: {
      // Bodies that do not fit a buffer, and beside them the logs.
      requests: { cpu: `${pod.cpuCores}`, memory, "ephemeral-storage": `${pod.plan.scratchMiB + 64}Mi` },
      limits: { cpu: `${pod.plan.workers}`, memory },
    },
    securityContext: restrictedContainer(),
    lifecycle: { preStop: { exec: { command: ["sleep", `${pod.drain.preStop}`] } } },
    // Has read its configuration, and found its DNS server.
    startupProbe: {
      httpGet: { path: HEALTH_PATH, port: "status" },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 30,
    },
    // Takes requests: a pod without a connection left gets no new clients. Says nothing about the service behind it,
    // whose failure would take away every proxy and with them the answers that tell clients to come back.
    readinessProbe: {
      httpGet: { path: HEALTH_PATH, ...takesRequests },
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
    volumeMounts: mounts(pod),
  };
}

function mounts({ program, tls }: ProxyPodArgs): k8s.types.input.core.v1.VolumeMount[] {
  return [
    { name: "config", mountPath: dirname(program.configPath), readOnly: true },
    { name: "scratch", mountPath: SCRATCH },
    ...(tls === undefined ? [] : [{ name: "tls", mountPath: TLS_FILES.directory, readOnly: true }]),
  ];
}

/** Watches the certificate's files, which the kubelet replaces when the Secret changes. */
function reloader(pod: ProxyPodArgs): k8s.types.input.core.v1.Container {
  const { program } = pod;
  return {
    name: "reloader",
    image: program.image,
    command: ["sh", "-c", reloadScript(program.reload)],
    // The test of the configuration takes as much as a start without clients.
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    securityContext: restrictedContainer(),
    volumeMounts: mounts(pod),
  };
}
