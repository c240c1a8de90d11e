/** A plan as a person reads it: its promises with what keeps them, and its numbers with what they follow from. */
import { text } from "../budget/core/derived";
import { own } from "../budget/core/own";
import type { Proof } from "../budget/core/proof";
import type { Planned } from "../budget/core/summary";
import { derivationsList } from "./derivations-list";
import { html, type Html } from "./html";

export function planList({ numbers, order, proofs }: Pick<Planned, "numbers" | "order" | "proofs">): Html {
  const derived = order.flatMap((field) => {
    const number = own(numbers, field);
    if (number === undefined) return [];
    const { name, formula, from } = number;
    return [{ name, value: text(number), formula, from, holds: true }];
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
    ${derivationsList(derived)}`;
}

function promise({ statement, inequality, holds, mend, assumes = [] }: Proof): Html {
  const mark = holds
    ? html`<span class="badge pass">kept</span>`
    : html`<span class="badge violation">does not hold</span>`;
  const keys = holds ? html`` : html`<span class="keys">change ${mend.join(", or ")}</span>`;
  const taken =
    assumes.length === 0 ? html`` : html`<span class="soft">assuming ${assumes.join(", ")}</span>`;
  return html`<li>
    ${mark}
    <div>
      <p>${statement}</p>
      <p class="formula">${inequality.replaceAll(" %", "\u00a0%")}${keys}</p>
      ${taken}
    </div>
  </li>`;
}
