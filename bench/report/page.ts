/** The report of `make bench`: one file, without anything from elsewhere. */
import { type Html, html } from "../../report/html";
import { htmlPage } from "../../report/page";
import type { Machine } from "../harness/machine";
import type { Column, Goal, PartResult, Row, Spread, Table } from "../harness/part";
import { BENCH_STYLE } from "./style";

/** Everything that was measured in one run. */
export interface Report {
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly parts: readonly PartResult[];
}

function number(value: number, { decimals = 0 }: Column): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function cell(column: Column, spread: Spread | undefined): Html {
  if (spread === undefined) return html`<td></td>`;
  const { median, low, high } = spread;
  return html`<td class="number">
    <b>${number(median, column)}</b><span>${number(low, column)} – ${number(high, column)}</span>
  </td>`;
}

function row({ columns }: Table, { label, note = "", ours = false, values }: Row): Html {
  return html`<tr class="${ours ? "ours" : ""}">
    <th scope="row">${label}<small>${note}</small></th>
    ${columns.map((column) => cell(column, values[column.key]))}
  </tr>`;
}

function figures(table: Table): Html {
  return html`<div class="wide-table">
    <table>
      <thead>
        <tr>
          <th></th>
          ${table.columns.map(({ label }) => html`<th scope="col" class="number">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map((each) => row(table, each))}
      </tbody>
    </table>
  </div>`;
}

/** Bars of one column, with the quartiles as a line across the end of each. */
function bars({ rows }: Table, column: Column): Html {
  const spreads = rows.map(({ values }) => values[column.key]);
  const most = Math.max(...spreads.map((spread) => spread?.high ?? 0));
  const percent = (value: number): string => `${((100 * value) / most).toFixed(2)}%`;
  const lines = rows.map(({ label, ours = false }, index) => {
    const spread = spreads[index];
    if (spread === undefined) return html``;
    const { median, low, high } = spread;
    return html`<div class="bar ${ours ? "ours" : ""}">
      <span class="name">${label}</span>
      <span class="track"
        ><i style="width:${percent(median)}"></i
        ><u style="left:${percent(low)};width:${percent(high - low)}"></u
      ></span>
      <span class="value">${number(median, column)}</span>
    </div>`;
  });
  return html`<figure>
    <figcaption><b>${column.label}</b> <small>${column.better ?? ""} is better</small></figcaption>
    ${lines}
  </figure>`;
}

function goal({ goal: promise, measured, kept }: Goal): Html {
  const badge = kept
    ? html`<span class="badge pass">kept</span>`
    : html`<span class="badge violation">not kept</span>`;
  return html`<li>
    ${badge}
    <div>
      <p>${promise}</p>
      <p class="soft">measured: ${measured}</p>
    </div>
  </li>`;
}

function part({ title, question, goals, tables, method, versions }: PartResult): Html {
  return html`<h2>${title}</h2>
    <section class="card">
      <p class="soft">${question}</p>
      <ul class="proofs">
        ${goals.map(goal)}
      </ul>
      ${tables.map((table) => {
        const charted = table.columns.filter(({ better }) => better !== undefined);
        return html`<h3>${table.title}</h3>
          <div class="charts">${charted.map((column) => bars(table, column))}</div>
          ${figures(table)}`;
      })}
      <h4>How it was measured</h4>
      <ul class="method">
        ${method.map((line) => html`<li>${line}</li>`)}
      </ul>
      <p class="soft">
        ${Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(" · ")}
      </p>
    </section>`;
}

/** The whole page as HTML text. */
export function reportPage({ measuredAt, machine, parts }: Report): string {
  const goals = parts.flatMap((each) => each.goals);
  const kept = goals.filter((each) => each.kept).length;
  const { processor, cores, memoryGiB, kernel, node, loadBefore, loadAfter } = machine;
  const busy =
    loadBefore > cores
      ? html`<p class="card verdict open">
          Other programs wanted ${loadBefore} cores of ${cores} when this began: neither the figures nor the
          comparisons are those of a quiet machine.
        </p>`
      : html``;
  return htmlPage({
    title: "RetroFitLink: the data path under load",
    styles: BENCH_STYLE,
    content: html`<h1>The data path under load</h1>
      <p class="soft">
        ${kept} of ${goals.length} goals kept · ${measuredAt.slice(0, 16).replace("T", " ")} UTC
      </p>
      ${busy} ${parts.map(part)}
      <footer>
        ${processor}, ${cores} cores, ${memoryGiB} GiB · Linux ${kernel} · Node.js ${node} · load
        ${loadBefore} before and ${loadAfter} after
      </footer>`,
  });
}
