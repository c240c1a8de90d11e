/** What the policies said, most urgent first. */
import { html, type Html } from "../../report/html";
import type { PolicyKind, PolicyResult, StackModel } from "./stack-model";

const GROUPS: readonly (readonly [PolicyKind, string, string])[] = [
  ["violation", "violation", "Violations"],
  ["not-provable", "not provable", "Not provable yet"],
  ["waived", "waived", "Waived for now"],
  ["advice", "advice", "Advice"],
];

export function policiesSection({ policies, errors, warnings, unknown, succeeded }: StackModel): Html {
  const notes = [
    group("Errors", succeeded ? [] : errors.map((error) => note("violation", "error", error))),
    ...GROUPS.map(([kind, badge, title]) =>
      group(
        title,
        policies.filter((result) => result.kind === kind).map((result) => finding(badge, result)),
      ),
    ),
    group(
      "Known after deployment",
      unknown.map((name) =>
        note(
          "not-provable",
          "not provable",
          `A number of "${name}" is only known after the deployment; nothing is derived from it here.`,
        ),
      ),
    ),
    group(
      "Warnings",
      warnings.map((warning) => note("advice", "warning", warning)),
    ),
  ];
  if (notes.every(({ text }) => text === "")) {
    return html`<p class="card">
      <span class="badge pass">pass</span> No policy was broken, none was waived, all were provable.
    </p>`;
  }
  return html`${notes}`;
}

function group(title: string, cards: readonly Html[]): Html {
  return cards.length === 0
    ? html``
    : html`<h3>${title}</h3>
        ${cards}`;
}

function finding(badge: string, { kind, policy, message, resource }: PolicyResult): Html {
  const lines = message.split("\n");
  const change = lines.find((line) => line.startsWith("change: "))?.slice("change: ".length);
  const text = lines.filter((line) => !line.startsWith("change: ")).join("\n");
  return html`<article class="card finding">
    <span class="badge ${kind}">${badge}</span> <b>${policy}</b> <span class="soft">${resource}</span>
    <pre>${text}</pre>
    ${change === undefined ? "" : html`<p>Change <code>${change}</code></p>`}
  </article>`;
}

function note(kind: PolicyKind, badge: string, text: string): Html {
  return html`<article class="card finding">
    <span class="badge ${kind}">${badge}</span>
    <pre>${text}</pre>
  </article>`;
}
