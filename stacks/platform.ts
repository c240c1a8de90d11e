/** The whole system: what there is, and what is connected to what. Every number comes from budget/. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { servicePoolSize } from "../budget/connections";
import { COMPONENT_TYPES, type PlatformSummary } from "../budget/summaries";
import { timeoutLadder, type TimeoutLadder } from "../budget/timeouts";
import { Redis, type RedisUser } from "../components/caching/redis";
import { Nginx } from "../components/load-balancing/nginx";
import { ElasticService, MAX_SURGE, servicePlan } from "../components/workload/elastic-service";
import { serviceBudget, type CacheConfig, type ServiceConfig, type StackConfig } from "./config";

/** Parent of everything in a stack. Policies read from it what concerns all of them. */
class PlatformComponent extends pulumi.ComponentResource {
  constructor(name: string, summary: PlatformSummary) {
    super(COMPONENT_TYPES.platform, name, summary);
    this.registerOutputs({});
  }
}

/** What the stack tells about itself when it is up. */
export interface Platform {
  readonly namespace: pulumi.Output<string>;
  readonly services: Readonly<
    Record<string, { url: pulumi.Output<string>; minReplicas: number; maxReplicas: number }>
  >;
  readonly caches: Readonly<Record<string, { url: pulumi.Output<string>; maxClients: number }>>;
  readonly loadBalancer: { readonly url: pulumi.Output<string> } | undefined;
}

/** Builds a stack from its configuration. */
export function createPlatform(config: StackConfig): Platform {
  const { cluster, environment, waivers } = config;
  const platform = new PlatformComponent("platform", {
    environment,
    zones: cluster.zones,
    exposedService: config.loadBalancer?.service ?? "",
    waivers,
  });
  const provider = new k8s.Provider(
    "cluster",
    {
      ...(cluster.kubeContext === undefined ? {} : { context: cluster.kubeContext }),
      // Config and credentials roll out by a checksum in the pod template; a replaced object would be missing for a
      // moment, and the pods that start in it would fail.
      enableConfigMapMutable: true,
      enableSecretMutable: true,
    },
    { parent: platform },
  );
  const namespace = new k8s.core.v1.Namespace(
    "namespace",
    {
      metadata: {
        name: cluster.namespace,
        // Every component passes the strictest of the Pod Security Standards.
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    { provider, parent: platform },
  );
  const options = { provider, parent: platform, dependsOn: [namespace] };

  const caches = mapValues(config.caches, (cache, name) => createCache(config, name, cache, options));
  const services = mapValues(config.services, (service, name) =>
    createService(config, name, service, caches, options),
  );
  const loadBalancer = createLoadBalancer(config, services, options);

  return {
    namespace: namespace.metadata.name,
    services: mapValues(services, ({ url, replicas }) => ({
      url,
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
    })),
    caches: mapValues(caches, ({ url, maxClients }) => ({ url, maxClients })),
    loadBalancer: loadBalancer === undefined ? undefined : { url: loadBalancer.url },
  };
}

/** A cache, sized for the services that name it at their largest. */
function createCache(
  config: StackConfig,
  name: string,
  cache: CacheConfig,
  options: pulumi.ComponentResourceOptions,
): Redis {
  const users: RedisUser[] = Object.entries(config.services)
    .filter(([, service]) => service.caches[name] !== undefined)
    .map(([serviceName, service]) => ({
      service: serviceName,
      maxReplicas: planOf(config, service).max,
      maxSurge: MAX_SURGE,
      processesPerPod: service.processesPerPod,
      poolSize: poolSizeOf(service, name),
    }));
  const { workingSetMiB, cpuCores, memoryLimitMiB } = cache;
  const common = {
    configKey: `retrofitlink:caches.${name}`,
    namespace: config.cluster.namespace,
    workingSetMiB,
    cpuCores,
    users,
    ...(memoryLimitMiB === undefined ? {} : { memoryLimitMiB }),
  };
  return cache.purpose === "cache"
    ? new Redis(name, { ...common, purpose: "cache" }, options)
    : new Redis(name, { ...common, purpose: "session", storage: cache.storage }, options);
}

function createService(
  config: StackConfig,
  name: string,
  service: ServiceConfig,
  caches: Readonly<Record<string, Redis>>,
  options: pulumi.ComponentResourceOptions,
): ElasticService {
  const used = Object.keys(service.caches).flatMap((cacheName) => {
    const cache = caches[cacheName];
    if (cache === undefined) return [];
    const { host, port, passwordSecret } = cache;
    return [{ name: cacheName, host, port, passwordSecret, poolSize: poolSizeOf(service, cacheName) }];
  });
  return new ElasticService(
    name,
    {
      configKey: `retrofitlink:services.${name}`,
      namespace: config.cluster.namespace,
      image: service.image,
      port: service.port,
      budget: serviceBudget(config, service),
      demand: service.demand,
      profile: service.profile,
      resources: service.resources,
      zones: config.cluster.zones,
      timeouts: ladderOf(config, service),
      health: service.health,
      environment: service.environment,
      caches: used,
      processesPerPod: service.processesPerPod,
    },
    options,
  );
}

/** The proxy in front of one service, with the timeouts of that service. */
function createLoadBalancer(
  config: StackConfig,
  services: Readonly<Record<string, ElasticService>>,
  options: pulumi.ComponentResourceOptions,
): Nginx | undefined {
  const { loadBalancer, cluster } = config;
  const service = config.services[loadBalancer?.service ?? ""];
  const upstream = services[loadBalancer?.service ?? ""];
  if (loadBalancer?.proxy !== "nginx" || service === undefined || upstream === undefined) return undefined;
  return new Nginx(
    "nginx-load-balancer",
    {
      configKey: "retrofitlink:loadBalancer",
      namespace: cluster.namespace,
      upstream: {
        host: upstream.podsHost,
        port: upstream.port,
        addresses: upstream.replicas.max,
        demand: service.demand,
        serviceTimeSeconds: service.profile.serviceTimeSeconds,
        webSocketPaths: loadBalancer.webSocketPaths,
      },
      clientConnections: loadBalancer.clientConnections,
      rateLimit: loadBalancer.rateLimit,
      trustedProxies: loadBalancer.trustedProxies,
      maxBodyMiB: loadBalancer.maxBodyMiB,
      cpuCores: loadBalancer.cpuCores,
      zones: cluster.zones,
      budget: serviceBudget(config, service),
      timeouts: ladderOf(config, service),
    },
    options,
  );
}

function planOf(config: StackConfig, service: ServiceConfig): ReturnType<typeof servicePlan> {
  const { demand, profile } = service;
  return servicePlan({
    demand,
    profile,
    budget: serviceBudget(config, service),
    zones: config.cluster.zones,
  });
}

function poolSizeOf(service: ServiceConfig, cache: string): number {
  const calls = service.caches[cache] ?? { callsPerRequest: 0, callSeconds: 0 };
  return servicePoolSize(service.profile, service.processesPerPod, calls);
}

function ladderOf(config: StackConfig, service: ServiceConfig): TimeoutLadder {
  return timeoutLadder({ maxRequestSeconds: service.maxRequestSeconds, cloud: config.cluster.cloud });
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
