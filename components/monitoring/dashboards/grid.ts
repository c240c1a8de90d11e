/** Where panels stand: Grafana's grid has 24 columns, and a row of height 1 above each group. */
import type { Panel } from "../../../budget/monitoring/panel";

/** A place on the grid, as Grafana has it. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A row with its panels, each at its place. */
export interface PlacedRow {
  readonly title: string;
  readonly place: Place;
  /** Closed rows ask nothing until they are opened. */
  readonly collapsed: boolean;
  readonly panels: readonly { readonly panel: Panel; readonly place: Place }[];
}

const COLUMNS = 24;
const HEIGHTS = { stat: 4, "time series": 8 } as const;

/** Figures beside each other: more would be too narrow for a number with its unit. */
const MOST_STATS = 6;

/** Rows that are open at first. Grafana asks for every panel of an open row that is scrolled by, again at each refresh. */
const OPEN_ROWS = 12;

/** Rows in the order of their panels; those of figures alone stand at the top, where a glance falls first. */
export function placedRows(panels: readonly Panel[]): PlacedRow[] {
  const rows = new Map<string, Panel[]>();
  for (const panel of panels) rows.set(panel.row, [...(rows.get(panel.row) ?? []), panel]);
  const all = [...rows];
  const isFigures = (row: readonly Panel[]): boolean => row.every(({ kind }) => kind === "stat");
  const sorted = [...all.filter(([, row]) => isFigures(row)), ...all.filter(([, row]) => !isFigures(row))];
  let y = 0;
  return sorted.map(([title, row], index) => {
    const place = { x: 0, y, w: COLUMNS, h: 1 };
    const collapsed = index >= OPEN_ROWS;
    const placed = placedPanels(row, y + 1);
    const bottom = Math.max(...placed.map(({ place: { y: top, h } }) => top + h));
    y = collapsed ? y + 1 : bottom;
    return { title, place, collapsed, panels: placed };
  });
}

function placedPanels(row: readonly Panel[], top: number): { panel: Panel; place: Place }[] {
  const stats = row.filter(({ kind }) => kind === "stat");
  const series = row.filter(({ kind }) => kind !== "stat");
  const figures = lines(stats, Math.ceil(stats.length / Math.max(1, Math.ceil(stats.length / MOST_STATS))));
  const curves = lines(series, series.length % 3 === 0 ? 3 : 2);
  let y = top;
  return [...figures, ...curves].flatMap((line) => {
    const h = HEIGHTS[line[0]?.kind ?? "time series"];
    const w = COLUMNS / line.length;
    const placed = line.map((panel, column) => {
      const [from, to] = [Math.round(column * w), Math.round((column + 1) * w)];
      return { panel, place: { x: from, y, w: to - from, h } };
    });
    y += h;
    return placed;
  });
}

/** Cut into lines of so many at most. */
function lines(panels: readonly Panel[], most: number): Panel[][] {
  const cut: Panel[][] = [];
  for (let from = 0; from < panels.length; from += most) cut.push(panels.slice(from, from + most));
  return cut;
}
