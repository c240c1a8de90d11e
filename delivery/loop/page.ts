/** The page of `make loop`: load and pods over time. */
import { type Html, html } from "../../report/html";
import { htmlPage } from "../../report/page";
import { MOST_BY_POD, type Workload } from "../../sandbox/loop/objects";
import type { Step } from "../../sandbox/loop/run";

const WIDTH = 1000;
const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 30;

const LOOKS = `
.chart { width: 100%; height: auto; display: block; }
.chart text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { fill: none; stroke-width: 2.2; stroke: var(--accent); opacity: 1; }
.chart .ready { stroke: var(--good); stroke-width: 1.6; }
.chart .needed { stroke: var(--bad); stroke-width: 1.4; stroke-dasharray: 5 4; }
.chart .event { stroke: var(--open); stroke-width: 1.4; stroke-dasharray: 2 3; }
.key { display: flex; flex-wrap: wrap; gap: 6px 24px; font-size: 14px; color: var(--soft); margin: 0 0 10px; }
.key i { display: inline-block; width: 22px; border-top: 3px solid var(--accent); vertical-align: middle; margin-right: 8px; }
.key .ready { border-color: var(--good); } .key .needed { border-color: var(--bad); border-top-style: dashed; }
`;

interface Line {
  readonly look: string;
  /** Stays until the next value. */
  readonly stepped: boolean;
  readonly values: readonly number[];
}

/** @param outcomes a sentence for each workload, and whether it is as it has to be */
export function loopPage(
  steps: readonly Step[],
  outcomes: readonly { readonly text: string; readonly good: boolean }[],
): string {
  const names = Object.keys(steps[0]?.workloads ?? {}) as Workload[];
  const good = outcomes.every((outcome) => outcome.good);
  return htmlPage({
    title: "The control loop",
    styles: LOOKS,
    content: html`<h1>The control loop</h1>
      <p class="soft">
        A scripted load against the real controllers. A pod serves ${MOST_BY_POD} requests a second at most.
      </p>
      <div class="card verdict ${good ? "kept" : "broken"}">
        ${outcomes.map(({ text }) => html`<strong>${text}</strong>`)}
      </div>
      <h2>Load</h2>
      <div class="card">
        ${chart(
          steps,
          [{ look: "", stepped: false, values: steps.map(({ load }) => load) }],
          "requests a second over seconds",
        )}
      </div>
      ${names.map((name) => podsOf(steps, name))}`,
  });
}

const EXPLAINED: Readonly<Record<Workload, string>> = {
  "by-cpu": "a HorizontalPodAutoscaler by CPU, through metrics-server",
  "by-requests": "a ScaledObject by a query of Prometheus, through KEDA",
};

function podsOf(steps: readonly Step[], name: Workload): Html {
  const of = (pick: "wanted" | "ready"): number[] =>
    steps.map(({ workloads }) => workloads[name]?.[pick] ?? 0);
  const lines: Line[] = [
    { look: "needed", stepped: true, values: steps.map(({ needed }) => needed) },
    { look: "ready", stepped: true, values: of("ready") },
    { look: "", stepped: true, values: of("wanted") },
  ];
  return html`<h2>${name}: ${EXPLAINED[name]}</h2>
    <div class="card">
      <p class="key">
        <span><i></i>wanted</span><span><i class="ready"></i>ready</span
        ><span><i class="needed"></i>needed by the load</span>
      </p>
      ${chart(steps, lines, "pods over seconds")}
    </div>`;
}

function chart(steps: readonly Step[], lines: readonly Line[], label: string): Html {
  const until = Math.max(1, ...steps.map(({ second }) => second));
  const most = Math.max(1, ...lines.flatMap(({ values }) => values));
  const unit = tick(most / 4);
  const top = Math.ceil(most / unit) * unit;
  const x = (second: number): number => round(LEFT + ((WIDTH - LEFT - RIGHT) * second) / until);
  const y = (value: number): number => round(HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top);
  const levels = Array.from({ length: Math.round(top / unit) + 1 }, (_, index) => index * unit);
  const every = tick(until / 8);
  const seconds = Array.from({ length: Math.floor(until / every) + 1 }, (_, index) => index * every);
  const events = steps.filter(({ event }) => event !== undefined);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    ${levels.map(
      (value) =>
        html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" />
          <text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
    )}
    ${seconds.map((second) => html`<text x="${x(second)}" y="${HEIGHT - 8}" text-anchor="middle">${second}</text>`)}
    ${events.map(
      ({ second, event = "" }, index) =>
        html`<line
            class="event"
            x1="${x(second)}"
            x2="${x(second)}"
            y1="${TOP - 4}"
            y2="${HEIGHT - BOTTOM}"
          />
          <text x="${x(second) + 4}" y="${index % 2 === 0 ? 12 : 26}">${event}</text>`,
    )}
    ${lines.map(({ look, stepped, values }) => {
      const points = values.flatMap((value, index) => {
        const at = x(steps[index]?.second ?? 0);
        const before = values[index - 1];
        return stepped && before !== undefined
          ? [`${at},${y(before)}`, `${at},${y(value)}`]
          : [`${at},${y(value)}`];
      });
      return html`<polyline class="line ${look}" points="${points.join(" ")}" />`;
    })}
  </svg>`;
}

/** A round number close above: 1, 2 or 5 times a power of ten. */
function tick(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least) ?? power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
