/** The way of a request to a stack's public service: proxy, public load balancer, CDN, and the function for its images. */
import { own } from "../budget/core/own";
import { cdnBehaviors, loadClasses } from "../budget/edge/behaviors";
import { planImages, type ImagePlan } from "../budget/edge/image-plan";
import { planCdn, type CdnPlan } from "../budget/edge/plan";
import { workloadName } from "../budget/load-balancing/proxy";
import { planProxy, type ProxyPlan } from "../budget/load-balancing/proxy-plan";
import { planPublicLoadBalancer, type PublicLoadBalancerPlan } from "../budget/load-balancing/public-plan";
import type { PerformanceBudget } from "../budget/core/performance-budget";
import { MAX_UNAVAILABLE, type ServicePlan } from "../budget/service/plan";
import type { TimeoutChain } from "../budget/timeouts/timeouts";
import type { CdnInput, LoadBalancerInput, ServiceInput, StackInputs } from "./stack-inputs";

/** What is planned for the way to the public service; what the stack does not have is undefined. */
export interface PlannedTraffic {
  readonly proxy?: ProxyPlan;
  readonly publicLoadBalancer?: PublicLoadBalancerPlan;
  readonly cdn?: CdnPlan;
  /** Of the function that makes the variants of images; Cloudflare makes them without one. */
  readonly images?: ImagePlan;
}

/** What is planned for a service already. */
interface PlannedService {
  readonly budget: PerformanceBudget;
  readonly timeouts: TimeoutChain;
  readonly plan: ServicePlan;
}

/** The service that the way leads to. */
interface Exposed {
  readonly name: string;
  readonly key: string;
  readonly input: ServiceInput;
  readonly planned: PlannedService;
}

export function planTraffic(
  inputs: StackInputs,
  services: Readonly<Record<string, PlannedService>>,
): PlannedTraffic {
  const { loadBalancer, cdn } = inputs;
  if (loadBalancer === undefined) return {};
  const { service: name } = loadBalancer;
  const input = own(inputs.services, name);
  const planned = own(services, name);
  if (input === undefined || planned === undefined) return {};
  const exposed = { name, key: `retrofitlink:services.${name}`, input, planned };
  const proxy = proxyOf(inputs, loadBalancer, exposed);
  return {
    proxy,
    ...publicOf(inputs, loadBalancer, exposed, proxy),
    ...(cdn === undefined ? {} : cdnOf(cdn, loadBalancer, exposed)),
  };
}

function proxyOf(
  { cluster }: StackInputs,
  loadBalancer: LoadBalancerInput,
  { key, input, planned }: Exposed,
): ProxyPlan {
  const { proxy, tls, clientConnections, cpuCores, maxBodyMiB } = loadBalancer;
  return planProxy({
    workload: workloadName(proxy),
    proxy,
    tls: tls !== undefined,
    demand: input.demand,
    serviceTimeSeconds: input.profile.serviceTimeSeconds,
    clientConnections,
    cpuCores,
    budget: planned.budget,
    disruption: { zones: cluster.zones, maxUnavailable: MAX_UNAVAILABLE },
    upstreamAddresses: planned.plan.numbers.max.value,
    maxBodyMiB,
    timeouts: planned.timeouts,
    serviceKey: key,
  });
}

function publicOf(
  { cluster, cdn }: StackInputs,
  { public: settings }: LoadBalancerInput,
  { key, input, planned }: Exposed,
  proxy: ProxyPlan,
): Pick<PlannedTraffic, "publicLoadBalancer"> {
  const { cloud, zones } = cluster;
  if (settings === undefined || cloud === "local") return {};
  const given = Array.isArray(settings.sources) ? "ranges" : "internet";
  return {
    publicLoadBalancer: planPublicLoadBalancer({
      cloud,
      sources: cdn?.provider ?? given,
      firewall: settings.firewall,
      accessLogDays: settings.accessLogDays,
      timeouts: planned.timeouts,
      fleet: {
        demand: input.demand,
        minReplicas: proxy.numbers.minReplicas.value,
        disruption: { zones, maxUnavailable: MAX_UNAVAILABLE },
      },
      timeoutsKey: `${key}.maxRequestSeconds`,
    }),
  };
}

function cdnOf(
  cdn: CdnInput,
  { rateLimit }: LoadBalancerInput,
  { name, key, input, planned }: Exposed,
): Pick<PlannedTraffic, "cdn" | "images"> {
  const { peakRps, shares, hitRatios } = cdn.traffic;
  const plan = planCdn({
    traffic: { peakRps, shares, ...(hitRatios === undefined ? {} : { hitRatios }) },
    classes: loadClasses(cdnBehaviors(cdn)),
    budget: planned.budget,
    rateLimit,
    timeouts: planned.timeouts,
    service: { name, peakRps: input.demand.peakRps, key: `${key}.demand.peakRps` },
    timeoutsKey: `${key}.maxRequestSeconds`,
  });
  const load = plan.classes.find(({ target }) => target === "images");
  if (cdn.images === undefined || load === undefined) return { cdn: plan };
  return {
    cdn: plan,
    images: planImages({
      cloud: "aws",
      peakRps: load.rps,
      hitRatio: load.hitRatio,
      maxUtilization: planned.budget.cpuUtilization.target,
      secondsPerImage: cdn.images.secondsPerImage,
    }),
  };
}
