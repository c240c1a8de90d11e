/** What the real HorizontalPodAutoscaler and the simulated one are compared in: other metrics, and several at once. */
import type { Scenario, World } from "./scenario";
import { at, CPU_50, FREE, loads, pods, scenario, shared } from "./sketches";

const EXTERNAL = { kind: "external-average", name: "requests", averageMilli: 100_000 } as const;

/** So many requests a second in all; CPU is shared as well. */
const requests =
  (cpu: number, ...perSecond: readonly (number | undefined)[]) =>
  (step: number, replicas: number): World => {
    const rate = at(perSecond, step);
    return {
      ...shared(cpu, replicas),
      external: { requests: rate === undefined ? undefined : [rate * 1000] },
    };
  };

/** Scenarios of other metrics, and of several at once. */
export const METRIC_SCENARIOS: readonly Scenario[] = [
  scenario({
    name: "external metric by pod",
    metrics: [EXTERNAL],
    steps: 16,
    world: requests(0, 400, 600, 900, 1500, 1500, 1430, 1200, 300, 300, 300),
  }),
  scenario({
    name: "external metric of zero",
    metrics: [EXTERNAL],
    behavior: FREE,
    world: requests(0, 400, 0),
  }),
  scenario({
    name: "several series are added",
    metrics: [EXTERNAL],
    behavior: FREE,
    world: (step, replicas) => ({
      ...shared(0, replicas),
      external: { requests: [200_000, 100_000 * step, 50_000] },
    }),
  }),
  scenario({
    name: "no series at all",
    metrics: [EXTERNAL],
    behavior: FREE,
    replicas: 6,
    world: (step, replicas) => ({
      ...shared(0, replicas),
      external: { requests: step > 2 && step < 8 ? [] : [400_000] },
    }),
  }),
  scenario({
    name: "external metric whose source fails",
    metrics: [EXTERNAL],
    replicas: 9,
    world: requests(
      0,
      900,
      900,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      300,
    ),
  }),
  scenario({
    name: "external metric as a whole",
    metrics: [{ kind: "external-value", name: "requests", milli: 1_000_000 }],
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [...pods(replicas - 1, 100), ...pods(1, 100, { ready: step % 3 !== 0, changedAgo: 1 })],
      external: { requests: [at([1000, 1099, 1200, 1500, 900, 800, 500], step) * 1000] },
    }),
  }),
  scenario({
    name: "the larger of two metrics",
    metrics: [...CPU_50, EXTERNAL],
    steps: 16,
    world: (step, replicas) => ({
      ...shared(at([2000, 3000, 4000, 2000, 1000], step), replicas),
      external: { requests: [at([400, 400, 400, 900, 900, 300], step) * 1000] },
    }),
  }),
  scenario({
    name: "one of two metrics fails and the other asks for more",
    metrics: [...CPU_50, EXTERNAL],
    behavior: FREE,
    world: requests(2000, 400, 400, undefined, 800, undefined),
  }),
  scenario({
    name: "one of two metrics fails and the other asks for less",
    metrics: [...CPU_50, EXTERNAL],
    replicas: 9,
    behavior: FREE,
    world: requests(1000, 900, 900, undefined, undefined, undefined, undefined, 600),
  }),
  scenario({
    name: "CPU fails and requests go on",
    metrics: [...CPU_50, EXTERNAL],
    behavior: FREE,
    world: (step, replicas) => ({
      ...shared(2000, replicas),
      noResourceMetrics: step > 2,
      external: { requests: [at([400, 400, 400, 600, 800, 300], step) * 1000] },
    }),
  }),
  scenario({
    name: "custom metric of pods",
    metrics: [{ kind: "pods", name: "in-flight", averageMilli: 8000 }],
    behavior: FREE,
    world: (step, replicas) => ({
      pods: pods(replicas, 100).map((one, index) => ({
        ...one,
        custom: { "in-flight": at([8000, 10_000, 12_000, 8000, 4000], step) + 100 * index },
      })),
    }),
  }),
  scenario({
    name: "custom metric that some pods lack",
    metrics: [{ kind: "pods", name: "in-flight", averageMilli: 8000 }],
    replicas: 6,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: pods(replicas, 100).map((one, index) => ({
        ...one,
        ...(index % 3 === 0 ? {} : { custom: { "in-flight": at([8000, 12_000, 14_000, 6000, 2000], step) } }),
      })),
    }),
  }),
  scenario({
    name: "CPU as a value",
    metrics: [{ kind: "cpu-value", milli: 400 }],
    behavior: FREE,
    world: loads(1600, 2000, 3000, 3000, 1500, 1000),
  }),
];
