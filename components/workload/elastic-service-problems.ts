import {
  DEFAULT_REACTION,
  longestServiceTimeSeconds,
  type ReactionTime,
} from "../../budget/service/capacity";
import { budgetProblems } from "../../budget/core/performance-budget";
import { imageMistake } from "../shared/images";
import type { Problem } from "../shared/problems";
import { timeoutProblems } from "../shared/timeout-problems";
import { environmentProblems } from "./environment-problems";
import type {
  ResolvedServiceArgs as ElasticServiceArgs,
  ServiceCache,
  ServiceUrlSigning,
} from "./elastic-service-args";

/** Name of a workload. Leaves room for the suffixes of its Services and for the hashes of its pods. */
const WORKLOAD = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SECRET_KEY = /^[-._A-Za-z0-9]+$/;

/** Least memory of a Node.js process that does anything, MiB. */
const LEAST_PROCESS_MIB = 128;

const WHOLE = "a whole number of at least 1";
const WORKLOAD_NAME = "a DNS label of at most 52 characters";
const SPELLING = "Use lower-case letters, digits and hyphens.";

const above0 = (value: number): boolean => Number.isFinite(value) && value > 0;
const atLeast0 = (value: number): boolean => Number.isFinite(value) && value >= 0;
const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;

/** Whether it holds, and the problem if it does not: property, got, allowed, fix. */
type Check = readonly [ok: boolean, property: string, got: unknown, allowed: string, fix: string];

/** Everything that makes a service impossible to build or to prove. An empty list means it is sound. */
export function elasticServiceProblems(args: ElasticServiceArgs): Problem[] {
  const checks = [
    ...workloadChecks(args),
    ...demandChecks(args),
    ...profileChecks(args),
    ...podChecks(args),
    ...variableChecks(args),
    ...signingChecks(args.urlSigning),
    ...(args.caches ?? []).flatMap((cache, index, all) => cacheChecks(cache, index, all)),
  ];
  return [
    ...checks
      .filter(([ok]) => !ok)
      .map(([, property, got, allowed, fix]) => ({ property, got, allowed, fix })),
    ...budgetProblems(args.budget).map(({ metric, step, message }) => ({
      property: `budget.${metric}.${step}`,
      got: args.budget[metric][step],
      allowed: message.split("; allowed is ")[1] ?? message,
      fix: "Target, warning and critical go from the promise to the alarm.",
    })),
    ...timeoutProblems(args.timeouts),
    ...environmentProblems(args.environment ?? {}, Object.keys(args.secretEnvironment ?? {}), {
      caches: (args.caches ?? []).map(({ name }) => name),
      database: args.database !== undefined,
      urlSigning: args.urlSigning !== undefined,
      calls: (args.calls ?? []).map(({ name }) => name),
    }),
  ];
}

function workloadChecks({ app, namespace, image, port }: ElasticServiceArgs): Check[] {
  const mistake = typeof image === "string" ? imageMistake(image) : undefined;
  return [
    [app === undefined || WORKLOAD.test(app), "app", app, WORKLOAD_NAME, SPELLING],
    [
      typeof namespace !== "string" || NAMESPACE.test(namespace),
      "namespace",
      namespace,
      "a DNS label of at most 63 characters",
      SPELLING,
    ],
    [mistake === undefined, "image", image, mistake?.allowed ?? "", mistake?.fix ?? ""],
    [
      whole(port) && port >= 1024 && port <= 65_535,
      "port",
      port,
      "a whole number from 1024 to 65535",
      "Let the application listen above 1023.",
    ],
  ];
}

function demandChecks({ demand, margin = 0, reaction = DEFAULT_REACTION }: ElasticServiceArgs): Check[] {
  const { baseRps, peakRps, growthPerMinute } = demand;
  return [
    [
      above0(baseRps),
      "demand.baseRps",
      baseRps,
      "a number above 0 (requests/s)",
      "Give the quiet-hour rate.",
    ],
    [
      Number.isFinite(peakRps) && peakRps >= baseRps,
      "demand.peakRps",
      peakRps,
      `at least demand.baseRps, ${baseRps} (requests/s)`,
      "Give the highest rate the platform must serve.",
    ],
    [
      atLeast0(growthPerMinute),
      "demand.growthPerMinute",
      growthPerMinute,
      "a number of at least 0 (share of the rate, per minute)",
      "0.2 means 20 % more within a minute.",
    ],
    [
      atLeast0(margin),
      "margin",
      margin,
      "a number of at least 0 (share of the peak)",
      "0.2 means 20 % more.",
    ],
    ...(Object.keys(reaction) as (keyof ReactionTime)[]).map((piece): Check => [
      atLeast0(reaction[piece]),
      `reaction.${piece}`,
      reaction[piece],
      "a number of at least 0 (seconds)",
      "Give what a scale-up in this cluster took.",
    ]),
  ];
}

function profileChecks({ profile, budget }: ElasticServiceArgs): Check[] {
  const { serviceTimeSeconds, concurrencyPerPod, maxUtilization, warmUpSeconds } = profile;
  // A budget that is wrong itself bounds nothing.
  const longest = budgetProblems(budget).length === 0 ? longestServiceTimeSeconds(budget) : Infinity;
  const bound = Number.isFinite(longest)
    ? `above 0 and below ${longest.toFixed(4)} (seconds), or no number of pods keeps the response time`
    : "a number above 0 (seconds)";
  return [
    [
      above0(serviceTimeSeconds) && serviceTimeSeconds < longest,
      "profile.serviceTimeSeconds",
      serviceTimeSeconds,
      bound,
      "Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
    ],
    [
      whole(concurrencyPerPod),
      "profile.concurrencyPerPod",
      concurrencyPerPod,
      WHOLE,
      "Give the requests a pod works on at the same time.",
    ],
    [
      maxUtilization > 0 && maxUtilization <= 1,
      "profile.maxUtilization",
      maxUtilization,
      "above 0 and at most 1",
      "Give the utilization up to which p99 held in the load test.",
    ],
    [
      atLeast0(warmUpSeconds),
      "profile.warmUpSeconds",
      warmUpSeconds,
      "a number of at least 0 (seconds)",
      "Give the time from start to full speed.",
    ],
  ];
}

function podChecks({ resources, zones, health, processesPerPod = 1 }: ElasticServiceArgs): Check[] {
  const { scratchMiB = 1 } = resources;
  const leastMiB = LEAST_PROCESS_MIB * (whole(processesPerPod) ? processesPerPod : 1);
  return [
    [
      above0(resources.cpuCores),
      "resources.cpuCores",
      resources.cpuCores,
      "a number above 0 (cores)",
      "Give what a pod needs at maxUtilization.",
    ],
    [
      whole(resources.memoryMiB) && resources.memoryMiB >= leastMiB,
      "resources.memoryMiB",
      resources.memoryMiB,
      `a whole number of at least ${leastMiB} (MiB), ${LEAST_PROCESS_MIB} for each process`,
      "Give what a load test measured, with a fifth to spare.",
    ],
    [
      whole(scratchMiB),
      "resources.scratchMiB",
      scratchMiB,
      "a whole number of at least 1 (MiB)",
      "Give what a pod writes to /tmp at most.",
    ],
    [whole(zones), "zones", zones, WHOLE, "Count the zones of the cluster's nodes."],
    [
      whole(processesPerPod),
      "processesPerPod",
      processesPerPod,
      WHOLE,
      "Count the processes that open connections.",
    ],
    ...(["live", "ready"] as const).map((probe): Check => [
      health[probe].startsWith("/"),
      `health.${probe}`,
      health[probe],
      'a path that begins with "/"',
      "Give the path of the endpoint.",
    ]),
  ];
}

function variableChecks({ environment = {}, secretEnvironment = {} }: ElasticServiceArgs): Check[] {
  const named = (property: string, name: string): Check => [
    VARIABLE.test(name) && name !== "__proto__",
    `${property}.${name}`,
    name,
    "letters, digits and underscores, no digit first",
    "Rename the variable.",
  ];
  return [
    ...Object.keys(environment).map((name) => named("environment", name)),
    ...Object.entries(secretEnvironment).flatMap(([name, entry]): Check[] => [
      named("secretEnvironment", name),
      [
        !Object.hasOwn(environment, name),
        `secretEnvironment.${name}`,
        name,
        "a variable that environment does not set",
        "Remove it from one of the two.",
      ],
      keyCheck(`secretEnvironment.${name}.key`, entry.key),
    ]),
  ];
}

function cacheChecks(cache: ServiceCache, index: number, all: readonly ServiceCache[]): Check[] {
  const property = `caches[${index}]`;
  const fix = `Correct the use of ${cache.name}.`;
  const isFirst = all.findIndex(({ name }) => name === cache.name) === index;
  return [
    [WORKLOAD.test(cache.name), `${property}.name`, cache.name, WORKLOAD_NAME, SPELLING],
    [isFirst, `${property}.name`, cache.name, "a cache that is not in the list yet", fix],
    [
      whole(cache.port) && cache.port <= 65_535,
      `${property}.port`,
      cache.port,
      "a whole number from 1 to 65535",
      fix,
    ],
    [whole(cache.poolSize), `${property}.poolSize`, cache.poolSize, WHOLE, fix],
    keyCheck(`${property}.passwordSecret.key`, cache.passwordSecret.key),
  ];
}

function signingChecks(signing: ServiceUrlSigning | undefined): Check[] {
  if (signing === undefined) return [];
  const key = keyCheck("urlSigning.keySecret.key", signing.keySecret.key);
  if (signing.provider === "cloudfront") return [key];
  const { lifetimeSeconds } = signing;
  const fix = "Give the lifetime of the zone's rule.";
  return [
    key,
    [whole(lifetimeSeconds), "urlSigning.lifetimeSeconds", lifetimeSeconds, `${WHOLE} (seconds)`, fix],
  ];
}

function keyCheck(property: string, key: string): Check {
  const allowed = "letters, digits, hyphens, underscores and dots";
  return [SECRET_KEY.test(key), property, key, allowed, "Give the key of an entry of the Secret."];
}
