/** The page's own script: curves by uPlot, with bounds and marks, in the colors of the page. */
import uPlot from "uplot";

import { figure } from "./figures";

/** What the page hands over. */
interface Handed {
  readonly times: number[];
  /** Seconds since 1970. */
  readonly marks: readonly number[];
  readonly panels: readonly {
    readonly id: number;
    readonly unit: string;
    readonly reach: number | undefined;
    readonly curves: readonly { readonly legend: string; readonly values: (number | null)[] }[];
    readonly lines: readonly { readonly value: number; readonly color: string }[];
  }[];
}

const HEIGHT = 220;
const FONT = "12px system-ui, sans-serif";

/** Steps of an axis of bytes: a MiB is no round number of ten. */
const POWERS_OF_TWO = Array.from({ length: 48 }, (_, power) => 2 ** power);
const isBytes = (unit: string): boolean => unit === "bytes" || unit === "binBps";

const css = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const handed = JSON.parse(document.getElementById("data")?.textContent ?? "{}") as Handed;
const plots: uPlot[] = [];

/** Bounds dashed, and a fine line for what happened. */
function overlay({ lines, unit }: Handed["panels"][number]): uPlot.Plugin {
  const draw = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    const line = (x1: number, y1: number, x2: number, y2: number): void => {
      ctx.beginPath();
      ctx.moveTo(x1, y1);
      ctx.lineTo(x2, y2);
      ctx.stroke();
    };
    for (const at of handed.marks) {
      const x = plot.valToPos(at, "x", true);
      ctx.strokeStyle = css("--mark");
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      line(x, bbox.top, x, bbox.top + bbox.height);
    }
    for (const { value, color } of lines) {
      const y = plot.valToPos(value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = ctx.fillStyle = css(color === "red" ? "--bad" : "--open");
      ctx.lineWidth = 1.4 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      line(bbox.left, y, bbox.left + bbox.width, y);
      ctx.textAlign = "right";
      const place = [figure(value, unit), bbox.left + bbox.width - 4 * ratio, y - 4 * ratio] as const;
      // A halo, so that a curve below does not cross the words.
      ctx.setLineDash([]);
      ctx.strokeStyle = css("--card");
      ctx.lineWidth = 4 * ratio;
      ctx.strokeText(...place);
      ctx.fillText(...place);
    }
    ctx.restore();
  };
  return { hooks: { draw } };
}

/** Figures under the cursor take the place of the last ones. */
function readings(panel: Handed["panels"][number], host: HTMLElement): (plot: uPlot) => void {
  const cells = [...(host.parentElement?.querySelectorAll<HTMLElement>("td[data-last]") ?? [])];
  const head = host.parentElement?.querySelector<HTMLElement>("th[data-last]");
  return ({ cursor: { idx } }) => {
    const at = idx === null || idx === undefined ? undefined : handed.times[idx];
    if (head) head.textContent = at === undefined ? "last" : new Date(1000 * at).toISOString().slice(11, 19);
    panel.curves.forEach(({ values }, index) => {
      const cell = cells[index];
      if (cell)
        cell.textContent =
          at === undefined ? (cell.dataset["last"] ?? "") : figure(values[idx ?? 0], panel.unit);
    });
  };
}

function drawInto(host: HTMLElement, panel: Handed["panels"][number]): void {
  const highest = Math.max(0, ...panel.curves.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const top = Math.max(highest * 1.08, panel.reach ?? 0) || 1;
  const lowest = Math.min(0, ...panel.curves.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const axis = {
    stroke: () => css("--soft"),
    font: FONT,
    grid: { stroke: () => css("--line"), width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: HEIGHT,
      padding: [12, 30, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { sync: { key: "page" }, drag: { x: false, y: false }, y: false },
      scales: { y: { range: [lowest * 1.08, top] } },
      axes: [
        {
          ...axis,
          space: 72,
          size: 30,
          values: [[1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]],
        },
        {
          ...axis,
          size: 74,
          ...(isBytes(panel.unit) ? { incrs: POWERS_OF_TWO } : {}),
          space: 42,
          values: (_, splits) => splits.map((value) => figure(value, panel.unit)),
        },
      ],
      series: [
        {},
        ...panel.curves.map(({ legend }, index) => ({
          label: legend,
          width: 1.8,
          stroke: () => css(`--curve-${index % 8}`),
          points: { show: false },
        })),
      ],
      plugins: [overlay(panel)],
      hooks: { setCursor: [readings(panel, host)] },
    },
    [handed.times, ...panel.curves.map(({ values }) => values)],
    host,
  );
  plots.push(plot);
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT })).observe(host);
}

for (const panel of handed.panels) {
  const host = document.getElementById(`panel-${panel.id}`);
  if (host !== null) drawInto(host, panel);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const plot of plots) plot.redraw(false);
});
