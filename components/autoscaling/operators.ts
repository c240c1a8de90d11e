/** Operators of the cluster that autoscaling needs, each in high availability, with its definitions before any object. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { CHARTS } from "../shared/versions";

/** Where KEDA is when nobody says. */
export const KEDA_NAMESPACE = "keda";

/** Arguments of an operator. There is one of each in a cluster: what another stack installed is not installed again. */
export interface OperatorArgs {
  /** @default see the class */
  readonly namespace?: pulumi.Input<string>;
  /** Pods of each of its parts, whole number >= 1; one works, the others take over. @default 2 */
  readonly replicas?: number;
  readonly transform?: { readonly release?: Transform<k8s.helm.v3.ReleaseArgs> };
}

/** A chart of ./versions. */
export interface Chart {
  readonly chart: string;
  readonly version: string;
  readonly repository: string;
}

/** Where Helm finds a chart. In a registry the name is the address. */
export function chartSource({
  chart,
  version,
  repository,
}: Chart): Pick<k8s.helm.v3.ReleaseArgs, "chart" | "version" | "repositoryOpts"> {
  return repository.startsWith("oci://")
    ? { chart: `${repository}/${chart}`, version }
    : { chart, version, repositoryOpts: { repo: repository } };
}

function replicaIssues(replicas: number): Issue[] {
  if (Number.isInteger(replicas) && replicas >= 1) return [];
  const fix = "Leave it out for two: one works, the other takes over.";
  return [issue(pathOf("replicas"), replicas, { allowed: "a whole number from 1 on", fix })];
}

/** What one operator is. */
interface Operator {
  readonly component: string;
  readonly type: string;
  readonly chart: Chart;
  /** Name of the Release. */
  readonly release: string;
  /** Where it goes when nobody says. */
  readonly namespace: string;
  readonly values: (replicas: number) => Record<string, unknown>;
}

abstract class OperatorRelease extends pulumi.ComponentResource {
  /** What needs its definitions depends on this. */
  readonly release: k8s.helm.v3.Release;

  protected constructor(
    { component, type, chart, release, namespace, values }: Operator,
    name: string,
    args: OperatorArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { replicas = 2, transform = {} } = args;
    assertValid(component, name, replicaIssues(replicas));
    super(type, name, {}, opts);
    this.release = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.release,
        `${name}-release`,
        {
          name: release,
          namespace: args.namespace ?? namespace,
          createNamespace: args.namespace === undefined && namespace !== "kube-system",
          ...chartSource(chart),
          // Definitions come with it, so that objects may follow as soon as it is there.
          skipCrds: false,
          values: values(replicas),
        },
        { parent: this },
      ),
    );
    this.registerOutputs({});
  }
}

const requests = (cpu: string, memory: string): object => ({
  requests: { cpu, memory },
  limits: { memory },
});

const ONE_MAY_GO = { maxUnavailable: 1 } as const;

/**
 * KEDA. Namespace `keda`.
 *
 * Trap: `external.metrics.k8s.io` has one owner in a cluster. Beside another adapter for external metrics it cannot be.
 *
 * Cost: `replicas` pods each of operator, metrics server and webhook; 500m CPU and 1 GiB with two.
 */
export class Keda extends OperatorRelease {
  constructor(name: string, args: OperatorArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super(
      {
        component: "Keda",
        type: COMPONENT_TYPES.keda,
        chart: CHARTS.keda,
        release: "keda",
        namespace: KEDA_NAMESPACE,
        values: (replicas) => ({
          crds: { install: true },
          operator: { replicaCount: replicas },
          metricsServer: { replicaCount: replicas },
          webhooks: { enabled: true, replicaCount: replicas },
          podDisruptionBudget: { operator: ONE_MAY_GO, metricServer: ONE_MAY_GO, webhooks: ONE_MAY_GO },
          // It is on the way of every decision.
          priorityClassName: "system-cluster-critical",
          prometheus: {
            operator: { enabled: true },
            metricServer: { enabled: true },
            webhooks: { enabled: true },
          },
          resources: {
            operator: requests("100m", "256Mi"),
            metricServer: requests("100m", "128Mi"),
            webhooks: requests("50m", "64Mi"),
          },
        }),
      },
      name,
      args,
      opts,
    );
  }
}

/**
 * The VerticalPodAutoscaler: recommender, updater and admission controller. Namespace `kube-system`.
 *
 * Trap: on GKE with its own vertical autoscaling two recommenders would share a lease: install one of them.
 *
 * Cost: `replicas` pods of each part; 300m CPU and 1.2 GiB with two.
 */
export class VerticalPodAutoscalerOperator extends OperatorRelease {
  constructor(name: string, args: OperatorArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const part = (replicas: number, memory: string): object => ({
      enabled: true,
      replicas,
      podDisruptionBudget: { enabled: true, minAvailable: replicas > 1 ? 1 : 0 },
      priorityClassName: "system-cluster-critical",
      resources: requests("50m", memory),
    });
    super(
      {
        component: "VerticalPodAutoscalerOperator",
        type: COMPONENT_TYPES.verticalPodAutoscalerOperator,
        chart: CHARTS.verticalPodAutoscaler,
        release: "vertical-pod-autoscaler",
        namespace: "kube-system",
        values: (replicas) => ({
          recommender: part(replicas, "256Mi"),
          updater: part(replicas, "128Mi"),
          admissionController: part(replicas, "128Mi"),
        }),
      },
      name,
      args,
      opts,
    );
  }
}

/**
 * metrics-server, which serves CPU and memory of pods to autoscalers and to `kubectl top`. Namespace `kube-system`.
 *
 * Trap: GKE and most distributions have one; `metrics.k8s.io` has one owner in a cluster.
 *
 * Cost: `replicas` pods of 100m CPU and 200 MiB.
 */
export class MetricsServer extends OperatorRelease {
  constructor(name: string, args: OperatorArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super(
      {
        component: "MetricsServer",
        type: COMPONENT_TYPES.metricsServer,
        chart: CHARTS.metricsServer,
        release: "metrics-server",
        namespace: "kube-system",
        values: (replicas) => ({
          replicas,
          podDisruptionBudget: { enabled: true, minAvailable: replicas > 1 ? 1 : 0 },
          metrics: { enabled: true },
          resources: requests("100m", "200Mi"),
        }),
      },
      name,
      args,
      opts,
    );
  }
}
