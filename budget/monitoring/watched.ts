/** What is watched of a noun: the third question that each noun of a stack answers. */
import type { Alert } from "./alert";
import type { Panel } from "./panel";
import type { RecordingRule } from "./recording";
import { matchers } from "./series";

/** Name of the series with the figures of the plan. */
export const BUDGET_TARGET = "budget_target";

/** A figure of the plan that dashboards and alerts join: `budget_target{service,metric,step}`. */
export interface ExportedTarget {
  /** Name of the series. @default {@link BUDGET_TARGET} */
  readonly record?: string;
  /** Labels of the series; `metric` is among those of {@link BUDGET_TARGET}. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The figure of all services, or of one of them. @param labels `metric`, and what else tells it from others */
export function targetSeries(labels: Readonly<Record<string, string>>): string {
  return `${BUDGET_TARGET}{${matchers(labels)}}`;
}

export interface Watched {
  readonly rules: readonly RecordingRule[];
  readonly alerts: readonly Alert[];
  readonly panels: readonly Panel[];
  readonly targets: readonly ExportedTarget[];
}

export const NOTHING_WATCHED: Watched = { rules: [], alerts: [], panels: [], targets: [] };

/** All of several, in their order. A rule that several have in common is there once, behind all that it may read. */
export function together(parts: readonly Watched[]): Watched {
  const rules = parts.flatMap((part) => part.rules);
  return {
    rules: [...new Set(rules.reverse())].reverse(),
    alerts: parts.flatMap(({ alerts }) => alerts),
    panels: parts.flatMap(({ panels }) => panels),
    targets: parts.flatMap(({ targets }) => targets),
  };
}
