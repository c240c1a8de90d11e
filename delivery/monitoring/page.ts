/** The page of a dashboard: figures, curves with their bounds, and how an alert came to a person. One file, offline. */
import { createHash } from "node:crypto";

import { Html, html } from "../../report/html";
import { htmlPage } from "../../report/page";
import type { AlertPath, Station } from "./alert-path";
import { clock, figure } from "./figures";
import { gradeOf, lastOf, linesOf, type DashboardModel, type Grade, type ShownPanel } from "./page-model";
import { chartStyles, clientScript } from "./script";
import { PERFORMANCE_STYLE } from "./style";

export interface PerformancePage {
  /** What was watched, in a sentence. */
  readonly about: string;
  readonly dashboard: DashboardModel;
  /** Alerts that fired, each with its way; the gravest first. */
  readonly paths: readonly AlertPath[];
}

export function performancePage({ about, dashboard, paths }: PerformancePage): string {
  const { title, times, rows, marks } = dashboard;
  const script = clientScript();
  const hash = createHash("sha256").update(script).digest("base64");
  const [from = 0, to = 0] = [times[0], times.at(-1)];
  return htmlPage({
    title,
    styles: `${chartStyles()}${PERFORMANCE_STYLE}`,
    security: `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`,
    script,
    content: html`<h1>${title}</h1>
      <p class="soft">${about} ${clock(from)} to ${clock(to)} UTC.</p>
      ${verdict(
        rows.flatMap(({ panels }) => panels),
        paths,
      )}
      ${
        marks.length === 0
          ? html``
          : html`<p class="marks">
              <b>Fine lines in the charts:</b>
              ${marks.map(({ at, text }) => html`<span>${clock(at)} ${text}</span>`)}
            </p>`
      }
      ${rows.map(
        (row) =>
          html`<h2>${row.title}</h2>
            <div class="grid">${row.panels.map((one) => (one.isStat ? stat(one) : chart(one)))}</div>`,
      )}
      ${alertsSection(paths)}
      <footer>
        <p>
          Drawn from the dashboard's own JSON, as Grafana reads it, and the answers of a real Prometheus.
          Point at a chart to read its values.
        </p>
      </footer>
      ${data(dashboard)}`,
  });
}

/** Curves for the script. Characters that could end the element are written as JavaScript's escapes. */
function data({ times, rows, marks }: DashboardModel): Html {
  const panels = rows
    .flatMap((row) => row.panels)
    .filter(({ isStat }) => !isStat)
    .map(({ id, unit, reach, curves, thresholds }) => ({
      id,
      unit,
      reach,
      curves,
      lines: linesOf(thresholds),
    }));
  const moments = marks.map(({ at }) => Math.round(at));
  const text = JSON.stringify({ times, marks: moments, panels }, rounded).replaceAll("<", "\\u003c");
  return new Html(`<script type="application/json" id="data">${text}</script>`);
}

/** Five digits are more than a line shows. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}

const BADGES: Readonly<Record<Grade, string>> = { green: "pass", orange: "not-provable", red: "violation" };

/** `kept`, or which line it is beyond. */
function wordsOf(value: number, { thresholds, unit }: ShownPanel): string {
  const grade = gradeOf(value, thresholds);
  const line = linesOf(thresholds).find(({ color }) => color === grade);
  return grade === "green" || line === undefined ? "kept" : `beyond ${figure(line.value, unit)}`;
}

/** The grade of a panel's last values: the worst of them. Undefined without a bound or without data. */
function gradeNow({ thresholds, curves }: ShownPanel): Grade | undefined {
  if (thresholds.length < 2) return undefined;
  const values = curves.flatMap((curve) => lastOf(curve) ?? []);
  const grades = values.map((value) => gradeOf(value, thresholds));
  return (["red", "orange", "green"] as const).find((grade) => grades.includes(grade));
}

function verdict(panels: readonly ShownPanel[], paths: readonly AlertPath[]): Html {
  const promises = panels.filter(({ isStat, thresholds }) => isStat && thresholds.length > 1);
  if (promises.length === 0) return html``;
  const known = promises.filter(({ curves }) => curves.length > 0);
  const broken = known.filter((panel) => gradeNow(panel) !== "green");
  const unknown = promises.length - known.length;
  const told =
    paths.length === 0
      ? "No alert has fired."
      : `${paths.length === 1 ? "An alert" : `${paths.length} alerts`} fired meanwhile: ${paths.map(({ alert, tier }) => `${alert} (${tier})`).join(", ")}.`;
  const words =
    broken.length === 0
      ? `Every promise that is measured here is kept: ${known.length} of ${known.length}`
      : `Not kept now: ${broken.map(({ title }) => title).join("; ")}`;
  return html`<div class="card verdict ${broken.length === 0 ? "kept" : "broken"}">
    <strong>${words}</strong>
    <p>${told}</p>
    ${unknown === 0 ? html`` : html`<p>${unknown} of ${promises.length} promises cannot be measured in this run; their cards say why.</p>`}
  </div>`;
}

/** A figure of now, in words as well as in color; several curves are several figures, smaller ones. */
function stat(panel: ShownPanel): Html {
  const { title, description, curves, width, why = "" } = panel;
  const [first] = curves;
  const figures =
    first === undefined
      ? html`<p class="empty">no data: ${why}</p>`
      : curves.length === 1
        ? html`${figureOf(panel, first)} ${sparkline(first.values)}`
        : html`<table>
            ${curves.map(
              (curve) =>
                html`<tr>
                  <th scope="row">${curve.legend}</th>
                  <td class="number">${figureOf(panel, curve, false)}</td>
                </tr>`,
            )}
          </table>`;
  return html`<section class="card stat w${width}">
    <h3>${title}</h3>
    ${figures}
    <p class="soft about">${description}</p>
  </section>`;
}

function figureOf(panel: ShownPanel, curve: ShownPanel["curves"][number], isAlone = true): Html {
  const value = lastOf(curve);
  const grade = panel.thresholds.length < 2 || value === null ? undefined : gradeOf(value, panel.thresholds);
  const badge =
    grade === undefined || value === null || (!isAlone && grade === "green")
      ? html``
      : html`<span class="badge ${BADGES[grade]}">${wordsOf(value, panel)}</span>`;
  return html`<p class="figure ${grade ?? ""}">${figure(value, panel.unit)} ${badge}</p>`;
}

/** The shadow of a figure's past. It says nothing that the figures do not, so that it is hidden from readers. */
function sparkline(values: readonly (number | null)[]): Html {
  const top = Math.max(...values.map((value) => value ?? 0)) || 1;
  const points = values.flatMap((value, index) =>
    value === null
      ? []
      : [
          `${((100 * index) / Math.max(1, values.length - 1)).toFixed(1)},${(24 - (22 * value) / top).toFixed(1)}`,
        ],
  );
  return html`<svg class="spark" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">
    <polyline points="${points.join(" ")}" />
  </svg>`;
}

function chart(panel: ShownPanel): Html {
  const { id, title, description, unit, curves, width, why = "" } = panel;
  const most = (values: readonly (number | null)[]): number | null => {
    const known = values.flatMap((value) => value ?? []);
    return known.length === 0 ? null : Math.max(...known);
  };
  const label = `${title}: ${curves.map((curve) => `${curve.legend} ${figure(lastOf(curve), unit)}`).join(", ") || "no data"}`;
  const rows = curves.map((curve, index) => {
    const last = figure(lastOf(curve), unit);
    return html`<tr>
      <th scope="row"><i class="curve-${index % 8}"></i>${curve.legend}</th>
      <td class="number" data-last="${last}">${last}</td>
      <td class="number">${figure(most(curve.values), unit)}</td>
    </tr>`;
  });
  return html`<section class="card chart w${width}">
    <h3>${title}</h3>
    <p class="soft about">${description}</p>
    ${
      curves.length === 0
        ? html`<p class="empty">no data: ${why}</p>`
        : html`<div class="plot" id="panel-${id}" role="img" aria-label="${label}"></div>
            <table>
              <thead>
                <tr>
                  <td></td>
                  <th scope="col" class="number" data-last="">last</th>
                  <th scope="col" class="number">highest</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>`
    }
  </section>`;
}

/** As many are shown with their whole way. */
const MOST_WAYS = 2;

/** The way of the gravest alerts of which the cause is known; of the others that they fired. */
function alertsSection(paths: readonly AlertPath[]): Html {
  const [first] = paths;
  const explained = paths.filter(({ tier, hasCause }) => tier === first?.tier && hasCause);
  const full = (explained.length === 0 ? paths : explained).slice(0, MOST_WAYS);
  const others = paths.filter((path) => !full.includes(path));
  return html`${full.map(pathSection)}
  ${
    others.length === 0
      ? html``
      : html`<h2>What else fired</h2>
          <table class="card">
            ${others.map(
              ({ alert, tier, summary, firedAt }) =>
                html`<tr>
                  <td>${clock(firedAt)}</td>
                  <th scope="row">${tier} ${alert}</th>
                  <td>${summary}</td>
                </tr>`,
            )}
          </table>`
  }`;
}

function pathSection({ alert, tier, summary, expr, stations }: AlertPath): Html {
  return html`<h2>How ${alert} came to a person</h2>
    <p class="soft">${summary} Tier ${tier}.</p>
    <ol class="path">
      ${stations.map(station)}
    </ol>
    <p class="soft condition">The condition, asked again and again: <code>${expr}</code></p>`;
}

function station({ who, at, what, details }: Station): Html {
  return html`<li class="card">
    <span class="soft">${clock(at)} ${who}</span>
    <b>${what}</b>
    ${details.map((detail) => html`<span class="detail">${detail}</span>`)}
  </li>`;
}
