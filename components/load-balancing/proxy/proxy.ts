/** A fleet of proxies in front of one service: everything that does not depend on the program. */
import { basename } from "node:path/posix";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ProxyKind, ProxyPlan } from "../../../budget/load-balancing/proxy";
import type { ProxySummary } from "../../../budget/load-balancing/summary";
import { checksum } from "../../shared/checksum";
import { commonLabels, metadataOf, selectorLabels } from "../../shared/kubernetes";
import { refuse } from "../../shared/problems";
import { transformed } from "../../shared/transform";
import { planOfProxy, workloadName, type ProxyArgs } from "./proxy-args";
import { SCALING_BEHAVIOR, autoscalerMetrics, type ConnectionMetric } from "./proxy-autoscaler";
import { PROXY_PORTS } from "./proxy-conf-args";
import { proxyNetworkPolicy } from "./proxy-network";
import { proxyPod, type ProxyProgram } from "./proxy-pod";
import { proxyProblems } from "./proxy-problems";
import { certificateSpec } from "./proxy-tls";

/** Ports of the Service. */
const SERVICE_PORTS = { http: 80, https: 443 } as const;

/** What one program is and does differently. */
export interface ProxyDefinition {
  readonly proxy: ProxyKind;
  /** Name of the class, for messages. */
  readonly component: string;
  /** Type token of the component. */
  readonly type: string;
  readonly program: ProxyProgram;
  readonly connections: ConnectionMetric;
  /** The pods have to find each other, by a headless Service of this name. @default they need not */
  readonly fleetService?: (workload: string) => string;
  /** The text of the configuration, as soon as the service's name is known. */
  readonly configuration: (args: ProxyArgs, plan: ProxyPlan, workload: string) => pulumi.Output<string>;
}

/** What both classes have. */
export abstract class Proxy extends pulumi.ComponentResource {
  /** Host name in the cluster: `nginx-load-balancer.retrofitlink.svc`. Known once the Service exists. */
  readonly host: pulumi.Output<string>;
  /** 443 where TLS ends at the proxy, 80 otherwise. */
  readonly port: number;
  /** `https://host` or `http://host`. */
  readonly url: pulumi.Output<string>;
  /** Name of the Service, for a load balancer in front. */
  readonly serviceName: pulumi.Output<string>;
  /** Bounds of the autoscaler, pods. */
  readonly replicas: { readonly min: number; readonly max: number };

  protected constructor(
    definition: ProxyDefinition,
    name: string,
    args: ProxyArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { proxy, component, type } = definition;
    refuse(component, name, proxyProblems(proxy, args), args.configKey);
    const workload = args.name ?? workloadName(proxy);
    const plan = planOfProxy(proxy, args);
    const memoryLimitMiB = args.memoryLimitMiB ?? plan.neededMiB;
    super(type, name, summaryOf(proxy, args, plan, workload, memoryLimitMiB), opts);
    this.replicas = { min: plan.minReplicas, max: plan.maxReplicas };
    this.port = args.tls === undefined ? SERVICE_PORTS.http : SERVICE_PORTS.https;

    const labels = commonLabels(workload, "load-balancer");
    const selector = { matchLabels: selectorLabels(workload) };
    const metadata = metadataOf(args.namespace, labels);
    const child = { parent: this };
    const { transform = {} } = args;

    const configName = `${name}-config`;
    const [, configArgs, configOpts] = transformed<k8s.core.v1.ConfigMapArgs>(
      transform.config,
      configName,
      {
        metadata: metadata(`${workload}-config`),
        data: {
          [basename(definition.program.configPath)]: definition.configuration(args, plan, workload),
        },
      },
      child,
    );
    const config = new k8s.core.v1.ConfigMap(configName, configArgs, configOpts);

    const serviceName = `${name}-service`;
    const serviceType = args.serviceType ?? "ClusterIP";
    const service = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.service,
        serviceName,
        {
          // The provider waits for endpoints of a Service, which come from the pods that are created after it.
          metadata: { ...metadata(workload), annotations: { "pulumi.com/skipAwait": "true" } },
          spec: {
            type: serviceType,
            // Through another node a client would arrive with that node's address, and share its rate limit.
            ...(serviceType === "ClusterIP" ? {} : { externalTrafficPolicy: "Local" }),
            selector: selector.matchLabels,
            // Neither status nor metrics, which are nobody's business outside the cluster.
            ports: servicePorts(args),
          },
        },
        child,
      ),
    );

    const deploymentName = `${name}-deployment`;
    const deployment = new k8s.apps.v1.Deployment(
      ...transformed<k8s.apps.v1.DeploymentArgs>(
        transform.deployment,
        deploymentName,
        {
          metadata: metadata(workload),
          // No replicas: they belong to the autoscaler.
          spec: {
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
            revisionHistoryLimit: 3,
            selector,
            template: proxyPod({
              program: definition.program,
              app: workload,
              labels,
              cpuCores: args.cpuCores,
              memoryLimitMiB,
              plan,
              drain: args.timeouts.drain,
              configName: config.metadata.name,
              configChecksum: checksum(configArgs.data),
              ...this.tls(name, args, workload),
            }),
          },
        },
        { ...child, dependsOn: [service] },
      ),
    );

    if (definition.fleetService !== undefined) {
      const fleetName = `${name}-fleet`;
      new k8s.core.v1.Service(
        ...transformed<k8s.core.v1.ServiceArgs>(
          transform.fleet,
          fleetName,
          {
            metadata: metadata(definition.fleetService(workload)),
            spec: {
              type: "ClusterIP",
              clusterIP: "None",
              selector: selector.matchLabels,
              ports: [{ name: "status", port: PROXY_PORTS.status, targetPort: "status" }],
            },
          },
          child,
        ),
      );
    }

    const autoscalerName = `${name}-autoscaler`;
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      ...transformed<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>(
        transform.autoscaler,
        autoscalerName,
        {
          metadata: metadata(workload),
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
            minReplicas: plan.minReplicas,
            maxReplicas: plan.maxReplicas,
            metrics: autoscalerMetrics(definition.program.container, definition.connections, plan),
            behavior: SCALING_BEHAVIOR,
          },
        },
        child,
      ),
    );

    const disruptionBudgetName = `${name}-disruption-budget`;
    new k8s.policy.v1.PodDisruptionBudget(
      ...transformed<k8s.policy.v1.PodDisruptionBudgetArgs>(
        transform.disruptionBudget,
        disruptionBudgetName,
        {
          metadata: metadata(workload),
          spec: {
            maxUnavailable: args.maxUnavailable ?? 1,
            selector,
            unhealthyPodEvictionPolicy: "AlwaysAllow",
          },
        },
        child,
      ),
    );

    const networkPolicyName = `${name}-network-policy`;
    const traffic = trafficOf(args).map((port) => PROXY_PORTS[port]);
    new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        networkPolicyName,
        {
          metadata: metadata(workload),
          spec: proxyNetworkPolicy(workload, args, traffic),
        },
        child,
      ),
    );

    this.serviceName = service.metadata.name;
    this.host = pulumi.interpolate`${service.metadata.name}.${args.namespace}.svc`;
    this.url = pulumi.interpolate`${args.tls === undefined ? "http" : "https"}://${this.host}`;
    this.registerOutputs({
      host: this.host,
      port: this.port,
      url: this.url,
      serviceName: this.serviceName,
      replicas: this.replicas,
    });
  }

  /** The Secret with the certificate, and for an issuer the Certificate that makes cert-manager write it. */
  private tls(
    name: string,
    { tls, namespace, transform = {} }: ProxyArgs,
    workload: string,
  ): Pick<Parameters<typeof proxyPod>[0], "tls"> {
    if (tls === undefined) return {};
    const plainPort = tls.plainPort ?? "redirect";
    if (!("issuer" in tls)) return { tls: { secretName: tls.secretName, plainPort } };
    const secretName = `${workload}-tls`;
    const certificateName = `${name}-certificate`;
    new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.certificate,
        certificateName,
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name: secretName, namespace, labels: commonLabels(workload, "load-balancer") },
          spec: certificateSpec(tls, secretName),
        },
        { parent: this },
      ),
    );
    return { tls: { secretName, plainPort } };
  }
}

/** Ports that take requests, of the Service and of the pods. */
function trafficOf({ tls }: ProxyArgs): (keyof typeof SERVICE_PORTS)[] {
  if (tls === undefined) return ["http"];
  return tls.plainPort === "off" ? ["https"] : ["http", "https"];
}

function servicePorts(args: ProxyArgs): k8s.types.input.core.v1.ServicePort[] {
  return trafficOf(args).map((name) => ({ name, port: SERVICE_PORTS[name], targetPort: name }));
}

function summaryOf(
  proxy: ProxyKind,
  args: ProxyArgs,
  plan: ProxyPlan,
  workload: string,
  memoryLimitMiB: number,
): ProxySummary {
  return {
    configKey: args.configKey,
    workload,
    namespace: args.namespace,
    proxy,
    tls: args.tls !== undefined,
    minReplicas: plan.minReplicas,
    maxReplicas: plan.maxReplicas,
    zones: args.zones,
    maxUnavailable: args.maxUnavailable ?? 1,
    workers: plan.workers,
    workerConnections: plan.workerConnections,
    targetConnections: plan.targetConnections,
    clientsPerPod: plan.clientsPerPod,
    expectedClients: args.clientConnections,
    upstreamKeepAlive: plan.upstreamKeepAlive,
    memoryLimitMiB,
    timeouts: args.timeouts,
  };
}
