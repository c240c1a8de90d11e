/** Values that the vendors' models do not allow. What is not known yet is not judged. */
import type { CheckProblem } from "../protocol/serve-provider";
import { UNKNOWN, isProperties, type Properties, type Value } from "../protocol/values";
import { isGiven } from "./judge-shape";
import type { Bounds, Facts, GroupKind } from "./rules";
import { rulesOf } from "./tables";

export interface Found {
  readonly path: string;
  readonly value: Value;
}

export function ruleProblems(type: string, inputs: Properties): CheckProblem[] {
  const { paths, groups } = rulesOf(type);
  return [
    ...Object.entries(paths).flatMap(([path, facts]) =>
      valuesAt(inputs, path).flatMap(({ path: property, value }) =>
        reasons(value, facts, property).map((reason) => ({ property, reason })),
      ),
    ),
    ...groups.flatMap(([kind, members]) => groupProblems(kind, members, inputs)),
  ];
}

/** Every value at `rules[].action.type`, with the path where it is: `rules[2].action.type`. */
export function valuesAt(inputs: Properties, path: string): Found[] {
  let found: Found[] = [{ path: "", value: inputs }];
  for (const step of path.split(".")) {
    const name = step.replaceAll("[]", "");
    found = found.flatMap(({ path: before, value }) => {
      if (!isProperties(value) || !isGiven(value[name])) return [];
      return [{ path: before === "" ? name : `${before}.${name}`, value: value[name] }];
    });
    for (let depth = step.split("[]").length - 1; depth > 0; depth--) {
      found = found.flatMap(({ path: before, value }) =>
        Array.isArray(value)
          ? (value as readonly Value[]).map((item, index) => ({ path: `${before}[${index}]`, value: item }))
          : [],
      );
    }
  }
  return found.filter(({ value }) => value !== UNKNOWN && isGiven(value));
}

function reasons(value: Value, facts: Facts, path: string): string[] {
  const name = path.replace(/^.*\./, "");
  const found: string[] = [];
  if (facts.items !== undefined && Array.isArray(value) && outside(value.length, facts.items)) {
    found.push(`expected ${name} to have ${spelled(facts.items)} items, got ${value.length}`);
  }
  if (typeof value === "number" && facts.range !== undefined && outside(value, facts.range)) {
    found.push(`expected ${name} to be in the range (${spelled(facts.range)}), got ${value}`);
  }
  if (typeof value !== "string" && typeof value !== "number") return found;
  const text = String(value);
  if (facts.enum !== undefined && !isAmong(text, facts)) {
    found.push(
      `expected ${name} to be one of [${facts.enum.map((item) => JSON.stringify(item)).join(" ")}], got ${quoted(text)}`,
    );
  }
  if (typeof value === "number") return found;
  if (facts.length !== undefined && outside(text.length, facts.length)) {
    found.push(
      `expected length of ${name} to be in the range (${spelled(facts.length)}), got ${text.length}${isPrivate(path) ? "" : `: ${quoted(text)}`}`,
    );
  }
  if (facts.pattern !== undefined && !compiled(facts.pattern).test(text)) {
    found.push(
      `invalid value for ${name} (must match ${facts.pattern}), got ${isPrivate(path) ? "something else" : quoted(text)}`,
    );
  }
  return found;
}

function isAmong(text: string, { enum: allowed = [], ignoreCase }: Facts): boolean {
  const fold = (item: string): string => (ignoreCase === true ? item.toLowerCase() : item);
  return allowed.some((item) => fold(String(item)) === fold(text));
}

const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "s");
  patterns.set(pattern, known);
  return known;
}

function outside(value: number, [from, to]: Bounds): boolean {
  return (from !== null && value < from) || (to !== null && value > to);
}

function spelled([from, to]: Bounds): string {
  return `${from ?? "any"} - ${to ?? "any"}`;
}

/**
 * The engine hands over secrets like other values. What may hold one, such as the header of the origin lock in a rule's
 * expression, is not repeated.
 */
function isPrivate(path: string): boolean {
  return /(?:token|password|secret|key|header|value|expression|content|policy|code|data)[^.]*$/i.test(path);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

function groupProblems(kind: GroupKind, members: readonly string[], inputs: Properties): CheckProblem[] {
  const holder = members[0]?.includes(".") ? members[0].replace(/\.[^.]*$/, "") : "";
  // A rule of a block does not hold where there is no block.
  if (holder !== "" && !isProperties(at(inputs, holder))) return [];
  const given = members.filter((member) => isConfigured(at(inputs, member)));
  const [first = members[0] ?? "", second = ""] = given;
  if (given.length > 1 && kind === "conflicts") {
    return [{ property: first, reason: `Conflicting configuration: "${first}": conflicts with ${second}` }];
  }
  if (given.length > 1 && kind === "exactlyOneOf") {
    return [
      {
        property: first,
        reason: `Invalid combination of arguments: only one of "${members.join(", ")}" can be specified, but "${given.join(", ")}" were specified`,
      },
    ];
  }
  if (given.length === 0 && kind !== "conflicts") {
    return [
      {
        property: first,
        reason: `Invalid combination of arguments: one of "${members.join(", ")}" must be specified`,
      },
    ];
  }
  return [];
}

function at(inputs: Properties, path: string): Value {
  return path
    .split(".")
    .reduce<Value>((value, name) => (isProperties(value) ? value[name] : undefined), inputs);
}

/** An empty list counts as left out. */
function isConfigured(value: Value): boolean {
  return isGiven(value) && !(Array.isArray(value) && value.length === 0);
}
