/** The system as a picture: who calls whom, with the numbers that were derived for each. */
import { number } from "./derivations";
import { html, type Html } from "./html";
import type { StackModel } from "./stack-model";

const BOX = { width: 216, height: 64, gap: 22, column: 330 } as const;
/** Beyond this many in a column a picture shows nothing; the rest is one box. */
const MOST_BOXES = 8;

interface Box {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly kind: "client" | "proxy" | "service" | "cache";
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** The first boxes of a column, and one for those left out. */
function limited(boxes: readonly Box[]): Box[] {
  if (boxes.length <= MOST_BOXES) return [...boxes];
  const [first] = boxes;
  const rest = boxes.length - MOST_BOXES + 1;
  const more: Box = {
    id: "more",
    title: `${rest} more`,
    detail: "see below",
    kind: first?.kind ?? "service",
  };
  return [...boxes.slice(0, MOST_BOXES - 1), more];
}

function columns(model: StackModel): Box[][] {
  const clients: Box[] = model.proxies.map(({ workload, expectedClients }) => ({
    id: `clients-of-${workload}`,
    title: "Clients",
    detail: `${number(expectedClients, 0)} at once`,
    kind: "client",
  }));
  const proxies: Box[] = model.proxies.map(({ workload, minReplicas, maxReplicas }) => ({
    id: workload,
    title: workload,
    detail: pods(minReplicas, maxReplicas),
    kind: "proxy",
  }));
  const services: Box[] = model.services.map(({ workload, replicas }) => ({
    id: workload,
    title: workload,
    detail: `${pods(replicas.min, replicas.max)} at ${number(replicas.targetUtilization * 100, 0)} % CPU`,
    kind: "service",
  }));
  const caches: Box[] = model.caches.map(({ workload, purpose, maxMemoryMiB }) => ({
    id: workload,
    title: workload,
    detail: `${purpose}, ${number(maxMemoryMiB, 0)} MiB`,
    kind: "cache",
  }));
  return [clients, proxies, services, caches].map(limited).filter((column) => column.length > 0);
}

function pods(min: number, max: number): string {
  return min === max ? `${min} pods` : `${min} to ${max} pods`;
}

function edges(model: StackModel): Edge[] {
  const exposed = model.services.find(({ workload }) => workload === model.exposedService);
  return [
    ...model.proxies.flatMap(({ workload }) => [
      { from: `clients-of-${workload}`, to: workload, label: "HTTP" },
      ...(exposed === undefined
        ? []
        : [{ from: workload, to: exposed.workload, label: `${number(exposed.demand.peakRps, 0)} req/s` }]),
    ]),
    ...model.services.flatMap(({ workload, cachePools }) =>
      Object.entries(cachePools).map(([cache, pool]) => ({
        from: workload,
        to: cache,
        label: `pool of ${pool}`,
      })),
    ),
  ];
}

/** Inline SVG with a text alternative. */
export function topology(model: StackModel): Html {
  const laidOut = columns(model);
  const tallest = Math.max(1, ...laidOut.map((column) => column.length));
  const height = tallest * (BOX.height + BOX.gap) + BOX.gap;
  const width = (laidOut.length - 1) * BOX.column + BOX.width + 4;
  const places = new Map<string, { readonly x: number; readonly y: number }>();
  laidOut.forEach((column, index) => {
    const used = column.length * (BOX.height + BOX.gap) - BOX.gap;
    column.forEach(({ id }, row) =>
      places.set(id, { x: 2 + index * BOX.column, y: (height - used) / 2 + row * (BOX.height + BOX.gap) }),
    );
  });
  const lines = edges(model).flatMap(({ from, to, label }) => {
    const [start, end] = [places.get(from), places.get(to)];
    if (start === undefined || end === undefined) return [];
    const [x1, y1, x2, y2] = [start.x + BOX.width, start.y + BOX.height / 2, end.x, end.y + BOX.height / 2];
    const bend = (x2 - x1) / 2;
    // A third of the way along the curve lines that cross later are still apart.
    const [labelX, labelY] = [x1 + (x2 - x1) * 0.38, y1 + (y2 - y1) * 0.3 - 6];
    return [
      html`<path
          d="M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"
          marker-end="url(#arrow)"
        />
        <text class="edge" x="${labelX}" y="${labelY}">${label}</text>`,
    ];
  });
  const boxes = laidOut.flat().map(({ id, title, detail, kind }) => {
    const { x, y } = places.get(id) ?? { x: 0, y: 0 };
    return html`<g class="box ${kind}" transform="translate(${x} ${y})">
      <rect width="${BOX.width}" height="${BOX.height}" rx="10" />
      <text class="title" x="16" y="27">${title}</text>
      <text class="detail" x="16" y="47">${detail}</text>
    </g>`;
  });
  const words = edges(model).map(({ from, to, label }) => `${from} to ${to}: ${label}`);
  return html`<div class="picture" tabindex="0" role="group" aria-label="Picture of the system, scrollable">
    <svg
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
      role="img"
      aria-label="${words.join("; ")}"
    >
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
          <path class="head" d="M0 0 L8 4 L0 8 z" />
        </marker>
      </defs>
      ${lines} ${boxes}
    </svg>
  </div>`;
}
