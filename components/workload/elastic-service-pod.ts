import { basename, dirname } from "node:path/posix";

import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { restrictedContainer, restrictedPod, spreadOverZonesAndNodes } from "../shared/kubernetes";
import type { ResolvedServiceArgs } from "./elastic-service-args";
import { AUTHORITIES_FILE, serviceEnvironment } from "./service-environment";

/** Numeric user of the Node.js images. */
const NODE_USER = 1000;

/** What a pod may write to `/tmp`, MiB, where nobody says. */
const SCRATCH_MIB = 256;

/** Logs of the container on the node: five files of 10 MiB, as the kubelet keeps them unless told otherwise. */
const LOGS_MIB = 64;

/** How long a start may take before the pod is given up: three times the warm-up, and at least a minute. Seconds. */
export function startupSeconds(warmUpSeconds: number): number {
  return Math.max(60, Math.ceil(warmUpSeconds * 3));
}

/** The pod: one container, three probes, a drain, nothing that it may write but `/tmp`. */
export function podSpec(
  app: string,
  args: ResolvedServiceArgs,
  serviceAccountName: pulumi.Input<string>,
): k8s.types.input.core.v1.PodSpec {
  const { health, profile, resources, timeouts } = args;
  const { caSecret, caFile } = args.database ?? {};
  const ca = caSecret === undefined || caFile === undefined ? undefined : { secret: caSecret, file: caFile };
  const memory = `${resources.memoryMiB}Mi`;
  const { scratchMiB = SCRATCH_MIB } = resources;
  // Requested as limited, so that pods never fill the disk of a node, on which others would be evicted with them.
  const disk = { "ephemeral-storage": `${scratchMiB + LOGS_MIB}Mi` };
  const probe = (path: string): { httpGet: k8s.types.input.core.v1.HTTPGetAction } => ({
    httpGet: { path, port: "http" },
  });
  return {
    serviceAccountName,
    automountServiceAccountToken: false,
    // A variable for every Service of the namespace would only be in the way.
    enableServiceLinks: false,
    securityContext: restrictedPod(NODE_USER),
    topologySpreadConstraints: spreadOverZonesAndNodes(app),
    terminationGracePeriodSeconds: timeouts.drain.terminationGrace,
    containers: [
      {
        name: app,
        image: args.image,
        ports: [{ name: "http", containerPort: args.port }],
        env: serviceEnvironment(args),
        // No CPU limit: throttling adds to the tail what the node has to spare. Memory is the same in both, so that
        // the node never promises it twice.
        resources: {
          requests: { cpu: `${resources.cpuCores}`, memory, ...disk },
          limits: { memory, ...disk },
        },
        securityContext: restrictedContainer(),
        // Starting: nothing else is asked until this has answered once.
        startupProbe: {
          ...probe(health.live),
          periodSeconds: 2,
          timeoutSeconds: 2,
          failureThreshold: Math.ceil(startupSeconds(profile.warmUpSeconds) / 2),
        },
        // Taking requests: out of the Service within 15 s, back in with the first answer.
        readinessProbe: {
          ...probe(health.ready),
          periodSeconds: 5,
          timeoutSeconds: 2,
          failureThreshold: 3,
        },
        // Beyond help: only a process that has not answered for a minute is started anew. It must not ask about
        // databases and caches, or their outage would restart every pod.
        livenessProbe: {
          ...probe(health.live),
          periodSeconds: 10,
          timeoutSeconds: 5,
          failureThreshold: 6,
        },
        // Goes on serving while load balancers and proxies take the pod out of their lists.
        lifecycle: { preStop: { sleep: { seconds: timeouts.drain.preStop } } },
        volumeMounts: [
          { name: "tmp", mountPath: "/tmp" },
          ...(ca === undefined ? [] : [{ name: "database-ca", mountPath: dirname(ca.file), readOnly: true }]),
          ...(args.authorities === undefined
            ? []
            : [{ name: "cache-authorities", mountPath: dirname(AUTHORITIES_FILE), readOnly: true }]),
        ],
      },
    ],
    volumes: [
      { name: "tmp", emptyDir: { sizeLimit: `${scratchMiB}Mi` } },
      ...(ca === undefined
        ? []
        : [
            {
              name: "database-ca",
              secret: {
                secretName: ca.secret.name,
                items: [{ key: ca.secret.key, path: basename(ca.file) }],
              },
            },
          ]),
      ...(args.authorities === undefined
        ? []
        : [
            {
              name: "cache-authorities",
              secret: {
                secretName: args.authorities.name,
                items: [{ key: args.authorities.key, path: basename(AUTHORITIES_FILE) }],
              },
            },
          ]),
    ],
  };
}
