import type { Document } from "mongodb";

/** What a query asked for, without any value: safe to log. */
export type QueryShape = string | number | readonly QueryShape[] | { readonly [field: string]: QueryShape };

/** Stands for every value. */
const VALUE = "?";

/** Deeper parts, and what is left of longer ones, are cut: a log line is no place for a generated query. */
const DEEPEST = 6;
const LONGEST = 30;

/** A field name or an operator. A key that is none, such as an e-mail address, is data. */
const FIELD = /^\$?[A-Za-z_][\w.-]{0,63}$/;

/** Commands that ask or change documents; the others are the driver's own. */
export const DATA_COMMANDS: ReadonlySet<string> = new Set([
  "aggregate",
  "count",
  "delete",
  "distinct",
  "find",
  "findAndModify",
  "getMore",
  "insert",
  "update",
]);

/** Collection of a data command. A database-wide aggregation has none: `(database)`. */
export function collectionOf(commandName: string, command: Document): string {
  const collection: unknown = commandName === "getMore" ? command["collection"] : command[commandName];
  return typeof collection === "string" ? collection : "(database)";
}

/**
 * Field names and operators of the filter of a command, in their order, with `?` for every value:
 * `{ city: "Berlin", price: { $lt: 5 } }` becomes `{ city: "?", price: { $lt: "?" } }`.
 */
export function filterShape(commandName: string, command: Document): QueryShape {
  switch (commandName) {
    case "aggregate":
      return stagesShape(command["pipeline"]);
    case "count":
    case "distinct":
    case "findAndModify":
      return shapeOf(command["query"] ?? {});
    case "find":
      return shapeOf(command["filter"] ?? {});
    case "update":
      return filtersShape(command["updates"]);
    case "delete":
      return filtersShape(command["deletes"]);
    default:
      return {};
  }
}

/** Fields of a sort with their directions, in their order. Tells the index that was missing. */
export function sortShape(command: Document): QueryShape {
  const sort: unknown = command["sort"];
  if (sort === undefined || sort === null) return {};
  const entries: [unknown, unknown][] = sort instanceof Map ? [...sort] : Object.entries(sort);
  return Object.fromEntries(
    entries
      .slice(0, LONGEST)
      .map(([field, direction]) => [
        keyShape(String(field)),
        direction === 1 || direction === -1 ? direction : VALUE,
      ]),
  );
}

/** Filters of a batch of writes. Those after the first are most often alike. */
function filtersShape(writes: unknown): QueryShape {
  const first: unknown = Array.isArray(writes) ? (writes as readonly unknown[])[0] : undefined;
  return isPlain(first) ? shapeOf(first["q"] ?? {}) : {};
}

/** Names of the stages; of those that filter also the shape. */
function stagesShape(pipeline: unknown): QueryShape {
  if (!Array.isArray(pipeline)) return [];
  return (pipeline as readonly unknown[])
    .slice(0, LONGEST)
    .filter(isPlain)
    .map((stage) =>
      Object.fromEntries(
        Object.entries(stage).map(([name, body]) => [
          keyShape(name),
          name === "$match" ? shapeOf(body) : VALUE,
        ]),
      ),
    );
}

function shapeOf(value: unknown, depth = 0): QueryShape {
  if (depth > DEEPEST) return VALUE;
  if (Array.isArray(value)) {
    // $and and $or hold filters; everything else that is a list holds values.
    const filters = (value as readonly unknown[]).filter(isPlain).slice(0, LONGEST);
    return filters.length === 0 ? VALUE : filters.map((one) => shapeOf(one, depth + 1));
  }
  if (!isPlain(value)) return VALUE;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, LONGEST)
      .map(([field, inner]) => [keyShape(field), shapeOf(inner, depth + 1)]),
  );
}

function keyShape(key: string): string {
  return FIELD.test(key) ? key : VALUE;
}

/** Neither a list nor one of BSON's types, which are values. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
