import { basename, dirname } from "node:path/posix";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer, restrictedPod } from "../shared/kubernetes";
import { IMAGES } from "../shared/versions";
import { PROBE_COMMANDS, REDIS_PATHS, REDIS_PORT } from "./redis-conf";

/** Where the exporter answers. */
export const METRICS_PORT = 9121;
/** Keys of the Secret: the password for clients, and the file that the server includes. */
export const CREDENTIAL_KEYS = { password: "password", file: basename(REDIS_PATHS.password) } as const;
/** Name of the volume, and of the claim, that a session store keeps its data on. */
export const DATA_VOLUME = "data";

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
  readonly persistent: boolean;
  readonly config: MountedObject;
  readonly credentials: MountedObject;
}

/** The pod: the server, and the exporter of its metrics. */
export function redisPod(pod: RedisPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const passwordFromSecret = { secretKeyRef: { name: pod.credentials.name, key: CREDENTIAL_KEYS.password } };
  // Requests equal limits, so that the node never takes memory or CPU back from the one copy there is.
  const memory = `${pod.memoryLimitMiB}Mi`;
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
      containers: [
        {
          name: "redis",
          image: IMAGES.redis,
          command: ["redis-server", REDIS_PATHS.config],
          // For the probes, and for `kubectl exec deployment/redis-cache -- redis-cli info stats`.
          env: [{ name: "REDISCLI_AUTH", valueFrom: passwordFromSecret }],
          ports: [{ name: "redis", containerPort: REDIS_PORT }],
          resources: {
            requests: { cpu: `${pod.cpuCores}`, memory },
            limits: { cpu: `${Math.max(1, pod.cpuCores)}`, memory },
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
          volumeMounts: [
            { name: "config", mountPath: dirname(REDIS_PATHS.config), readOnly: true },
            { name: "credentials", mountPath: dirname(REDIS_PATHS.password), readOnly: true },
            ...(pod.persistent ? [{ name: DATA_VOLUME, mountPath: REDIS_PATHS.data }] : []),
          ],
        },
        {
          name: "exporter",
          image: IMAGES.redisExporter,
          env: [
            { name: "REDIS_ADDR", value: `redis://localhost:${REDIS_PORT}` },
            { name: "REDIS_PASSWORD", valueFrom: passwordFromSecret },
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
        { name: "config", configMap: { name: pod.config.name } },
        {
          name: "credentials",
          secret: {
            secretName: pod.credentials.name,
            items: [{ key: CREDENTIAL_KEYS.file, path: CREDENTIAL_KEYS.file }],
            defaultMode: 0o440,
          },
        },
      ],
    },
  };
}
