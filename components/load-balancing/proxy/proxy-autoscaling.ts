/** Who owns the replicas of a proxy: an HPA on CPU, or with a Prometheus KEDA on CPU and connections. */
import type * as pulumi from "@pulumi/pulumi";

import { proxyConnections } from "../../../budget/autoscaling/signals";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import type { Demand } from "../../../budget/service/demand";
import { EventDrivenAutoscaler, type ScalingTrigger } from "../../autoscaling/event-driven-autoscaler";
import { HorizontalAutoscaler, type ScalingMetric } from "../../autoscaling/horizontal-autoscaler";
import { ScaleTarget } from "../../autoscaling/scale-target";
import { scalingBehavior } from "../../autoscaling/scaling-behavior";
import type { CompleteProxyArgs } from "./proxy-args";
import type { ProxyProgram } from "./proxy-pod";

/** Where the number of clients' connections of a pod comes from. */
export interface ConnectionMetric {
  /** Name in the custom metrics API, as the exporter calls it. */
  readonly name: string;
  /** Labels of the series, where the exporter has several of that name. */
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/** What the owner of the replicas needs to know of a proxy. */
export interface ScaledProxy {
  readonly workload: string;
  readonly deployment: pulumi.Input<string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly program: Pick<ProxyProgram, "container">;
  readonly connections: ConnectionMetric;
  readonly args: CompleteProxyArgs;
  /** What all services behind it are asked together. */
  readonly demand: Demand;
  readonly plan: ProxyPlan;
}

export function proxyAutoscaler(
  name: string,
  proxy: ScaledProxy,
  child: pulumi.ComponentResourceOptions,
): HorizontalAutoscaler | EventDrivenAutoscaler {
  const { deployment, labels, args, plan } = proxy;
  const { minReplicas, maxReplicas, reactionSeconds } = plan.numbers;
  const { transform = {}, prometheus, operators = [] } = args;
  const common = {
    target: new ScaleTarget("Deployment", deployment, args.namespace),
    labels,
    min: minReplicas.value,
    max: maxReplicas.value,
    behavior: scalingBehavior(proxy.demand, maxReplicas.value, reactionSeconds.value),
  };
  if (prometheus === undefined) {
    const { autoscaler } = transform;
    return new HorizontalAutoscaler(
      `${name}-autoscaler`,
      {
        ...common,
        metrics: scalingMetrics(proxy),
        ...(autoscaler === undefined ? {} : { transform: { autoscaler } }),
      },
      child,
    );
  }
  const { scaledObject, authentication } = transform;
  return new EventDrivenAutoscaler(
    `${name}-autoscaler`,
    {
      ...common,
      triggers: proxyTriggers(proxy),
      // The smallest fleet holds every client that was planned for.
      fallback: { replicas: minReplicas.value },
      transform: {
        ...(scaledObject === undefined ? {} : { scaledObject }),
        ...(authentication === undefined ? {} : { authentication }),
      },
    },
    { ...child, dependsOn: [...operators] },
  );
}

/**
 * CPU is the proxy's alone: an exporter, idle beside it, would make a busy pod look half as busy. Connections are followed
 * only where something serves them: a metric that is missing keeps the controller from scaling down, for good.
 */
function scalingMetrics({ program, connections, args, plan }: ScaledProxy): ScalingMetric[] {
  const { name: metric, matchLabels } = connections;
  const { targetUtilization, targetConnections } = plan.numbers;
  return [
    { kind: "cpu", container: program.container, utilization: targetUtilization.value },
    ...(args.connectionsMetric === true
      ? [
          {
            kind: "pods" as const,
            metric,
            average: targetConnections.value,
            ...(matchLabels === undefined ? {} : { matchLabels }),
          },
        ]
      : []),
  ];
}

/** The same two, where KEDA asks Prometheus for the second. */
export function proxyTriggers({
  workload,
  program,
  connections,
  args,
  plan,
}: Pick<ScaledProxy, "workload" | "program" | "connections" | "args" | "plan">): ScalingTrigger[] {
  const { prometheus } = args;
  if (prometheus === undefined) return [];
  const { url, namespace, authentication } = prometheus;
  const { targetUtilization, targetConnections } = plan.numbers;
  return [
    { kind: "cpu", name: "cpu", container: program.container, utilization: targetUtilization.value },
    {
      kind: "prometheus",
      name: "connections",
      url,
      query: proxyConnections({ namespace, deployment: workload }, connections.name, connections.matchLabels),
      perPod: targetConnections.value,
      whenMissing: "fault",
      ...(authentication === undefined ? {} : { authentication }),
    },
  ];
}
