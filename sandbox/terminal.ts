/** What a person sees while the engine works. */
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";

import type { StackRun } from "./engine/stack";

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

/** `12 created, 3 unchanged` */
export function describeChanges(changes: StackRun["changes"]): string {
  const parts = Object.entries(changes)
    .filter(([operation, count]) => PAST[operation as OpType] !== undefined && count > 0)
    .map(([operation, count]) => `${count} ${PAST[operation as OpType]}`);
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
