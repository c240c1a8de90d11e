/** Rules of a stack file that look at more than one key. They run on what is sound by itself. */
import { issue, type Issue, show, within } from "../../budget/core/issues";
import { configKey } from "./stack-file-issues";
import { budgetIssues } from "../../budget/core/budget-settings";
import { DEFAULT_BUDGET, mergeBudget, type PerformanceBudget } from "../../budget/core/performance-budget";
import { plainSecretIssues } from "../../budget/monitoring/install-settings";
import { routingIssues } from "../../budget/monitoring/routing";
import { queryIssues } from "../../budget/service/misses";
import { serviceIssues } from "../../budget/service/rules";
import { routesAndTlsIssues, trustIssues } from "../../components/load-balancing/proxy/proxy-issues";
import { environmentIssues } from "../../components/workload/environment-issues";
import { clusterScalingIssues, plannedScalingIssues, serviceScalingIssues } from "./autoscaling-checks";
import { chainIssues, type ChainParts } from "./cloud-load-balancer-checks";
import { cachePlanIssues } from "./cache-checks";
import { cdnIssues } from "./cdn-checks";
import type { CdnOrigin } from "./cdn-way-checks";
import { serviceInputs } from "../../plan/plan-stack";
import { clusterIssues } from "./cluster-checks";
import { keepIssues, ownRuleIssues, serviceObjectiveIssues } from "./own-rule-checks";
import { atlasKeyIssues } from "./atlas-checks";
import { databaseIssues } from "./database-checks";
import { tlsOf } from "./load-balancer-tls";
import type { CdnConfig, ClusterConfig, ServiceConfig, StackConfig } from "./schema/stack";
import { nameIssues, workloadNames, type NamingParts } from "./object-names";
import { publicServiceIssues } from "./public-checks";
import { signingIssues } from "./url-signing-checks";
import { waiverIssues } from "./waiver-issues";

/** The budget of one service: the default, the stack's overrides, the service's. */
export function serviceBudget(
  config: Pick<StackConfig, "budget">,
  service: ServiceConfig,
): PerformanceBudget {
  return mergeBudget(mergeBudget(DEFAULT_BUDGET, config.budget), service.budget);
}

/** Names that other keys may refer to, also those of blocks that have mistakes of their own. */
export interface Names {
  readonly services: readonly string[];
  readonly caches: readonly string[];
  /** The file has a database. */
  readonly database: boolean;
  /** The file has a CDN. */
  readonly cdn: boolean;
  /** The file says who watches. */
  readonly monitoring: boolean;
  /** The file says where traces go. */
  readonly tracing: boolean;
}

/** The parts of a file that are sound by themselves. */
export interface SoundParts extends Pick<StackConfig, "budget" | "services" | "waivers" | "loadBalancer"> {
  readonly database: StackConfig["database"];
  /** Name of the service behind the proxy. */
  readonly exposedService: string | undefined;
  /** What the way of a request is made of. */
  readonly chain: ChainParts;
  readonly cdn: CdnConfig | undefined;
  readonly autoscaling: StackConfig["autoscaling"] | undefined;
  readonly monitoring: StackConfig["monitoring"];
  /** `monitoring.kind` as it was given. */
  readonly watchedBy: unknown;
  readonly cluster: ClusterConfig | undefined;
  /** `cluster.cloud` as it was given. */
  readonly cloud: unknown;
  /** What the objects of the stack are named after. */
  readonly naming: NamingParts;
  readonly caches: StackConfig["caches"];
  /** `kind` of each cache as it was given. */
  readonly cacheKinds: Readonly<Record<string, unknown>>;
}

/** @param today for the dates of waivers */
export function crossChecks(config: SoundParts, names: Names, today: Date): Issue[] {
  const stackBudget = mergeBudget(DEFAULT_BUDGET, config.budget);
  const ofBudget = budgetIssues(stackBudget, config.budget, ["budget"]);
  const stackIsSound = ofBudget.length === 0;
  const issues = [
    ...ofBudget,
    ...Object.entries(config.services).flatMap(([name, service]) =>
      within(
        ["services", name],
        [
          ...(stackIsSound ? planIssues(config, stackBudget, name, service) : []),
          ...variableIssues(service, names),
          ...otherNames(service, name, names),
          ...(stackIsSound ? serviceScalingIssues(config, service, serviceBudget(config, service)) : []),
          ...(stackIsSound
            ? serviceObjectiveIssues(service, serviceBudget(config, service), names.monitoring)
            : []),
        ],
      ),
    ),
    ...nameIssues(config.naming),
    ...(stackIsSound ? databaseIssues(config, names.database, stackBudget) : []),
    ...clusterIssues(config),
    ...clusterScalingIssues(config),
    ...cacheKindIssues(config),
    ...loadBalancerIssues(config, names),
    ...chainIssues(config.chain, config.services),
    ...cdnIssues(config.cdn, {
      cluster: config.cluster,
      hasLoadBalancer: config.exposedService !== undefined,
      origin: { hosts: config.chain.public?.hosts, routes: openPaths(config) },
    }),
    ...signingIssues({ ...config, hasCdn: names.cdn }),
    ...proxyIssues(config),
    ...publicServiceIssues(config),
    ...installedIssues(config.monitoring),
    ...ownRuleIssues(config.monitoring?.rules ?? [], names.services),
    ...waiverIssues(config.waivers, workloadNames(config.naming), today),
    ...atlasKeyIssues({ ...config, loadBalancer: exposed(config) }),
  ];
  const { autoscaling, budget, services, caches, cluster, cdn } = config;
  if (cluster === undefined) return issues;
  const isPlanned = issues.length === 0 && Object.keys(services).length === names.services.length;
  const stack = { autoscaling, budget, services, caches, cluster, cdn, loadBalancer: exposed(config) };
  return [...issues, ...(isPlanned ? plannedScalingIssues(stack) : []), ...cachePlanIssues(stack, isPlanned)];
}

/** What a monitoring of the stack's own would refuse later. */
function installedIssues(monitoring: SoundParts["monitoring"]): Issue[] {
  if (monitoring?.kind !== "install") return [];
  return within(
    ["monitoring"],
    [
      ...within(["routing"], routingIssues(monitoring.routing)),
      ...plainSecretIssues(monitoring),
      ...keepIssues(monitoring.remoteWrite?.keep),
    ],
  );
}

/** Every path that stays open, with where the file has it. */
function openPaths({ loadBalancer, services }: SoundParts): CdnOrigin["routes"] {
  if (loadBalancer === undefined) return undefined;
  return [
    ...loadBalancer.routes.map((route, index) => ({ ...route, at: ["loadBalancer", "routes", index] })),
    ...Object.entries(services).flatMap(([name, service]) =>
      (service.public?.routes ?? []).map((route, index) => ({
        ...route,
        at: ["services", name, "public", "routes", index],
      })),
    ),
  ];
}

/** The service behind the proxy, as a plan is told of it, also where the rest of the block has issues. */
function exposed({ exposedService: service }: SoundParts): { readonly service: string } | undefined {
  return service === undefined ? undefined : { service };
}

/** Whether there is a plan of the service. */
function planIssues(
  config: SoundParts,
  stackBudget: PerformanceBudget,
  name: string,
  service: ServiceConfig,
): Issue[] {
  const { cluster = { cloud: "local", zones: 1 } } = config;
  const inputs = serviceInputs(
    { cluster, autoscaling: config.autoscaling, loadBalancer: exposed(config) },
    stackBudget,
    service,
    name,
  );
  const { caches, database } = service;
  const waits = [
    ...Object.values(caches),
    ...(database === undefined
      ? []
      : [{ callsPerRequest: database.queriesPerRequest, callSeconds: database.querySeconds }]),
  ];
  return [
    ...budgetIssues(inputs.budget, service.budget, ["budget"]),
    ...(database === undefined ? [] : queryIssues(database)),
    ...serviceIssues({ ...inputs, waits }),
  ];
}

function variableIssues(service: ServiceConfig, names: Names): Issue[] {
  return environmentIssues(service.environment, Object.keys(service.secretEnvironment), {
    caches: Object.keys(service.caches),
    database: names.database && service.database !== undefined,
    urlSigning: service.signsUrls,
    tracing: names.tracing,
    calls: Object.keys(service.calls),
  });
}

/** Services and caches that it names, and that are not there. */
function otherNames({ calls, caches }: ServiceConfig, name: string, names: Names): Issue[] {
  const others = names.services.filter((one) => one !== name);
  return [
    ...Object.keys(calls).flatMap((called) =>
      others.includes(called)
        ? []
        : issue(["calls", called], called, {
            allowed: oneOf(others, "another service of this stack"),
            fix: "Name a service of this stack; what is elsewhere belongs to egress.",
          }),
    ),
    ...Object.keys(caches).flatMap((cache) =>
      names.caches.includes(cache)
        ? []
        : issue(["caches", cache], cache, {
            allowed: oneOf(names.caches, "a cache of this stack"),
            fix: `Add ${configKey(["caches", cache])}, or remove the key.`,
          }),
    ),
  ];
}

/** The only cloud that has a managed cache. */
const CLOUD_OF_CACHE = new Map<unknown, string>([
  ["elasticache", "aws"],
  ["memorystore", "gcp"],
]);

function cacheKindIssues({ cloud, cacheKinds }: SoundParts): Issue[] {
  // An unknown cloud is an issue of its own.
  if (cloud !== "aws" && cloud !== "gcp" && cloud !== "local") return [];
  return Object.entries(cacheKinds).flatMap(([name, kind]) => {
    const needed = CLOUD_OF_CACHE.get(kind);
    if (needed === undefined || needed === cloud) return [];
    const there = [...CLOUD_OF_CACHE].filter(([, of]) => of === cloud).map(([one]) => ` or ${show(one)}`);
    return issue(["caches", name, "kind"], kind, {
      allowed: `"in-cluster"${there.join("")} on ${cloud}`,
      fix: `Only ${needed} has it; ${configKey(["cluster", "cloud"])} is ${show(cloud)}.`,
    });
  });
}

function loadBalancerIssues({ exposedService }: SoundParts, { services }: Names): Issue[] {
  if (exposedService === undefined || services.includes(exposedService)) return [];
  return [
    issue(["loadBalancer", "service"], exposedService, {
      allowed: oneOf(services, "a service of this stack"),
      fix: "Name the service that the proxy stands in front of.",
    }),
  ];
}

/** What the proxy itself would refuse, with the line of the file. */
function proxyIssues({ loadBalancer }: SoundParts): Issue[] {
  if (loadBalancer === undefined) return [];
  const { routes, hosts, headers } = loadBalancer;
  const found = [
    ...routesAndTlsIssues({ routes, hosts, headers, ...tlsOf(loadBalancer) }),
    // Behind a load balancer of the cloud they are held to more, by its own checks.
    ...(loadBalancer.public === undefined ? trustIssues(loadBalancer.trustedProxies) : []),
  ];
  return within(["loadBalancer"], found);
}

function oneOf(names: readonly string[], what: string): string {
  return names.length === 0 ? `${what}, of which there is none` : `${what}: ${names.join(", ")}`;
}
