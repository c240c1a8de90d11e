/** A plan as a person reads it: its promises with what keeps them, and its numbers with what they follow from. */
import { text, type Numbers } from "../budget/core/derived";
import { own } from "../budget/core/own";
import type { Proof } from "../budget/core/proof";
import type { Planned } from "../budget/core/summary";
import { html, type Html } from "./html";

export function planList({ numbers, order, proofs }: Pick<Planned, "numbers" | "order" | "proofs">): Html {
  const derived = order.flatMap((field) => {
    const number = own(numbers, field);
    return number === undefined ? [] : [derivedRow(number)];
  });
  const promises =
    proofs.length === 0
      ? html``
      : html`<h4>Promises</h4>
          <ul class="proofs">
            ${proofs.map(promise)}
          </ul>`;
  return html`${promises}
    <h4>Derived</h4>
    <dl class="derived">${derived}</dl>`;
}

/** A number and its percent sign stay on one line. */
function unbroken(formula: string): string {
  return formula.replaceAll(" %", "\u00a0%");
}

function keysOf(keys: string): Html {
  return keys === "" ? html`` : html`<span class="keys">${keys}</span>`;
}

function derivedRow(number: Numbers[string]): Html {
  return html`<div>
    <dt>${number.name}</dt>
    <dd class="value">${text(number)}</dd>
    <dd class="formula">${unbroken(number.formula)}${keysOf(number.from.join(", "))}</dd>
  </div>`;
}

function promise({ statement, inequality, holds, mend, assumes = [] }: Proof): Html {
  const mark = holds
    ? html`<span class="badge pass">kept</span>`
    : html`<span class="badge violation">does not hold</span>`;
  const keys = keysOf(holds ? "" : `change ${mend.join(", or ")}`);
  const taken =
    assumes.length === 0 ? html`` : html`<span class="soft">assuming ${assumes.join(", ")}</span>`;
  return html`<li>
    ${mark}
    <div>
      <p>${statement}</p>
      <p class="formula">${unbroken(inequality)}${keys}</p>
      ${taken}
    </div>
  </li>`;
}
