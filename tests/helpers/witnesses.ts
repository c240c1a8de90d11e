/** What the plans of a recording say of its objects, compared with the objects. */
import { contradiction, type Witness } from "../../budget/core/witness";
import type { Recording } from "./pulumi";

/** How the SDK marks a secret. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** Without the marks of secrets, as a policy sees it. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_MARK in value) return opened((value as unknown as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

/** @returns how many witnesses there are, and what they contradict: nothing, when the objects are what was planned */
export function judgedObjects({ resources }: Recording): {
  readonly witnesses: number;
  readonly wrong: string[];
} {
  const all = resources.flatMap(({ inputs }) => (inputs["witnesses"] ?? []) as Witness[]);
  const wrong = all.flatMap((witness) => {
    const found = resources.find(({ type, name }) => type === witness.type && name === witness.name);
    if (found === undefined) return [`${witness.type} ${witness.name} is not there`];
    return contradiction(witness, opened(found.inputs)) ?? [];
  });
  return { witnesses: all.length, wrong };
}
