/** Every component of autoscaling with what makes it have all its children. */
import type * as pulumi from "@pulumi/pulumi";

import * as components from "../../../../components";
import type { everywhere } from "../../../helpers/transform-marks";

type Make = (opts: pulumi.ComponentResourceOptions) => pulumi.Resource;

/** @param transform of every child */
export function autoscalingVariants(
  transform: ReturnType<typeof everywhere>,
): Readonly<Record<string, Make>> {
  const target = (): components.ScaleTarget => new components.ScaleTarget("Deployment", "web", "shop");
  const redis = { addresses: "cache:6379", password: { name: "cache", key: "password" } };
  const room = {
    workload: "web",
    namespace: "shop",
    percent: 40,
    pods: 4,
    resources: { cpuCores: 1, memoryMiB: 512 },
    transform,
  };
  const eks = { clusterName: "main", region: "eu-central-1", transform };
  const nodeRoleArn = "arn:aws:iam::123456789012:role/nodes";
  return {
    EventDrivenAutoscaler: (opts) =>
      new components.EventDrivenAutoscaler(
        "web",
        {
          target: target(),
          min: 1,
          max: 4,
          triggers: [{ kind: "redis-list", name: "mails", redis, list: "mails", perPod: 5 }],
          transform,
        },
        opts,
      ),
    HorizontalAutoscaler: (opts) =>
      new components.HorizontalAutoscaler(
        "web",
        {
          target: target(),
          min: 1,
          max: 4,
          metrics: [{ kind: "cpu", container: "web", utilization: 0.6 }],
          transform,
        },
        opts,
      ),
    VerticalAutoscaler: (opts) =>
      new components.VerticalAutoscaler(
        "web",
        {
          workload: "web",
          namespace: "shop",
          container: "web",
          memoryMiB: { min: 128, max: 512 },
          transform,
        },
        opts,
      ),
    "Headroom, pause pods": (opts) => new components.Headroom("web", room, opts),
    "Headroom, a CapacityBuffer": (opts) =>
      new components.Headroom("web", { ...room, kind: "capacity-buffer" }, opts),
    PrometheusRules: (opts) =>
      new components.PrometheusRules(
        "web",
        { namespace: "shop", groups: [{ name: "a", rules: [] }], transform },
        opts,
      ),
    Keda: (opts) => new components.Keda("web", { transform }, opts),
    VerticalPodAutoscalerOperator: (opts) =>
      new components.VerticalPodAutoscalerOperator("web", { transform }, opts),
    MetricsServer: (opts) => new components.MetricsServer("web", { transform }, opts),
    ClusterAutoscaler: (opts) => new components.ClusterAutoscaler("web", eks, opts),
    Karpenter: (opts) => new components.Karpenter("web", { ...eks, nodeRoleArn }, opts),
    KarpenterNodes: (opts) =>
      new components.KarpenterNodes(
        "web",
        {
          clusterName: "main",
          nodeRoleName: "nodes",
          subnetIds: ["subnet-0a1b2c3d"],
          limits: { cpuCores: 10, memoryGiB: 40 },
          transform,
        },
        opts,
      ),
    GkeNodePool: (opts) =>
      new components.GkeNodePool(
        "web",
        {
          project: "shop",
          location: "europe-west3",
          cluster: "main",
          machineType: "n2-standard-4",
          min: 1,
          max: 3,
          transform,
        },
        opts,
      ),
  };
}
