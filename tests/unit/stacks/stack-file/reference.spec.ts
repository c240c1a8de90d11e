/** The tables of docs/stack-file.md against the JSON Schema, which zod itself makes of the same declarations. */
import assert from "node:assert/strict";

import { referenceTables } from "../../../../stacks/stack-file/reference";
import { stackFileJsonSchema } from "../../../../stacks/stack-file/json-schema";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Every key below a node; names that a user chooses are `<name>`. */
function keys(node: Node, path = ""): string[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = node;
  const isNamed = typeof additionalProperties === "object";
  return [
    ...Object.entries(properties).flatMap(([key, inner]) => {
      const at = path === "" ? key : `${path}.${key}`;
      return [at, ...keys(inner, at)];
    }),
    ...(isNamed ? keys(additionalProperties, `${path}.<name>`) : []),
    ...(items === undefined ? [] : keys(items, `${path}[]`)),
    ...[...anyOf, ...oneOf].flatMap((inner) => keys(inner, path)),
  ];
}

/** Where a table's keys are in the file. */
const PLACES: readonly (readonly [table: RegExp, prefix: string])[] = [
  [/^top level$/, ""],
  [/^cluster$/, "cluster."],
  [/^services$/, "services.<name>."],
  [/^caches$/, "caches.<name>."],
  [/^database /, "database."],
  [/^load balancer$/, "loadBalancer."],
  [/^public load balancer$/, "loadBalancer.public."],
  [/^cdn$/, "cdn."],
  [/^autoscaling$/, "autoscaling."],
  [/^monitoring$/, "monitoring."],
  [/^tracing$/, "tracing."],
  [/^waivers$/, "waivers[]."],
];

function documented(): Set<string> {
  return new Set(
    Object.entries(referenceTables()).flatMap(([name, table]) => {
      const prefix = PLACES.find(([pattern]) => pattern.test(name))?.[1];
      if (prefix === undefined) return [];
      return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, key = ""]) => `${prefix}${key}`);
    }),
  );
}

const config = (stackFileJsonSchema() as { properties: { config: Node } }).properties.config;
const all = [
  ...new Set(keys({ properties: config.properties ?? {} }).map((key) => key.replace(/^retrofitlink:/, ""))),
];

describe("the reference of the stack file", () => {
  const found = documented();

  it("has every key of the schema in a table", () => {
    assert.ok(all.length > 200, `${all.length} keys`);
    // The metrics of a budget are rows of a table of their own; a class of paths stands for all of them.
    const rest = all
      .filter((key) => !/(^|\.)budget\./.test(key))
      .map((key) => key.replace(/^(cdn\.behaviors)\.[^.]+\./, "$1.<class>."))
      .filter((key) => !found.has(key) && ![...found].some((other) => other.startsWith(`${key}.`)));
    // A map of two keys that is one of two forms of a value is told in its row.
    assert.deepEqual(
      rest.filter((key) => !key.startsWith("loadBalancer.public.certificate.")),
      [],
    );
  });

  it("says of every key what is allowed and what to give", () => {
    for (const [name, table] of Object.entries(referenceTables())) {
      if (name === "budget") continue;
      const rows = table.split("\n").slice(2);
      assert.ok(rows.length > 0, name);
      for (const row of rows) {
        const cells = row.split("|").map((cell) => cell.trim());
        assert.ok(
          cells.slice(1, 5).every((cell) => cell !== ""),
          `${name}: ${row}`,
        );
      }
    }
  });
});
