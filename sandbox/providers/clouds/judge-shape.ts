/** Properties that a resource type does not have, that it needs, or that are of another kind. */
import type { CheckProblem } from "../protocol/serve-provider";
import { UNKNOWN, isProperties, type Properties, type Value } from "../protocol/values";
import { shapeOf, shapeTable, type Shape } from "./tables";

/** Keys of the engine beside those of the program, such as the mark of an asset. */
const OF_THE_ENGINE = /^(?:__|4dabf18193072939515e22adb298388d$)/;

export function shapeProblems(type: string, inputs: Properties): CheckProblem[] {
  const shape = shapeOf(type);
  if (shape === undefined) return [];
  const { shapes } = shapeTable(type.slice(0, type.indexOf(":")));
  return judge(inputs, shape, "", shapes);
}

function judge(
  value: Properties,
  shape: Shape,
  prefix: string,
  shapes: Readonly<Record<string, Shape>>,
): CheckProblem[] {
  const at = (name: string): string => `${prefix}${name}`;
  const given = Object.keys(value).filter((name) => isGiven(value[name]) && !OF_THE_ENGINE.test(name));
  const unknown = given.filter((name) => shape[name] === undefined);
  const missing = Object.keys(shape).filter((name) => shape[name]?.startsWith("!") && !isGiven(value[name]));
  return [
    ...unknown.map((name) => ({
      property: at(name),
      reason: `Invalid or unknown key: got ${name}; allowed is one of ${Object.keys(shape).sort().join(", ")}`,
    })),
    ...missing.map((name) => ({ property: at(name), reason: "Missing required property: got nothing" })),
    ...given.flatMap((name) =>
      ofKind(value[name], (shape[name] ?? "any").replace("!", ""), at(name), shapes),
    ),
  ];
}

/** Null and absent are the same: neither is sent. */
export function isGiven(value: Value): boolean {
  return value !== undefined && value !== null;
}

function ofKind(
  value: Value,
  kind: string,
  at: string,
  shapes: Readonly<Record<string, Shape>>,
): CheckProblem[] {
  if (value === UNKNOWN || !isGiven(value) || kind === "any") return [];
  const wrong = (allowed: string): CheckProblem[] => [
    { property: at, reason: `expected ${allowed}, got ${describe(value)}` },
  ];
  if (kind.startsWith("[]")) {
    if (!Array.isArray(value)) return wrong("a list");
    return (value as readonly Value[]).flatMap((item, index) =>
      ofKind(item, kind.slice(2), `${at}[${index}]`, shapes),
    );
  }
  if (kind.startsWith("{}")) {
    if (!isProperties(value)) return wrong("a map");
    return Object.entries(value).flatMap(([key, item]) =>
      ofKind(item, kind.slice(2), `${at}[${JSON.stringify(key)}]`, shapes),
    );
  }
  if (kind.startsWith("#")) {
    return isProperties(value) ? judge(value, shapes[kind.slice(1)] ?? {}, `${at}.`, shapes) : wrong("a map");
  }
  return isScalar(value, kind) ? [] : wrong(`a ${kind}`);
}

/** The bridge takes a number or a boolean that is written as a text, and the other way round. */
function isScalar(value: Value, kind: string): boolean {
  if (kind === "string") return ["string", "number", "boolean"].includes(typeof value);
  if (kind === "number") return typeof value === "number" || (typeof value === "string" && isFinite(+value));
  return typeof value === "boolean" || value === "true" || value === "false";
}

function describe(value: Value): string {
  if (Array.isArray(value)) return "a list";
  return isProperties(value) ? "a map" : JSON.stringify(value);
}
