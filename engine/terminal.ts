/** What a person sees while the engine works. */
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";

import type { StackRun } from "./stack";

const SIGNS: Partial<Record<OpType, string>> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "±",
  "create-replacement": "±",
  "delete-replaced": "±",
};

const PAST: Partial<Record<OpType, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  same: "unchanged",
};

/** Prints one line for each resource that changes, when it has changed. */
export function printChanges(print: (line: string) => void): (event: EngineEvent) => void {
  return ({ resOutputsEvent }) => {
    if (resOutputsEvent === undefined) return;
    const { op, urn, type } = resOutputsEvent.metadata;
    const sign = SIGNS[op];
    if (sign === undefined || type.startsWith("pulumi:")) return;
    const noun = type.split(":").pop() ?? type;
    print(`  ${sign} ${noun.padEnd(24)} ${urn.slice(urn.lastIndexOf("::") + 2)}`);
  };
}

/** `12 created, 3 unchanged`, without what is the engine's own: the stack and the providers. */
export function describeChanges({ resources }: Pick<StackRun, "resources">): string {
  const counts = new Map<OpType, number>();
  for (const { operation, type } of resources) {
    if (!type.startsWith("pulumi:")) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  }
  const parts = [...counts].flatMap(([operation, count]) => {
    const done = PAST[operation];
    return done === undefined ? [] : [`${count} ${done}`];
  });
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}

/** True when a run has left everything as it was. */
export function isUnchanged(changes: StackRun["changes"]): boolean {
  return Object.entries(changes).every(([operation, count]) => operation === "same" || count === 0);
}

/** Policy results, warnings and errors, in the order in which they matter. */
export function printFindings(run: StackRun, print: (line: string) => void): void {
  for (const event of run.policyEvents) {
    const mark = event.enforcementLevel === "mandatory" ? "violation" : "advice";
    print(`  policy ${mark}: ${event.policyName}\n${indent(event.message)}`);
  }
  for (const warning of run.warnings) print(`  warning: ${indent(warning).trimStart()}`);
  // The engine closes a failed run with a line that says only that.
  const errors = run.errors.filter((error) => !/^(update|preview|destroy) failed$/.test(error));
  for (const error of errors) print(`  error: ${indent(error).trimStart()}`);
}

function indent(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
