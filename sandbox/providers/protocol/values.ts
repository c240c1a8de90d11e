/** Values as they travel between engine and provider: plain JSON with a marker for what is not known yet. */

/** The engine's marker of an unknown value (a constant of its wire format). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Value = string | number | boolean | null | undefined | readonly Value[] | Properties;

export interface Properties {
  readonly [key: string]: Value;
}

export function isProperties(value: Value): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True when something anywhere inside is not known yet. */
export function containsUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return (value as readonly Value[]).some(containsUnknown);
  return isProperties(value) && Object.values(value).some(containsUnknown);
}

/** A key may be called like something that every object has: constructor. */
function own(object: Properties, key: string): Value {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export type ChangeKind = "add" | "delete" | "update";

/** One difference: the path as the engine writes it (`spec.containers[0].image`) and what happened there. */
export interface Change {
  readonly path: string;
  readonly kind: ChangeKind;
}

/** Every leaf that differs. Null and absent are the same: neither is sent to an API. */
export function changes(before: Value, after: Value, path = ""): Change[] {
  const wasThere = before !== undefined && before !== null;
  const isThere = after !== undefined && after !== null;
  if (!wasThere && !isThere) return [];
  if (!wasThere) return [{ path, kind: "add" }];
  if (!isThere) return [{ path, kind: "delete" }];
  if (isProperties(before) && isProperties(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changes(own(before, key), own(after, key), joinPath(path, key)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, now] = [before as readonly Value[], after as readonly Value[]];
    return Array.from({ length: Math.max(old.length, now.length) }, (_, index) =>
      changes(old[index], now[index], `${path}[${index}]`),
    ).flat();
  }
  return before === after ? [] : [{ path, kind: "update" }];
}

function joinPath(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}["${key}"]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The value at `a.b.c`, undefined when there is none. */
export function at(value: Value, path: string): Value {
  return path
    .split(".")
    .reduce<Value>((inner, key) => (isProperties(inner) ? own(inner, key) : undefined), value);
}
