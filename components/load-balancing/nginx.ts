import { basename } from "node:path/posix";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { rateLimitPerPod } from "../../budget/proxy";
import { COMPONENT_TYPES, type NginxSummary } from "../../budget/summaries";
import { commonLabels, selectorLabels } from "../shared/kubernetes";
import { checksum } from "../shared/checksum";
import { refuse } from "../shared/problems";
import { transformed } from "../shared/transform";
import { nginxPlan, nginxProblems, qualifiedHost, type NginxArgs } from "./nginx-args";
import { nginxConf, NGINX_PATHS } from "./nginx-conf";
import { NGINX_CONTAINER, nginxPod } from "./nginx-pod";

export { nginxProblems, qualifiedHost } from "./nginx-args";
export type { ClusterDns, NginxArgs, NginxUpstream } from "./nginx-args";

/** Port of the Service. */
const SERVICE_PORT = 80;

/**
 * A fleet of nginx in front of one service, sized by proofs: the smallest fleet holds every client after the loss of a
 * zone, the largest carries the peak; the rate limit is divided among the pods; every timeout comes from the ladder.
 *
 * Trap: with a cluster IP as its upstream nginx knows a single server, so that there is nobody to try second and
 * nothing to mark as failed. Point `upstream.host` at a headless Service to get both.
 *
 * Cost: `minReplicas` pods of `cpuCores` and `memoryLimitMiB` at all times, and 50m and 32Mi for each exporter.
 */
export class Nginx extends pulumi.ComponentResource {
  /** Host name in the cluster: `nginx-load-balancer.retrofitlink.svc`. Known once the Service exists. */
  readonly host: pulumi.Output<string>;
  readonly port: number = SERVICE_PORT;
  /** `http://host`. */
  readonly url: pulumi.Output<string>;
  /** Bounds of the autoscaler, pods. */
  readonly replicas: { readonly min: number; readonly max: number };

  constructor(name: string, args: NginxArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("Nginx", name, nginxProblems(args), args.configKey);
    const workload = args.name ?? "nginx-load-balancer";
    const maxUnavailable = args.maxUnavailable ?? 1;
    const serviceType = args.serviceType ?? "ClusterIP";
    const plan = nginxPlan(args);
    const memoryLimitMiB = args.memoryLimitMiB ?? plan.neededMiB;
    const summary: NginxSummary = {
      configKey: args.configKey,
      workload,
      namespace: args.namespace,
      minReplicas: plan.minReplicas,
      maxReplicas: plan.maxReplicas,
      zones: args.zones,
      maxUnavailable,
      workers: plan.workers,
      workerConnections: plan.workerConnections,
      clientsPerPod: plan.clientsPerPod,
      expectedClients: args.clientConnections,
      upstreamKeepAlive: plan.upstreamKeepAlive,
      memoryLimitMiB,
      timeouts: args.timeouts,
    };
    super(COMPONENT_TYPES.nginx, name, summary, opts);
    this.replicas = { min: plan.minReplicas, max: plan.maxReplicas };

    const labels = commonLabels(workload, "load-balancer");
    const selector = { matchLabels: selectorLabels(workload) };
    const metadata = (objectName: string): k8s.types.input.meta.v1.ObjectMeta & { name: string } => ({
      name: objectName,
      namespace: args.namespace,
      labels,
    });
    const child = { parent: this };
    const { transform = {} } = args;

    const configName = `${name}-config`;
    const configArgs = transformed<k8s.core.v1.ConfigMapArgs>(transform.config, configName, {
      metadata: metadata(`${workload}-config`),
      data: { [basename(NGINX_PATHS.config)]: configuration(args) },
    });
    const config = new k8s.core.v1.ConfigMap(configName, configArgs, child);

    const deploymentName = `${name}-deployment`;
    const deployment = new k8s.apps.v1.Deployment(
      deploymentName,
      transformed<k8s.apps.v1.DeploymentArgs>(transform.deployment, deploymentName, {
        metadata: metadata(workload),
        // No replicas: they belong to the autoscaler.
        spec: {
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
          revisionHistoryLimit: 3,
          selector,
          template: nginxPod({
            app: workload,
            labels,
            cpuCores: args.cpuCores,
            memoryLimitMiB,
            plan,
            drain: args.timeouts.drain,
            configName: config.metadata.name,
            configChecksum: checksum(configArgs.data),
          }),
        },
      }),
      child,
    );

    const serviceName = `${name}-service`;
    const service = new k8s.core.v1.Service(
      serviceName,
      transformed<k8s.core.v1.ServiceArgs>(transform.service, serviceName, {
        metadata: metadata(workload),
        spec: {
          type: serviceType,
          // Through another node a client would arrive with that node's address, and share its rate limit.
          ...(serviceType === "ClusterIP" ? {} : { externalTrafficPolicy: "Local" }),
          selector: selector.matchLabels,
          // Neither status nor metrics, which are nobody's business outside the cluster.
          ports: [{ name: "http", port: SERVICE_PORT, targetPort: "http" }],
        },
      }),
      child,
    );

    const autoscalerName = `${name}-autoscaler`;
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      autoscalerName,
      transformed<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>(transform.autoscaler, autoscalerName, {
        metadata: metadata(workload),
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
          minReplicas: plan.minReplicas,
          maxReplicas: plan.maxReplicas,
          metrics: [cpuOfServer(plan.targetUtilization)],
          behavior: SCALING_BEHAVIOR,
        },
      }),
      child,
    );

    const disruptionBudgetName = `${name}-disruption-budget`;
    new k8s.policy.v1.PodDisruptionBudget(
      disruptionBudgetName,
      transformed<k8s.policy.v1.PodDisruptionBudgetArgs>(transform.disruptionBudget, disruptionBudgetName, {
        metadata: metadata(workload),
        spec: { maxUnavailable, selector, unhealthyPodEvictionPolicy: "AlwaysAllow" },
      }),
      child,
    );

    this.host = pulumi.interpolate`${service.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`http://${this.host}`;
    this.registerOutputs({ host: this.host, port: this.port, url: this.url, replicas: this.replicas });
  }
}

/** nginx.conf, as soon as the service's name is known. */
function configuration(args: NginxArgs): pulumi.Output<string> {
  const plan = nginxPlan(args);
  const domain = args.clusterDns?.domain ?? "cluster.local";
  const { upstream } = args;
  const addresses = [...(args.loadBalancerAddresses ?? [])];
  return pulumi
    .output({ host: upstream.host, port: upstream.port, addresses })
    .apply(({ host, port, addresses }) =>
      nginxConf({
        plan,
        upstream: [{ host: qualifiedHost(host, args.namespace, domain), port }],
        resolver: args.clusterDns?.server ?? `kube-dns.kube-system.svc.${domain}`,
        timeouts: args.timeouts,
        rateLimit: rateLimitPerPod(args.rateLimit, plan.maxReplicas),
        trustedProxies: [...args.trustedProxies, ...addresses.map((address) => `${address}/32`)],
        maxBodyMiB: args.maxBodyMiB,
        tlsInFront: args.tlsInFront ?? false,
        webSocketPaths: upstream.webSocketPaths ?? [],
      }),
    );
}

/** CPU of nginx alone: the exporter, idle beside it, would make a busy pod look half as busy. */
function cpuOfServer(targetUtilization: number): k8s.types.input.autoscaling.v2.MetricSpec {
  return {
    type: "ContainerResource",
    containerResource: {
      name: "cpu",
      container: NGINX_CONTAINER,
      target: {
        type: "Utilization",
        averageUtilization: Math.floor(Number((targetUtilization * 100).toPrecision(12))),
      },
    },
  };
}

/** Up at once, to twice as many or by four pods; down after five quiet minutes, by a tenth a minute. */
const SCALING_BEHAVIOR: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 300,
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
  },
};
