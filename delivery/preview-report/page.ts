/** The page of a preview: one file, no network, nothing typed by hand. */
import { BUDGET_METRICS, BUDGET_METRIC_NAMES, type PerformanceBudget } from "../../budget/performance-budget";
import type { ServiceSummary } from "../../budget/summaries";
import type { TimeoutLadder } from "../../budget/timeouts";
import {
  milliseconds,
  nginxDerivations,
  number,
  percent,
  redisDerivations,
  serviceDerivations,
  type Derivation,
} from "./derivations";
import { Html, html } from "./html";
import type { PolicyResult, StackModel } from "./stack-model";
import { SCRIPT, STYLE } from "./style";
import { topology } from "./topology";

/** Services whose details are open from the start; of more the reader picks. */
const OPEN_SERVICES = 6;

export function previewPage(model: StackModel): string {
  const title = `Preview of ${model.stack}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p class="soft">
            RetroFitLink performance platform, environment ${model.environment},
            ${plural(model.zones, "zone")}
          </p>
          ${verdict(model)}
          <h2>The system</h2>
          ${topology(model)}
          <h2>Services</h2>
          ${model.services.map((service, index) => serviceCard(service, index < OPEN_SERVICES))}
          ${section(
            "Load balancer",
            model.proxies.map((proxy) =>
              componentCard(proxy.workload, proxy.configKey, nginxDerivations(proxy)),
            ),
          )}
          ${section(
            "Caches",
            model.caches.map((cache) =>
              componentCard(cache.workload, cache.configKey, redisDerivations(cache)),
            ),
          )}
          <h2>Policies</h2>
          ${policies(model)}
          <h2>Resources</h2>
          ${resources(model)}
          <footer>Every number is computed from the stack file; nothing was deployed for this page.</footer>
        </main>
        <script>
          ${new Html(SCRIPT)};
        </script>
      </body>
    </html>`;
  return `${page.text}\n`;
}

function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function section(title: string, cards: readonly Html[]): Html {
  return cards.length === 0
    ? html``
    : html`<h2>${title}</h2>
        ${cards}`;
}

function verdict(model: StackModel): Html {
  const count = (kind: PolicyResult["kind"]): number =>
    model.policies.filter((result) => result.kind === kind).length;
  const [violations, open, waived] = [count("violation"), count("not-provable"), count("waived")];
  const [kind, sentence, detail] =
    !model.succeeded && violations === 0
      ? ["bad", "The preview failed.", "Errors are listed under policies."]
      : violations > 0
        ? [
            "bad",
            "The promise cannot be kept.",
            `${plural(violations, "mandatory violation")}, listed under policies with the key to change.`,
          ]
        : open > 0
          ? [
              "open",
              "The promise is not fully provable.",
              `${plural(open, "proof")} met a value that is only known after the deployment.`,
            ]
          : ["good", "The promise can be kept.", "Every mandatory policy holds for this plan."];
  const changed = model.resources.filter(({ operation }) => operation !== "same").length;
  const pods = model.services.reduce((sum, { replicas }) => sum + replicas.max, 0);
  return html`<section class="card verdict ${kind}">
    <strong>${sentence}</strong>
    <span>${detail}${waived > 0 ? ` ${plural(waived, "violation")} waived for now.` : ""}</span>
    <ul class="figures">
      <li><b>${number(model.resources.length, 0)}</b><span>resources</span></li>
      <li><b>${number(changed, 0)}</b><span>to change</span></li>
      <li><b>${number(model.services.length, 0)}</b><span>services</span></li>
      <li><b>${number(pods, 0)}</b><span>service pods at peak</span></li>
      <li><b>${number(violations, 0)}</b><span>violations</span></li>
    </ul>
  </section>`;
}

function serviceCard(service: ServiceSummary, open: boolean): Html {
  const { workload, configKey, demand, profile, cpuCores, memoryMiB, replicas } = service;
  return html`<section class="card">
    <h3>${workload}</h3>
    <p class="facts">
      ${number(demand.baseRps, 0)} to ${number(demand.peakRps, 0)} requests/s, growing
      ${percent(demand.growthPerMinute)} a minute at most. A pod: ${plural(cpuCores, "core")},
      ${number(memoryMiB, 0)} MiB, ${plural(profile.concurrencyPerPod, "request")} at a time,
      ${milliseconds(profile.serviceTimeSeconds)} each. <code>${configKey}</code>
    </p>
    <details ${open ? new Html("open") : ""}>
      <summary>${replicas.min} to ${replicas.max} pods, derived</summary>
      ${derivationTable(serviceDerivations(service))}
      <div class="two">
        <div>
          <h4>Longest request, shrinking inwards</h4>
          ${ladder(requestSteps(service.timeouts), "")}
        </div>
        <div>
          <h4>Idle connections: whoever calls closes first</h4>
          ${ladder(idleSteps(service.timeouts), "idle")}
        </div>
      </div>
      <p class="soft drain">
        Drain: serves on for ${number(service.timeouts.drain.preStop, 0)} s, is killed after
        ${number(service.timeouts.drain.terminationGrace, 0)} s.
      </p>
      ${budgetTable(service.budget)}
    </details>
  </section>`;
}

function componentCard(name: string, configKey: string, derivations: readonly Derivation[]): Html {
  return html`<section class="card">
    <h3>${name}</h3>
    <p class="facts"><code>${configKey}</code></p>
    ${derivationTable(derivations)}
  </section>`;
}

function derivationTable(derivations: readonly Derivation[]): Html {
  const rows = derivations.map(
    ({ name, value, formula }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td class="value">${value}</td>
        <td class="formula mono">${formula}</td>
      </tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Derived numbers, scrollable">
    <table class="derived">
      <thead>
        <tr>
          <th scope="col">Derived</th>
          <th scope="col">Value</th>
          <th scope="col">Because</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

type Steps = readonly (readonly [string, number])[];

function requestSteps({ request }: TimeoutLadder): Steps {
  return [
    ["CDN", request.edge],
    ["load balancer", request.loadBalancer],
    ["proxy", request.proxy],
    ["application", request.application],
    ["database", request.database],
  ];
}

function idleSteps({ idle }: TimeoutLadder): Steps {
  return [
    ["load balancer", idle.loadBalancer],
    ["proxy, to clients", idle.proxyClient],
    ["proxy, to services", idle.proxyUpstream],
    ["application", idle.application],
  ];
}

function ladder(steps: Steps, kind: string): Html {
  const longest = Math.max(...steps.map(([, seconds]) => seconds));
  const rows = steps.map(
    ([name, seconds]) =>
      html`<span>${name}</span
        ><span class="bar ${kind}" style="width:${number((seconds / longest) * 100, 1)}%"></span
        ><span>${number(seconds, 1)} s</span>`,
  );
  return html`<div class="ladder">${rows}</div>`;
}

function budgetTable(budget: PerformanceBudget): Html {
  const show = (value: number, unit: string): string =>
    unit === "ratio" ? percent(value) : unit === "seconds" ? milliseconds(value) : `${number(value)}/s`;
  const rows = BUDGET_METRIC_NAMES.map((metric) => {
    const { title, unit } = BUDGET_METRICS[metric];
    const { target, warning, critical } = budget[metric];
    return html`<tr>
      <th scope="row">${title}</th>
      <td>${show(target, unit)}</td>
      <td>${show(warning, unit)}</td>
      <td>${show(critical, unit)}</td>
    </tr>`;
  });
  return html`<details>
    <summary>Budget</summary>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Promise</th>
            <th scope="col">Target</th>
            <th scope="col">Warning</th>
            <th scope="col">Critical</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
}

const POLICY_ORDER: readonly PolicyResult["kind"][] = ["violation", "not-provable", "waived", "advice"];

function policies({ policies: results, errors, succeeded }: StackModel): Html {
  const sorted = [...results].sort((a, b) => POLICY_ORDER.indexOf(a.kind) - POLICY_ORDER.indexOf(b.kind));
  const findings = sorted.map(
    ({ kind, policy, message, resource }) =>
      html`<article class="card finding">
        <span class="badge ${kind}">${kind.replace("-", " ")}</span> <b>${policy}</b>
        <span class="soft">${resource}</span>
        <pre>${message}</pre>
      </article>`,
  );
  const failures = (succeeded ? [] : errors).map(
    (error) =>
      html`<article class="card finding">
        <span class="badge violation">error</span>
        <pre>${error}</pre>
      </article>`,
  );
  if (findings.length + failures.length === 0) {
    return html`<p class="card">
      <span class="badge pass">pass</span> No policy was broken, none was waived, all were provable.
    </p>`;
  }
  return html`${failures}${findings}`;
}

function resources({ resources: rows }: StackModel): Html {
  const lines = rows.map(
    ({ operation, kind, name, component }) =>
      html`<tr>
        <td>${operation}</td>
        <td>${kind}</td>
        <td class="mono">${name}</td>
        <td>${component}</td>
      </tr>`,
  );
  return html`<details class="card" id="resources">
    <summary>All resources with what happens to them</summary>
    <label class="soft" for="filter"
      >Filter by kind, name or component (<span id="count">${rows.length} of ${rows.length}</span>)</label
    ><br />
    <input type="search" id="filter" />
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <th scope="col">Kind</th>
            <th scope="col">Name</th>
            <th scope="col">Part of</th>
          </tr>
        </thead>
        <tbody>
          ${lines}
        </tbody>
      </table>
    </div>
  </details>`;
}
