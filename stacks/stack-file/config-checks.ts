/** Rules of a stack file that look at more than one key. They run on what is sound by itself. */
import { longestServiceTimeSeconds } from "../../budget/service/capacity";
import {
  DEFAULT_BUDGET,
  budgetProblems,
  mergeBudget,
  type BudgetOverrides,
  type PerformanceBudget,
} from "../../budget/core/performance-budget";
import { routesAndTlsProblems, trustProblems } from "../../components/load-balancing/proxy/proxy-problems";
import { imageMistake } from "../../components/shared/images";
import { environmentProblems } from "../../components/workload/environment-problems";
import { chainMistakes, type ChainParts } from "./cloud-load-balancer-checks";
import { cdnMistakes } from "./cdn-checks";
import { clusterMistakes } from "./cluster-checks";
import { configKey, show, type ConfigPath, type ConfigProblem } from "./config-problems";
import { atlasMistakes } from "./atlas-checks";
import { databaseMistakes } from "./database-checks";
import { tlsOf } from "./load-balancer-tls";
import type { CdnConfig, ClusterConfig, ServiceConfig, StackConfig } from "./schema/stack";
import { nameMistakes, type NamingParts } from "./object-names";
import { signingMistakes } from "./url-signing-checks";

/** A waiver is for now, not for good. */
const LONGEST_WAIVER_DAYS = 180;

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
}

/** The parts of a file that are sound by themselves. */
export interface SoundParts extends Pick<StackConfig, "budget" | "services" | "waivers" | "loadBalancer"> {
  readonly database: StackConfig["database"];
  /** Name of the service behind the proxy. */
  readonly exposedService: string | undefined;
  /** What the way of a request is made of. */
  readonly chain: ChainParts;
  readonly cdn: CdnConfig | undefined;
  readonly cluster: ClusterConfig | undefined;
  /** `cluster.cloud` as it was given. */
  readonly cloud: unknown;
  /** What the objects of the stack are named after. */
  readonly naming: NamingParts;
  /** `kind` of each cache as it was given. */
  readonly cacheKinds: Readonly<Record<string, unknown>>;
}

/** @param today for the dates of waivers */
export function crossChecks(config: SoundParts, names: Names, today: Date): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const stackBudget = mergeBudget(DEFAULT_BUDGET, config.budget);
  problems.push(...budgetMistakes(stackBudget, config.budget, ["budget"]));
  const stackIsSound = problems.length === 0;
  for (const [name, service] of Object.entries(config.services)) {
    problems.push(...serviceMistakes(config, names, name, service, stackIsSound));
  }
  problems.push(
    ...nameMistakes(config.naming),
    ...(stackIsSound ? databaseMistakes(config, names.database, stackBudget) : []),
    ...clusterMistakes(config),
    ...cacheKindMistakes(config),
    ...loadBalancerMistakes(config, names),
    ...chainMistakes(config.chain, config.services),
    ...cdnMistakes(config.cdn, {
      cluster: config.cluster,
      hasLoadBalancer: config.exposedService !== undefined,
      origin: { hosts: config.chain.public?.hosts, routes: config.loadBalancer?.routes },
    }),
    ...signingMistakes({ ...config, hasCdn: names.cdn }),
    ...proxyMistakes(config),
    ...waiverMistakes(config, today),
    ...atlasMistakes(config),
  );
  return problems;
}

function serviceMistakes(
  config: SoundParts,
  names: Names,
  name: string,
  service: ServiceConfig,
  stackIsSound: boolean,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const at = (...path: (string | number)[]): ConfigPath => ["services", name, ...path];
  const { demand, profile, image, resources, processesPerPod } = service;
  const budget = serviceBudget(config, service);
  const wrongBudget = stackIsSound ? budgetMistakes(budget, service.budget, at("budget")) : [];
  problems.push(...wrongBudget);

  const wrongImage = imageMistake(image);
  if (wrongImage !== undefined) problems.push({ path: at("image"), got: show(image), ...wrongImage });
  if (demand.peakRps < demand.baseRps) {
    problems.push({
      path: at("demand", "peakRps"),
      got: show(demand.peakRps),
      allowed: `at least demand.baseRps, ${demand.baseRps} (requests/s)`,
      fix: "Give the highest rate the platform must serve.",
    });
  }
  const longest = longestServiceTimeSeconds(budget);
  if (wrongBudget.length === 0 && profile.serviceTimeSeconds >= longest) {
    problems.push({
      path: at("profile", "serviceTimeSeconds"),
      got: show(profile.serviceTimeSeconds),
      allowed: `below ${longest.toFixed(4)} (seconds), or no number of pods keeps the response time`,
      fix: `Make the request cheaper, or loosen ${configKey(at("budget", "responseTimeP95Seconds"))}.`,
    });
  }
  if (resources.memoryMiB < 128 * processesPerPod) {
    problems.push({
      path: at("resources", "memoryMiB"),
      got: show(resources.memoryMiB),
      allowed: `at least ${128 * processesPerPod} (MiB), 128 for each process`,
      fix: "Give what a load test measured, with a fifth to spare.",
    });
  }
  const variables = environmentProblems(service.environment, Object.keys(service.secretEnvironment), {
    caches: Object.keys(service.caches),
    database: names.database && service.database !== undefined,
    urlSigning: service.signsUrls,
    calls: Object.keys(service.calls),
  });
  for (const { property, got, allowed, fix } of variables) {
    // What was given is a name or a kind of value, not the value.
    problems.push({ path: at(...property.split(".")), got: show(got), allowed, fix });
  }
  for (const name of Object.keys(service.secretEnvironment)) {
    if (!Object.hasOwn(service.environment, name)) continue;
    problems.push({
      path: at("secretEnvironment", name),
      got: show(name),
      allowed: "a variable that environment does not set",
      fix: "Remove it from one of the two.",
    });
  }
  for (const called of Object.keys(service.calls)) {
    const others = names.services.filter((one) => one !== name);
    if (others.includes(called)) continue;
    problems.push({
      path: at("calls", called),
      got: show(called),
      allowed: oneOf(others, "another service of this stack"),
      fix: "Name a service of this stack; what is elsewhere belongs to egress.",
    });
  }
  for (const cache of Object.keys(service.caches)) {
    if (names.caches.includes(cache)) continue;
    problems.push({
      path: at("caches", cache),
      got: show(cache),
      allowed: oneOf(names.caches, "a cache of this stack"),
      fix: `Add ${configKey(["caches", cache])}, or remove the key.`,
    });
  }
  return problems;
}

/** The budget is checked merged; a mistake shows at the key that made it, or at the metric. */
function budgetMistakes(
  merged: PerformanceBudget,
  overrides: BudgetOverrides,
  prefix: ConfigPath,
): ConfigProblem[] {
  return budgetProblems(merged).map(({ metric, step, message }) => {
    const given = overrides[metric]?.[step] !== undefined;
    const [, allowed = ""] = message.split("; allowed is ");
    return {
      path: given ? [...prefix, metric, step] : [...prefix, metric],
      got: given ? show(merged[metric][step]) : `a ${step} of ${merged[metric][step]}`,
      allowed,
      fix: "Target, warning and critical go from the promise to the alarm.",
    };
  });
}

/** The only cloud that has a managed cache. */
const CLOUD_OF_CACHE = new Map<unknown, string>([
  ["elasticache", "aws"],
  ["memorystore", "gcp"],
]);

function cacheKindMistakes({ cloud, cacheKinds }: SoundParts): ConfigProblem[] {
  // A cloud that nobody knows is a mistake of its own.
  if (cloud !== "aws" && cloud !== "gcp" && cloud !== "local") return [];
  return Object.entries(cacheKinds).flatMap(([name, kind]) => {
    const needed = CLOUD_OF_CACHE.get(kind);
    if (needed === undefined || needed === cloud) return [];
    const there = [...CLOUD_OF_CACHE].filter(([, of]) => of === cloud).map(([one]) => ` or ${show(one)}`);
    return {
      path: ["caches", name, "kind"],
      got: show(kind),
      allowed: `"in-cluster"${there.join("")} on ${cloud}`,
      fix: `Only ${needed} has it; ${configKey(["cluster", "cloud"])} is ${show(cloud)}.`,
    };
  });
}

function loadBalancerMistakes({ exposedService }: SoundParts, { services }: Names): ConfigProblem[] {
  if (exposedService === undefined || services.includes(exposedService)) return [];
  return [
    {
      path: ["loadBalancer", "service"],
      got: show(exposedService),
      allowed: oneOf(services, "a service of this stack"),
      fix: "Name the service that the proxy stands in front of.",
    },
  ];
}

/** What the proxy itself would refuse, with the line of the file. */
function proxyMistakes({ loadBalancer }: SoundParts): ConfigProblem[] {
  if (loadBalancer === undefined) return [];
  const { routes, hosts, headers } = loadBalancer;
  const tls = tlsOf(loadBalancer);
  return [
    ...routesAndTlsProblems({ routes, hosts, headers, ...tls }),
    // Behind a load balancer of the cloud they are held to more, by its own checks.
    ...(loadBalancer.public === undefined ? trustProblems(loadBalancer.trustedProxies) : []),
  ].map(({ property, got, allowed, fix }) => ({
    path: ["loadBalancer", ...parts(property)],
    got: show(got),
    allowed,
    fix,
  }));
}

/** `routes[1].path` as a path of keys. */
function parts(property: string): ConfigPath {
  return property
    .split(/[.[\]]+/)
    .flatMap((part) => (part === "" ? [] : [/^\d+$/.test(part) ? Number(part) : part]));
}

function waiverMistakes({ waivers }: SoundParts, today: Date): ConfigProblem[] {
  const last = new Date(today.getTime() + LONGEST_WAIVER_DAYS * 86_400_000).toISOString().slice(0, 10);
  return waivers.flatMap(({ expires }, index) =>
    expires <= last
      ? []
      : {
          path: ["waivers", index, "expires"],
          got: show(expires),
          allowed: `a date up to ${last}, ${LONGEST_WAIVER_DAYS} days from today`,
          fix: "Choose a date by which the cause is mended; it can be extended then.",
        },
  );
}

function oneOf(names: readonly string[], what: string): string {
  return names.length === 0 ? `${what}, of which there is none` : `${what}: ${names.join(", ")}`;
}
