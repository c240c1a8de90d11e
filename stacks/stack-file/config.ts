/** Reads a stack's configuration: everything in order, or every mistake at once. */
import { existsSync, readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { aboutAt } from "../../budget/core/settings";
import { crossChecks, type SoundParts } from "./config-checks";
import { chainParts } from "./cloud-load-balancer-checks";
import {
  NAMESPACE,
  describeProblems,
  schemaProblems,
  valueAt,
  type ConfigPath,
  type ConfigProblem,
  type ConfigSource,
} from "./config-problems";
import { readValues, readerMistakes } from "./config-reader";
import type { NamingParts } from "./object-names";
import { cache } from "./schema/cache";
import { stackSchema, type StackConfig } from "./schema/stack";

export { serviceBudget } from "./config-checks";
export type { CacheConfig, CdnConfig, ClusterConfig, ServiceConfig, StackConfig } from "./schema/stack";

/** What a parse gave: a configuration, or what is wrong with it. */
export type ParsedConfig =
  | { readonly config: StackConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly ConfigProblem[] };

/**
 * @param raw values by key, without the project's prefix
 * @param today for the dates of waivers. @default now
 */
export function parseStackConfig(raw: Readonly<Record<string, unknown>>, today = new Date()): ParsedConfig {
  const parsed = stackSchema.safeParse(raw);
  const mistakes = crossChecks(
    soundParts(raw),
    {
      services: keysOf(raw["services"]),
      caches: keysOf(raw["caches"]),
      database: raw["database"] !== undefined,
      cdn: raw["cdn"] !== undefined,
    },
    today,
  );
  if (parsed.success && mistakes.length === 0) return { config: parsed.data, problems: [] };
  const issues = parsed.success ? [] : parsed.error.issues;
  const single = schemaProblems(
    issues,
    raw,
    (path) => keysAt(raw, path),
    (path) => aboutAt(stackSchema, path, raw),
  );
  return { config: undefined, problems: [...single, ...mistakes] };
}

/** What is sound by itself, so that one wrong key does not hide what is wrong between others. */
function soundParts(raw: Readonly<Record<string, unknown>>): SoundParts {
  const { budget, services, waivers, loadBalancer, cdn, cluster, database } = stackSchema.shape;
  const exposed = valueAt(raw, ["loadBalancer", "service"]);
  const service = services.valueType;
  return {
    budget: budget.safeParse(raw["budget"]).data ?? {},
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
    waivers: waivers.safeParse(raw["waivers"]).data ?? [],
    database: database.safeParse(raw["database"]).data,
  };
}

/** Names are compared whatever else is wrong with what has them. */
export function namingParts(raw: Readonly<Record<string, unknown>>): NamingParts {
  const { proxy = "nginx" } = (raw["loadBalancer"] ?? {}) as { readonly proxy?: unknown };
  const secrets: ConfigPath[] = [
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
    proxy:
      raw["loadBalancer"] === undefined || (proxy !== "nginx" && proxy !== "haproxy") ? undefined : proxy,
    givenSecrets: secrets.flatMap((owner) => {
      const name = valueAt(raw, owner);
      return typeof name === "string" ? [{ name, owner }] : [];
    }),
  };
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Keys that the schema knows at a path; those of a union are those of the branch that was chosen. */
function keysAt(raw: unknown, path: ConfigPath): string[] {
  let schema: z.ZodType = stackSchema;
  path.forEach((part, index) => {
    schema = child(unwrapped(schema, valueAt(raw, path.slice(0, index))), part);
  });
  const found = unwrapped(schema, valueAt(raw, path));
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function child(schema: z.ZodType, part: string | number): z.ZodType {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, z.ZodType>)[part] ?? z.unknown();
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return z.unknown();
}

function unwrapped(schema: z.ZodType, value: unknown): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return unwrapped(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const chosen = valueAt(value, [discriminator]) as z.core.util.Primitive;
    const options = schema.options as z.ZodType[];
    // A branch may be a union itself, by another key.
    const branch = options.find((option) => option._zod.propValues?.[discriminator]?.has(chosen));
    return branch === undefined ? z.unknown() : unwrapped(branch, value);
  }
  return schema;
}

/** A choice that the schema takes and nothing is built from yet. */
export interface NotBuiltYet {
  /** `retrofitlink:cdn` */
  readonly key: string;
  readonly message: string;
}

/** Choices of the file that have no effect so far. The program says so at every run. */
export function notBuiltYet(config: StackConfig): NotBuiltYet[] {
  const choices: [boolean, string, string][] = [
    [config.autoscaling.kind === "keda", "autoscaling.kind", "KEDA is not built yet; services get an HPA"],
  ];
  return choices
    .filter(([chosen]) => chosen)
    .map(([, key, message]) => ({ key: `${NAMESPACE}:${key}`, message }));
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
  const misread = source === undefined ? [] : readerMistakes(source.text);
  const raw = withCdnProvider(readValues(pulumi.runtime.allConfig()), process.env["CDN_PROVIDER"]);
  const { config, problems } = parseStackConfig(raw);
  if (config !== undefined && misread.length === 0) return config;
  // What was misread is wrong for that reason, whatever else is said of it.
  const others = problems.filter(({ path }) => !misread.some((mistake) => isWithin(path, mistake.path)));
  throw new pulumi.RunError(describeProblems([...misread, ...others], source));
}

function isWithin(path: ConfigPath, outer: ConfigPath): boolean {
  return outer.every((part, index) => path[index] === part);
}

function stackFile(stack: string): ConfigSource | undefined {
  const file = `Pulumi.${stack}.yaml`;
  return existsSync(file) ? { file, text: readFileSync(file, "utf8") } : undefined;
}
