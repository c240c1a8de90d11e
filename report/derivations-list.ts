/** Derived numbers as a list: name, value, and the formula with the keys that decide it. */
import type { Derivation } from "./derivation";
import { html, type Html } from "./html";

export function derivationsList(derivations: readonly Derivation[]): Html {
  return html`<dl class="derived">${derivations.map(row)}</dl>`;
}

/** A number and its percent sign stay on one line. */
function unbroken(formula: string): string {
  return formula.replaceAll(" %", "\u00a0%");
}

function row({ name, value, formula, from, holds }: Derivation): Html {
  const mark = holds ? html`` : html` <span class="badge violation">does not hold</span>`;
  const keys = from.length === 0 ? html`` : html`<span class="keys">${from.join(", ")}</span>`;
  return html`<div>
    <dt>${name}</dt>
    <dd class="value">${value}${mark}</dd>
    <dd class="formula">${unbroken(formula)}${keys}</dd>
  </div>`;
}
