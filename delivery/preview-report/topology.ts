/** The system as a picture, and as a list for whoever does not see it or has no room for it. */
import { describeEdge, graphOf, type Box, type Edge, type Graph } from "./graph";
import { number } from "../../budget/core/format";
import { html, type Html } from "../../report/html";
import type { StackModel } from "./stack-model";

/** Sizes in the picture's own units, of which the page shows about one a pixel. */
const BOX = { width: 200, height: 62, zoneHeight: 24, gap: 26, arrow: 96 } as const;
const MARGIN = 4;
const LABEL = { width: 104, height: 15 } as const;
/** With more arrows than this the labels cover each other; the list still has them. */
const MOST_LABELS = 14;
/** Longest text that fits into a box. */
const TITLE_LENGTH = 22;

/** More columns than this take more room than the text of the page, or their words become too small to read. */
const MOST_NARROW_COLUMNS = 4;

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Place extends Point {
  readonly box: Box;
  readonly height: number;
}

/** Inline SVG with a list of the same connections. */
export function topology(model: StackModel): Html {
  const graph = graphOf(model);
  if (graph.columns.length === 0) return html`<p class="card">Nothing is in this plan.</p>`;
  const places = placed(graph);
  const width = graph.columns.length * (BOX.width + BOX.arrow) - BOX.arrow + 2 * MARGIN;
  const height = Math.max(...[...places.values()].map(({ y, height: own }) => y + own)) + MARGIN;
  const spread = [...places.values()].some(({ box }) => box.zones.length > 1);
  return html`<figure class="card picture${graph.columns.length > MOST_NARROW_COLUMNS ? " wide" : ""}">
    <div class="canvas" tabindex="0" role="group" aria-label="Picture of the system, scrollable">
      <svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="picture-title">
        <title id="picture-title">Who calls whom; the list below says the same</title>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="8"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path class="head" d="M0 0 L8 4 L0 8 z" />
          </marker>
        </defs>
        ${arrows(graph.edges, places)} ${[...places.values()].map(drawn)}
      </svg>
    </div>
    <figcaption>
      ${spread ? html`<p class="soft">Small fields: pods in each zone at peak.</p>` : ""} ${list(graph)}
    </figcaption>
  </figure>`;
}

function heightOf({ zones }: Box): number {
  return BOX.height + (zones.length > 1 ? BOX.zoneHeight : 0);
}

/** Columns from left to right, each centred in height. */
function placed({ columns }: Graph): Map<string, Place> {
  const used = columns.map((boxes) => boxes.reduce((sum, box) => sum + heightOf(box) + BOX.gap, -BOX.gap));
  const tallest = Math.max(...used);
  const places = new Map<string, Place>();
  columns.forEach((boxes, column) => {
    let y = MARGIN + (tallest - (used[column] ?? 0)) / 2;
    for (const box of boxes) {
      places.set(box.id, { box, x: MARGIN + column * (BOX.width + BOX.arrow), y, height: heightOf(box) });
      y += heightOf(box) + BOX.gap;
    }
  });
  return places;
}

function drawn({ box, x, y, height }: Place): Html {
  const zoneWidth = (BOX.width - 24) / Math.max(1, box.zones.length);
  const zones = box.zones.length > 1 ? box.zones : [];
  const fields = zones.map((pods, zone) => {
    const left = 12 + zone * zoneWidth;
    return html`<rect
        class="zone"
        x="${left + 2}"
        y="${BOX.height - 6}"
        width="${zoneWidth - 4}"
        height="20"
        rx="5"
      />
      <text class="pods" x="${left + zoneWidth / 2}" y="${BOX.height + 8}">${pods}</text>`;
  });
  return html`<g class="box ${box.kind}" transform="translate(${x} ${y})">
    <title>${box.title}: ${box.detail}</title>
    <rect width="${BOX.width}" height="${height}" rx="10" />
    <text class="title" x="14" y="26">${shortened(box.title)}</text>
    <text class="detail" x="14" y="45">${box.detail}</text>
    ${fields}
  </g>`;
}

function shortened(text: string): string {
  return text.length <= TITLE_LENGTH ? text : `${text.slice(0, TITLE_LENGTH - 1)}…`;
}

function arrows(edges: readonly Edge[], places: ReadonlyMap<string, Place>): Html[] {
  const taken: Point[] = [];
  return edges.flatMap((edge) => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    if (from === undefined || to === undefined) return [];
    const { start, end, curve, spots } = wayOf(from, to, [...places.values()]);
    const path = html`<path
      d="M${start.x} ${start.y} ${curve} ${end.x} ${end.y}"
      marker-end="url(#arrow)"
    />`;
    if (edges.length > MOST_LABELS) return [path];
    const at = freeSpot(spots, taken);
    taken.push(at);
    const lines = [
      edge.rps > 0 ? `${number(edge.rps)} req/s` : "",
      edge.connections > 0 ? `${number(edge.connections)} conn.` : "",
    ].filter((line) => line !== "");
    const label = lines.map(
      (line, index) =>
        html`<text class="edge" x="${at.x}" y="${at.y + 4 + (index - (lines.length - 1) / 2) * LABEL.height}"
          >${line}</text
        >`,
    );
    return [html`${path}${label}`];
  });
}

interface Way {
  readonly start: Point;
  readonly end: Point;
  /** What is between them, as SVG writes it. */
  readonly curve: string;
  /** Where a label may stand, the best place first. */
  readonly spots: readonly Point[];
}

/** Beside the middle of a box, so that two that call each other have an arrow each. */
const CALL = { aside: 24, label: 36 } as const;

/** Between columns a curve; within one straight down or up to a neighbour, and around the boxes between others. */
function wayOf(from: Place, to: Place, all: readonly Place[]): Way {
  const start = { x: from.x + BOX.width, y: from.y + from.height / 2 };
  if (from.x !== to.x) {
    const end = { x: to.x, y: to.y + to.height / 2 };
    const middle = (start.x + end.x) / 2;
    const spots = [0.5, 0.4, 0.6, 0.3, 0.7].map((t) => alongCurve(start, end, t));
    return { start, end, curve: `C${middle} ${start.y} ${middle} ${end.y}`, spots };
  }
  const down = to.y > from.y;
  const [upper, lower] = down ? [from, to] : [to, from];
  const isBetween = all.some(({ x, y }) => x === from.x && y > upper.y && y < lower.y);
  if (isBetween) {
    const end = { x: start.x, y: to.y + to.height / 2 };
    const out = start.x + BOX.arrow / 2;
    const spots = [{ x: out, y: (start.y + end.y) / 2 }];
    return { start, end, curve: `C${out} ${start.y} ${out} ${end.y}`, spots };
  }
  const x = from.x + BOX.width / 2 + (down ? -CALL.aside : CALL.aside);
  const [top, bottom] = [
    { x, y: upper.y + upper.height },
    { x, y: lower.y },
  ];
  const spots = [{ x: x + (down ? -CALL.label : CALL.label), y: (top.y + bottom.y) / 2 }];
  return { start: down ? top : bottom, end: down ? bottom : top, curve: "L", spots };
}

/** The first spot where no other label is, and the best where there is none. */
function freeSpot(spots: readonly Point[], taken: readonly Point[]): Point {
  const free = (spot: Point): boolean =>
    taken.every(
      ({ x, y }) => Math.abs(x - spot.x) > LABEL.width / 2 || Math.abs(y - spot.y) > LABEL.height * 1.2,
    );
  return spots.find(free) ?? spots[0] ?? { x: 0, y: 0 };
}

/** Point of the cubic curve whose ends are level, 0 <= t <= 1. */
function alongCurve(start: Point, end: Point, t: number): Point {
  const middle = (start.x + end.x) / 2;
  const s = 1 - t;
  return {
    x: s ** 3 * start.x + 3 * s * t * middle + t ** 3 * end.x,
    y: (s ** 3 + 3 * s * s * t) * start.y + (3 * s * t * t + t ** 3) * end.y,
  };
}

function list({ columns, edges }: Graph): Html {
  const titles = new Map(columns.flat().map(({ id, title }) => [id, title]));
  const lines = edges.map(
    (edge) =>
      html`<li>
        <b>${titles.get(edge.from) ?? ""}</b> to <b>${titles.get(edge.to) ?? ""}</b>: ${describeEdge(edge)}
      </li>`,
  );
  return html`<details>
    <summary>${number(edges.length)} connections as a list</summary>
    <ul class="connections">
      ${lines}
    </ul>
  </details>`;
}
