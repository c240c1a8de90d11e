import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";

/** Arguments of `VerticalAutoscaler`. */
export interface VerticalAutoscalerArgs {
  /** Name of the workload. */
  readonly workload: pulumi.Input<string>;
  /** @default "Deployment" */
  readonly kind?: "Deployment" | "StatefulSet";
  readonly namespace: pulumi.Input<string>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Container whose memory it is; that of others is left alone. */
  readonly container: string;
  /** Bounds of the memory request, MiB, whole numbers, `min` <= `max`. The limit stays. */
  readonly memoryMiB: { readonly min: number; readonly max: number };
  /** `Off` only recommends: `kubectl describe vpa`. `InPlaceOrRecreate` resizes pods where they run. @default "Off" */
  readonly mode?: "Off" | "InPlaceOrRecreate";
  /** Pods from which on it may evict one that cannot be resized, whole number >= 1. @default 2 */
  readonly leastReplicas?: number;
  readonly transform?: { readonly autoscaler?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

/** What is wrong with the arguments. */
export function verticalAutoscalerIssues({ memoryMiB, leastReplicas = 2 }: VerticalAutoscalerArgs): Issue[] {
  const { min, max } = memoryMiB;
  const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  const issues: Issue[] = [];
  if (!isWhole(min)) {
    const fix = "Give the least that a process starts with.";
    issues.push(issue(pathOf("memoryMiB.min"), min, { allowed: "a whole number from 1 on (MiB)", fix }));
  }
  if (!isWhole(max) || max < min) {
    const allowed = `a whole number from memoryMiB.min, ${min}, on (MiB)`;
    const fix = "Give what fits on a node, and not more than the limit; the bounds are upside down.";
    issues.push(issue(pathOf("memoryMiB.max"), max, { allowed, fix }));
  }
  if (!isWhole(leastReplicas)) {
    const fix = "Give how many pods there have to be.";
    issues.push(issue(pathOf("leastReplicas"), leastReplicas, { allowed: "a whole number from 1 on", fix }));
  }
  return issues;
}

/**
 * A VerticalPodAutoscaler for the memory of one container. CPU stays whose it is: an HPA that steers by CPU and a VPA that
 * changes the request of CPU would chase each other, and this one has no key for it.
 *
 * Trap: only the request moves, within its bounds. The limit is what the heap is derived from.
 *
 * Trap: a pod that cannot be resized where it runs is evicted, within the disruption budget.
 */
export class VerticalAutoscaler extends pulumi.ComponentResource {
  readonly autoscaler: k8s.apiextensions.CustomResource;

  constructor(name: string, args: VerticalAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("VerticalAutoscaler", name, verticalAutoscalerIssues(args));
    const { workload, kind = "Deployment", namespace, labels, container, memoryMiB, transform = {} } = args;
    super(COMPONENT_TYPES.verticalAutoscaler, name, {}, opts);
    this.autoscaler = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.autoscaler,
        name,
        {
          apiVersion: "autoscaling.k8s.io/v1",
          kind: "VerticalPodAutoscaler",
          metadata: { name: workload, namespace, ...(labels === undefined ? {} : { labels }) },
          spec: {
            targetRef: { apiVersion: "apps/v1", kind, name: workload },
            updatePolicy: { updateMode: args.mode ?? "Off", minReplicas: args.leastReplicas ?? 2 },
            resourcePolicy: {
              containerPolicies: [
                {
                  containerName: container,
                  mode: "Auto",
                  controlledResources: ["memory"],
                  controlledValues: "RequestsOnly",
                  minAllowed: { memory: `${memoryMiB.min}Mi` },
                  maxAllowed: { memory: `${memoryMiB.max}Mi` },
                },
                { containerName: "*", mode: "Off" },
              ],
            },
          },
        },
        { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) },
      ),
    );
    this.registerOutputs({});
  }
}
