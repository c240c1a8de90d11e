/** Operators, nodes and rules of autoscaling, and what each service is told of them. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { forecastRules } from "../../budget/autoscaling/forecast-rules";
import { plannedForecast } from "../../budget/autoscaling/planned-forecast";
import { proxyRules, serviceRules } from "../../budget/autoscaling/signals";
import { own } from "../../budget/core/own";
import { inGroups, rulesFile, type RuleGroup } from "../../budget/monitoring/rule-groups";
import { ClusterAutoscaler } from "../../components/autoscaling/cluster-autoscaler";
import type {
  MetricAuthentication,
  RedisAddress,
} from "../../components/autoscaling/event-driven-autoscaler";
import { GkeNodePool } from "../../components/autoscaling/gke-node-pool";
import { headroomPriorityClass } from "../../components/autoscaling/headroom";
import { Karpenter } from "../../components/autoscaling/karpenter";
import { KarpenterNodes } from "../../components/autoscaling/karpenter-nodes";
import type { MetricSource } from "../../components/autoscaling/metric-source";
import { Keda, MetricsServer, VerticalPodAutoscalerOperator } from "../../components/autoscaling/operators";
import type { Cache } from "../../components/caching/cache-endpoint";
import { HAPROXY_CONNECTIONS } from "../../components/load-balancing/proxy/haproxy/haproxy";
import { NGINX_CONNECTIONS } from "../../components/load-balancing/proxy/nginx/nginx";
import { prometheusUrl } from "../../components/monitoring/prometheus-stack";
import { PrometheusRules } from "../../components/monitoring/prometheus-rules";
import { priorityClassName } from "../../components/shared/priorities";
import { workloadName } from "../../components/load-balancing/proxy/proxy-args";
import type { ServiceAutoscaling } from "../../components/workload/service-autoscaling";
import { headroomOf } from "../../plan/plan-autoscaling";
import type { PlannedService, StackPlan } from "../../plan/plan-stack";
import type { ServiceConfig, StackConfig } from "../stack-file/config";

/** What the rest of a stack needs of it. */
export interface Autoscaling {
  /** Undefined where the stack names no Prometheus. */
  readonly prometheus: MetricSource | undefined;
  /** What has the definitions of the objects of services and proxies. */
  readonly operators: readonly pulumi.Resource[];
  /** Undefined where no pause pods keep room. */
  readonly headroomPriorityClass: pulumi.Output<string> | undefined;
}

/** @param options of what is the cluster's and not the namespace's */
export function createAutoscaling(
  config: StackConfig,
  plan: StackPlan,
  options: pulumi.ComponentResourceOptions,
): Autoscaling {
  const { operators: chosen } = config.autoscaling;
  const prometheus = metricSource(config);
  const wantsKeda =
    Object.values(plan.services).some(({ autoscaling }) => autoscaling.steering.kind === "keda") ||
    (prometheus !== undefined && config.loadBalancer !== undefined);
  const wantsVpa = Object.values(config.services).some(
    ({ autoscaling }) => (autoscaling?.memory ?? "none") !== "none",
  );
  const keda = wantsKeda && chosen.keda === "install" ? [new Keda("keda", {}, options).release] : [];
  const vpa =
    wantsVpa && chosen.verticalPodAutoscaler === "install"
      ? [new VerticalPodAutoscalerOperator("vertical-pod-autoscaler", {}, options).release]
      : [];
  if (chosen.metricsServer === "install") new MetricsServer("metrics-server", {}, options);
  const nodes = createNodes(config, options);
  return {
    prometheus,
    operators: [...keda, ...vpa, ...nodes],
    headroomPriorityClass: createHeadroomPriority(config, options),
  };
}

/** One for the stack: classes are the cluster's. */
function createHeadroomPriority(
  config: StackConfig,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (headroomOf(config) !== "pause-pods") return undefined;
  return new k8s.scheduling.v1.PriorityClass(
    "priority-headroom",
    headroomPriorityClass(priorityClassName(config.environment, "headroom")),
    options,
  ).metadata.name;
}

/** @returns what has definitions of objects of a namespace */
function createNodes(
  { cluster, autoscaling }: StackConfig,
  options: pulumi.ComponentResourceOptions,
): pulumi.Resource[] {
  const { nodes, headroom } = autoscaling;
  if (nodes === undefined) return [];
  const capacityBuffers = headroom === "capacity-buffer";
  if (nodes.kind === "gke-node-pool") {
    if (cluster.cloud !== "gcp") return [];
    const { clusterName, machineType, fewestNodes: min, mostNodes: max, spot } = nodes;
    const { project, region: location } = cluster;
    new GkeNodePool(
      "nodes",
      { project, location, cluster: clusterName, machineType, min, max, spot },
      options,
    );
    return [];
  }
  if (cluster.cloud !== "aws") return [];
  const { clusterName, region, subnetIds } = cluster;
  if (nodes.kind === "cluster-autoscaler") {
    new ClusterAutoscaler(
      "cluster-autoscaler",
      {
        clusterName,
        region,
        priorities: Object.fromEntries(nodes.priorities.map(({ priority, groups }) => [priority, groups])),
        scaleDown: { unneededSeconds: nodes.unneededSeconds },
        capacityBuffers,
      },
      options,
    );
    return [];
  }
  const { nodeRoleArn, amiAlias, spot, mostCpuCores: cpuCores, mostMemoryGiB: memoryGiB } = nodes;
  const karpenter = new Karpenter(
    "karpenter",
    { clusterName, region, nodeRoleArn, capacityBuffers },
    options,
  );
  new KarpenterNodes(
    "nodes",
    {
      clusterName,
      nodeRoleName: nodeRoleArn.split("/").pop() ?? "",
      subnetIds,
      amiAlias,
      capacityTypes: spot ? ["spot", "on-demand"] : ["on-demand"],
      limits: { cpuCores, memoryGiB },
    },
    { ...options, dependsOn: [karpenter.release] },
  );
  return [karpenter.definitions];
}

/** Entries of the Secret, by what they prove. */
function authenticationOf({
  authentication,
  secretName: name,
}: NonNullable<StackConfig["autoscaling"]["prometheus"]>): MetricAuthentication | undefined {
  if (name === undefined || authentication === "none") return undefined;
  const entry = (key: string): { name: string; key: string } => ({ name, key });
  switch (authentication) {
    case "bearer":
      return { kind: "bearer", token: entry("token") };
    case "basic":
      return { kind: "basic", username: entry("username"), password: entry("password") };
    case "tls":
      return {
        kind: "tls",
        authority: entry("ca.crt"),
        certificate: entry("tls.crt"),
        key: entry("tls.key"),
      };
  }
}

function metricSource(config: StackConfig): MetricSource | undefined {
  const { autoscaling, cluster } = config;
  const { prometheus } = autoscaling;
  if (prometheus === undefined) return undefined;
  const authentication = authenticationOf(prometheus);
  const url = prometheus.url ?? prometheusUrl(cluster.monitoringNamespace);
  const doubt = otherPrometheus(config);
  if (doubt !== undefined) void pulumi.log.warn(doubt);
  const { namespace } = cluster;
  return { url, namespace, ...(authentication === undefined ? {} : { authentication }) };
}

/** What is odd about asking another Prometheus of the cluster than the one that the stack installs; it may stand in front of it. */
export function otherPrometheus({ autoscaling, cluster, monitoring }: StackConfig): string | undefined {
  const url = autoscaling.prometheus?.url?.replace(/\/$/, "");
  const installed = prometheusUrl(cluster.monitoringNamespace);
  if (monitoring?.kind !== "install" || url === undefined || url === installed) return undefined;
  if (!/^https?:\/\/[^/]+\.svc(\.[^/:]+)?(:\d+)?(\/|$)/.test(url)) return undefined;
  return (
    `retrofitlink:autoscaling.prometheus.url: ${url} is another Prometheus of the cluster than ${installed}, which this stack ` +
    "installs and which records what KEDA asks for. Leave the key out unless it asks that one."
  );
}

/** What a service is told. */
export function serviceAutoscaling(
  config: StackConfig,
  service: ServiceConfig,
  { autoscaling: planned }: PlannedService,
  caches: Readonly<Record<string, Cache>>,
  { prometheus, operators, headroomPriorityClass: priority }: Autoscaling,
): ServiceAutoscaling {
  const headroom = headroomOf(config);
  return {
    ...planned,
    scaling: service.autoscaling,
    ...(prometheus === undefined ? {} : { prometheus }),
    queues: queuesOf(service, caches),
    ...(headroom === "none" ? {} : { headroom }),
    ...(priority === undefined ? {} : { headroomPriorityClass: priority }),
    operators,
  };
}

function queuesOf(
  { autoscaling }: ServiceConfig,
  caches: Readonly<Record<string, Cache>>,
): Record<string, RedisAddress> {
  return Object.fromEntries(
    (autoscaling?.queues ?? []).flatMap(({ cache: name }) => {
      const cache = own(caches, name);
      return cache === undefined ? [] : [[name, redisAddress(cache)] as const];
    }),
  );
}

function redisAddress({ endpoint }: Cache): RedisAddress {
  const { host, port, passwordSecret: password, tls = false, sentinel } = endpoint;
  return {
    addresses: sentinel?.addresses ?? pulumi.interpolate`${host}:${port}`,
    ...(sentinel === undefined ? {} : { sentinelMaster: sentinel.masterName }),
    password,
    tls,
  };
}

/** What Prometheus keeps of a stack for its autoscaling. */
export function scalingRuleGroups(config: StackConfig, plan: StackPlan): RuleGroup[] {
  const { cluster, services, loadBalancer } = config;
  const { namespace } = cluster;
  const ofServices = Object.entries(services).flatMap(([deployment, { profile }]) =>
    serviceRules({ namespace, deployment }, profile.concurrencyPerPod),
  );
  const ofProxy = loadBalancer === undefined ? [] : rulesOfProxy(namespace, loadBalancer.proxy);
  return [
    ...inGroups({ name: "retrofitlink-autoscaling", interval: "15s", rules: [...ofServices, ...ofProxy] }),
    ...forecastGroups(config, plan),
  ];
}

/** The forecast of each service that wants one. */
function forecastGroups({ cluster, services }: StackConfig, plan: StackPlan): RuleGroup[] {
  return Object.entries(services).flatMap(([service, { autoscaling, profile }]) => {
    const mode = autoscaling?.forecast?.mode ?? "off";
    const planned = own(plan.services, service);
    if (mode === "off" || planned === undefined) return [];
    const { busyAtTarget, horizon } = planned.autoscaling.plan.numbers;
    return forecastRules(
      plannedForecast({
        namespace: cluster.namespace,
        service,
        mode,
        busyAtTarget: busyAtTarget.value,
        busy: planned.plan.numbers.busy.value,
        maxUtilization: profile.maxUtilization,
        horizonSeconds: Number(horizon?.value),
      }),
    );
  });
}

function rulesOfProxy(namespace: string, proxy: "nginx" | "haproxy"): RuleGroup["rules"] {
  const { name, matchLabels } = proxy === "nginx" ? NGINX_CONNECTIONS : HAPROXY_CONNECTIONS;
  return proxyRules({ namespace, deployment: workloadName(proxy) }, name, matchLabels);
}

/** The rules as one object, where the stack says that an operator loads it. */
export function createScalingRules(
  config: StackConfig,
  plan: StackPlan,
  options: pulumi.ComponentResourceOptions,
): PrometheusRules | undefined {
  const { prometheus } = config.autoscaling;
  if (prometheus?.rules !== "object") return undefined;
  const { namespace } = config.cluster;
  return new PrometheusRules(
    "autoscaling-rules",
    { namespace, groups: scalingRuleGroups(config, plan) },
    options,
  );
}

/** The rules as a file, where no operator loads an object. */
export function scalingRulesText(config: StackConfig, plan: StackPlan): string | undefined {
  return config.autoscaling.prometheus?.rules === "file"
    ? rulesFile(scalingRuleGroups(config, plan))
    : undefined;
}
