import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { AutoscalingPlan } from "../../budget/autoscaling/planned";
import { assertValid } from "../shared/issues";
import { MAX_SURGE, MAX_UNAVAILABLE, planService, type ServicePlan } from "../../budget/service/plan";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { plannedPart } from "../../budget/core/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import { DisruptionBudget } from "../autoscaling/disruption-budget";
import type { EventDrivenAutoscaler } from "../autoscaling/event-driven-autoscaler";
import type { Headroom } from "../autoscaling/headroom";
import type { HorizontalAutoscaler } from "../autoscaling/horizontal-autoscaler";
import type { VerticalAutoscaler } from "../autoscaling/vertical-autoscaler";
import { commonLabels, metadataOf, selectorLabels } from "../shared/kubernetes";
import { transformed } from "../shared/transform";
import {
  resolvedServiceArgs,
  type ElasticServiceArgs,
  type ResolvedServiceArgs,
} from "./elastic-service-args";
import { podSpec, startupSeconds } from "./elastic-service-pod";
import { elasticServiceIssues } from "./elastic-service-issues";
import { plannedAutoscaling, serviceAutoscalers, type AutoscaledService } from "./service-autoscaling";
import { serviceNetworkPolicy } from "./service-network";
import { serviceWitnesses } from "./service-witnesses";

export type { ElasticServiceArgs, SecretEntry, ServiceCache } from "./elastic-service-args";
export { elasticServiceIssues } from "./elastic-service-issues";

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
  /** Children that others compose with. */
  readonly account: k8s.core.v1.ServiceAccount;
  readonly deployment: k8s.apps.v1.Deployment;
  readonly service: k8s.core.v1.Service;
  readonly pods: k8s.core.v1.Service;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;
  readonly disruptionBudget: DisruptionBudget;
  /** Owner of the replicas. */
  readonly autoscaler: HorizontalAutoscaler | EventDrivenAutoscaler;
  readonly verticalAutoscaler: VerticalAutoscaler | undefined;
  readonly headroom: Headroom | undefined;
  /** How every number came about, and what it promises. */
  readonly plan: ServicePlan;
  /** Bounds of the autoscaler, pods. */
  readonly replicas: { readonly min: number; readonly max: number };

  constructor(name: string, given: ElasticServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    const args = resolvedServiceArgs(name, given);
    const { app } = args;
    assertValid("ElasticService", name, elasticServiceIssues(args), args.configKey);
    const cachePools = Object.fromEntries((args.caches ?? []).map((cache) => [cache.name, cache.poolSize]));
    const databasePool = args.database?.poolSize ?? 0;
    const { terminationGrace: terminationSeconds } = args.timeouts.drain;
    const plan =
      args.plan ?? planService({ ...args, service: app, terminationSeconds, cachePools, databasePool });
    const autoscaling = plannedAutoscaling(args.autoscaling, scaled(app, args), plan);
    const { min, max } = plan.numbers;
    const { processesPerPod = 1, transform = {} } = args;
    const summary: ServiceSummary = {
      configKey: args.configKey ?? name,
      workload: app,
      ...(typeof args.namespace === "string" ? { namespace: args.namespace } : {}),
      budget: args.budget,
      demand: args.demand,
      profile: args.profile,
      replicas: { min: min.value, max: max.value },
      zones: args.zones,
      maxUnavailable: MAX_UNAVAILABLE,
      maxSurge: MAX_SURGE,
      cpuCores: args.resources.cpuCores,
      memoryMiB: args.resources.memoryMiB,
      processesPerPod,
      cachePools,
      databasePool,
      timeouts: args.timeouts,
      ...(args.calls === undefined || args.calls.length === 0
        ? {}
        : { calls: Object.fromEntries(args.calls.map((call) => [call.name, call.callsPerRequest ?? 0])) }),
      ...plannedPart(
        withAutoscaling(plan, autoscaling?.plan),
        serviceWitnesses(name, app, args, plan, autoscaling),
      ),
    };
    super(COMPONENT_TYPES.elasticService, name, summary, opts);
    this.plan = plan;
    this.replicas = { min: min.value, max: max.value };
    this.port = args.port;

    const selector = { matchLabels: selectorLabels(app) };
    const labels = commonLabels(app, "service");
    const metadata = metadataOf(args.namespace, labels);
    const child = { parent: this };

    const accountName = `${name}-service-account`;
    this.account = new k8s.core.v1.ServiceAccount(
      ...transformed<k8s.core.v1.ServiceAccountArgs>(
        transform.serviceAccount,
        accountName,
        {
          metadata: metadata(app),
          // The application does not speak to the API server.
          automountServiceAccountToken: false,
        },
        child,
      ),
    );

    const deploymentName = `${name}-deployment`;
    this.deployment = new k8s.apps.v1.Deployment(
      ...transformed<k8s.apps.v1.DeploymentArgs>(
        transform.deployment,
        deploymentName,
        {
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
              metadata: {
                labels,
                ...(args.annotations === undefined ? {} : { annotations: args.annotations }),
              },
              spec: podSpec(app, args, this.account.metadata.name),
            },
          },
        },
        child,
      ),
    );

    const serviceName = `${name}-service`;
    this.service = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.service,
        serviceName,
        {
          metadata: metadata(`${app}-service`),
          spec: {
            type: "ClusterIP",
            selector: selector.matchLabels,
            ports: [{ name: "http", port: args.port, targetPort: "http" }],
          },
        },
        child,
      ),
    );

    const podsName = `${name}-pods`;
    this.pods = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.pods,
        podsName,
        {
          metadata: metadata(`${app}-pods`),
          spec: {
            // Resolves to the pods themselves: a proxy that keeps connections open balances and judges each pod, which
            // it could not through one cluster address.
            clusterIP: "None",
            selector: selector.matchLabels,
            ports: [{ name: "http", port: args.port, targetPort: "http" }],
          },
        },
        child,
      ),
    );

    this.disruptionBudget = new DisruptionBudget(
      `${name}-disruption-budget`,
      {
        workload: app,
        namespace: args.namespace,
        labels,
        matchLabels: selector.matchLabels,
        // The plan's minimum has one to spare.
        maxUnavailable: MAX_UNAVAILABLE,
        transform,
      },
      child,
    );

    const networkPolicyName = `${name}-network-policy`;
    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        networkPolicyName,
        {
          metadata: metadata(app),
          spec: serviceNetworkPolicy(app, args),
        },
        child,
      ),
    );

    const { autoscaler, verticalAutoscaler, headroom } = serviceAutoscalers(
      name,
      {
        app,
        namespace: args.namespace,
        deployment: this.deployment.metadata.name,
        labels,
        demand: args.demand,
        resources: args.resources,
        plan,
        autoscaling,
        transform,
      },
      child,
    );
    this.autoscaler = autoscaler;
    this.verticalAutoscaler = verticalAutoscaler;
    this.headroom = headroom;

    this.host = pulumi.interpolate`${this.service.metadata.name}.${args.namespace}.svc`;
    this.podsHost = pulumi.interpolate`${this.pods.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`http://${this.host}:${args.port}`;
    this.deploymentName = this.deployment.metadata.name;
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

/** What the page shows and policies judge: the replicas, and who follows what. */
function withAutoscaling(plan: ServicePlan, autoscaling: AutoscalingPlan | undefined): ServicePlan {
  if (autoscaling === undefined) return plan;
  return {
    numbers: { ...plan.numbers, ...autoscaling.numbers },
    proofs: [...plan.proofs, ...autoscaling.proofs],
  };
}

/** What the autoscaling is planned from, where the service is alone. */
function scaled(app: string, args: ResolvedServiceArgs): AutoscaledService {
  const { demand, profile, budget, resources, processesPerPod = 1, reaction } = args;
  const nodeStartSeconds = reaction?.nodeSeconds ?? 0;
  return { service: app, demand, profile, budget, resources, processesPerPod, nodeStartSeconds };
}
