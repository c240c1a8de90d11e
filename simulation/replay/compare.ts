/** A trace against the rendered autoscaler and others: what each costs, what it breaks, and both at the same cost. */
import type { Job, JobContext } from "./job";
import type { MethodSpec } from "./method-spec";
import { TARGETS, atCost, type Point } from "./methods";
import { runJobs } from "./pool";
import type { Minutes, ReplayResult, ReplaySums } from "./recorder";
import type { ReplayService } from "./service";

/** How many times as high the rendered targets are swept. */
const FACTORS: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 1.75, 2, 2.5];

export interface Method {
  readonly name: string;
  readonly about: string;
  /** At its own target: the rendered one's is the stack's; the others' is the cheapest that breaks no more than that. */
  readonly sums: ReplaySums;
  readonly cost: number;
  readonly points: readonly Point[];
  /** Minutes broken at the cost of the rendered one; undefined where it never costs that. */
  readonly atEqualCost: number | undefined;
}

export interface Comparison {
  readonly trace: {
    readonly name: string;
    readonly startSeconds: number;
    readonly minutes: number;
    readonly scale: number;
  };
  readonly service: string;
  readonly promised: ReplayService["promised"];
  readonly judgedFromSeconds: number;
  readonly methods: readonly Method[];
  /** The rendered one with requests that come by chance, one for each seed. */
  readonly seeds: readonly { readonly seed: number; readonly sums: ReplaySums }[];
}

export interface Pictured {
  readonly comparison: Comparison;
  readonly rendered: Minutes;
  readonly oracle: Minutes;
}

/** @param scales what each trace was multiplied with. @param seeds how many besides the load as it is */
export async function compare(
  context: JobContext,
  scales: readonly number[],
  seeds: number,
): Promise<Pictured[]> {
  const methods: readonly MethodSpec[] = [
    { kind: "rendered", factor: 1 },
    { kind: "oracle" },
    ...FACTORS.map((factor) => ({ kind: "rendered", factor }) as const),
    ...TARGETS.map((target) => ({ kind: "cpu", target }) as const),
    ...TARGETS.map((target) => ({ kind: "requests", target }) as const),
  ];
  const jobs = context.traces.flatMap((_, trace): Job[] => [
    ...methods.map((method, index) => ({ trace, method, seed: 0, pictured: index < 2 })),
    ...Array.from({ length: seeds }, (__, seed) => ({
      trace,
      method: { kind: "rendered", factor: 1 } as const,
      seed: seed + 1,
      pictured: false,
    })),
  ]);
  const results = await runJobs(context, jobs);
  const each = methods.length + seeds;
  return context.traces.map((_, trace) => {
    const own = results.slice(trace * each, (trace + 1) * each);
    return pictured(context, trace, scales[trace] ?? 1, methods, own);
  });
}

function pictured(
  context: JobContext,
  index: number,
  scale: number,
  methods: readonly MethodSpec[],
  results: readonly ReplayResult[],
): Pictured {
  const { service, traces, judgedFrom } = context;
  const trace = traces[index];
  const [rendered, oracle] = results;
  if (trace === undefined || rendered?.minutes === undefined || oracle?.minutes === undefined) {
    throw new RangeError("a replay has no picture");
  }
  const of = (kind: MethodSpec["kind"]): Found[] =>
    methods.flatMap((method, place) => {
      const sums = results[place]?.sums;
      return method.kind === kind && sums !== undefined ? [{ method, sums }] : [];
    });
  const comparison: Comparison = {
    trace: {
      name: trace.name,
      startSeconds: trace.startSeconds,
      minutes: (trace.requests.length * trace.stepSeconds) / 60,
      scale,
    },
    service: service.name,
    promised: service.promised,
    judgedFromSeconds: judgedFrom,
    methods: [
      method(
        "as rendered",
        "the autoscaler of the stack",
        rendered.sums,
        of("rendered"),
        context,
        rendered.sums,
      ),
      swept("HPA on CPU", "a plain autoscaler, target swept", of("cpu"), context, rendered.sums),
      swept(
        "tuned on requests",
        "KEDA on requests/s over 2 minutes, target swept",
        of("requests"),
        context,
        rendered.sums,
      ),
      method("oracle", "knows the load to come", oracle.sums, of("oracle"), context, rendered.sums),
    ],
    seeds: results.slice(methods.length).map(({ sums }, seed) => ({ seed: seed + 1, sums })),
  };
  return { comparison, rendered: rendered.minutes, oracle: oracle.minutes };
}

interface Found {
  readonly method: MethodSpec;
  readonly sums: ReplaySums;
}

/** A method that was swept is shown where it breaks no more than the rendered one, at the least cost. */
function swept(
  name: string,
  about: string,
  found: readonly Found[],
  context: JobContext,
  rendered: ReplaySums,
): Method {
  const byCost = [...found].sort((a, b) => a.sums.podHours - b.sums.podHours);
  const least = Math.min(...found.map(({ sums }) => sums.violations.any));
  const enough = Math.max(least, rendered.violations.any);
  const shown = byCost.find(({ sums }) => sums.violations.any <= enough) ?? byCost[0];
  return method(name, about, shown?.sums ?? rendered, found, context, rendered);
}

function method(
  name: string,
  about: string,
  sums: ReplaySums,
  found: readonly Found[],
  context: JobContext,
  rendered: ReplaySums,
): Method {
  const points = found.map(({ method: spec, sums: { podHours, violations } }) => ({
    target: targetOf(spec),
    podHours,
    violations: violations.any,
  }));
  return {
    name,
    about,
    sums,
    cost: costOf(sums, context),
    points,
    atEqualCost: sums === rendered ? rendered.violations.any : atCost(points, rendered.podHours),
  };
}

function targetOf(spec: MethodSpec): number {
  if (spec.kind === "rendered") return spec.factor;
  return spec.kind === "cpu" || spec.kind === "requests" ? spec.target : 1;
}

/** By what pods request, in the currency of the prices. */
export function costOf({ podHours }: ReplaySums, { service, script }: JobContext): number {
  const { coreHour, gibHour } = script.prices;
  return podHours * (service.cpuCores * coreHour + (service.memoryMiB / 1024) * gibHour);
}
