/** A comparison in a few lines of text. */
import { plural } from "../../budget/core/format";
import type { Comparison, Method } from "./compare";
import type { ReplaySums } from "./recorder";

const WIDTHS = [18, 9, 9, 11, 11, 9, 11, 10] as const;
const HEAD = ["", "pod-hours", "cost", "broken min", "p95/p99/err", "failed", "equal cost", "worst wait"];

export function comparisonLines({ trace, service, methods, seeds }: Comparison): string[] {
  const days = (trace.minutes / 1440).toFixed(1);
  const scale = trace.scale === 1 ? "" : `, times ${Number(trace.scale.toPrecision(3))}`;
  return [
    `${trace.name} (${days} days${scale}) at ${service}`,
    row(HEAD),
    ...methods.map((method) => row(cells(method))),
    ...seeds.map(
      ({ seed, sums }) =>
        `  by chance, seed ${seed}: ${sums.violations.any} minutes broken, ${sums.podHours.toFixed(0)} pod-hours`,
    ),
    ...(methods[0] === undefined ? [] : queueLines(methods[0].sums).map((line) => `  ${line}`)),
    ...(methods[0]?.sums.recovery ?? []).map(({ fault, seconds }) => `  ${fault}: ${recovered(seconds)}`),
    "equal cost: minutes broken where its target is set so that it costs what the rendered one does",
  ];
}

function cells({ name, sums, cost, atEqualCost }: Method): string[] {
  const { violations, podHours, failed, worstWaitSeconds } = sums;
  return [
    name,
    podHours.toFixed(0),
    cost.toFixed(0),
    `${violations.any}`,
    `${violations.p95}/${violations.p99}/${violations.errors}`,
    `${(100 * failed).toFixed(3)} %`,
    atEqualCost === undefined ? "–" : atEqualCost.toFixed(1),
    `${worstWaitSeconds.toFixed(2)} s`,
  ];
}

function row(parts: readonly string[]): string {
  return `  ${parts.map((part, index) => (index === 0 ? part.padEnd(WIDTHS[0]) : part.padStart(WIDTHS[index] ?? 10))).join("  ")}`;
}

/** What waited in each queue of messages. */
export function queueLines({ queues, violations }: ReplaySums): string[] {
  const most = queues.map(
    ({ name, worst, oldestSeconds }) =>
      `queue ${name}: at most ${count(worst)} messages waited, the oldest ${count(oldestSeconds)} s`,
  );
  const late = `longer than promised in ${plural(violations.queues, "minute")}`;
  return violations.queues === 0 ? most : [...most, late];
}

const count = (value: number): string => Math.round(value).toLocaleString("en-US");

export function recovered(seconds: number): string {
  return seconds === 0 ? "every promise kept" : `kept again after ${(seconds / 60).toFixed(0)} min`;
}
