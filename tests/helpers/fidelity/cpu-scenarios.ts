/** What the real HorizontalPodAutoscaler and the simulated one are compared in: the CPU that pods take. */
import type { Scenario, World } from "./scenario";
import { at, FREE, loads, LONG, percent, pods, podsPer, scenario, shared, up, without } from "./sketches";

const RAMP_AND_BACK = [
  2000, 2600, 3300, 4200, 5300, 6800, 8600, 8600, 6000, 4000, 2500, 1500, 1000, 1000, 1000,
];

const rampsAndSpikes: readonly Scenario[] = [
  scenario({ name: "ramp up and down", steps: 18, world: loads(...RAMP_AND_BACK) }),
  without(scenario({ name: "ramp up without a behavior", world: loads(...RAMP_AND_BACK.slice(0, 8)) })),
  without(
    scenario({ name: "spike without a behavior doubles", replicas: 2, world: loads(1000, 1000, 30000) }),
  ),
  without(scenario({ name: "no way down without a behavior", replicas: 8, world: loads(4000, 4000, 500) })),
  scenario({ name: "spike", replicas: 2, world: loads(1000, 1000, 19000, 19000, 19000, 1000) }),
  scenario({
    name: "wave",
    steps: 22,
    world: (step, replicas) => shared(Math.round(4000 + 3000 * Math.sin(step / 3)), replicas),
  }),
  scenario({
    name: "load that flaps around the target",
    world: (step, replicas) => shared(step % 2 === 0 ? 2500 : 1700, replicas),
  }),
];

const policies: readonly Scenario[] = [
  scenario({
    name: "two pods in three seconds at most",
    behavior: { ...FREE, scaleUp: up({ policies: [podsPer(2, 3)] }) },
    world: loads(2000, 9000),
  }),
  scenario({
    name: "half as many again in six seconds at most",
    behavior: { ...FREE, scaleUp: up({ policies: [percent(50, 6)] }) },
    world: loads(2000, 15000),
  }),
  scenario({
    name: "the smaller of two policies up",
    behavior: { ...FREE, scaleUp: up({ selectPolicy: "Min", policies: [percent(100, 3), podsPer(3, 3)] }) },
    world: loads(2000, 15000),
  }),
  scenario({
    name: "no scaling up",
    behavior: { ...FREE, scaleUp: { selectPolicy: "Disabled" } },
    world: loads(2000, 9000, 9000, 1000, 9000),
  }),
  scenario({
    name: "no scaling down",
    behavior: { ...FREE, scaleDown: { selectPolicy: "Disabled" } },
    world: loads(2000, 3000, 4000, 1000),
  }),
  scenario({
    name: "a tenth in six seconds down",
    replicas: 30,
    behavior: { ...FREE, scaleDown: { stabilizationWindowSeconds: 0, policies: [percent(10, 6)] } },
    world: loads(15000, 1000),
  }),
  scenario({
    name: "one pod in three seconds down",
    replicas: 12,
    behavior: { ...FREE, scaleDown: { stabilizationWindowSeconds: 0, policies: [podsPer(1, 3)] } },
    world: loads(6000, 1000),
  }),
  scenario({
    name: "the smaller of two policies down",
    replicas: 20,
    behavior: {
      ...FREE,
      scaleDown: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Min",
        policies: [percent(50, 3), podsPer(3, 3)],
      },
    },
    world: loads(10000, 1000),
  }),
  scenario({
    name: "policies of a short and a long period",
    behavior: { ...FREE, scaleUp: up({ selectPolicy: "Min", policies: [podsPer(4, 2), podsPer(6, 10)] }) },
    world: loads(2000, 15000),
  }),
  scenario({
    name: "what was taken away counts for the way up",
    replicas: 12,
    steps: 16,
    behavior: {
      scaleUp: up({ policies: [podsPer(2, 10)] }),
      scaleDown: { stabilizationWindowSeconds: 0, policies: [podsPer(3, 10)] },
    },
    world: loads(6000, 4500, 4500, 9000, 9000, 3000, 3000, 9000),
  }),
  scenario({
    name: "scaling down is forgotten sooner than scaling up asks",
    replicas: 16,
    steps: 18,
    behavior: {
      scaleUp: up({ policies: [podsPer(1, 15)] }),
      scaleDown: { stabilizationWindowSeconds: 0, policies: [podsPer(2, 2)] },
    },
    world: loads(8000, 7000, 7000, 6000, 6000, 5000, 5000, 4000, 4000, 12000),
  }),
];

const stabilization: readonly Scenario[] = [
  scenario({
    name: "up only to the least of six seconds",
    steps: 18,
    behavior: { ...FREE, scaleUp: { stabilizationWindowSeconds: 6, policies: [podsPer(100, 2)] } },
    world: loads(2000, 4000, 3000, 5000, 5000, 5000, 5000, 5000, 2000, 5000, 6000),
  }),
  scenario({
    name: "down only to the most of seven seconds",
    replicas: 10,
    steps: 18,
    behavior: { ...FREE, scaleDown: { stabilizationWindowSeconds: 7, policies: [percent(100, 2)] } },
    world: loads(5000, 3000, 4000, 2000, 1000, 3000, 1000),
  }),
  scenario({
    name: "down at once",
    replicas: 10,
    behavior: FREE,
    world: loads(5000, 4000, 1000, 3000, 1000),
  }),
  scenario({
    name: "both ways wait",
    steps: 20,
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 3, policies: [podsPer(100, 2)] },
      scaleDown: { stabilizationWindowSeconds: 10, policies: [percent(100, 2)] },
    },
    world: loads(2000, 5000, 1000, 6000, 6000, 6000, 1000, 1000, 4000, 1000),
  }),
];

const tolerance: readonly Scenario[] = [
  scenario({
    name: "a tenth is tolerated in whole percents",
    replicas: 10,
    metrics: [{ kind: "cpu", percent: 62 }],
    behavior: FREE,
    // 68 % of 62 are 1.097, 69 % are 1.113; 56 % are 0.903, 55 % are 0.887.
    world: (step, replicas) => ({ pods: pods(replicas, at([620, 689, 681, 690, 560, 569, 550, 559], step)) }),
  }),
  scenario({
    name: "tolerances of its own",
    replicas: 10,
    behavior: {
      scaleUp: { ...FREE.scaleUp, tolerance: "0" },
      scaleDown: { ...FREE.scaleDown, tolerance: "300m" },
    },
    world: (step, replicas) => ({ pods: pods(replicas, at([500, 510, 400, 360, 350, 340, 500, 505], step)) }),
  }),
  scenario({
    name: "half more is tolerated on the way up",
    behavior: { ...FREE, scaleUp: { ...FREE.scaleUp, tolerance: "500m" } },
    world: (step, replicas) => ({ pods: pods(replicas, at([500, 700, 749, 760, 600, 450, 440], step)) }),
  }),
];

const unknownPods: readonly Scenario[] = [
  scenario({
    name: "a third has no metric at high load",
    replicas: 6,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: step < 2 ? pods(replicas, 500) : [...pods(replicas - 2, 900), ...pods(2, undefined)],
    }),
  }),
  scenario({
    name: "a third has no metric at low load",
    replicas: 9,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: step < 2 ? pods(replicas, 500) : [...pods(replicas - 3, 100), ...pods(3, undefined)],
    }),
  }),
  scenario({
    name: "no metric for some is busy at a target above the request",
    replicas: 6,
    metrics: [{ kind: "cpu", percent: 150 }],
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [...pods(replicas - 2, at([1500, 900, 500], step)), ...pods(2, undefined)],
    }),
  }),
  scenario({
    name: "nobody has a metric for a while",
    replicas: 6,
    world: (step, replicas) =>
      step > 2 && step < 9 ? { pods: pods(replicas, undefined) } : shared(1200, replicas),
  }),
  scenario({
    name: "the metrics API fails for a while",
    replicas: 6,
    world: (step, replicas) => ({
      ...shared(step < 8 ? 5000 : 1000, replicas),
      noResourceMetrics: step > 1 && step < 7,
    }),
  }),
  scenario({
    name: "the metrics API fails on the way down",
    replicas: 12,
    steps: 16,
    world: (step, replicas) => ({
      ...shared(step < 2 ? 6000 : 1000, replicas),
      noResourceMetrics: step > 3 && step < 11,
    }),
  }),
];

const lifeOfPods: readonly Scenario[] = [
  scenario({
    name: "new pods are pending for three steps",
    behavior: FREE,
    world: (step, replicas) => {
      const running = step < 4 ? 4 : replicas;
      return {
        pods: [
          ...pods(Math.min(running, replicas), 900),
          ...pods(replicas - running, undefined, { phase: "Pending", ready: false }),
        ],
      };
    },
  }),
  scenario({
    name: "new pods are not ready yet",
    behavior: FREE,
    world: (step, replicas) => {
      const old = step < 5 ? 4 : replicas;
      const fresh = { ready: false, startedAgo: 20, changedAgo: 20 };
      return { pods: [...pods(Math.min(old, replicas), 800), ...pods(replicas - old, 950, fresh)] };
    },
  }),
  scenario({
    name: "pods that were measured while they started",
    behavior: FREE,
    world: (step, replicas) => {
      const old = step < 5 ? 4 : replicas;
      // Ready for ten seconds, measured over the fifteen before.
      const fresh = { startedAgo: 40, changedAgo: 10, measuredAgo: 1 };
      return { pods: [...pods(Math.min(old, replicas), 700), ...pods(replicas - old, 1000, fresh)] };
    },
  }),
  scenario({
    name: "young pods that have been ready for a whole window",
    behavior: FREE,
    world: (step, replicas) => {
      const fresh = { startedAgo: 60, changedAgo: 30, measuredAgo: 1 };
      return { pods: [...pods(Math.min(4, replicas), 600), ...pods(replicas - 4, 300 + 20 * step, fresh)] };
    },
  }),
  scenario({
    name: "pods that became unready still count",
    replicas: 6,
    behavior: FREE,
    world: (_step, replicas) => ({
      pods: [...pods(replicas - 2, 700), ...pods(2, 900, { ready: false, changedAgo: 30 })],
    }),
  }),
  scenario({
    name: "pods that never were ready do not count",
    replicas: 6,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [
        ...pods(replicas - 2, step < 6 ? 600 : 300),
        ...pods(2, 1000, { ready: false, changedAgo: LONG - 5 }),
      ],
    }),
  }),
  scenario({
    name: "failed pods do not count",
    replicas: 5,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [...pods(replicas, step < 5 ? 700 : 350), ...pods(3, 1000, { phase: "Failed", ready: false })],
    }),
  }),
  scenario({
    name: "pods on their way out do not count",
    replicas: 5,
    behavior: FREE,
    world: (step) => ({
      pods: [...pods(4, 1000, { deleted: step > 1 }), ...pods(step < 2 ? 1 : 6, 400)],
    }),
  }),
  scenario({
    name: "a rollout has pods to spare",
    replicas: 8,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [
        ...pods(replicas, 400),
        ...(step > 2 && step < 9 ? pods(2, 600, { startedAgo: 100, changedAgo: 60 }) : []),
      ],
    }),
  }),
  scenario({
    name: "pods that are asked for are not there yet",
    behavior: FREE,
    world: (step, replicas) => ({ pods: pods(Math.min(replicas, 4 + Math.floor(step / 2)), 800) }),
  }),
  scenario({
    name: "few of many pods have a metric",
    replicas: 12,
    behavior: FREE,
    world: (step, replicas) => ({
      pods: [...pods(2, at([600, 900, 1000, 300, 100], step)), ...pods(replicas - 2, undefined)],
    }),
  }),
  scenario({
    name: "a zone is lost",
    replicas: 9,
    steps: 20,
    world: (step) => lostZone(step),
  }),
];

/** Of nine pods three fall silent, are noticed, go, and come back elsewhere. The load is on those that answer. */
function lostZone(step: number): World {
  const load = 4500;
  if (step < 3) return { pods: pods(9, load / 9) };
  const left = pods(6, load / 6);
  if (step < 6) return { pods: [...left, ...pods(3, undefined)] };
  if (step < 9) return { pods: [...left, ...pods(3, undefined, { ready: false, changedAgo: 5 })] };
  const gone = pods(3, undefined, { ready: false, changedAgo: 10, deleted: true });
  if (step < 12)
    return { pods: [...left, ...gone, ...pods(3, undefined, { phase: "Pending", ready: false })] };
  return {
    pods: [
      ...pods(6, load / 9),
      ...gone,
      ...pods(3, load / 9, { startedAgo: 60, changedAgo: 40, measuredAgo: 1 }),
    ],
  };
}

const bounds: readonly Scenario[] = [
  scenario({ name: "never below the minimum", replicas: 5, min: 3, behavior: FREE, world: loads(2500, 100) }),
  scenario({ name: "never above the maximum", max: 9, behavior: FREE, world: loads(2000, 90000) }),
  scenario({ name: "begins above the maximum", replicas: 12, max: 8, behavior: FREE, world: loads(5000) }),
  scenario({ name: "begins below the minimum", replicas: 1, min: 3, behavior: FREE, world: loads(600) }),
  scenario({
    name: "requests that are no round number",
    requestMilli: 333,
    metrics: [{ kind: "cpu", percent: 37 }],
    behavior: FREE,
    world: (step, replicas) => shared(500 + 137 * step, replicas),
  }),
];

/** Scenarios of the CPU that pods take. */
export const CPU_SCENARIOS: readonly Scenario[] = [
  ...rampsAndSpikes,
  ...policies,
  ...stabilization,
  ...tolerance,
  ...unknownPods,
  ...lifeOfPods,
  ...bounds,
];
