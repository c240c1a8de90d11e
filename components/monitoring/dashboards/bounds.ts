/** Bounds of a plan as Grafana's thresholds: a color from a value upwards. */
import type { Threshold } from "@grafana/grafana-foundation-sdk/dashboard";

import type { PanelBound, PanelUnit } from "../../../budget/monitoring/panel";

/** Colors of Grafana's own palette. */
const COLORS = ["green", "orange", "red"] as const;

/**
 * Green where no bound is broken, red beyond the last one, orange before. A bound that is alone is the last one.
 *
 * @param bounds in any order
 */
export function thresholdsOf(bounds: readonly PanelBound[]): Threshold[] {
  const graded = (["higher", "lower"] as const).flatMap((direction) =>
    bounds
      .filter(({ worseWhen }) => worseWhen === direction)
      .sort((a, b) => (direction === "higher" ? a.value - b.value : b.value - a.value))
      .map((bound, index, all) => ({ ...bound, grade: index === all.length - 1 ? 2 : 1 })),
  );
  const gradeFrom = (from: number): number =>
    graded
      .filter(({ value, worseWhen }) => (worseWhen === "higher" ? value <= from : value > from))
      .reduce((worst, { grade }) => Math.max(worst, grade), 0);
  const values = [...new Set(bounds.map(({ value }) => value))].sort((a, b) => a - b);
  return [
    { value: null, color: COLORS[gradeFrom(-Infinity)] ?? "green" },
    ...values.map((value) => ({ value, color: COLORS[gradeFrom(value)] ?? "green" })),
  ];
}

/** To where the axis reaches at least, so that a bound is seen that is far away. Undefined without one. */
export function reachOf(bounds: readonly PanelBound[], unit: PanelUnit): number | undefined {
  const highest = Math.max(...bounds.map(({ value }) => value));
  if (!Number.isFinite(highest)) return undefined;
  const reach = Number((1.2 * highest).toPrecision(6));
  return unit === "ratio" && highest <= 1 ? Math.min(1, reach) : reach;
}

/** `promise 0.2 s, alarm 0.5 s`: Grafana draws bounds without names. */
export function boundsText(bounds: readonly PanelBound[], unit: PanelUnit): string {
  return bounds.map(({ label, value }) => `${label} ${figure(value, unit)}`).join(", ");
}

/** A bound as a person reads it. */
function figure(value: number, unit: PanelUnit): string {
  const short = (of: number): string => String(Number(of.toPrecision(4)));
  if (unit === "ratio") return `${short(100 * value)} %`;
  if (unit === "seconds") return value < 1 ? `${short(1000 * value)} ms` : `${short(value)} s`;
  if (unit === "bytes" || unit === "bytes/s") {
    const mebibytes = `${short(value / 2 ** 20)} MiB`;
    return unit === "bytes" ? mebibytes : `${mebibytes}/s`;
  }
  return unit === "count" ? short(value) : `${short(value)} ${unit}`;
}
