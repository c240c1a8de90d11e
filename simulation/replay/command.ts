/** What the commands of a replay are told: `--trace=load.csv --stack=production …`. Nothing after the sign is nothing said. */
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { ROOT } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { parseStackConfig, type StackConfig } from "../../stacks/stack-file/config";
import { NO_SCRIPT, checkMoments, readScript, type Script } from "./faults";
import type { JobContext } from "./job";
import type { ServiceObjects } from "./objects";
import { prometheusTrace } from "./prometheus-range";
import { checkLoads } from "./queue";
import { renderedObjects } from "./rendered";
import type { ReplayService } from "./service";
import { plannedService } from "./stack";
import { readTrace, resample, type Trace } from "./trace";

const NEXT = "run make simulate TRACE=load.csv STACK=production SERVICE=backend";

/** Steps that are replayed, seconds: coarser ones are divided, for the load does not jump every half hour. */
const STEP_SECONDS = 60;

/** What every command of a replay may be told. */
export const TASK_OPTIONS = [
  "trace",
  "stack",
  "service",
  "faults",
  "scale",
  "warm-up-days",
  "prometheus-url",
  "query",
  "days",
];

export type Options = Readonly<Record<string, string>>;

/** @throws UserError that names an option that there is not */
export function readOptions(known: readonly string[], args = process.argv.slice(2)): Options {
  return Object.fromEntries(
    args.flatMap((arg) => {
      const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/s.exec(arg) ?? [];
      if (!known.includes(name))
        throw new UserError(`"${arg}" is not known; allowed are --${known.join("=, --")}=`, NEXT);
      return value === "" ? [] : [[name, value] as const];
    }),
  );
}

/** @throws UserError unless it is a whole number between two */
export function wholeNumber(options: Options, name: string, usual: number, most: number): number {
  const value = Number(options[name] ?? usual);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new UserError(
    `${name.toUpperCase()} is "${options[name] ?? ""}"; allowed is a whole number from 0 to ${most}`,
    NEXT,
  );
}

export function stackConfig(stack: string): StackConfig {
  const file = `Pulumi.${stack}.yaml`;
  if (!/^[-a-z0-9]+$/.test(stack) || !existsSync(join(ROOT, file))) {
    throw new UserError(`there is no stack "${stack}"`, NEXT);
  }
  const { config } = parse(readFileSync(join(ROOT, file), "utf8")) as { config?: Record<string, unknown> };
  const raw = Object.entries(config ?? {}).map(([key, value]) => [key.replace("retrofitlink:", ""), value]);
  const parsed = parseStackConfig(Object.fromEntries(raw) as Record<string, unknown>);
  if (parsed.config !== undefined) return parsed.config;
  throw new UserError(`${file} has mistakes`, `run make preview STACK=${stack}, which names them`);
}

export interface Task {
  readonly stack: string;
  readonly context: JobContext;
  /** What each trace was multiplied with. */
  readonly scales: readonly number[];
}

/** Traces, service and script as told. */
export async function readTask(options: Options): Promise<Task> {
  const { stack = "production", service: name } = options;
  const config = stackConfig(stack);
  const traces = await readTraces(options);
  const script = options["faults"] === undefined ? NO_SCRIPT : readScript(options["faults"]);
  const manifests = (await renderedObjects(config)).filter(({ kind }) => SCALING.includes(kind));
  const wanted = name ?? config.loadBalancer?.service ?? Object.keys(config.services)[0] ?? "";
  const { service, objects, labels } = plannedService(config, wanted, manifests);
  const scaled = traces.map((trace) => scaledTrace(trace, options["scale"], service));
  const warmUpDays = wholeNumber(options, "warm-up-days", 0, 60);
  const judgedFrom = warmUpDays * 86_400;
  for (const { trace } of scaled) {
    const days = lengthOf(trace) / 86_400;
    if (days <= warmUpDays) {
      throw new UserError(
        `${trace.name} has ${days.toFixed(1)} days, of which ${warmUpDays} are not judged`,
        "give WARM_UP_DAYS=0",
      );
    }
  }
  checkMoments(script.faults, Math.max(...traces.map(lengthOf)));
  checkLoads(
    script.queues,
    queuesOf(objects.autoscaler),
    scaled.map(({ trace }) => trace),
  );
  return {
    stack,
    scales: scaled.map(({ scale }) => scale),
    context: {
      service,
      labels,
      manifests,
      traces: scaled.map(({ trace }) => trace),
      script: withHeadroom(script, objects.headroomPods),
      judgedFrom,
    },
  };
}

/** Seconds. */
const lengthOf = ({ requests, stepSeconds }: Trace): number => requests.length * stepSeconds;

function queuesOf(autoscaler: ServiceObjects["autoscaler"]): string[] {
  if (autoscaler.kind !== "keda") return [];
  return autoscaler.object.triggers.flatMap(({ kind, name }) => (kind === "queue" ? [name] : []));
}

/** Kinds of objects that a replay reads. */
const SCALING: readonly string[] = [
  "HorizontalPodAutoscaler",
  "ScaledObject",
  "PodDisruptionBudget",
  "PrometheusRule",
  "Deployment",
  "PriorityClass",
  "CapacityBuffer",
];

/** Room that the stack keeps counts where nodes are simulated. */
function withHeadroom(script: Script, pods: number): Script {
  return { ...script, nodes: { ...script.nodes, headroomPods: Math.max(script.nodes.headroomPods, pods) } };
}

async function readTraces(options: Options): Promise<Trace[]> {
  const { trace, "prometheus-url": url, query } = options;
  if (url !== undefined || query !== undefined) {
    if (url === undefined || query === undefined || trace !== undefined) {
      throw new UserError(
        "PROMETHEUS_URL and QUERY belong together, instead of TRACE",
        "run make simulate PROMETHEUS_URL=http://127.0.0.1:9090 QUERY='sum(rate(http_requests_total[1m]))'",
      );
    }
    return [
      await prometheusTrace(url, query, {
        days: wholeNumber(options, "days", 14, 400),
        now: Date.now() / 1000,
      }),
    ];
  }
  if (trace === undefined) throw new UserError("no trace was named", NEXT);
  const files = trace.split(",").flatMap((path) =>
    existsSync(path) && statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((file) => file.endsWith(".csv"))
          .map((file) => join(path, file))
      : [path],
  );
  if (files.length === 0) throw new UserError(`${trace} has no .csv file`, NEXT);
  return files.map((file) => evenSteps(readTrace(file)));
}

function evenSteps(trace: Trace): Trace {
  return trace.stepSeconds > STEP_SECONDS && trace.stepSeconds % STEP_SECONDS === 0
    ? resample(trace, STEP_SECONDS)
    : trace;
}

/** @param given `peak`: the highest tenth of a percent becomes the planned peak; or a factor */
function scaledTrace(
  trace: Trace,
  given: string | undefined,
  service: ReplayService,
): { trace: Trace; scale: number } {
  if (given === undefined) return { trace, scale: 1 };
  const sorted = Float64Array.from(trace.requests).sort();
  const high = (sorted[Math.floor(0.999 * (sorted.length - 1))] ?? 0) / trace.stepSeconds;
  const scale = given === "peak" ? service.peakRps / high : Number(given);
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new UserError(
      `SCALE is "${given}"; allowed is peak, or a number above 0`,
      "give SCALE=peak for a trace of another service",
    );
  }
  return { trace: { ...trace, requests: trace.requests.map((count) => count * scale) }, scale };
}
