/** Pictures of a replay as SVG: lines over time, and points of cost against broken minutes. */
import { html, type Html } from "../../report/html";

const WIDTH = 1100;
const LEFT = 64;
const RIGHT = 12;

/** A line over minutes. */
export interface Line {
  readonly name: string;
  /** Class of its color. */
  readonly look: string;
  readonly values: ArrayLike<number>;
  /** Filled down to zero. */
  readonly area?: boolean;
}

/** A stretch of a replay. */
export interface Stretch {
  /** Minutes since the start: from, and to before. */
  readonly from: number;
  readonly to: number;
  /** Start of minute 0, seconds since 1970. */
  readonly startSeconds: number;
}

export interface Panel {
  readonly title: string;
  readonly height: number;
  readonly lines: readonly Line[];
  /** A horizontal line with a name. */
  readonly limit?: { readonly name: string; readonly value: number };
  /** The highest value shown. @default the highest there is */
  readonly most?: number;
  /** A number as the axis has it. */
  readonly label: (value: number) => string;
}

function svg(height: number, label: string, inner: readonly Html[]): Html {
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
    ${inner}
  </svg>`;
}

/** A panel over a stretch of time. */
export function panel({ title, height, lines, limit, most, label }: Panel, stretch: Stretch): Html {
  const columns = lines.map(({ values }) => highest(values, stretch));
  const top = niceTop(most ?? Math.max(limit?.value ?? 0, ...columns.flat().filter(Number.isFinite)));
  const [plot, y] = [
    height - 22,
    (value: number): number => PLOT_TOP + (1 - Math.min(value, top) / top) * (height - 46),
  ];
  const x = (column: number, of: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * column) / Math.max(1, of - 1);
  const drawn = lines.map(({ look, area = false }, index) => {
    const points = (columns[index] ?? []).map(
      (value, column, all) => `${x(column, all.length).toFixed(1)},${y(value).toFixed(1)}`,
    );
    if (!area) return html`<polyline class="line ${look}" points="${points.join(" ")}" />`;
    const end = x(points.length - 1, points.length).toFixed(1);
    return html`<polygon class="area ${look}" points="${LEFT},${plot} ${points.join(" ")} ${end},${plot}" />`;
  });
  const grid = [0, top / 2, top].map(
    (value) =>
      html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" /><text
          class="tick"
          x="${LEFT - 8}"
          y="${y(value) + 4}"
          text-anchor="end"
          >${label(value)}</text
        >`,
  );
  const mark =
    limit === undefined
      ? []
      : [
          html`<line
              class="limit"
              x1="${LEFT}"
              x2="${WIDTH - RIGHT}"
              y1="${y(limit.value)}"
              y2="${y(limit.value)}"
            /><text class="tick limit-name" x="${WIDTH - RIGHT}" y="${y(limit.value) - 5}" text-anchor="end"
              >${limit.name}</text
            >`,
        ];
  return html`<div class="panel">
    <h3>${title} ${legend(lines)}</h3>
    ${svg(height, title, [...grid, ...drawn, ...mark, ...timeTicks(stretch, height)])}
  </div>`;
}

/** Room above a plot. */
const PLOT_TOP = 24;

function legend(lines: readonly Line[]): readonly Html[] {
  return lines.map(({ name, look }) => html`<span class="key"><i class="${look}"></i>${name}</span>`);
}

/** A strip that is dark where a minute is broken. */
export function strip(title: string, broken: ArrayLike<number>, stretch: Stretch): Html {
  const columns = highest(broken, stretch);
  const width = (WIDTH - LEFT - RIGHT) / columns.length;
  const marks = columns.flatMap((value, column) =>
    value > 0
      ? [
          html`<rect
            class="broken"
            x="${(LEFT + column * width).toFixed(1)}"
            y="4"
            width="${Math.max(1.5, width).toFixed(1)}"
            height="14"
          />`,
        ]
      : [],
  );
  return html`<div class="panel">
    <h3>${title}</h3>
    ${svg(22, title, [html`<rect class="kept" x="${LEFT}" y="4" width="${WIDTH - LEFT - RIGHT}" height="14" />`, ...marks])}
  </div>`;
}

/** The highest value of each of at most so many columns. */
function highest(values: ArrayLike<number>, { from, to }: Stretch, most = 900): number[] {
  const length = Math.max(1, Math.min(to, values.length) - from);
  const count = Math.min(most, length);
  return Array.from({ length: count }, (_, column) => {
    const first = from + Math.floor((column * length) / count);
    const last = Math.max(first + 1, from + Math.floor(((column + 1) * length) / count));
    let top = 0;
    for (let minute = first; minute < last; minute++) top = Math.max(top, values[minute] ?? 0);
    return top;
  });
}

/** 1, 2, 2.5, 5 times a power of ten. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (
    ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power
  );
}

/** Hours or days that fit, in UTC. */
function timeTicks({ from, to, startSeconds }: Stretch, height: number): Html[] {
  const minutes = to - from;
  const step =
    [15, 30, 60, 120, 360, 720, 1440, 2880, 10_080, 20_160, 40_320].find((each) => minutes / each <= 12) ??
    80_640;
  const first = Math.ceil((startSeconds / 60 + from) / step) * step - startSeconds / 60;
  const ticks: Html[] = [];
  for (let minute = first; minute < to; minute += step) {
    const x = LEFT + ((WIDTH - LEFT - RIGHT) * (minute - from)) / minutes;
    const at = new Date((startSeconds + minute * 60) * 1000).toISOString();
    const isDay = step >= 1440 || at.slice(11, 16) === "00:00";
    const text = isDay ? at.slice(5, 10) : at.slice(11, 16);
    ticks.push(
      html`<line class="grid" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="24" y2="${height - 22}" /><text
          class="tick"
          x="${x.toFixed(1)}"
          y="${height - 6}"
          text-anchor="middle"
          >${text}</text
        >`,
    );
  }
  return ticks;
}

/** One method in a picture of cost against broken minutes. */
export interface Curve {
  readonly name: string;
  readonly look: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Shown as a dot. */
  readonly at?: { readonly x: number; readonly y: number };
}

/** Cost to the right, broken minutes upwards, on a scale of roots: few are told apart, many still fit. */
export function tradeOff(title: string, curves: readonly Curve[], xLabel: string): Html {
  const height = 340;
  const all = curves.flatMap(({ points, at }) => [...points, ...(at === undefined ? [] : [at])]);
  const [left, right] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  const top = niceTop(Math.max(1, ...all.map(({ y }) => y)));
  const [low, high] = [left - 0.05 * (right - left || 1), right + 0.05 * (right - left || 1)];
  const x = (value: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * (value - low)) / (high - low);
  const y = (value: number): number => 24 + (1 - Math.sqrt(value / top)) * (height - 72);
  const rows = [0, 0.04, 0.25, 1].map((share) => share * top);
  const step = niceTop((high - low) / 6);
  const columns = Array.from({ length: 12 }, (_, index) => (Math.ceil(low / step) + index) * step).filter(
    (value) => value < high,
  );
  const inner = [
    ...rows.map(
      (value) =>
        html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" /><text
            class="tick"
            x="${LEFT - 8}"
            y="${y(value) + 4}"
            text-anchor="end"
            >${round(value)}</text
          >`,
    ),
    ...columns.map(
      (value) =>
        html`<text class="tick" x="${x(value)}" y="${height - 28}" text-anchor="middle"
          >${round(value)}</text
        >`,
    ),
    html`<text class="tick" x="${(LEFT + WIDTH) / 2}" y="${height - 6}" text-anchor="middle"
      >${xLabel}</text
    >`,
    ...curves.map(({ look, points }) => {
      const line = [...points]
        .sort((a, b) => a.x - b.x)
        .map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`);
      return html`<polyline class="line ${look}" points="${line.join(" ")}" />`;
    }),
    ...curves.flatMap(({ look, points }) =>
      points.map(
        (point) =>
          html`<circle
            class="dot ${look}"
            cx="${x(point.x).toFixed(1)}"
            cy="${y(point.y).toFixed(1)}"
            r="3"
          />`,
      ),
    ),
    ...curves.flatMap(({ look, name, at }) =>
      at === undefined
        ? []
        : [
            html`<circle
                class="dot big ${look}"
                cx="${x(at.x).toFixed(1)}"
                cy="${y(at.y).toFixed(1)}"
                r="7"
              /><text class="tick name" x="${(x(at.x) + 11).toFixed(1)}" y="${(y(at.y) - 9).toFixed(1)}"
                >${name}</text
              >`,
          ],
    ),
  ];
  return html`<div class="panel">
    <h3>${title} ${legend(curves.map(({ name, look }) => ({ name, look, values: [] })))}</h3>
    ${svg(height, title, inner)}
  </div>`;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

export const CHART_STYLE = `
.panel { margin: 0 0 14px; }
.panel h3 { margin: 0; font-size: 14px; font-weight: 600; color: var(--soft); display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; }
.panel h3 .key { font-weight: 400; font-size: 13px; }
.key i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px; vertical-align: middle; background: currentColor; }
.scroll { overflow-x: auto; }
.chart { display: block; width: 100%; min-width: 720px; height: auto; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .tick { font: 12px system-ui, sans-serif; fill: var(--soft); }
.chart .tick.name { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.chart .line { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; }
.chart .area { fill: currentColor; opacity: 0.22; stroke: none; }
.chart .dot { fill: currentColor; } .chart .dot.big { stroke: var(--card); stroke-width: 2; }
.chart .limit { stroke: var(--bad); stroke-width: 1.3; stroke-dasharray: 6 4; } .chart .limit-name { fill: var(--bad); }
.chart .kept { fill: var(--good-ground); } .chart .broken { fill: var(--bad); }
.one { color: var(--accent); } .two { color: #b4600a; } .three { color: #17806d; } .four { color: var(--soft); }
@media (prefers-color-scheme: dark) { .two { color: #f0a35a; } .three { color: #63cbb5; } }
`;
