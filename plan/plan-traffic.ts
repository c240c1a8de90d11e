/** The way of a request to a stack's public services: proxy, public load balancer, CDN, and the function for its images. */
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
import { frontChain, publicServices } from "./public-services";
import type { CdnInput, LoadBalancerInput, ServiceInput, StackInputs } from "./stack-inputs";

/** What is planned for the way to the public services; what the stack does not have is undefined. */
export interface PlannedTraffic {
  /** What is in front of the proxy waits as the public service with the longest request needs it. */
  readonly front?: TimeoutChain;
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

/** A service that the way leads to. */
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
  const [first, ...others] = publicServices(inputs).flatMap((name): Exposed[] => {
    const [input, planned] = [own(inputs.services, name), own(services, name)];
    const key = `retrofitlink:services.${name}`;
    return input === undefined || planned === undefined ? [] : [{ name, key, input, planned }];
  });
  const timeouts = frontChain(inputs);
  if (first === undefined || timeouts === undefined) return {};
  const proxy = proxyOf(inputs, loadBalancer, first, others);
  const front = { timeouts, services: [first, ...others] };
  return {
    front: timeouts,
    proxy,
    ...publicOf(inputs, loadBalancer, front, proxy),
    ...(cdn === undefined ? {} : cdnOf(cdn, loadBalancer, first, front)),
  };
}

/** All public services, and what is in front of them. */
interface Front {
  readonly timeouts: TimeoutChain;
  readonly services: readonly Exposed[];
}

/** Requests/s at peak of all of them. */
function peakOf({ services }: Front): number {
  return services.reduce((sum, { input }) => sum + input.demand.peakRps, 0);
}

/** Key that the timeouts in front follow from: that of the longest request. */
function longestKey({ services }: Front): string {
  const [first, ...others] = services;
  const longest = others.reduce(
    (most, one) => (one.input.maxRequestSeconds > (most?.input.maxRequestSeconds ?? 0) ? one : most),
    first,
  );
  return `${longest?.key ?? ""}.maxRequestSeconds`;
}

function proxyOf(
  { cluster }: StackInputs,
  loadBalancer: LoadBalancerInput,
  { name, key, input, planned }: Exposed,
  others: readonly Exposed[],
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
    service: name,
    others: others.map((other) => ({
      service: other.name,
      key: other.key,
      demand: other.input.demand,
      serviceTimeSeconds: other.input.profile.serviceTimeSeconds,
      concurrency: other.input.profile.concurrencyPerPod,
      upstreamAddresses: other.planned.plan.numbers.max.value,
      maxBodyMiB: other.input.public?.maxBodyMiB ?? maxBodyMiB,
      rateLimit: other.input.public?.rateLimit,
      countedApart: other.input.public?.rateLimit !== undefined,
      budget: other.planned.budget,
      timeouts: other.planned.timeouts,
    })),
  });
}

function publicOf(
  { cluster, cdn }: StackInputs,
  { public: settings }: LoadBalancerInput,
  front: Front,
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
      timeouts: front.timeouts,
      fleet: {
        demand: { peakRps: peakOf(front) },
        minReplicas: proxy.numbers.minReplicas.value,
        disruption: { zones, maxUnavailable: MAX_UNAVAILABLE },
      },
      timeoutsKey: longestKey(front),
    }),
  };
}

function cdnOf(
  cdn: CdnInput,
  { rateLimit }: LoadBalancerInput,
  { key, planned }: Exposed,
  front: Front,
): Pick<PlannedTraffic, "cdn" | "images"> {
  const { peakRps, shares, hitRatios } = cdn.traffic;
  const plan = planCdn({
    traffic: { peakRps, shares, ...(hitRatios === undefined ? {} : { hitRatios }) },
    classes: loadClasses(cdnBehaviors(cdn)),
    budget: planned.budget,
    rateLimit,
    timeouts: front.timeouts,
    service: {
      name: front.services.map(({ name }) => name).join(" and "),
      peakRps: peakOf(front),
      key: `${key}.demand.peakRps`,
    },
    timeoutsKey: longestKey(front),
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
