/** A fleet of proxies in front of one service or several: everything that does not depend on the program. */
import { basename } from "node:path/posix";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { assertValid } from "../../shared/issues";
import { valuesOf } from "../../../budget/core/derived";
import { plannedPart } from "../../../budget/core/summary";
import { totalDemand, type ProxyKind } from "../../../budget/load-balancing/proxy";
import type { Demand } from "../../../budget/service/demand";
import type { ProxyPlan } from "../../../budget/load-balancing/proxy-plan";
import type { ProxySummary } from "../../../budget/load-balancing/summary";
import { MAX_SURGE } from "../../../budget/service/plan";
import { DisruptionBudget } from "../../autoscaling/disruption-budget";
import type { EventDrivenAutoscaler } from "../../autoscaling/event-driven-autoscaler";
import type { HorizontalAutoscaler } from "../../autoscaling/horizontal-autoscaler";
import { checksum } from "../../shared/checksum";
import { commonLabels, metadataOf, selectorLabels } from "../../shared/kubernetes";
import { transformed } from "../../shared/transform";
import {
  completeProxyArgs,
  ownTimeouts,
  planOfProxy,
  workloadName,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "./proxy-args";
import { ACCESS_PROGRAM, accessExporter, accessProgramOf } from "./access-exporter";
import { proxyAutoscaler, type ConnectionMetric } from "./proxy-autoscaling";
import { PROXY_PORTS } from "./proxy-conf-args";
import { proxyNetworkPolicy } from "./proxy-network";
import { proxyPod, type ProxyProgram } from "./proxy-pod";
import { proxyIssues } from "./proxy-issues";
import { certificateSpec } from "./proxy-tls";
import { proxyWitnesses } from "./proxy-witnesses";

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
  readonly configuration: (
    args: CompleteProxyArgs,
    plan: ProxyPlan,
    workload: string,
  ) => pulumi.Output<string>;
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
  readonly plan: ProxyPlan;
  /** Bounds of the autoscaler, pods. */
  readonly replicas: { readonly min: number; readonly max: number };
  readonly config: k8s.core.v1.ConfigMap;
  readonly service: k8s.core.v1.Service;
  readonly deployment: k8s.apps.v1.Deployment;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;
  /** Owner of the replicas. */
  readonly autoscaler: HorizontalAutoscaler | EventDrivenAutoscaler;
  readonly disruptionBudget: DisruptionBudget;
  /** HAProxy's headless Service, by which its pods count each other. */
  readonly fleet: k8s.core.v1.Service | undefined;
  /** Of an issuer: makes cert-manager write the Secret. */
  readonly certificate: k8s.apiextensions.CustomResource | undefined;

  protected constructor(
    definition: ProxyDefinition,
    name: string,
    given: ProxyArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { proxy, component, type, program } = definition;
    const args = completeProxyArgs(given);
    const workload = args.name ?? workloadName(proxy);
    assertValid(component, name, proxyIssues(proxy, given), given.configKey);
    const plan = args.plan ?? planOfProxy(proxy, workload, args);
    const sizes = valuesOf(plan.numbers);
    const timeouts = ownTimeouts(args);
    const summary: ProxySummary = {
      configKey: args.configKey ?? name,
      workload,
      ...(typeof args.namespace === "string" ? { namespace: args.namespace } : {}),
      proxy,
      tls: args.tls !== undefined,
      zones: args.zones,
      maxUnavailable: args.maxUnavailable,
      timeouts,
      ...(args.services === undefined || args.services.length === 0
        ? {}
        : { services: args.services.map((service) => service.name) }),
      ...plannedPart(plan, proxyWitnesses(name, program, args, plan)),
    };
    super(type, name, summary, opts);
    this.plan = plan;
    this.replicas = { min: sizes.minReplicas, max: sizes.maxReplicas };
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
          [basename(program.configPath)]: definition.configuration(args, plan, workload),
          [ACCESS_PROGRAM.key]: accessProgramOf(proxy, args),
        },
      },
      child,
    );
    this.config = new k8s.core.v1.ConfigMap(configName, configArgs, configOpts);

    const serviceName = `${name}-service`;
    const serviceType = args.serviceType ?? "ClusterIP";
    this.service = new k8s.core.v1.Service(
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
    const tls = this.tls(name, args, workload);
    this.certificate = tls.certificate;
    this.deployment = new k8s.apps.v1.Deployment(
      ...transformed<k8s.apps.v1.DeploymentArgs>(
        transform.deployment,
        deploymentName,
        {
          metadata: metadata(workload),
          // No replicas: they belong to the autoscaler.
          spec: {
            strategy: {
              type: "RollingUpdate",
              rollingUpdate: { maxUnavailable: 0, maxSurge: `${MAX_SURGE * 100}%` },
            },
            revisionHistoryLimit: 3,
            selector,
            template: proxyPod({
              program: { ...program, sidecars: [...program.sidecars, accessExporter(args)] },
              app: workload,
              labels,
              cpuCores: args.cpuCores,
              memoryLimitMiB: sizes.memoryLimitMiB,
              plan: sizes,
              drain: timeouts.drain,
              configName: this.config.metadata.name,
              configChecksum: checksum(configArgs.data),
              ...(tls.secret === undefined ? {} : { tls: tls.secret }),
            }),
          },
        },
        { ...child, dependsOn: [this.service] },
      ),
    );

    if (definition.fleetService !== undefined) {
      const fleetName = `${name}-fleet`;
      this.fleet = new k8s.core.v1.Service(
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

    this.autoscaler = proxyAutoscaler(
      name,
      {
        workload,
        deployment: this.deployment.metadata.name,
        labels,
        program,
        connections: definition.connections,
        args,
        demand: demandOf(args),
        plan,
      },
      child,
    );
    this.disruptionBudget = new DisruptionBudget(
      `${name}-disruption-budget`,
      {
        workload,
        namespace: args.namespace,
        labels,
        matchLabels: selector.matchLabels,
        maxUnavailable: args.maxUnavailable,
        transform,
      },
      child,
    );

    const networkPolicyName = `${name}-network-policy`;
    const traffic = trafficOf(args).map((port) => PROXY_PORTS[port]);
    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
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

    this.serviceName = this.service.metadata.name;
    this.host = pulumi.interpolate`${this.serviceName}.${args.namespace}.svc`;
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
    { tls, namespace, transform = {} }: CompleteProxyArgs,
    workload: string,
  ): { readonly secret?: ProxySecret; readonly certificate?: k8s.apiextensions.CustomResource } {
    if (tls === undefined) return {};
    const plainPort = tls.plainPort ?? "redirect";
    if (!("issuer" in tls)) return { secret: { secretName: tls.secretName, plainPort } };
    const secretName = `${workload}-tls`;
    const certificateName = `${name}-certificate`;
    const certificate = new k8s.apiextensions.CustomResource(
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
    return { secret: { secretName, plainPort }, certificate };
  }
}

type ProxySecret = NonNullable<Parameters<typeof proxyPod>[0]["tls"]>;

/** What all services together ask. */
function demandOf({ upstream, services = [] }: CompleteProxyArgs): Demand {
  const others = services.map(({ upstream: { demand } }) => ({ demand }));
  return totalDemand({ demand: upstream.demand, others });
}

/** Ports that take requests, of the Service and of the pods. */
function trafficOf({ tls }: ProxyArgs): (keyof typeof SERVICE_PORTS)[] {
  if (tls === undefined) return ["http"];
  return tls.plainPort === "off" ? ["https"] : ["http", "https"];
}

function servicePorts(args: ProxyArgs): k8s.types.input.core.v1.ServicePort[] {
  return trafficOf(args).map((name) => ({ name, port: SERVICE_PORTS[name], targetPort: name }));
}
