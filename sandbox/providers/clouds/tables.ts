/**
 * What the vendors say of the resource types that the platform makes, as data: properties by the types of the SDKs,
 * bounds by the vendors' own models. `scripts/cloud-models/` writes both.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { LIMITS } from "./limits";
import type { ResourceRules } from "./rules";

/**
 * Properties of resource types, as the SDK declares them. A kind is `string`, `number`, `boolean`, `any`, `[]kind`,
 * `{}kind` (a map) or `#name` (one of `shapes`), with `!` in front where the property is required.
 */
export interface ShapeTable {
  readonly source: string;
  readonly resources: Readonly<Record<string, Shape>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** Kind by property. */
export type Shape = Readonly<Record<string, string>>;

interface RuleTable {
  readonly source: string;
  readonly resources: Readonly<Record<string, ResourceRules>>;
}

const read = new Map<string, unknown>();

function table(name: string): unknown {
  if (!read.has(name)) {
    read.set(name, JSON.parse(readFileSync(join(__dirname, "tables", `${name}.json`), "utf8")));
  }
  return read.get(name);
}

function cloudOf(type: string): string {
  return type.slice(0, type.indexOf(":"));
}

export function shapeTable(cloud: string): ShapeTable {
  return table(`${cloud}.shapes`) as ShapeTable;
}

function ruleTable(cloud: string): RuleTable {
  return table(`${cloud}.rules`) as RuleTable;
}

/** Properties of a resource type; undefined for one that the tables do not have. */
export function shapeOf(type: string): Shape | undefined {
  return shapeTable(cloudOf(type)).resources[type];
}

/** Rules of a resource type: those of the vendors' models, and what is written by hand beside them. */
export function rulesOf(type: string): ResourceRules {
  const rules = ruleTable(cloudOf(type)).resources[type];
  const { paths, groups = [], source } = LIMITS[type] ?? { paths: {}, source: "" };
  if (rules === undefined) return { source, paths, groups };
  const all = new Set([...Object.keys(rules.paths), ...Object.keys(paths)]);
  return {
    source: [rules.source, source].filter((text) => text !== "").join(", "),
    paths: Object.fromEntries([...all].map((path) => [path, { ...rules.paths[path], ...paths[path] }])),
    groups: [...rules.groups, ...groups],
  };
}
