/** A past for what rules look back on for longer than the measurement runs. */
import { execFile } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { expressionOf } from "../../budget/monitoring/alert";
import type { RecordingRule } from "../../budget/monitoring/recording";
import { ALLOWED } from "../../budget/monitoring/slo";
import type { Watched } from "../../budget/monitoring/watched";
import { gaugeSeries, labelled, nameOf, valueAt, type MadeSeries, type Target } from "./series";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The longest windows in which rules and alerts read each series, seconds, by its name. */
export function windowsOf({ rules, alerts }: Watched): ReadonlyMap<string, number> {
  const windows = new Map<string, number>();
  const texts = [...rules.map(({ expr }) => expr), ...alerts.map((alert) => expressionOf(alert))];
  for (const text of texts) {
    for (const [, name = "", count, unit = ""] of text.matchAll(
      /([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?\[(\d+)([smhd])(?::\w+)?\]/g,
    )) {
      const seconds = Number(count) * (SECONDS[unit] ?? NaN);
      windows.set(name, Math.max(seconds, windows.get(name) ?? 0));
    }
  }
  return windows;
}

export interface PastSeries {
  readonly series: MadeSeries;
  /** How far back, and between two samples, seconds. */
  readonly seconds: number;
  readonly stepSeconds: number;
}

/**
 * Series that rules look back at for longer than the run, which are written beforehand; `without` names recorded series of that
 * kind whose labels are not known before they are recorded.
 */
export function pastOf(
  watched: Watched,
  targets: readonly Target[],
  liveSeconds: number,
  stepOf: (record: string) => number,
): { readonly past: readonly PastSeries[]; readonly without: readonly string[] } {
  const windows = windowsOf(watched);
  const isLong = (name: string): boolean => (windows.get(name) ?? 0) > liveSeconds;
  const entry = (series: MadeSeries): PastSeries => {
    const name = nameOf(series.text);
    const stepSeconds = stepOf(name);
    return { series, seconds: (windows.get(name) ?? 0) + stepSeconds, stepSeconds };
  };
  const scraped = targets.flatMap(({ labels, honorsLabels, series }) =>
    series
      .filter(({ text }) => isLong(nameOf(text)))
      .map((one) =>
        entry({ ...one, text: labelled(one.text, honorsLabels ? missing(one.text, labels) : labels) }),
      ),
  );
  const needed = watched.rules.filter(({ record }) => isLong(record));
  const recorded = needed.flatMap((rule) =>
    labelsOf(rule, watched).map((labels) =>
      entry(gaugeSeries(labelled(rule.record, labels), rule.record.includes("bad_events") ? 0.001 : 10)),
    ),
  );
  const without = needed.filter((rule) => labelsOf(rule, watched).length === 0);
  return { past: [...scraped, ...recorded], without: without.map(({ record }) => record) };
}

/** Labels of what a rule records: its own where it is one series, those of each subject where it is about objectives. */
function labelsOf(
  { labels = {}, record, each }: RecordingRule,
  { targets }: Watched,
): Readonly<Record<string, string>>[] {
  if (each === undefined) return Object.keys(labels).length === 0 ? [] : [labels];
  if (!record.startsWith("slo:")) return [];
  return targets.flatMap((target) =>
    target.record === ALLOWED &&
    Object.entries(labels).every(([label, value]) => target.labels[label] === value)
      ? [target.labels]
      : [],
  );
}

/** Labels of a target that the series itself does not have. */
function missing(text: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => !text.includes(`${label}="`)));
}

/** Blocks as large as a server has that has run for weeks. */
const BLOCK = "54h";

/** Writes the past into a data folder, until now. @returns number of samples */
export async function writePast(
  past: readonly PastSeries[],
  folder: string,
  data: string,
  now: number,
): Promise<number> {
  const file = join(folder, "past.txt");
  const out = openSync(file, "w");
  let samples = 0;
  for (const { series, seconds, stepSeconds } of past) {
    let text = "";
    for (let ago = seconds; ago >= 0; ago -= stepSeconds) {
      text += `${series.text} ${valueAt(series, -ago)} ${now - ago}\n`;
      samples++;
    }
    writeSync(out, text);
  }
  writeSync(out, "# EOF\n");
  closeSync(out);
  const args = ["tsdb", "create-blocks-from", "openmetrics", `--max-block-duration=${BLOCK}`, "--quiet"];
  await promisify(execFile)("promtool", [...args, file, data], { maxBuffer: 1 << 26 });
  rmSync(file);
  return samples;
}
