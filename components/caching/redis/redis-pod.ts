import { basename, dirname } from "node:path/posix";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { MEMBERS } from "../../../budget/caching/plan-redis";
import { restrictedContainer, restrictedPod, selectorLabels } from "../../shared/kubernetes";
import { IMAGES } from "../../shared/versions";
import { PROBE_COMMANDS, REDIS_PATHS, REDIS_PORT } from "./redis-conf";
import { COPY_SECONDS, HAND_OVER_SECONDS, SCRIPTS } from "./replication-scripts";
import { SENTINEL_PATHS, SENTINEL_PORT, SENTINEL_PROBE_COMMANDS } from "./sentinel-conf";

/** Where the exporter answers. */
export const METRICS_PORT = 9121;
/** Keys of the Secret: passwords of the users by name, and the files that the server and the Sentinel include. */
export const CREDENTIAL_KEYS = {
  /** Of the services. */
  password: "password",
  operator: "operator-password",
  exporter: "exporter-password",
  users: basename(REDIS_PATHS.users),
  sentinelUsers: basename(SENTINEL_PATHS.users),
} as const;
/** Key of the ConfigMap for what `redis-cli` is in the containers. */
export const CLI_KEY = "redis-cli";
/** Where programs are: ours first, then as the image has it. */
const PROGRAMS = `${dirname(REDIS_PATHS.config)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
/** Name of the volume, and of the claim, that a session store keeps its data on. */
export const DATA_VOLUME = "data";

/** More than a Sentinel ever writes down. */
const SENTINEL_STATE = "16Mi";

/** Numeric id of the user and group `valkey` in the image. */
const REDIS_USER_ID = 999;

interface MountedObject {
  readonly name: pulumi.Input<string>;
  /** A change of it replaces the pod: the server reads its files only when it starts. */
  readonly checksum: pulumi.Input<string>;
}

/** What a pod of the server is made from. */
export interface RedisPodArgs {
  readonly labels: Record<string, string>;
  readonly cpuCores: number;
  readonly memoryLimitMiB: number;
  /** What a pod that is one of several needs. @default none: it is the only one, and keeps nothing */
  readonly member?: {
    readonly app: string;
    readonly zones: number;
    /** What it keeps outlives the pod, on a claimed volume. */
    readonly stored: boolean;
  };
  readonly config: MountedObject;
  readonly credentials: MountedObject;
}

/** CPU of the server as Kubernetes has it: never limited below one core, for a throttled event loop stops everyone. */
export function redisCpu(cpuCores: number): { readonly request: string; readonly limit: string } {
  return { request: `${cpuCores}`, limit: `${Math.max(1, cpuCores)}` };
}

/** The pod: the server, the exporter of its metrics, and the Sentinel beside a server that is one of several. */
export function redisPod(pod: RedisPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const fromSecret = (key: string) => ({ secretKeyRef: { name: pod.credentials.name, key } });
  // Requests equal limits, so that the node never takes memory or CPU back from the one copy there is.
  const memory = `${pod.memoryLimitMiB}Mi`;
  const cpu = redisCpu(pod.cpuCores);
  const { member } = pod;
  // For the probes and the scripts, and for `kubectl exec deployment/redis-cache -- redis-cli info stats`.
  const environment = [
    { name: "REDISCLI_AUTH", valueFrom: fromSecret(CREDENTIAL_KEYS.operator) },
    { name: "PATH", value: PROGRAMS },
    ...(member === undefined
      ? []
      : [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]),
  ];
  const volumeMounts = [
    { name: "config", mountPath: dirname(REDIS_PATHS.config), readOnly: true },
    { name: "credentials", mountPath: dirname(REDIS_PATHS.users), readOnly: true },
    ...(member === undefined ? [] : [{ name: DATA_VOLUME, mountPath: REDIS_PATHS.data }]),
  ];
  return {
    metadata: {
      labels: pod.labels,
      annotations: {
        "checksum/config": pod.config.checksum,
        "checksum/credentials": pod.credentials.checksum,
        "kubectl.kubernetes.io/default-container": "redis",
      },
    },
    spec: {
      securityContext: restrictedPod(REDIS_USER_ID),
      automountServiceAccountToken: false,
      // A Service called "redis" would otherwise set REDIS_PORT to a URL.
      enableServiceLinks: false,
      ...(member === undefined ? {} : apart(member)),
      containers: [
        {
          name: "redis",
          image: IMAGES.redis,
          command:
            member === undefined ? ["redis-server", REDIS_PATHS.config] : ["sh", script(SCRIPTS.startServer)],
          env: environment,
          ports: [{ name: "redis", containerPort: REDIS_PORT }],
          resources: {
            requests: { cpu: cpu.request, memory },
            limits: { cpu: cpu.limit, memory },
          },
          securityContext: restrictedContainer(),
          readinessProbe: {
            exec: { command: [...PROBE_COMMANDS.ready] },
            periodSeconds: 5,
            timeoutSeconds: 2,
            failureThreshold: 3,
          },
          livenessProbe: {
            exec: { command: [...PROBE_COMMANDS.live] },
            periodSeconds: 10,
            timeoutSeconds: 6,
            failureThreshold: 12,
          },
          ...(member === undefined
            ? {}
            : { lifecycle: { preStop: { exec: { command: ["sh", script(SCRIPTS.handOver)] } } } }),
          volumeMounts,
        },
        ...(member === undefined ? [] : [sentinel(environment, volumeMounts)]),
        {
          name: "exporter",
          image: IMAGES.redisExporter,
          env: [
            { name: "REDIS_ADDR", value: `redis://localhost:${REDIS_PORT}` },
            { name: "REDIS_USER", value: "exporter" },
            { name: "REDIS_PASSWORD", valueFrom: fromSecret(CREDENTIAL_KEYS.exporter) },
            // It may not read the settings, among which are passwords.
            { name: "REDIS_EXPORTER_CONFIG_COMMAND", value: "-" },
          ],
          ports: [{ name: "metrics", containerPort: METRICS_PORT }],
          resources: {
            requests: { cpu: "100m", memory: "64Mi" },
            limits: { cpu: "100m", memory: "64Mi" },
          },
          securityContext: restrictedContainer(),
          // No readiness: metrics that are missing are no reason to take the cache away.
          livenessProbe: {
            httpGet: { path: "/health", port: "metrics" },
            periodSeconds: 30,
            timeoutSeconds: 5,
            failureThreshold: 3,
          },
        },
      ],
      volumes: [
        // One of its files is a program.
        { name: "config", configMap: { name: pod.config.name, defaultMode: 0o555 } },
        // Of a member without a claim: what its Sentinel knows.
        ...(member === undefined || member.stored
          ? []
          : [{ name: DATA_VOLUME, emptyDir: { sizeLimit: SENTINEL_STATE } }]),
        {
          name: "credentials",
          secret: {
            secretName: pod.credentials.name,
            items: [
              { key: CREDENTIAL_KEYS.users, path: CREDENTIAL_KEYS.users },
              ...(member === undefined
                ? []
                : [{ key: CREDENTIAL_KEYS.sentinelUsers, path: CREDENTIAL_KEYS.sentinelUsers }]),
            ],
            defaultMode: 0o440,
          },
        },
      ],
    },
  };
}

/** The others' copies, a hand-over, the flush of the append-only file, and the last words to the replicas, seconds. */
const TERMINATION_SECONDS = COPY_SECONDS + HAND_OVER_SECONDS + 40;

function script(name: string): string {
  return `${dirname(REDIS_PATHS.config)}/${name}`;
}

/** The Sentinel beside a server: watches all of them, and agrees with the others who is the primary. */
function sentinel(
  env: k8s.types.input.core.v1.EnvVar[],
  volumeMounts: k8s.types.input.core.v1.VolumeMount[],
): k8s.types.input.core.v1.Container {
  return {
    name: "sentinel",
    image: IMAGES.redis,
    command: ["sh", script(SCRIPTS.startSentinel)],
    env,
    ports: [{ name: "sentinel", containerPort: SENTINEL_PORT }],
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "64Mi" } },
    securityContext: restrictedContainer(),
    readinessProbe: {
      exec: { command: [...SENTINEL_PROBE_COMMANDS.ready] },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 3,
    },
    livenessProbe: {
      exec: { command: [...SENTINEL_PROBE_COMMANDS.live] },
      periodSeconds: 10,
      timeoutSeconds: 6,
      failureThreshold: 6,
    },
    volumeMounts,
  };
}

/**
 * Keeps members apart: in different zones and on different nodes. A volume stays in the zone of its first pod, so where
 * there is a zone for each member a pod waits for its own; with fewer zones they share. On a cluster of one zone the
 * nodes may be shared as well, for a single node would otherwise hold one member and two that wait for ever.
 */
function apart({
  app,
  zones,
}: NonNullable<RedisPodArgs["member"]>): Partial<k8s.types.input.core.v1.PodSpec> {
  const term = { labelSelector: { matchLabels: selectorLabels(app) }, topologyKey: "kubernetes.io/hostname" };
  return {
    terminationGracePeriodSeconds: TERMINATION_SECONDS,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: zones >= MEMBERS ? "DoNotSchedule" : "ScheduleAnyway",
        labelSelector: { matchLabels: selectorLabels(app) },
      },
    ],
    affinity: {
      podAntiAffinity:
        zones > 1
          ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
          : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    },
  };
}
