/**
 * What a stack file may hold. Every leaf says what is allowed and how to mend it; docs/stack-file.md is the same as a
 * page. Rules that look at more than one key are in config-checks.ts.
 */
import { z } from "zod";

import { BUDGET_METRIC_NAMES, type BudgetMetric } from "../budget/performance-budget";

/** Parts of a message about a leaf. zod carries one string; this is what stands between them. */
export const MESSAGE_SEPARATOR = "\u0000";

/** The message of a leaf: what is allowed, and what to do. */
function says(allowed: string, fix: string): { error: () => string } {
  return { error: () => `${allowed}${MESSAGE_SEPARATOR}${fix}` };
}

function number(allowed: string, fix: string, holds: (value: number) => boolean) {
  return z.number(says(allowed, fix)).refine(holds, says(allowed, fix));
}

function text(allowed: string, fix: string, pattern = /./s) {
  return z.string(says(allowed, fix)).regex(pattern, says(allowed, fix));
}

const positive = (value: number): boolean => value > 0;
const atLeast = (least: number) => (value: number) => value >= least;
const whole = (least: number, most: number) => (value: number) =>
  Number.isInteger(value) && value >= least && value <= most;

const DNS_LABEL = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;
const dnsLabel = text(
  "a DNS label of at most 52 characters",
  "Use lower-case letters, digits and hyphens, a letter first.",
  DNS_LABEL,
);

/** A key of a map is the name of a workload. */
const workloadName = z.string().regex(DNS_LABEL);

const CIDR = /^((\d{1,3}\.){3}\d{1,3}\/([12]?\d|3[0-2])|[0-9a-fA-F:]*:[0-9a-fA-F:]*\/\d{1,3})$/;

const ratio = number(
  "above 0 and at most 1",
  "Give a share: 0.7 is 70 %.",
  (value) => value > 0 && value <= 1,
);

// -- cluster

const clusterCommon = {
  zones: number("a whole number from 1 to 6", "Count the zones of the cluster's nodes.", whole(1, 6)),
  namespace: dnsLabel.default("retrofitlink"),
  kubeContext: text(
    "the name of a context of the kubeconfig",
    "See `kubectl config get-contexts`.",
  ).optional(),
};

const cluster = z.discriminatedUnion(
  "cloud",
  [
    z.strictObject({
      cloud: z.literal("aws"),
      ...clusterCommon,
      region: text(
        "an AWS region, like eu-central-1",
        "Give the cluster's region.",
        /^[a-z]{2}(-[a-z]+)+-\d$/,
      ),
      vpcId: text("the id of a VPC, like vpc-0a1b2c3d", "Give the cluster's VPC.", /^vpc-[0-9a-f]{8,17}$/),
      subnetIds: z
        .array(
          text(
            "the id of a subnet, like subnet-0a1b2c3d",
            "Give the cluster's subnets.",
            /^subnet-[0-9a-f]{8,17}$/,
          ),
          says("a list of subnet ids", "Give the cluster's subnets."),
        )
        .min(2, says("at least 2 subnets, in different zones", "Give a subnet for each zone.")),
    }),
    z.strictObject({
      cloud: z.literal("gcp"),
      ...clusterCommon,
      project: text("the id of a project", "Give the cluster's project.", /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/),
      region: text("a GCP region, like europe-west3", "Give the cluster's region.", /^[a-z]+-[a-z]+\d+$/),
      network: text("the name of a network", "Give the cluster's network.", DNS_LABEL),
      subnetwork: text("the name of a subnetwork", "Give the cluster's subnetwork.", DNS_LABEL),
    }),
    z.strictObject({ cloud: z.literal("local"), ...clusterCommon }),
  ],
  says('"aws", "gcp" or "local"', "Say where the cluster runs; the other keys depend on it."),
);

// -- budget

const threshold = z.strictObject(
  {
    target: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
    warning: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
    critical: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
  },
  says("a map of target, warning and critical", "Give at least one of them."),
);

const budgetShape = Object.fromEntries(
  BUDGET_METRIC_NAMES.map((metric) => [metric, threshold.optional()]),
) as Record<BudgetMetric, z.ZodOptional<typeof threshold>>;

const budget = z.strictObject(
  budgetShape,
  says("a map of metrics", "See docs/stack-file.md for their names."),
);

// -- services

const demand = z.strictObject(
  {
    baseRps: number("a number above 0 (requests/s)", "Give the quiet-hour rate.", positive),
    peakRps: number(
      "a number above 0 (requests/s)",
      "Give the highest rate the platform must serve.",
      positive,
    ),
    growthPerMinute: number(
      "a number of at least 0 (share of the rate, per minute)",
      "0.2 means 20 % more within a minute.",
      atLeast(0),
    ),
  },
  says("a map of baseRps, peakRps and growthPerMinute", "Say what the service has to serve."),
);

const profile = z.strictObject(
  {
    serviceTimeSeconds: number(
      "a number above 0 (seconds)",
      "Give the mean time of one request in an idle pod.",
      positive,
    ),
    concurrencyPerPod: number(
      "a whole number from 1 to 10000",
      "Give the requests a pod works on at the same time.",
      whole(1, 10_000),
    ),
    maxUtilization: ratio,
    warmUpSeconds: number(
      "a number from 0 to 600 (seconds)",
      "Give the time from start to full speed.",
      (value) => value >= 0 && value <= 600,
    ),
  },
  says(
    "a map of serviceTimeSeconds, concurrencyPerPod, maxUtilization and warmUpSeconds",
    "Give what a load test of one pod measured.",
  ),
);

const path = text('a path that begins with "/"', "Give the path of the endpoint.", /^\//);

const cacheUse = z.strictObject(
  {
    callsPerRequest: number(
      "a number above 0",
      "Give the calls that one request makes on average.",
      positive,
    ),
    callSeconds: number("a number above 0 (seconds)", "Give the mean round trip of one call.", positive),
  },
  says("a map of callsPerRequest and callSeconds", "Say how the service uses the cache."),
);

const service = z.strictObject(
  {
    image: text("an image with a tag or a digest", "Name the version of the image.", /^\S+$/),
    port: number(
      "a whole number from 1024 to 65535",
      "Let the application listen above 1023.",
      whole(1024, 65535),
    ).default(3000),
    demand,
    profile,
    resources: z.strictObject(
      {
        cpuCores: number("a number above 0 (cores)", "Give what a pod needs at maxUtilization.", positive),
        memoryMiB: number(
          "a whole number of at least 128 (MiB)",
          "Give what a load test measured, with a fifth to spare.",
          whole(128, 1_048_576),
        ),
      },
      says("a map of cpuCores and memoryMiB", "Give what a pod needs."),
    ),
    maxRequestSeconds: number(
      "a number above 0 and at most 90 (seconds)",
      "Give the longest request the application may take; give longer work to a queue.",
      (value) => value > 0 && value <= 90,
    ).default(10),
    health: z
      .strictObject(
        { live: path.default("/health"), ready: path.default("/ready") },
        says("a map of live and ready", "Give the paths of the probes."),
      )
      .default({ live: "/health", ready: "/ready" }),
    environment: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
        z.string(says("text", "Put the value in quotation marks.")),
      )
      .default({}),
    caches: z.record(workloadName, cacheUse).default({}),
    processesPerPod: number(
      "a whole number from 1 to 64",
      "Count the processes that open connections.",
      whole(1, 64),
    ).default(1),
    budget: budget.default({}),
  },
  says("a map", "Describe the service; see docs/stack-file.md."),
);

// -- caches

const cacheCommon = {
  workingSetMiB: number(
    "a number above 0 (MiB)",
    "Give the size of what has to stay in memory for the hit rate.",
    positive,
  ),
  cpuCores: number("a number above 0 (cores)", "One core serves one event loop.", positive).default(1),
  memoryLimitMiB: number(
    "a whole number of at least 64 (MiB)",
    "Leave it out and it is derived.",
    whole(64, 1_048_576),
  ).optional(),
};

const cache = z.discriminatedUnion(
  "purpose",
  [
    z.strictObject({ purpose: z.literal("cache"), ...cacheCommon }),
    z.strictObject({
      purpose: z.literal("session"),
      ...cacheCommon,
      storage: z
        .strictObject(
          {
            sizeGiB: number(
              "a whole number of at least 1 (GiB)",
              "Leave it out and it is derived.",
              whole(1, 65_536),
            ).optional(),
            storageClassName: text(
              "the name of a storage class",
              "See `kubectl get storageclass`.",
            ).optional(),
          },
          says("a map of sizeGiB and storageClassName", "Leave it out for the defaults."),
        )
        .default({}),
    }),
  ],
  says('"cache" or "session"', "A cache may forget, a session store may not."),
);

// -- load balancer

const loadBalancer = z.strictObject(
  {
    proxy: z.enum(["nginx", "haproxy"], says('"nginx" or "haproxy"', "Choose the proxy.")).default("nginx"),
    service: dnsLabel,
    clientConnections: number(
      "a whole number of at least 1",
      "Give the clients that are connected at the same time at peak.",
      whole(1, 10_000_000),
    ),
    cpuCores: number("a number above 0 (cores)", "One worker is started for each core.", positive).default(1),
    rateLimit: z
      .strictObject(
        {
          requestsPerSecond: number(
            "a number above 0 (requests/s)",
            "Give what one client address may ask.",
            positive,
          ).default(20),
          burst: number(
            "a whole number of at least 0",
            "Give the requests that may come at once.",
            whole(0, 100_000),
          ).default(40),
          connections: number(
            "a whole number of at least 1",
            "Give the connections one client address may open.",
            whole(1, 100_000),
          ).default(50),
        },
        says("a map of requestsPerSecond, burst and connections", "Leave it out for the defaults."),
      )
      .default({ requestsPerSecond: 20, burst: 40, connections: 50 }),
    trustedProxies: z
      .array(
        text(
          "a range in CIDR notation, like 10.0.0.0/8",
          "Give the addresses of the load balancer in front.",
          CIDR,
        ),
        says("a list of ranges", "Give the addresses of the load balancer in front."),
      )
      .default([]),
    maxBodyMiB: number(
      "a whole number from 1 to 1024 (MiB)",
      "Give the largest request body.",
      whole(1, 1024),
    ).default(10),
    webSocketPaths: z
      .array(path, says("a list of paths", "Give the prefixes of WebSocket routes."))
      .default([]),
  },
  says("a map", "Describe the load balancer; see docs/stack-file.md."),
);

// -- policies

const waiver = z.strictObject(
  {
    policy: text("the name of a policy", "See docs/policies.md.", /^[a-z][a-z0-9-]*$/),
    resource: text(
      "the name of a workload",
      "Leave it out to waive the policy for the whole stack.",
    ).optional(),
    reason: text(
      "a sentence of at least 10 characters",
      "Say why the policy may be broken for now.",
      /^.{10,}$/s,
    ),
    expires: text("a date, YYYY-MM-DD", "Say until when.", /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/),
  },
  says("a map of policy, resource, reason and expires", "See docs/policies.md."),
);

/** The whole of `config:` without the project's prefix. */
export const stackSchema = z.strictObject({
  environment: text("production, staging, local or another DNS label", "Name the environment.", DNS_LABEL),
  cluster,
  budget: budget.default({}),
  services: z
    .record(workloadName, service, says("a map of services", "Give at least one service."))
    .refine(
      (services) => Object.keys(services).length > 0,
      says("at least one service", "Describe a service; see docs/stack-file.md."),
    ),
  caches: z.record(workloadName, cache, says("a map of caches", "See docs/stack-file.md.")).default({}),
  loadBalancer: loadBalancer.optional(),
  database: z
    .strictObject(
      { kind: z.enum(["percona", "atlas"], says('"percona" or "atlas"', "Choose the database.")) },
      says("a map of kind", "Choose the database."),
    )
    .optional(),
  cdn: z
    .strictObject(
      {
        provider: z.enum(
          ["cloudfront", "cloudflare"],
          says('"cloudfront" or "cloudflare"', "Choose the CDN."),
        ),
      },
      says("a map of provider", "Choose the CDN."),
    )
    .optional(),
  autoscaling: z
    .strictObject(
      { kind: z.enum(["hpa", "keda"], says('"hpa" or "keda"', "Choose who owns the replicas.")) },
      says("a map of kind", "Choose who owns the replicas."),
    )
    .default({ kind: "hpa" }),
  waivers: z.array(waiver, says("a list of waivers", "See docs/policies.md.")).default([]),
});

/** A stack file that was found sound, with its defaults. */
export type StackConfig = Readonly<z.infer<typeof stackSchema>>;
export type ServiceConfig = StackConfig["services"][string];
export type CacheConfig = StackConfig["caches"][string];
export type ClusterConfig = StackConfig["cluster"];
