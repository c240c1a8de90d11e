import * as pulumi from "@pulumi/pulumi";

import type { Cache } from "../../components/caching/cache-endpoint";
import { CA_FILE } from "../../components/database/database-endpoint";
import { workloadName } from "../../components/load-balancing/proxy/proxy-args";
import { selectorLabels } from "../../components/shared/kubernetes";
import { ElasticService } from "../../components/workload/elastic-service";
import type {
  ElasticServiceArgs,
  SecretEntry,
  ServiceCall,
  ServiceNetwork,
  ServiceUrlSigning,
} from "../../components/workload/elastic-service-args";
import { own } from "../../budget/core/own";
import { versionOf } from "../../budget/service/tracing";
import { serviceReaction } from "../../plan/plan-autoscaling";
import type { PlannedService } from "../../plan/plan-stack";
import { publicServices } from "../../plan/public-services";
import type { ServiceConfig, StackConfig } from "../stack-file/config";
import { serviceAutoscaling, type Autoscaling } from "./autoscaling";
import type { Database } from "./database";

/** What a service may use. */
export interface Stores {
  readonly caches: Readonly<Record<string, Cache>>;
  /** Whom to trust in addition when a cache's certificate is checked. */
  readonly authorities: SecretEntry | undefined;
  readonly database: Database | undefined;
  /** For those that sign URLs. */
  readonly urlSigning: ServiceUrlSigning | undefined;
  readonly autoscaling: Autoscaling;
}

/** A service, told of the caches, the database and the key of the CDN that it uses. */
export function createService(
  config: StackConfig,
  name: string,
  planned: PlannedService,
  { caches, authorities, database, urlSigning, autoscaling }: Stores,
  options: pulumi.ComponentResourceOptions,
): ElasticService {
  const { budget, timeouts, plan, cachePools, databasePool } = planned;
  const service = own(config.services, name);
  if (service === undefined) throw new RangeError(`there is no service ${name}`);
  const needsAuthorities = Object.keys(service.caches).some(
    (cacheName) => own(caches, cacheName)?.endpoint.authority !== undefined,
  );
  const used = Object.keys(service.caches).flatMap((cacheName) => {
    const cache = own(caches, cacheName);
    const poolSize = own(cachePools, cacheName);
    return cache === undefined || poolSize === undefined
      ? []
      : [{ name: cacheName, ...cache.endpoint, poolSize }];
  });
  return new ElasticService(
    name,
    {
      configKey: `retrofitlink:services.${name}`,
      namespace: config.cluster.namespace,
      image: service.image,
      port: service.port,
      budget,
      plan,
      demand: service.demand,
      margin: service.margin,
      reaction: serviceReaction(config, planned.autoscaling.steering),
      autoscaling: serviceAutoscaling(config, service, planned, caches, autoscaling),
      profile: service.profile,
      resources: service.resources,
      network: networkOf(config, name, service),
      zones: config.cluster.zones,
      timeouts,
      health: service.health,
      environment: service.environment,
      secretEnvironment: service.secretEnvironment,
      caches: used,
      ...(needsAuthorities && authorities !== undefined ? { authorities } : {}),
      ...(database === undefined || service.database === undefined
        ? {}
        : {
            database: {
              ...database.cluster.endpoint,
              caFile: CA_FILE,
              poolSize: databasePool,
            },
          }),
      calls: callsOf(config, service),
      ...tracingOf(config, service),
      ...(service.signsUrls && urlSigning !== undefined ? { urlSigning } : {}),
      processesPerPod: service.processesPerPod,
      ...(Object.keys(service.annotations).length === 0 ? {} : { annotations: service.annotations }),
    },
    // Its certificate and its account are there only with the database, and its queries count on the indexes.
    database === undefined || service.database === undefined
      ? options
      : pulumi.mergeOptions(options, { dependsOn: [database.dataModel] }),
  );
}

/** Where it sends its traces, and what is said of it there. */
function tracingOf(
  { tracing, cluster, environment }: StackConfig,
  { image }: ServiceConfig,
): Pick<ElasticServiceArgs, "tracing"> {
  if (tracing === undefined) return {};
  const attributes = {
    "service.version": versionOf(image),
    "k8s.namespace.name": cluster.namespace,
    "deployment.environment.name": environment,
  };
  return { tracing: { ...tracing, attributes } };
}

/** Where the services are that a service calls. */
function callsOf({ services, cluster }: StackConfig, service: ServiceConfig): ServiceCall[] {
  return Object.entries(service.calls).flatMap(([callee, { callsPerRequest }]) => {
    const called = own(services, callee);
    if (called === undefined) return [];
    const url = `http://${callee}-service.${cluster.namespace}.svc:${called.port}`;
    const destination = { labels: selectorLabels(callee), ports: [called.port] };
    return [{ name: callee, url, callsPerRequest, destination }];
  });
}

/** Who calls whom: of a call both sides are told, the one that makes it and the one that takes it. */
function networkOf(config: StackConfig, name: string, service: ServiceConfig): ServiceNetwork {
  const { services, loadBalancer, cluster } = config;
  const routes = loadBalancer?.service === name ? loadBalancer.routes : (service.public?.routes ?? []);
  const proxied =
    loadBalancer === undefined || !publicServices(config).includes(name)
      ? []
      : [
          {
            labels: selectorLabels(workloadName(loadBalancer.proxy)),
            ports: routes.flatMap(({ port }) => (port === undefined ? [] : [port])),
          },
        ];
  const callers = Object.entries(services).filter(([, { calls }]) => Object.hasOwn(calls, name));
  return {
    callers: [...proxied, ...callers.map(([caller]) => ({ labels: selectorLabels(caller) }))],
    callerNamespaces: service.callerNamespaces,
    outside: service.egress.map(({ port, cidr }) => ({ port, ...(cidr === undefined ? {} : { cidr }) })),
    monitoringNamespace: cluster.monitoringNamespace,
  };
}
