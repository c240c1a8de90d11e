/** The whole system: what there is, and what is connected to what. Every number comes from budget/. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../budget/core/component-types";
import type { PlatformSummary } from "../budget/core/summary";
import { mapValues } from "../budget/core/own";
import { planStack } from "../plan/plan-stack";
import { CATALOGUE } from "../product/data-model/catalogue";
import { placedIn } from "../components/shared/placement";
import { workloadDefaults } from "../components/shared/workload-defaults";
import { createAutoscaling, createScalingRules, scalingRulesText } from "./wiring/autoscaling";
import { createCache, createCacheAuthorities } from "./wiring/caches";
import { preparePublicLoadBalancer } from "./wiring/public-load-balancer";
import type { StackConfig } from "./stack-file/config";
import { createDatabase } from "./wiring/database";
import { createEdge } from "./wiring/edge";
import { createLoadBalancer } from "./wiring/load-balancer";
import { createMonitoring } from "./wiring/monitoring";
import { createNamespace } from "./wiring/namespace";
import { createPriorityClasses } from "./wiring/priorities";
import { createService } from "./wiring/services";
import { createUrlSigning } from "./wiring/url-signing";

/** Parent of everything in a stack. Policies read from it what concerns all of them. */
class PlatformComponent extends pulumi.ComponentResource {
  constructor(name: string, summary: PlatformSummary, opts: pulumi.ComponentResourceOptions) {
    super(COMPONENT_TYPES.platform, name, summary, opts);
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
  readonly database: { readonly readPreference: string; readonly routers: number } | undefined;
  readonly loadBalancer: { readonly url: pulumi.Output<string> } | undefined;
  readonly publicLoadBalancer: { readonly hostname: pulumi.Output<string> } | undefined;
  readonly cdn:
    { readonly url: string; readonly assetsBucket: pulumi.Output<string> | undefined } | undefined;
  /** Rules that somebody has to load, where no operator does. */
  readonly prometheusRules: string | undefined;
}

/** Builds a stack from its configuration. */
export function createPlatform(config: StackConfig): Platform {
  const { cluster, environment, waivers } = config;
  const plan = planStack({ ...config, dataModel: CATALOGUE });
  const platform = new PlatformComponent(
    "platform",
    {
      environment,
      zones: cluster.zones,
      exposedService: config.loadBalancer?.service ?? "",
      waivers,
    },
    { transformations: placement(cluster) },
  );
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
  const namespace = createNamespace(config, { provider, parent: platform });
  const priorityClasses = createPriorityClasses(config, { provider, parent: platform });
  const options = {
    provider,
    parent: platform,
    dependsOn: [namespace],
    transformations: [workloadDefaults({ ...cluster, priorityClasses })],
  };

  const caches = mapValues(config.caches, (cache, name) => createCache(config, plan, name, cache, options));
  const authorities = createCacheAuthorities(config, caches, options);
  const database = createDatabase(config, plan, options, priorityClasses.database);
  const prepared = preparePublicLoadBalancer(config, plan, options);
  const edge = createEdge(config, plan, prepared?.origin, { parent: platform });
  const urlSigning = createUrlSigning(config, edge, options);
  const autoscaling = createAutoscaling(config, plan, { provider, parent: platform });
  createScalingRules(config, plan, options);
  createMonitoring(config, plan, { provider, parent: platform }, options);
  const stores = { caches, authorities, database, urlSigning, autoscaling };
  const services = mapValues(plan.services, (planned, name) =>
    createService(config, name, planned, stores, options),
  );
  const loadBalancer = createLoadBalancer(config, plan, services, autoscaling, options, prepared?.proxy);
  const publicLoadBalancer = loadBalancer === undefined ? undefined : prepared?.complete(loadBalancer);

  return {
    namespace: namespace.metadata.name,
    services: mapValues(services, ({ url, replicas }) => ({
      url,
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
    })),
    caches: mapValues(caches, ({ url, maxClients }) => ({ url, maxClients })),
    database:
      database === undefined
        ? undefined
        : { readPreference: database.cluster.readPreference, routers: database.cluster.routers },
    loadBalancer: loadBalancer === undefined ? undefined : { url: loadBalancer.url },
    publicLoadBalancer:
      publicLoadBalancer === undefined ? undefined : { hostname: publicLoadBalancer.hostname },
    cdn: edge === undefined ? undefined : { url: edge.url, assetsBucket: edge.assetsBucket },
    prometheusRules: scalingRulesText(config, plan),
  };
}

/** Everything is made where the cluster is, but for what a component puts elsewhere. */
function placement(cluster: StackConfig["cluster"]): pulumi.ResourceTransformation[] {
  switch (cluster.cloud) {
    case "aws":
      return [placedIn("aws", { region: cluster.region })];
    case "gcp":
      return [placedIn("gcp", { project: cluster.project })];
    case "local":
      return [];
  }
}
