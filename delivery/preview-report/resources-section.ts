/** Every resource by its component, with what happens to it and its inputs. */
import { number } from "../../budget/core/format";
import { html, type Html } from "../../report/html";
import type { ResourceGroup, ResourceRow, StackModel } from "./stack-model";
import { readable } from "./values";
import { describeChange } from "./verdict";

/** Of more resources a page with all inputs would be too large to open; the JSON beside it has them. */
const INPUTS_SHOWN = 500;

export function resourcesSection({ stack, groups }: StackModel): Html {
  const total = groups.reduce((sum, { resources }) => sum + resources.length, 0);
  const withInputs = total <= INPUTS_SHOWN;
  const where = withInputs
    ? ""
    : html`<p class="soft">Inputs are in <code>build/preview/${stack}.json</code>.</p>`;
  return html`${where}
    <p class="filter">
      <label for="filter">Show resources whose kind, name or component contains</label>
      <input type="search" id="filter" data-filters=".resource" aria-describedby="count" />
      <span id="count" role="status">${number(total)} of ${number(total)}</span>
    </p>
    <div class="card groups" id="resources">${groups.map((group) => component(group, withInputs))}</div>`;
}

function component({ component: name, kind, resources }: ResourceGroup, withInputs: boolean): Html {
  const operations = [...new Set(resources.map(({ operation }) => operation))];
  const counts = operations.map(
    (operation) =>
      `${number(resources.filter((resource) => resource.operation === operation).length)} ${describeChange(operation)}`,
  );
  return html`<details class="group">
    <summary>
      <b>${name}</b> <span class="soft">${kind}</span>
      <span class="counts">${counts.join(", ")}</span>
    </summary>
    <ul>
      ${resources.map((resource) => row(resource, name, withInputs))}
    </ul>
  </details>`;
}

function row({ kind, name, operation, inputs }: ResourceRow, component: string, withInputs: boolean): Html {
  const line = html`<span class="operation ${operation}">${operation}</span> <span>${kind}</span>
    <code>${name}</code>`;
  const text = [kind, name, component, operation].join(" ").toLowerCase();
  return html`<li class="resource" data-text="${text}">
    ${
      withInputs
        ? html`<details>
            <summary>${line}</summary>
            <pre tabindex="0">${readable(inputs)}</pre>
          </details>`
        : html`<div>${line}</div>`
    }
  </li>`;
}
