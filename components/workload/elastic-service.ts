import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { replicaPlan, type ReplicaPlan } from "../../budget/service/capacity";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { ServiceSummary } from "../../budget/service/summary";
import { commonLabels, metadataOf, selectorLabels } from "../shared/kubernetes";
import { refuse } from "../shared/problems";
import { transformed } from "../shared/transform";
import type { ElasticServiceArgs } from "./elastic-service-args";
import { podSpec, startupSeconds } from "./elastic-service-pod";
import { elasticServiceProblems } from "./elastic-service-problems";
import { scalingBehavior } from "./scaling-behavior";
import { serviceNetworkPolicy } from "./service-network";

export type { ElasticServiceArgs, SecretEntry, ServiceCache } from "./elastic-service-args";
export { elasticServiceProblems } from "./elastic-service-problems";

/** Pods a rollout may add, share of the replicas. None may be missing, so capacity never drops below the plan. */
export const MAX_SURGE = 0.25;

/** Pods that a drain may take at once. */
export const MAX_UNAVAILABLE = 1;

/**
 * The replica plan of a service. The component computes the same one; whoever sizes something by the largest fleet
 * needs it before the component exists.
 */
export function servicePlan(
  args: Pick<ElasticServiceArgs, "demand" | "profile" | "budget" | "zones" | "margin" | "reaction">,
): ReplicaPlan {
  const disruption = { zones: args.zones, maxUnavailable: MAX_UNAVAILABLE };
  return replicaPlan(args.demand, args.profile, args.budget, disruption, args);
}

/**
 * An HTTP service that grows and shrinks with its demand: replica bounds, autoscaler target, probes, rollout and drain
 * follow from the budget, the demand and a load test's profile.
 *
 * Trap: the plan is only as good as `profile`. Measure it again when the code changes.
 *
 * Cost: between `min` and `max` pods of `resources`, 25 % more during a rollout.
 */
export class ElasticService extends pulumi.ComponentResource {
  /** Host name in the cluster: `backend-service.retrofitlink.svc`. */
  readonly host: pulumi.Output<string>;
  readonly port: number;
  /** `http://host:port` */
  readonly url: pulumi.Output<string>;
  /** Name that resolves to every ready pod, for a proxy that balances by itself: `backend-pods.retrofitlink.svc`. */
  readonly podsHost: pulumi.Output<string>;
  readonly deploymentName: pulumi.Output<string>;
  readonly replicas: ReplicaPlan;

  constructor(name: string, args: ElasticServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    const app = args.app ?? name;
    refuse("ElasticService", name, elasticServiceProblems({ ...args, app }), args.configKey);
    const plan = servicePlan(args);
    const { processesPerPod = 1, transform = {} } = args;
    const summary: ServiceSummary = {
      configKey: args.configKey,
      workload: app,
      namespace: args.namespace,
      budget: args.budget,
      demand: args.demand,
      profile: args.profile,
      replicas: plan,
      zones: args.zones,
      maxUnavailable: MAX_UNAVAILABLE,
      maxSurge: MAX_SURGE,
      cpuCores: args.resources.cpuCores,
      memoryMiB: args.resources.memoryMiB,
      processesPerPod,
      cachePools: Object.fromEntries((args.caches ?? []).map((cache) => [cache.name, cache.poolSize])),
      databasePool: args.database?.poolSize ?? 0,
      timeouts: args.timeouts,
    };
    super(COMPONENT_TYPES.elasticService, name, summary, opts);
    this.replicas = plan;
    this.port = args.port;

    const selector = { matchLabels: selectorLabels(app) };
    const metadata = metadataOf(args.namespace, commonLabels(app, "service"));
    const child = { parent: this };

    const accountName = `${name}-service-account`;
    const account = new k8s.core.v1.ServiceAccount(
      accountName,
      transformed<k8s.core.v1.ServiceAccountArgs>(transform.serviceAccount, accountName, {
        metadata: metadata(app),
        // The application does not speak to the API server.
        automountServiceAccountToken: false,
      }),
      child,
    );

    const deploymentName = `${name}-deployment`;
    const deployment = new k8s.apps.v1.Deployment(
      deploymentName,
      transformed<k8s.apps.v1.DeploymentArgs>(transform.deployment, deploymentName, {
        metadata: metadata(app),
        spec: {
          // No replicas: the autoscaler owns them, and an update must not reset them.
          selector,
          strategy: {
            type: "RollingUpdate",
            rollingUpdate: { maxSurge: `${MAX_SURGE * 100}%`, maxUnavailable: 0 },
          },
          // A pod that is ready but cold would be counted as capacity.
          minReadySeconds: Math.ceil(args.profile.warmUpSeconds),
          progressDeadlineSeconds: 300 + startupSeconds(args.profile.warmUpSeconds),
          revisionHistoryLimit: 5,
          template: {
            metadata: { labels: commonLabels(app, "service") },
            spec: podSpec(app, args, account.metadata.name),
          },
        },
      }),
      child,
    );

    const serviceName = `${name}-service`;
    const service = new k8s.core.v1.Service(
      serviceName,
      transformed<k8s.core.v1.ServiceArgs>(transform.service, serviceName, {
        metadata: metadata(`${app}-service`),
        spec: {
          type: "ClusterIP",
          selector: selector.matchLabels,
          ports: [{ name: "http", port: args.port, targetPort: "http" }],
        },
      }),
      child,
    );

    const podsName = `${name}-pods`;
    const pods = new k8s.core.v1.Service(
      podsName,
      transformed<k8s.core.v1.ServiceArgs>(transform.pods, podsName, {
        metadata: metadata(`${app}-pods`),
        spec: {
          // Resolves to the pods themselves: a proxy that keeps connections open balances and judges each pod, which
          // it could not through one cluster address.
          clusterIP: "None",
          selector: selector.matchLabels,
          ports: [{ name: "http", port: args.port, targetPort: "http" }],
        },
      }),
      child,
    );

    const disruptionBudgetName = `${name}-disruption-budget`;
    new k8s.policy.v1.PodDisruptionBudget(
      disruptionBudgetName,
      transformed<k8s.policy.v1.PodDisruptionBudgetArgs>(transform.disruptionBudget, disruptionBudgetName, {
        metadata: metadata(app),
        // A number of pods that may be missing never blocks a drain, whatever the replicas are; the plan's minimum
        // has one to spare. A pod that is not ready anyway may always go.
        spec: { selector, maxUnavailable: MAX_UNAVAILABLE, unhealthyPodEvictionPolicy: "AlwaysAllow" },
      }),
      child,
    );

    const networkPolicyName = `${name}-network-policy`;
    new k8s.networking.v1.NetworkPolicy(
      networkPolicyName,
      transformed<k8s.networking.v1.NetworkPolicyArgs>(transform.networkPolicy, networkPolicyName, {
        metadata: metadata(app),
        spec: serviceNetworkPolicy(app, args),
      }),
      child,
    );

    const autoscalerName = `${name}-autoscaler`;
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      autoscalerName,
      transformed<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>(transform.autoscaler, autoscalerName, {
        metadata: metadata(app),
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
          minReplicas: plan.min,
          maxReplicas: plan.max,
          metrics: [
            {
              // The container's own use: a sidecar would distort the pod's.
              type: "ContainerResource",
              containerResource: {
                name: "cpu",
                container: app,
                target: {
                  type: "Utilization",
                  // Down: a rounded-up target would be above the derived one.
                  averageUtilization: Math.max(1, Math.floor(plan.targetUtilization * 100)),
                },
              },
            },
          ],
          behavior: scalingBehavior(args.demand, plan),
        },
      }),
      child,
    );

    this.host = pulumi.interpolate`${service.metadata.name}.${args.namespace}.svc`;
    this.podsHost = pulumi.interpolate`${pods.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`http://${this.host}:${args.port}`;
    this.deploymentName = deployment.metadata.name;
    this.registerOutputs({
      host: this.host,
      port: this.port,
      url: this.url,
      podsHost: this.podsHost,
      deploymentName: this.deploymentName,
      replicas: this.replicas,
    });
  }
}
