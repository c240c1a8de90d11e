/** The page of a preview: one file, no network, nothing typed by hand. */
import { createHash } from "node:crypto";

import { number, plural } from "../../budget/core/format";
import { NOUNS, type Noun } from "../../budget/core/nouns";
import type { Planned } from "../../budget/core/summary";
import { type Html, html } from "../../report/html";
import { planList } from "../../report/plan-list";
import { policiesSection } from "./policies-section";
import { resourcesSection } from "./resources-section";
import { SCRIPT } from "../../report/script";
import { servicesSection } from "./services-section";
import type { StackModel } from "./stack-model";
import { htmlPage } from "../../report/page";
import { topology } from "./topology";
import { describeChange, verdictOf } from "./verdict";

/** Nothing is loaded, and no script runs but the page's own, whatever a name in the plan may hold. */
const SECURITY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`,
].join("; ");

/** The whole page as HTML text. */
export function previewPage(model: StackModel): string {
  const title = `Preview of ${model.stack}`;
  return htmlPage({
    title,
    security: SECURITY,
    content: html`<h1>${title}</h1>
      <p class="soft">RetroFitLink, environment ${model.environment}, ${plural(model.zones, "zone")}</p>
      ${verdict(model)}
      <h2>The system</h2>
      ${topology(model)}
      <h2>Services</h2>
      ${servicesSection(model.services)} ${NOUNS.map((noun) => nounSection(noun, model))}
      <h2>Policies</h2>
      ${policiesSection(model)}
      <h2>Resources</h2>
      ${resourcesSection(model)}
      <footer>
        Every number is computed from <code>Pulumi.${model.stack}.yaml</code>; nothing was deployed for this
        page.
      </footer>`,
    script: SCRIPT,
  });
}

function verdict(model: StackModel): Html {
  const { kind, sentence, detail } = verdictOf(model);
  const pods = model.services.reduce((sum, { replicas }) => sum + replicas.max, 0);
  const figures: readonly (readonly [number, string])[] = [
    ...model.changes.map(([operation, count]) => [count, describeChange(operation)] as const),
    [model.services.length, model.services.length === 1 ? "service" : "services"],
    [pods, "service pods at peak"],
    [model.policies.filter((result) => result.kind === "violation").length, "violations"],
  ];
  return html`<section class="card verdict ${kind}" aria-label="Verdict">
    <strong>${sentence}</strong>
    <p>${detail}</p>
    <ul class="figures">
      ${figures.map(([count, name]) => html`<li><b>${number(count)}</b> <span>${name}</span></li>`)}
    </ul>
  </section>`;
}

/** Every component of a noun with its plan, whatever it is. */
function nounSection({ title, types }: Noun, { planned }: StackModel): Html {
  const found = types.flatMap((type) => planned.filter((each) => each.type === type));
  if (found.length === 0) return html``;
  return html`<h2>${title}</h2>
    ${found.map(({ summary, name }) => planCard(summary, name))}`;
}

/** What a component is, with its promises and its numbers. */
function planCard(planned: Planned, name: string): Html {
  return section(name, planned.configKey, planList(planned));
}

function section(name: string, configKey: string, content: Html): Html {
  return html`<section class="card">
    <h3>${name}</h3>
    <p class="soft">Keys below are those of <code>${configKey}</code>.</p>
    ${content}
  </section>`;
}
