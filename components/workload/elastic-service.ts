import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_REACTION, replicaPlan, type ReplicaPlan } from "../../budget/capacity";
import { COMPONENT_TYPES, type ServiceSummary } from "../../budget/summaries";
import {
  commonLabels,
  restrictedContainer,
  restrictedPod,
  selectorLabels,
  spreadOverZonesAndNodes,
} from "../shared/kubernetes";
import { refuse } from "../shared/problems";
import { transformed } from "../shared/transform";
import { elasticServiceProblems, type ElasticServiceArgs } from "./elastic-service-args";
import { scalingBehavior } from "./scaling-behavior";
import { serviceEnvironment } from "./service-environment";

export { elasticServiceProblems } from "./elastic-service-args";
export type { ElasticServiceArgs, ServiceCache } from "./elastic-service-args";

/** Pods a rollout may add, share of the replicas. None may be missing, so capacity never drops below the plan. */
export const MAX_SURGE = 0.25;

/** Pods that a drain may take at once. */
export const MAX_UNAVAILABLE = 1;

/** Numeric user of the Node.js images. */
const NODE_USER = 1000;

/**
 * The replica plan of a service. The component computes the same one; whoever sizes something by the largest fleet
 * needs it before the component exists.
 */
export function servicePlan(
  args: Pick<ElasticServiceArgs, "demand" | "profile" | "budget" | "zones" | "reaction">,
): ReplicaPlan {
  const disruption = { zones: args.zones, maxUnavailable: MAX_UNAVAILABLE };
  const { reaction = DEFAULT_REACTION } = args;
  return replicaPlan(args.demand, args.profile, args.budget, disruption, { reaction });
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
  /** Name that resolves to every ready pod, for a proxy that balances by itself. */
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
      timeouts: args.timeouts,
    };
    super(COMPONENT_TYPES.elasticService, name, summary, opts);
    this.replicas = plan;
    this.port = args.port;

    const selector = { matchLabels: selectorLabels(app) };
    const metadata = (objectName: string): k8s.types.input.meta.v1.ObjectMeta & { name: string } => ({
      name: objectName,
      namespace: args.namespace,
      labels: commonLabels(app, "service"),
    });
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
    this.podsHost = pulumi.interpolate`${pods.metadata.name}.${args.namespace}`;
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

/** How long a start may take before the pod is given up: three times the warm-up, and at least a minute. Seconds. */
function startupSeconds(warmUpSeconds: number): number {
  return Math.max(60, Math.ceil(warmUpSeconds * 3));
}

function podSpec(
  app: string,
  args: ElasticServiceArgs,
  serviceAccountName: pulumi.Input<string>,
): k8s.types.input.core.v1.PodSpec {
  const { health, profile, resources, timeouts } = args;
  const memory = `${resources.memoryMiB}Mi`;
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
        resources: { requests: { cpu: `${resources.cpuCores}`, memory }, limits: { memory } },
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
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}
