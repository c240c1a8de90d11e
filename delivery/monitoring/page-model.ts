/** What the page shows: a dashboard, as Grafana reads it, with the answers of a Prometheus to its queries. */
import type { DashboardJson } from "../../components/monitoring/dashboards/render";

/** Colors of the dashboards' thresholds, from good to bad. */
export const GRADES = ["green", "orange", "red"] as const;

export type Grade = (typeof GRADES)[number];

export interface ShownThreshold {
  /** Null: from the bottom. */
  readonly value: number | null;
  readonly color: Grade;
}

export interface Curve {
  readonly legend: string;
  /** One for each of the page's times, null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface ShownPanel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  /** Grafana's id of a unit. */
  readonly unit: string;
  readonly isStat: boolean;
  readonly thresholds: readonly ShownThreshold[];
  /** To where the axis reaches at least. */
  readonly reach: number | undefined;
  readonly curves: readonly Curve[];
  /** Why there is no curve; undefined where there is one. */
  readonly why: string | undefined;
  /** Columns of 24. */
  readonly width: number;
}

export interface Mark {
  /** Seconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export interface DashboardModel {
  readonly title: string;
  readonly description: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly ShownPanel[] }[];
  readonly marks: readonly Mark[];
}

/** One series of an answer. */
export interface AnsweredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** Answers a query over a time. */
export type AskRange = (query: string, from: number, to: number, step: number) => Promise<AnsweredSeries[]>;

export interface Span {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Between two scrapes, seconds: from it follows `$__rate_interval`, as in Grafana. */
  readonly scrapeSeconds: number;
}

/** Says why queries have no answer, in half a sentence. */
export type Explain = (queries: readonly string[]) => string;

/** As many as a screen has room for. */
const MOST_POINTS = 240;

/** What this page reads of Grafana's format. */
interface PanelJson {
  readonly id?: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos?: { readonly w: number };
  readonly targets?: readonly { readonly expr?: string; readonly legendFormat?: string }[];
  readonly fieldConfig?: {
    readonly defaults?: {
      readonly unit?: string;
      readonly custom?: { readonly axisSoftMax?: number };
      readonly thresholds?: { readonly steps?: readonly { value: number | null; color: string }[] };
    };
  };
  readonly panels?: readonly PanelJson[];
}

/** Asks for all of a dashboard. @param marks besides the dashboard's own annotations */
export async function dashboardModel(
  dashboard: DashboardJson,
  ask: AskRange,
  { from, to, scrapeSeconds }: Span,
  marks: readonly Mark[] = [],
  explain: Explain = () => "nothing of it has happened",
): Promise<DashboardModel> {
  const step = Math.max(scrapeSeconds, Math.ceil((to - from) / MOST_POINTS));
  const first = Math.ceil(from / step) * step;
  const times = Array.from(
    { length: Math.floor((to - first) / step) + 1 },
    (_, index) => first + index * step,
  );
  // Grafana's own: four scrapes, so that a rate has two samples in it also when one is late.
  const rateInterval = `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`;
  const answered = async (expr: string): Promise<AnsweredSeries[]> =>
    await ask(expr.replaceAll("$__rate_interval", rateInterval), first, times.at(-1) ?? first, step);
  const rows: { title: string; panels: ShownPanel[] }[] = [];
  for (const panel of (dashboard.panels ?? []) as readonly PanelJson[]) {
    if (panel.type !== "row") {
      if (rows.length === 0) rows.push({ title: "Panels", panels: [] });
      rows.at(-1)?.panels.push(await shownPanel(panel, times, answered, explain));
      continue;
    }
    const inside = [];
    for (const one of panel.panels ?? []) inside.push(await shownPanel(one, times, answered, explain));
    rows.push({ title: panel.title ?? "", panels: inside });
  }
  const own: Mark[] = [];
  for (const { expr, titleFormat = "" } of dashboard.annotations?.list ?? []) {
    if (expr === undefined) continue;
    for (const { metric, values } of await answered(expr))
      own.push(...starts(values, step).map((at) => ({ at, text: legendText(titleFormat, metric) })));
  }
  return {
    title: dashboard.title ?? "",
    description: dashboard.description ?? "",
    times,
    rows,
    marks: [...marks, ...own].sort((a, b) => a.at - b.at),
  };
}

async function shownPanel(
  { id = 0, type, title = "", description = "", gridPos, targets = [], fieldConfig }: PanelJson,
  times: readonly number[],
  answered: (expr: string) => Promise<AnsweredSeries[]>,
  explain: Explain,
): Promise<ShownPanel> {
  const { unit = "short", custom, thresholds } = fieldConfig?.defaults ?? {};
  const curves: Curve[] = [];
  for (const { expr = "", legendFormat = "" } of targets) {
    for (const { metric, values } of await answered(expr)) {
      const known = new Map(values.map(([at, value]) => [at, Number(value)]));
      const shown = times.map((at) => {
        const value = known.get(at);
        return value === undefined || !Number.isFinite(value) ? null : value;
      });
      if (shown.some((value) => value !== null))
        curves.push({ legend: legendText(legendFormat, metric), values: shown });
    }
  }
  return {
    id,
    title,
    description,
    unit,
    isStat: type === "stat",
    thresholds: (thresholds?.steps ?? []).map(({ value, color }) => ({
      value,
      color: GRADES.find((grade) => grade === color) ?? "green",
    })),
    reach: custom?.axisSoftMax,
    curves,
    why: curves.length > 0 ? undefined : explain(targets.map(({ expr = "" }) => expr)),
    width: gridPos?.w ?? 24,
  };
}

/** `{{cache}}` by the series' labels, as Grafana does. */
export function legendText(format: string, labels: Readonly<Record<string, string>>): string {
  return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? "").trim();
}

/** Moments at which a series begins, after a gap or at all. */
function starts(values: AnsweredSeries["values"], step: number): number[] {
  return values
    .filter(([at], index) => index === 0 || at - (values[index - 1]?.[0] ?? at) > 1.5 * step)
    .map(([at]) => at);
}

/** The last value there is. */
export function lastOf({ values }: Curve): number | null {
  return values.filter((value) => value !== null).at(-1) ?? null;
}

/** In which color a value is. */
export function gradeOf(value: number, thresholds: readonly ShownThreshold[]): Grade {
  return thresholds.filter(({ value: from }) => from === null || from <= value).at(-1)?.color ?? "green";
}

/** Bounds as lines: where the color changes, in the worse of the two. */
export function linesOf(thresholds: readonly ShownThreshold[]): { value: number; color: Grade }[] {
  return thresholds.flatMap(({ value, color }, index) => {
    if (value === null) return [];
    const below = thresholds[index - 1]?.color ?? "green";
    return [{ value, color: GRADES.indexOf(below) > GRADES.indexOf(color) ? below : color }];
  });
}
