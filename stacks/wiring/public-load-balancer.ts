/**
 * What stands in front of the proxy. An ALB comes before the proxy, whose pods get their readiness gate from it; the
 * load balancer of Google Cloud comes after it, for GKE makes its endpoint groups when the proxy's pods are there.
 */
import * as compute from "@pulumi/gcp/compute";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ChainCdn } from "../../budget/timeouts/timeouts";
import { GOOGLE_FRONT_END_RANGES } from "../../budget/load-balancing/public-load-balancer";
import { CLOUDFLARE_RANGES } from "../../components/shared/http/cloudflare-ranges";
import { OriginLockSecret, type OriginLock } from "../../components/shared/http/origin-lock";
import { AwsAlb } from "../../components/load-balancing/public/aws/aws-alb";
import {
  AwsLoadBalancerController,
  READINESS_GATE_LABEL,
} from "../../components/load-balancing/public/aws/aws-load-balancer-controller";
import type {
  PublicLoadBalancerArgs,
  ProxyTarget,
  TrafficSources,
} from "../../components/load-balancing/public/public-load-balancer-args";
import { GcpLoadBalancer, negAnnotation } from "../../components/load-balancing/public/gcp/gcp-load-balancer";
import { workloadName } from "../../components/load-balancing/proxy/proxy-args";
import { HEALTH_PATH, PROXY_PORTS } from "../../components/load-balancing/proxy/proxy-conf-args";
import { physicalName } from "../../components/shared/physical-name";
import { originRecords } from "../stack-file/cdn-records";
import { own } from "../../budget/core/own";
import type { StackPlan } from "../../plan/plan-stack";
import type { StackConfig } from "../stack-file/config";
import { gcpZones } from "../stack-file/regions";

/** What the proxy has to know of what stands in front of it. */
export interface InFrontOfProxy {
  /** Ranges from which it is reached, besides those of the stack file. */
  readonly trustedProxies: readonly string[];
  /** Addresses that the load balancer writes behind the client's in X-Forwarded-For. */
  readonly loadBalancerAddresses: readonly pulumi.Input<string>[];
  /** True where clients come under the addresses of a CDN, which nobody can tell from one another. */
  readonly hidesClients: boolean;
  /** Annotations of the proxy's Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
  /** What has to be there before the first pod of the proxy. */
  readonly before: readonly pulumi.Resource[];
}

/** What is outside the cluster, for a CDN and for the stack's outputs. */
export interface PublicLoadBalancer {
  /** What a CDN connects to. */
  readonly hostname: pulumi.Output<string>;
  /** An ALB, when the cloud is aws. */
  readonly alb: AwsAlb | undefined;
  /** The load balancer of Google Cloud, when the cloud is gcp. */
  readonly gcp: GcpLoadBalancer | undefined;
}

/** What a CDN has to know, which is settled before there is a load balancer. */
export interface PublicOrigin {
  /** Host that a CDN connects to. */
  readonly hostname: string;
  /** What it has to send; undefined without a CDN. */
  readonly originLock: OriginLock | undefined;
}

/** The first half, before the proxy. */
export interface PreparedLoadBalancer {
  readonly origin: PublicOrigin;
  readonly proxy: InFrontOfProxy;
  /** The second half, when the proxy is there. */
  readonly complete: (proxy: ProxyFleet) => PublicLoadBalancer;
}

/** The proxy, as far as its load balancer is concerned. */
export type ProxyFleet = pulumi.Resource;

const NAME = "public-load-balancer";

/** Google takes 63 characters for a network endpoint group. */
const LONGEST_NEG_NAME = 63;

const CONFIG_KEY = "retrofitlink:loadBalancer.public";

/** Labels that the namespace of the pods has to have. */
export function publicLoadBalancerLabels({ cluster, loadBalancer }: StackConfig): Record<string, string> {
  return loadBalancer?.public !== undefined && cluster.cloud === "aws" ? { ...READINESS_GATE_LABEL } : {};
}

/** @returns undefined when nothing of the stack is reached from outside the cluster */
export function preparePublicLoadBalancer(
  config: StackConfig,
  plan: StackPlan,
  options: pulumi.ComponentResourceOptions,
): PreparedLoadBalancer | undefined {
  const { cluster } = config;
  const common = commonArgs(config, plan, options);
  if (common === undefined) return undefined;
  if (cluster.cloud === "aws") return prepareAws(config, cluster, common, options);
  return cluster.cloud === "gcp" ? prepareGcp(config, cluster, common, options) : undefined;
}

/** Name, ports and health of the proxy, which are fixed before it is made. Where it ends TLS, it is reached over TLS. */
function proxyTarget({ proxy, tls }: NonNullable<StackConfig["loadBalancer"]>): Required<ProxyTarget> {
  return {
    serviceName: workloadName(proxy),
    ...(tls === undefined
      ? { servicePort: 80, podPort: PROXY_PORTS.http, protocol: "HTTP" }
      : { servicePort: 443, podPort: PROXY_PORTS.https, protocol: "HTTPS" }),
    healthPath: HEALTH_PATH,
  };
}

type CommonArgs = PublicLoadBalancerArgs & {
  readonly proxy: Required<ProxyTarget>;
  readonly sources: TrafficSources;
};

function commonArgs(
  config: StackConfig,
  plan: StackPlan,
  options: pulumi.ComponentResourceOptions,
): CommonArgs | undefined {
  const { loadBalancer, cluster } = config;
  const settings = loadBalancer?.public;
  if (loadBalancer === undefined || settings === undefined) return undefined;
  const service = own(plan.services, loadBalancer.service);
  if (service === undefined) return undefined;
  if (cluster.cloud === "local") return undefined;
  const cdn = config.cdn?.provider ?? "none";
  const { certificate, sources, dnsZone } = settings;
  const records = originRecords(config);
  return {
    configKey: CONFIG_KEY,
    namespace: cluster.namespace,
    proxy: proxyTarget(loadBalancer),
    hosts: settings.hosts,
    ...(dnsZone === undefined ? {} : { dnsZone }),
    ...(records === undefined ? {} : { records }),
    certificate: certificate === "managed" ? { kind: "managed" } : { kind: "existing", ...certificate },
    sources: sourcesOf(cdn, sources),
    ...(cdn === "none" ? {} : { originLock: new OriginLockSecret("origin-lock", {}, options) }),
    accessLogDays: settings.accessLogDays,
    firewall: settings.firewall,
    budget: service.budget,
    timeouts: plan.front ?? service.timeouts,
    ...(plan.publicLoadBalancer === undefined ? {} : { plan: plan.publicLoadBalancer }),
  };
}

/** With a CDN it is the source; the stack file was refused if it named another. */
function sourcesOf(cdn: ChainCdn, sources: "internet" | readonly string[] | undefined): TrafficSources {
  if (cdn !== "none") return { kind: cdn };
  return sources === "internet" || sources === undefined
    ? { kind: "internet" }
    : { kind: "ranges", ranges: sources };
}

function originOf({ hosts, originLock }: PublicLoadBalancerArgs): PublicOrigin {
  return { hostname: hosts[0] ?? "", originLock };
}

function prepareAws(
  { environment, loadBalancer }: StackConfig,
  cluster: Extract<StackConfig["cluster"], { cloud: "aws" }>,
  common: CommonArgs,
  options: pulumi.ComponentResourceOptions,
): PreparedLoadBalancer | undefined {
  const settings = loadBalancer?.public?.aws;
  if (settings === undefined) return undefined;
  const { clusterName, region, vpcId } = cluster;
  const { subnetIds, nodeSecurityGroupId, controller, alarmTopicArn } = settings;
  const controllers =
    controller === "install"
      ? [
          new AwsLoadBalancerController(
            "aws-load-balancer-controller",
            { clusterName, region, vpcId },
            options,
          ),
        ]
      : [];
  const alb = new AwsAlb(
    NAME,
    {
      ...common,
      clusterName,
      network: { region, vpcId, subnetIds, nodeSecurityGroupId },
      deletionProtection: environment === "production",
      ...(alarmTopicArn === undefined ? {} : { alarmActions: [alarmTopicArn] }),
    },
    // The binding is of a kind that the controller brings along.
    after(options, controllers),
  );
  return {
    origin: originOf(common),
    proxy: {
      trustedProxies: [],
      loadBalancerAddresses: [],
      hidesClients: false,
      serviceAnnotations: {},
      before: [alb],
    },
    complete: () => ({ hostname: alb.hostname, alb, gcp: undefined }),
  };
}

function prepareGcp(
  config: StackConfig,
  cluster: Extract<StackConfig["cluster"], { cloud: "gcp" }>,
  common: CommonArgs,
  options: pulumi.ComponentResourceOptions,
): PreparedLoadBalancer {
  const { loadBalancer, environment } = config;
  const { project, region, network } = cluster;
  const { parent } = options;
  const address = new compute.GlobalAddress(
    `${NAME}-address`,
    { project, addressType: "EXTERNAL", ipVersion: "IPV4" },
    // Names point to it: a new one would be another address.
    { ...(parent === undefined ? {} : { parent }), protect: environment === "production" },
  );
  // A project of Google Cloud may hold more than this product.
  const prefix = `retrofitlink-${pulumi.getStack()}`;
  const negName = physicalName(`${prefix}-proxy`, LONGEST_NEG_NAME);
  const zones = loadBalancer?.public?.gcp?.zones ?? gcpZones(region);
  return {
    origin: originOf(common),
    proxy: {
      // Only Cloudflare names its ranges; CloudFront's are too many, so its edge passes for the client there.
      trustedProxies: [
        ...GOOGLE_FRONT_END_RANGES,
        ...(common.sources.kind === "cloudflare" ? [...CLOUDFLARE_RANGES.v4, ...CLOUDFLARE_RANGES.v6] : []),
      ],
      loadBalancerAddresses: [address.address],
      hidesClients: common.sources.kind === "cloudfront",
      serviceAnnotations: negAnnotation(common.proxy.servicePort, negName),
      before: [],
    },
    complete: (proxy) => {
      const gcp = new GcpLoadBalancer(
        NAME,
        {
          ...common,
          prefix,
          location: { project, region, network, zones },
          address: address.address,
          negName,
          longLivedPaths: [
            ...new Set(
              [
                loadBalancer?.routes ?? [],
                ...Object.values(config.services).map((service) => service.public?.routes ?? []),
              ]
                .flat()
                .map((route) => route.path),
            ),
          ],
        },
        after(options, [proxy]),
      );
      return { hostname: gcp.hostname, alb: undefined, gcp };
    },
  };
}

/** Options that wait for more. */
export function after(
  options: pulumi.ComponentResourceOptions,
  more: readonly pulumi.Resource[],
): pulumi.ComponentResourceOptions {
  return pulumi.mergeOptions(options, { dependsOn: [...more] });
}

/** Lays annotations over those of a Service. */
export function withAnnotations(
  annotations: Readonly<Record<string, string>>,
): (args: k8s.core.v1.ServiceArgs) => k8s.core.v1.ServiceArgs {
  return (args) => ({
    ...args,
    metadata: pulumi.output(args.metadata).apply((metadata) => ({
      ...metadata,
      annotations: { ...metadata?.annotations, ...annotations },
    })),
  });
}
