/** Reads a stack's configuration: everything in order, or every mistake at once. */
import { existsSync, readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

import { issuesOf, type Issue } from "../../budget/core/issues";
import { valueAt } from "../../budget/core/setting-paths";
import type { SettingPath } from "../../budget/core/settings";
import { crossChecks, type SoundParts } from "./config-checks";
import { chainParts } from "./cloud-load-balancer-checks";
import { readValues, readerIssues } from "./config-reader";
import type { NamingParts } from "./object-names";
import { takenNameIssues } from "./own-rule-checks";
import { cache } from "./schema/cache";
import { stackSchema, type StackConfig } from "./schema/stack";
import { NAMESPACE, describeIssues, type ConfigSource } from "./stack-file-issues";

export { serviceBudget } from "./config-checks";
export type { CacheConfig, CdnConfig, ClusterConfig, ServiceConfig, StackConfig } from "./schema/stack";

/** What a parse gave: a configuration, or what is wrong with it. */
export type ParsedConfig =
  | { readonly config: StackConfig; readonly issues: readonly [] }
  | { readonly config: undefined; readonly issues: readonly Issue[] };

/**
 * @param raw values by key, without the project's prefix
 * @param today for the dates of waivers. @default now
 */
export function parseStackConfig(raw: Readonly<Record<string, unknown>>, today = new Date()): ParsedConfig {
  const single = issuesOf(stackSchema, raw);
  const between = crossChecks(
    soundParts(raw),
    {
      services: keysOf(raw["services"]),
      caches: keysOf(raw["caches"]),
      database: raw["database"] !== undefined,
      cdn: raw["cdn"] !== undefined,
      monitoring: raw["monitoring"] !== undefined,
      tracing: raw["tracing"] !== undefined,
    },
    today,
  );
  const issues = [...single, ...between];
  if (issues.length > 0) return { config: undefined, issues };
  const config = stackSchema.parse(raw);
  const late = takenNameIssues(config);
  return late.length === 0 ? { config, issues: [] } : { config: undefined, issues: late };
}

/** What is sound by itself, so that one wrong key does not hide what is wrong between others. */
function soundParts(raw: Readonly<Record<string, unknown>>): SoundParts {
  const { autoscaling, budget, monitoring, services, waivers, loadBalancer, cdn, cluster, database } =
    stackSchema.shape;
  const exposed = valueAt(raw, ["loadBalancer", "service"]);
  const service = services.valueType;
  return {
    budget: budget.safeParse(raw["budget"]).data ?? {},
    autoscaling: autoscaling.safeParse(raw["autoscaling"]).data,
    services: Object.fromEntries(
      keysOf(raw["services"]).flatMap((name) => {
        const { data } = service.safeParse(valueAt(raw, ["services", name]));
        return data === undefined ? [] : [[name, data] as const];
      }),
    ),
    loadBalancer: loadBalancer.safeParse(raw["loadBalancer"]).data,
    exposedService: typeof exposed === "string" ? exposed : undefined,
    chain: chainParts(raw),
    cdn: cdn.safeParse(raw["cdn"]).data,
    cluster: cluster.safeParse(raw["cluster"]).data,
    cloud: valueAt(raw, ["cluster", "cloud"]),
    naming: namingParts(raw),
    cacheKinds: Object.fromEntries(
      keysOf(raw["caches"]).map((name) => [name, valueAt(raw, ["caches", name, "kind"])]),
    ),
    caches: Object.fromEntries(
      keysOf(raw["caches"]).flatMap((name) => {
        const { data } = cache.safeParse(valueAt(raw, ["caches", name]));
        return data === undefined ? [] : [[name, data] as const];
      }),
    ),
    monitoring: monitoring.safeParse(raw["monitoring"]).data,
    watchedBy: valueAt(raw, ["monitoring", "kind"]),
    waivers: waivers.safeParse(raw["waivers"]).data ?? [],
    database: database.safeParse(raw["database"]).data,
  };
}

/** Names are compared whatever else is wrong with what has them. */
export function namingParts(raw: Readonly<Record<string, unknown>>): NamingParts {
  const { proxy = "nginx" } = (raw["loadBalancer"] ?? {}) as { readonly proxy?: unknown };
  const secrets: SettingPath[] = [
    ["loadBalancer", "tls", "secretName"],
    ["cdn", "cloudfront", "signingKeySecret"],
  ];
  return {
    services: keysOf(raw["services"]),
    caches: Object.fromEntries(
      keysOf(raw["caches"]).map((name) => [
        name,
        {
          kind: valueAt(raw, ["caches", name, "kind"]),
          purpose: valueAt(raw, ["caches", name, "purpose"]),
          standby: valueAt(raw, ["caches", name, "standby"]),
        },
      ]),
    ),
    database: valueAt(raw, ["database", "kind"]),
    otherComponents: otherComponents(raw),
    proxy:
      raw["loadBalancer"] === undefined || (proxy !== "nginx" && proxy !== "haproxy") ? undefined : proxy,
    givenSecrets: secrets.flatMap((owner) => {
      const name = valueAt(raw, owner);
      return typeof name === "string" ? [{ name, owner }] : [];
    }),
  };
}

/** Names that the wiring gives to what is no workload of the cluster. */
function otherComponents(raw: Readonly<Record<string, unknown>>): string[] {
  const given = valueAt(raw, ["database", "clusterName"]);
  const atlas = typeof given === "string" ? given : `retrofitlink-${String(raw["environment"])}`;
  return [
    ...(raw["database"] === undefined ? [] : ["mongodb-data-model", "mongodb-backup"]),
    ...(valueAt(raw, ["database", "kind"]) === "atlas" ? [atlas] : []),
    ...(valueAt(raw, ["loadBalancer", "public"]) === undefined ? [] : ["public-load-balancer"]),
    ...(raw["cdn"] === undefined ? [] : ["cdn", "cdn-images"]),
  ];
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

const CDN_PROVIDERS = ["cloudfront", "cloudflare"];

/**
 * The configuration with the CDN that `CDN_PROVIDER` names, which counts before `cdn.provider` of the file. The file
 * has to have the block of that CDN.
 *
 * @param provider value of the variable; undefined or empty leaves the choice to the file
 * @throws pulumi.RunError when there is no such CDN, or the file describes none
 */
export function withCdnProvider(
  raw: Readonly<Record<string, unknown>>,
  provider: string | undefined,
): Readonly<Record<string, unknown>> {
  if (provider === undefined || provider === "") return raw;
  if (!CDN_PROVIDERS.includes(provider)) {
    const allowed = CDN_PROVIDERS.join(" or ");
    throw new pulumi.RunError(
      `CDN_PROVIDER: got ${JSON.stringify(provider)}; allowed is ${allowed}. Unset it, and ${NAMESPACE}:cdn.provider decides.`,
    );
  }
  const { cdn } = raw;
  if (typeof cdn !== "object" || cdn === null) {
    throw new pulumi.RunError(
      `CDN_PROVIDER: got ${JSON.stringify(provider)}; allowed is nothing where the stack has no CDN. ` +
        `Unset it, or add ${NAMESPACE}:cdn.`,
    );
  }
  return { ...raw, cdn: { ...cdn, provider } };
}

/**
 * The configuration of the stack that is being run.
 *
 * @throws pulumi.RunError with every mistake, which the engine shows without a stack trace
 */
export function readStackConfig(): StackConfig {
  const source = stackFile(pulumi.getStack());
  const misread = source === undefined ? [] : readerIssues(source.text);
  const raw = withCdnProvider(readValues(pulumi.runtime.allConfig()), process.env["CDN_PROVIDER"]);
  const { config, issues } = parseStackConfig(raw);
  if (config !== undefined && misread.length === 0) return config;
  // What was misread is wrong for that reason, whatever else is said of it.
  const others = issues.filter(({ path }) => !misread.some((trap) => isWithin(path, trap.path)));
  throw new pulumi.RunError(describeIssues([...misread, ...others], source));
}

function isWithin(path: SettingPath, outer: SettingPath): boolean {
  return outer.every((part, index) => path[index] === part);
}

function stackFile(stack: string): ConfigSource | undefined {
  const file = `Pulumi.${stack}.yaml`;
  return existsSync(file) ? { file, text: readFileSync(file, "utf8") } : undefined;
}
