/** What goes wrong during a replay, as a script: YAML with `faults:`, each with a kind, a moment and a length. */
import { readFileSync } from "node:fs";

import { parse } from "yaml";
import { z } from "zod";

import { UserError } from "../../cli/user-error";
import { ROOMY, type NodeSettings } from "./nodes";
import type { QueueLoad } from "./queue";
import { readTrace } from "./trace";

/** Moments and lengths are seconds; a moment counts from the start of the trace. */
export type ReplayFault =
  /** Nothing is scraped, no rule is evaluated, no query answered. */
  | { readonly kind: "prometheus-gone"; readonly at: number; readonly seconds: number }
  /** Nobody answers for external metrics. */
  | { readonly kind: "keda-gone"; readonly at: number; readonly seconds: number }
  /** metrics-server: nobody answers for CPU and memory. */
  | { readonly kind: "metrics-server-gone"; readonly at: number; readonly seconds: number }
  /** The zone with the most pods; it comes back after the time. */
  | { readonly kind: "zone-lost"; readonly at: number; readonly seconds: number }
  /** Pods that start on a share of the nodes take `factor` times as long for everything. */
  | {
      readonly kind: "slow-nodes";
      readonly at: number;
      readonly seconds: number;
      readonly factor: number;
      readonly share: number;
    }
  /** A share of the pods fails over and over until the time is over. */
  | { readonly kind: "crashing-pods"; readonly at: number; readonly seconds: number; readonly share: number }
  /** Every pod is replaced by one of a new version, as the Deployment says. */
  | { readonly kind: "rollout"; readonly at: number }
  /** Requests take `factor` times as long, less and less so: by e in `seconds`. */
  | { readonly kind: "cache-lost"; readonly at: number; readonly seconds: number; readonly factor: number };

/** What lasts for a while. */
export type FaultKind = Exclude<ReplayFault["kind"], "rollout">;

/** What a replay is told besides the trace and the stack. */
export interface Script {
  readonly faults: readonly ReplayFault[];
  readonly nodes: NodeSettings;
  readonly prices: Prices;
  /** What waits for pods besides requests. */
  readonly queues: readonly QueueLoad[];
  /** What pods take that have just become ready. @default as long as all others */
  readonly slowStart?: SlowStart | undefined;
}

/** A pod that has just become ready takes `factor` times as long, evenly less so until `seconds` have passed. */
export interface SlowStart {
  readonly seconds: number;
  readonly factor: number;
}

/** What a pod costs by what it requests, in any currency. */
export interface Prices {
  /** Of one core for an hour. */
  readonly coreHour: number;
  /** Of one GiB of memory for an hour. */
  readonly gibHour: number;
}

/** Round figures of on-demand nodes of the large clouds, USD. Only ratios matter until a script gives one's own. */
const USUAL_PRICES: Prices = { coreHour: 0.04, gibHour: 0.005 };

export const NO_SCRIPT: Script = { faults: [], nodes: ROOMY, prices: USUAL_PRICES, queues: [] };

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds, or as in `2d3h`, `90m`. */
const duration = z
  .union([z.number().min(0), z.string().regex(/^(\d+[smhd])+$/)])
  .transform((value) =>
    typeof value === "number"
      ? value
      : [...value.matchAll(/(\d+)([smhd])/g)].reduce(
          (sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0),
          0,
        ),
  );
const time = { at: duration, seconds: duration };
const share = z.number().gt(0).max(1);
const factor = z.number().gt(1).max(1000);

const fault = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("prometheus-gone"), ...time }),
  z.strictObject({ kind: z.literal("keda-gone"), ...time }),
  z.strictObject({ kind: z.literal("metrics-server-gone"), ...time }),
  z.strictObject({ kind: z.literal("zone-lost"), ...time }),
  z.strictObject({ kind: z.literal("slow-nodes"), ...time, factor, share }),
  z.strictObject({ kind: z.literal("crashing-pods"), ...time, share }),
  z.strictObject({ kind: z.literal("rollout"), at: duration }),
  z.strictObject({ kind: z.literal("cache-lost"), ...time, factor }),
]);

const nodes = z.strictObject({
  podsPerNode: z.int().min(1).default(ROOMY.podsPerNode),
  startSeconds: duration,
  scanSeconds: duration.default(ROOMY.scanSeconds),
  unneededSeconds: duration.default(ROOMY.unneededSeconds),
  headroomPods: z.int().min(0).default(0),
  maxNodes: z.int().min(1).default(Infinity),
});

const prices = z.strictObject({ coreHour: z.number().min(0), gibHour: z.number().min(0) });

const queue = z
  .strictObject({
    name: z.string().min(1),
    /** A CSV of `timestamp,messages`. */
    trace: z.string().optional(),
    perRequest: z.number().min(0).optional(),
    secondsPerMessage: z.number().gt(0),
    workersPerPod: z.int().min(1),
    promisedSeconds: duration.optional(),
  })
  .refine(({ trace, perRequest }) => (trace === undefined) !== (perRequest === undefined), {
    error: "say what comes: either trace, a CSV of timestamp,messages, or perRequest",
  })
  .transform(({ trace, perRequest = 0, ...load }): QueueLoad => ({
    ...load,
    messages: trace === undefined ? perRequest : readTrace(trace, "messages"),
  }));

const script = z.strictObject({
  faults: z.array(fault).default([]),
  nodes: nodes.optional(),
  prices: prices.default(USUAL_PRICES),
  queues: z.array(queue).default([]),
  slowStart: z.strictObject({ seconds: duration, factor }).optional(),
});

/** @throws UserError that names the key, what it has and what is allowed */
export function readScript(path: string): Script {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(
      `there is no file ${path}`,
      "name a script of faults: FAULTS=docs/simulation/zone-lost.yaml",
    );
  }
  return parseScript(text, path);
}

export function parseScript(text: string, name: string): Script {
  const read = script.safeParse(parse(text) ?? {});
  if (read.success) return { ...read.data, nodes: read.data.nodes ?? ROOMY };
  const [first] = read.error.issues;
  const kinds = fault.options.map(({ shape }) => shape.kind.value).join(", ");
  throw new UserError(
    `${name}: ${first?.path.join(".") ?? ""}: ${first?.message ?? "not a script"}`,
    `a fault has kind (${kinds}), at and seconds, as in {kind: zone-lost, at: 1d8h, seconds: 30m}; a rollout has no seconds`,
  );
}

/** @param seconds of the longest trace. @throws UserError when a fault comes after all of them: it would count as kept */
export function checkMoments(faults: readonly ReplayFault[], seconds: number): void {
  const late = faults.find(({ at }) => at >= seconds);
  if (late === undefined) return;
  throw new UserError(
    `the script has ${late.kind} at ${late.at} s; the longest trace ends at ${seconds} s`,
    "give an earlier moment, or a longer trace",
  );
}

/** How the faults stand at a moment. */
export function isGone(faults: readonly ReplayFault[], kind: FaultKind, now: number): boolean {
  for (const one of faults) {
    if (one.kind === "rollout" || one.kind !== kind) continue;
    if (now >= one.at && now < one.at + one.seconds) return true;
  }
  return false;
}

/** How many times as long a request takes while caches fill again. */
export function coldness(faults: readonly ReplayFault[], now: number): number {
  let factorNow = 1;
  for (const one of faults) {
    if (one.kind !== "cache-lost" || now < one.at) continue;
    factorNow *= 1 + (one.factor - 1) * Math.exp(-(now - one.at) / one.seconds);
  }
  return factorNow;
}

/** How many times as long a pod takes that has been ready for so long, seconds. */
export function freshness(slowStart: SlowStart | undefined, seconds: number): number {
  if (slowStart === undefined || seconds >= slowStart.seconds) return 1;
  return 1 + (slowStart.factor - 1) * (1 - Math.max(0, seconds) / slowStart.seconds);
}
