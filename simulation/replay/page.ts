/** The page of a replay: one file, without anything from elsewhere. */
import { type Html, html } from "../../report/html";
import { htmlPage } from "../../report/page";
import { CHART_STYLE, panel, strip, tradeOff, type Stretch } from "./chart";
import type { Comparison, Method, Pictured } from "./compare";
import type { JobContext } from "./job";
import type { Minutes } from "./recorder";
import { queueLines, recovered } from "./terminal";

/** Length of the closer look, minutes. */
const CLOSE = 360;

const LOOKS: Readonly<Record<string, string>> = {
  "as rendered": "one",
  "HPA on CPU": "two",
  "tuned on requests": "three",
  oracle: "four",
};

export function replayPage(
  stack: string,
  { comparison, rendered, oracle }: Pictured,
  context: JobContext,
): string {
  const { trace, service, methods, judgedFromSeconds } = comparison;
  const whole: Stretch = { from: 0, to: rendered.load.length, startSeconds: trace.startSeconds };
  const worst = worstMinute(rendered, judgedFromSeconds / 60);
  const from = Math.max(0, Math.min(rendered.load.length - CLOSE, worst.minute - CLOSE / 2));
  const close: Stretch = { ...whole, from, to: Math.min(rendered.load.length, from + CLOSE) };
  const title = `${trace.name} at ${service}`;
  return htmlPage({
    title,
    styles: CHART_STYLE,
    content: html`<h1>${title}</h1>
      <p class="soft">
        ${days(trace.minutes)} of the stack ${stack}, replayed against its objects as they are
        rendered${trace.scale === 1 ? "" : `, the load times ${Number(trace.scale.toPrecision(3))}`}${
          judgedFromSeconds === 0 ? "" : `; judged after ${days(judgedFromSeconds / 60)}`
        }
      </p>
      ${verdict(methods[0])}
      <h2>The whole trace</h2>
      <div class="card scroll">${panels(comparison, rendered, oracle, whole)}</div>
      <h2>${worst.why}</h2>
      <div class="card scroll">${panels(comparison, rendered, oracle, close)}</div>
      <h2>Cost and broken minutes</h2>
      <div class="card">
        <div class="scroll">${curves(methods)}</div>
        <p class="soft">
          Each point is one replay of the whole trace with another target; bounds and behavior are the
          rendered ones. Equal cost: the broken minutes of a method where its target is set so that it costs
          as many pod-hours as the rendered one, in proportion between the two points around it.
        </p>
        <div class="scroll">${table(methods)}</div>
      </div>
      ${queues(comparison)} ${faults(comparison)} ${chances(comparison)}
      <p class="soft">
        ${context.script.nodes.startSeconds === 0 ? "Nodes have room for new pods." : `A node takes ${context.script.nodes.startSeconds} s to start.`}
        Cost is what pods request: ${context.script.prices.coreHour} a core-hour,
        ${context.script.prices.gibHour} a GiB-hour.
      </p>`,
  });
}

function days(minutes: number): string {
  return minutes >= 1440
    ? `${Number((minutes / 1440).toFixed(1))} days`
    : `${(minutes / 60).toFixed(1)} hours`;
}

function verdict(method: Method | undefined): Html {
  if (method === undefined) return html``;
  const { violations, podHours, worstWaitSeconds, meanReplicas, mostReplicas } = method.sums;
  const isKept = violations.any === 0;
  const { any, p95, p99, errors, queues: late } = violations;
  const words = isKept
    ? "Every promise was kept"
    : `In ${any} minutes a promise was broken: p95 in ${p95}, p99 in ${p99}, errors in ${errors}${late > 0 ? `, queues in ${late}` : ""}`;
  const figure = (value: string, name: string): Html => html`<div><b>${value}</b><span>${name}</span></div>`;
  return html`<div class="card verdict ${isKept ? "kept" : "broken"}">
    <strong>${words}</strong>
    <div class="figures">
      ${figure(podHours.toFixed(0), "pod-hours")} ${figure(method.cost.toFixed(0), "cost")}
      ${figure(meanReplicas.toFixed(1), "pods on average")} ${figure(`${mostReplicas}`, "pods at most")}
      ${figure(`${worstWaitSeconds.toFixed(2)} s`, "longest wait")}
      ${figure(`${method.sums.longestViolation} min`, "longest time broken")}
    </div>
  </div>`;
}

function panels(
  { promised, methods }: Comparison,
  rendered: Minutes,
  oracle: Minutes,
  stretch: Stretch,
): Html {
  const count = (value: number): string =>
    value >= 1000 ? `${Number((value / 1000).toFixed(1))}k` : `${Number(value.toFixed(1))}`;
  const milliseconds = (value: number): string => `${Math.round(1000 * value)} ms`;
  return html`${panel(
    {
      title: "Load and capacity, requests/s",
      height: 200,
      lines: [
        { name: "load", look: "one", values: rendered.load, area: true },
        { name: "capacity of ready pods", look: "two", values: rendered.capacity },
      ],
      label: count,
    },
    stretch,
  )}
  ${panel(
    {
      title: "Pods",
      height: 150,
      lines: [
        { name: "wanted", look: "three", values: rendered.wanted },
        { name: "ready", look: "one", values: rendered.ready },
        { name: "oracle", look: "four", values: oracle.ready },
      ],
      label: count,
    },
    stretch,
  )}
  ${panel(
    {
      title: "Response time, p95",
      height: 150,
      lines: [{ name: "p95", look: "one", values: rendered.p95 }],
      limit: { name: `promised: ${milliseconds(promised.p95)}`, value: promised.p95 },
      most: 3 * promised.p95,
      label: milliseconds,
    },
    stretch,
  )}
  ${
    rendered.messages.length === 0
      ? ""
      : panel(
          {
            title: "Messages that wait",
            height: 150,
            lines: rendered.messages.map((values, index) => ({
              name: methods[0]?.sums.queues[index]?.name ?? "",
              look: Object.values(LOOKS)[index % 4] ?? "one",
              values,
            })),
            label: count,
          },
          stretch,
        )
  }
  ${strip("Minutes with a promise broken", rendered.broken, stretch)}`;
}

/** What is worth a closer look: the longest wait in a broken minute, or else the steepest rise. */
function worstMinute(
  { broken, p95, load }: Minutes,
  from: number,
): { readonly minute: number; readonly why: string } {
  let [worst, steepest] = [
    { minute: -1, value: 0 },
    { minute: 0, value: 0 },
  ];
  for (let minute = Math.ceil(from); minute < load.length; minute++) {
    const slow = p95[minute] ?? 0;
    if (broken[minute] === 1 && slow > worst.value) worst = { minute, value: slow };
    const rise = (load[minute] ?? 0) - (load[minute - 10] ?? Infinity);
    if (rise > steepest.value) steepest = { minute, value: rise };
  }
  return worst.minute >= 0
    ? { minute: worst.minute, why: "Six hours around the worst minute" }
    : { minute: steepest.minute, why: "Six hours around the steepest rise" };
}

function curves(methods: readonly Method[]): Html {
  const picture = methods.map(({ name, sums, points }) => ({
    name,
    look: LOOKS[name] ?? "four",
    points: points.map(({ podHours, violations }) => ({ x: podHours, y: violations })),
    ...(name === "as rendered" || name === "oracle"
      ? { at: { x: sums.podHours, y: sums.violations.any } }
      : {}),
  }));
  return tradeOff("Broken minutes by pod-hours", picture, "pod-hours");
}

function table(methods: readonly Method[]): Html {
  const number = (value: string): Html => html`<td class="number">${value}</td>`;
  return html`<table>
    <thead>
      <tr>
        <th></th>
        ${["pod-hours", "cost", "broken minutes", "p95", "p99", "errors", "failed", "at equal cost"].map(
          (name) => html`<th scope="col" class="number">${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody>
      ${methods.map(
        ({ name, about, sums, cost, atEqualCost }) =>
          html`<tr>
            <th scope="row">${name}<br /><span class="soft">${about}</span></th>
            ${number(sums.podHours.toFixed(0))} ${number(cost.toFixed(0))} ${number(`${sums.violations.any}`)}
            ${number(`${sums.violations.p95}`)} ${number(`${sums.violations.p99}`)}
            ${number(`${sums.violations.errors}`)} ${number(`${(100 * sums.failed).toFixed(3)} %`)}
            ${number(atEqualCost === undefined ? "never costs that" : atEqualCost.toFixed(1))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function queues({ methods }: Comparison): Html {
  const lines = methods[0] === undefined ? [] : queueLines(methods[0].sums);
  if (lines.length === 0) return html``;
  return html`<h2>Queues</h2>
    <div class="card">
      <ul>
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>
    </div>`;
}

function faults({ methods }: Comparison): Html {
  const recovery = methods[0]?.sums.recovery ?? [];
  if (recovery.length === 0) return html``;
  return html`<h2>Faults</h2>
    <div class="card">
      <ul>
        ${recovery.map(({ fault, seconds }) => html`<li><b>${fault}</b>: ${recovered(seconds)}</li>`)}
      </ul>
    </div>`;
}

function chances({ seeds }: Comparison): Html {
  if (seeds.length === 0) return html``;
  const broken = seeds.map(({ sums }) => sums.violations.any).sort((a, b) => a - b);
  return html`<h2>Requests that come by chance</h2>
    <div class="card">
      <p>
        ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}: ${broken[0] ?? 0} to ${broken.at(-1) ?? 0}
        minutes broken, ${broken[broken.length >> 1] ?? 0} in the middle.
      </p>
    </div>`;
}
