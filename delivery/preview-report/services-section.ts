/** A card for each service: what is promised, expected and measured, and every number that follows. */
import {
  BUDGET_METRICS,
  BUDGET_METRIC_NAMES,
  type PerformanceBudget,
  type WorseWhen,
} from "../../budget/core/performance-budget";
import type { ServiceSummary } from "../../budget/service/summary";
import { text } from "../../budget/core/derived";
import { planList } from "../../report/plan-list";
import { duration, mebibytes, number, percent, plural, podRange, rate } from "../../budget/core/format";
import { Html, html } from "../../report/html";
import { timeoutBars } from "./timeouts";

/** Services whose details are open from the start; of more the reader picks. */
const OPEN_SERVICES = 6;

export function servicesSection(services: readonly ServiceSummary[]): Html {
  if (services.length === 0) return html`<p class="card">No service is in this plan.</p>`;
  const many = services.length > OPEN_SERVICES;
  const filter = html`<p class="filter">
    <label for="service-filter">Show services whose name contains</label>
    <input
      type="search"
      id="service-filter"
      data-filters="details.service"
      aria-describedby="service-count"
    />
    <span id="service-count" role="status">${number(services.length)} of ${number(services.length)}</span>
  </p>`;
  return html`${many ? filter : ""} ${services.map((service) => card(service, !many))}`;
}

function card(service: ServiceSummary, open: boolean): Html {
  const { workload, configKey, demand, replicas, numbers } = service;
  const headline = [
    podRange(replicas.min, replicas.max),
    `scaled at ${text(numbers.target)} CPU`,
    `${rate(demand.baseRps)} to ${rate(demand.peakRps)}`,
  ].join(" · ");
  return html`<details
    class="card service"
    data-text="${workload.toLowerCase()}"
    ${open ? new Html("open") : ""}
  >
    <summary>
      <h3>${workload}</h3>
      <span class="headline">${headline}</span>
    </summary>
    <p class="soft">Keys below are those of <code>${configKey}</code>.</p>
    <div class="columns">
      <div>
        <h4>Promised</h4>
        ${budgetTable(service.budget)}
      </div>
      <div>
        <h4>Expected and measured</h4>
        ${facts(service)}
      </div>
    </div>
    ${planList(service)} ${timeoutBars(service.timeouts)}
  </details>`;
}

function facts({ demand, profile, cpuCores, memoryMiB, processesPerPod, zones }: ServiceSummary): Html {
  const rows: readonly (readonly [string, string, string])[] = [
    ["Quiet hours", rate(demand.baseRps), "demand.baseRps"],
    ["Peak", rate(demand.peakRps), "demand.peakRps"],
    ["Steepest growth", `${percent(demand.growthPerMinute)} a minute`, "demand.growthPerMinute"],
    ["One request", duration(profile.serviceTimeSeconds), "profile.serviceTimeSeconds"],
    ["At a time in a pod", plural(profile.concurrencyPerPod, "request"), "profile.concurrencyPerPod"],
    ["Busy at most", percent(profile.maxUtilization), "profile.maxUtilization"],
    ["Warm-up", duration(profile.warmUpSeconds), "profile.warmUpSeconds"],
    ["A pod", `${plural(cpuCores, "core")}, ${mebibytes(memoryMiB)}`, "resources"],
    ["In a pod", plural(processesPerPod, "process"), "processesPerPod"],
    ["Spread over", plural(zones, "zone"), "retrofitlink:cluster.zones"],
  ];
  return html`<table>
    <tbody>
      ${rows.map(
        ([name, value, key]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td class="number">${value}</td>
            <td class="keys">${key}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const SIGNS: Readonly<Record<WorseWhen, string>> = { higher: "≤", lower: "≥" };

function budgetTable(budget: PerformanceBudget): Html {
  const rows = BUDGET_METRIC_NAMES.map((metric) => {
    const { title, unit, worseWhen } = BUDGET_METRICS[metric];
    const show = unit === "ratio" ? percent : unit === "seconds" ? duration : rate;
    const { target, warning, critical } = budget[metric];
    return html`<tr>
      <th scope="row">${title}</th>
      <td class="number">${SIGNS[worseWhen]} ${show(target)}</td>
      <td class="number">${show(warning)}</td>
      <td class="number">${show(critical)}</td>
    </tr>`;
  });
  return html`<table>
    <thead>
      <tr>
        <td></td>
        <th scope="col" class="number">Target</th>
        <th scope="col" class="number">Warning</th>
        <th scope="col" class="number">Critical</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
