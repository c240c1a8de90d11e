/** The settings of an autoscaler that keep every promise at the least cost: tried, not derived. */
import type { Job, JobContext } from "./job";
import { TARGETS } from "./methods";
import { boundsOf } from "./replay";
import { serviceObjects } from "./objects";
import { runJobs } from "./pool";
import { ResponseTimes } from "./service";
import type { TunedSettings } from "./tuned-settings";

export interface Candidate {
  readonly settings: TunedSettings;
  readonly headroomPods: number;
}

/** A candidate over all traces. */
export interface Tried extends Candidate {
  readonly violations: number;
  readonly podHours: number;
  /** With the room that is kept. */
  readonly cost: number;
}

/** How the replicas are steered; each is searched for itself. */
export const KINDS = [
  { name: "CPU", kind: "hpa", prediction: false },
  { name: "requests", kind: "keda", prediction: false },
  { name: "requests and prediction", kind: "keda", prediction: true },
] as const;

export type KindName = (typeof KINDS)[number]["name"];

const WINDOWS = [60, 120, 300, 600, 1200];
const PERCENTS = [5, 10, 25, 50, 100];

/** Rounds over the other settings after the targets. */
const ROUNDS = 2;

/**
 * First every target of each kind, then from the best of each one setting after the other. The rendered minimum is what a
 * lost zone needs, and is only raised.
 */
export async function search(
  context: JobContext,
  say: (line: string) => void,
): Promise<{ readonly best: Tried; readonly tried: ReadonlyMap<KindName, readonly Tried[]> }> {
  const { service, manifests, script } = context;
  const [min, max] = boundsOf(serviceObjects(manifests, service.name).autoscaler);
  const usual = { min, max, scaleDownWindowSeconds: 300, scaleDownPercent: 10 };
  const { headroomPods } = script.nodes;
  const first = KINDS.map(({ kind, prediction }) =>
    TARGETS.map((target): Candidate => ({ settings: { ...usual, kind, prediction, target }, headroomPods })),
  );
  const results = await tryAll(context, first.flat());
  const tried = new Map<KindName, Tried[]>();
  KINDS.forEach(({ name }, index) => {
    tried.set(name, results.slice(index * TARGETS.length, (index + 1) * TARGETS.length));
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name } of KINDS) {
      const known = tried.get(name) ?? [];
      const from = cheapest(known);
      if (from === undefined) continue;
      const fresh = neighbours(from, context, { min, max }).filter(
        (one) => !known.some((other) => isSame(one, other)),
      );
      known.push(...(await tryAll(context, fresh)));
    }
    say(`round ${round + 1} of ${ROUNDS}: ${[...tried.values()].flat().length} settings tried`);
  }
  const best = cheapest([...tried.values()].flat());
  if (best === undefined) throw new RangeError("nothing was tried");
  return { best, tried };
}

/** The least cost of those that break the fewest minutes: none, if any keeps all. */
export function cheapest(tried: readonly Tried[]): Tried | undefined {
  return [...tried].sort((a, b) => a.violations - b.violations || a.cost - b.cost)[0];
}

function isSame(one: Candidate, other: Candidate): boolean {
  return (
    one.headroomPods === other.headroomPods && JSON.stringify(one.settings) === JSON.stringify(other.settings)
  );
}

function neighbours(
  { settings, headroomPods }: Candidate,
  { service, traces, script }: JobContext,
  rendered: { readonly min: number; readonly max: number },
): Candidate[] {
  const changed = (change: Partial<TunedSettings>): Candidate => ({
    settings: { ...settings, ...change },
    headroomPods,
  });
  const times = new ResponseTimes(service);
  const highest = Math.max(...traces.map(({ requests, stepSeconds }) => mostOf(requests) / stepSeconds));
  const needed = Math.max(settings.min, times.podsFor(highest / settings.target, 10_000));
  const least = rendered.min;
  return [
    ...[0.95, 1.05, 1.1].map((factor) => changed({ target: Number((settings.target * factor).toFixed(3)) })),
    ...[least, least + 1, Math.ceil(1.5 * least), 2 * least].map((min) =>
      changed({ min, max: Math.max(settings.max, min) }),
    ),
    ...[rendered.max, needed].map((max) => changed({ max: Math.max(max, settings.min) })),
    ...WINDOWS.map((scaleDownWindowSeconds) => changed({ scaleDownWindowSeconds })),
    ...PERCENTS.map((scaleDownPercent) => changed({ scaleDownPercent })),
    // Room matters where nodes take time.
    ...(script.nodes.startSeconds === 0
      ? []
      : [0, 1, 2, 4, 8].map((pods) => ({ settings, headroomPods: pods }))),
  ];
}

function mostOf(requests: Float64Array): number {
  return requests.reduce((most, count) => Math.max(most, count), 0);
}

async function tryAll(context: JobContext, candidates: readonly Candidate[]): Promise<Tried[]> {
  const { traces, service, script } = context;
  const jobs = candidates.flatMap(({ settings, headroomPods }) =>
    traces.map((_, trace): Job => ({
      trace,
      method: { kind: "tuned", settings },
      seed: 0,
      pictured: false,
      headroomPods,
    })),
  );
  const results = await runJobs(context, jobs);
  const price =
    service.cpuCores * script.prices.coreHour + (service.memoryMiB / 1024) * script.prices.gibHour;
  return candidates.map((candidate, index) => {
    const own = results.slice(index * traces.length, (index + 1) * traces.length).map(({ sums }) => sums);
    const podHours = own.reduce((sum, one) => sum + one.podHours, 0);
    const hours = own.reduce((sum, one) => sum + one.minutes / 60, 0);
    return {
      ...candidate,
      podHours,
      violations: own.reduce((sum, { violations }) => sum + violations.any, 0),
      cost: (podHours + candidate.headroomPods * hours) * price,
    };
  });
}
