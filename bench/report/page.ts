import type { Machine } from "../harness/machine";
import type { Column, Goal, PartResult, Row, Spread, Table } from "../harness/part";
import { STYLE } from "./style";

/** Everything that was measured in one run. */
export interface Report {
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly parts: readonly PartResult[];
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function number(value: number, { decimals = 0 }: Column): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function cell(column: Column, spread: Spread | undefined): string {
  if (spread === undefined) return "<td></td>";
  const { median, low, high } = spread;
  return `<td><b>${number(median, column)}</b><span>${number(low, column)} – ${number(high, column)}</span></td>`;
}

function rowHtml({ columns }: Table, { label, note = "", ours = false, values }: Row): string {
  const cells = columns.map((column) => cell(column, values[column.key])).join("");
  return `<tr${ours ? ' class="ours"' : ""}><th scope="row">${escape(label)}<small>${escape(note)}</small></th>${cells}</tr>`;
}

function tableHtml(table: Table): string {
  const heads = table.columns.map(({ label }) => `<th scope="col">${escape(label)}</th>`).join("");
  return `<div class="table"><table><thead><tr><th></th>${heads}</tr></thead>
<tbody>${table.rows.map((row) => rowHtml(table, row)).join("\n")}</tbody></table></div>`;
}

/** Bars of one column, with the quartiles as a line across the end of each. */
function bars({ rows }: Table, column: Column): string {
  const spreads = rows.map(({ values }) => values[column.key]);
  const most = Math.max(...spreads.map((spread) => spread?.high ?? 0));
  const percent = (value: number): string => `${((100 * value) / most).toFixed(2)}%`;
  const lines = rows.map(({ label, ours = false }, index) => {
    const spread = spreads[index];
    if (spread === undefined) return "";
    const { median, low, high } = spread;
    return `<div class="bar${ours ? " ours" : ""}"><span class="name">${escape(label)}</span>
<span class="track"><i style="width:${percent(median)}"></i><u style="left:${percent(low)};width:${percent(high - low)}"></u></span>
<span class="value">${number(median, column)}</span></div>`;
  });
  return `<figure><figcaption>${escape(column.label)}<small>${column.better} is better</small></figcaption>${lines.join("")}</figure>`;
}

function goalHtml({ goal, measured, kept }: Goal): string {
  return `<li class="${kept ? "kept" : "missed"}"><strong>${kept ? "kept" : "not kept"}</strong><div>${escape(goal)}<small>measured: ${escape(measured)}</small></div></li>`;
}

function partHtml({ title, question, goals, tables, method, versions }: PartResult): string {
  const shown = tables.map((table) => {
    const charts = table.columns
      .filter(({ better }) => better !== undefined)
      .map((column) => bars(table, column));
    return `<h3>${escape(table.title)}</h3><div class="charts">${charts.join("")}</div>${tableHtml(table)}`;
  });
  const list = Object.entries(versions).map(([name, version]) => `${escape(name)} ${escape(version)}`);
  return `<section><h2>${escape(title)}</h2><p class="question">${escape(question)}</p>
<ul class="goals">${goals.map(goalHtml).join("")}</ul>
${shown.join("")}
<h3>How it was measured</h3><ul class="method">${method.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>
<p class="versions">${list.join(" · ")}</p></section>`;
}

/** The report as one file, without anything from elsewhere. */
export function reportPage({ measuredAt, machine, parts }: Report): string {
  const goals = parts.flatMap((part) => part.goals);
  const kept = goals.filter((goal) => goal.kept).length;
  const { processor, cores, memoryGiB, kernel, node, loadBefore, loadAfter } = machine;
  const busy =
    loadBefore > cores
      ? `<p class="busy">Other programs wanted ${loadBefore} cores of ${cores} when this began: neither the figures nor the comparisons are those of a quiet machine.</p>`
      : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>RetroFitLink: the data path under load</title><style>${STYLE}</style></head>
<body><header><h1>The data path under load</h1>
<p>${kept} of ${goals.length} goals kept · ${escape(measuredAt.slice(0, 16).replace("T", " "))} UTC</p>${busy}</header>
<main>${parts.map(partHtml).join("\n")}
<footer>${escape(processor)}, ${cores} cores, ${memoryGiB} GiB · Linux ${escape(kernel)} · Node.js ${escape(node)} · load ${loadBefore} before and ${loadAfter} after</footer>
</main></body></html>
`;
}
