/** The reference of the keys of a stack file as tables, from their declarations. */
import { z } from "zod";

import { aboutOf } from "../../budget/core/settings";
import { DEFAULT_BUDGET } from "../../budget/core/performance-budget";
import { stackSchema } from "./schema/stack";

interface Row {
  readonly key: string;
  readonly allowed: string;
  readonly otherwise: string;
  readonly fix: string;
  readonly decides: string;
}

/** A schema without what stands around it, and what counts where the key is left out. */
function unwrapped(schema: z.ZodType, otherwise = "required"): { schema: z.ZodType; otherwise: string } {
  if (schema instanceof z.ZodDefault) {
    return unwrapped(schema.unwrap() as z.ZodType, shown(schema.def.defaultValue));
  }
  return schema instanceof z.ZodOptional
    ? unwrapped(schema.unwrap() as z.ZodType, "none")
    : { schema, otherwise: (otherwise === "none" ? aboutOf(schema)?.otherwise : undefined) ?? otherwise };
}

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return `\`${String(value)}\``;
  const inner = Object.values(value).map((one) =>
    typeof one === "object" ? JSON.stringify(one) : String(one),
  );
  return inner.length === 0 ? "none" : `\`${inner.join("`, `").replaceAll('"', "")}\``;
}

function allowed(schema: z.ZodType): string {
  const said =
    schema instanceof z.ZodLiteral ? [...schema.values].map((one) => JSON.stringify(one)).join(" or ") : "";
  return aboutOf(schema)?.allowed ?? said;
}

function told(schema: z.ZodType): Pick<Row, "fix" | "decides"> {
  const { fix = "", decides = "" } = aboutOf(schema) ?? {};
  return { fix, decides };
}

/** Blocks within others that have a table of their own. */
const OWN_TABLES: ReadonlySet<z.ZodType> = new Set(
  [stackSchema.shape.budget, stackSchema.shape.loadBalancer.unwrap().shape.public].map(
    (block) => unwrapped(block).schema,
  ),
);

/** Rows of a map of known keys; a map within it has one for each of its keys, and one itself where it may be left out. */
function rows(given: z.ZodType, prefix: string, note = ""): Row[] {
  const { schema } = unwrapped(given);
  if (schema instanceof z.ZodDiscriminatedUnion) return unionRows(schema, prefix);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
    keyRows(field, `${prefix}${name}`, note),
  );
}

function keyRows(field: z.ZodType, key: string, note: string): Row[] {
  const { schema, otherwise } = unwrapped(field);
  const row: Row = { key, allowed: `${allowed(schema)}${note}`, otherwise, ...told(schema) };
  if (OWN_TABLES.has(schema)) return [row];
  const inside = inner(schema);
  if (inside === undefined) return [row];
  const below = rows(inside.schema, `${key}${inside.joint}`, note);
  // Of a block that is always there the keys alone say everything.
  return inside.joint === "." && !(field instanceof z.ZodOptional) ? below : [row, ...below];
}

/** What is below a key: of a map its keys, of a map of names `<name>`, of a list `[]`. */
function inner(schema: z.ZodType): { schema: z.ZodType; joint: string } | undefined {
  const named = (of: unknown, joint: string): { schema: z.ZodType; joint: string } | undefined => {
    const found = unwrapped(of as z.ZodType).schema;
    return hasKeys(found) ? { schema: found, joint } : undefined;
  };
  if (schema instanceof z.ZodRecord) return named(schema.valueType, ".<name>.");
  if (schema instanceof z.ZodArray) return named(schema.element, "[].");
  return hasKeys(schema) ? { schema, joint: "." } : undefined;
}

/** A map of known keys, or one of several. */
function hasKeys(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject || schema instanceof z.ZodDiscriminatedUnion;
}

/** Keys that every branch has once, the others with the branches they belong to. */
function unionRows(union: z.ZodDiscriminatedUnion, prefix: string): Row[] {
  const { discriminator } = union.def;
  const named = (union.options as z.ZodType[]).map((option) => ({
    name: branchName(option, discriminator),
    found: rows(option, prefix),
  }));
  const chosen: Row = {
    key: `${prefix}${discriminator}`,
    allowed: allowed(union),
    otherwise: "required",
    ...told(union),
    decides: "which other keys there are",
  };
  const all = new Map<string, Row>();
  for (const { found } of named) {
    for (const row of found) {
      const has = named.filter((other) => other.found.some(({ key }) => key === row.key));
      const only = has.length === named.length ? "" : `; ${has.map(({ name }) => name).join(" and ")} only`;
      if (row.key !== chosen.key && !all.has(row.key)) {
        all.set(row.key, { ...row, allowed: `${row.allowed}${only}` });
      }
    }
  }
  return [chosen, ...all.values()];
}

/** The value that chooses a branch, which may be a union itself, by another key. */
function branchName(option: z.ZodType, discriminator: string): string {
  if (option instanceof z.ZodDiscriminatedUnion) {
    return branchName((option.options as z.ZodType[])[0] ?? z.unknown(), discriminator);
  }
  const field = option instanceof z.ZodObject ? (option.shape[discriminator] as z.ZodType) : undefined;
  const { schema } = unwrapped(field ?? z.unknown());
  return schema instanceof z.ZodLiteral ? String(schema.value) : "";
}

const CLASS_KEY = /^behaviors\.([^.]+)\.(.+)$/;

/** Keys that classes of paths have alike as one row, with the classes where not each of them has it. */
function withClasses(found: readonly Row[]): Row[] {
  const parts = found.map((row) => ({ row, match: CLASS_KEY.exec(row.key) }));
  const all = new Set(parts.flatMap(({ match }) => match?.[1] ?? []));
  const once = new Map<string, Row>();
  for (const { row, match } of parts) {
    const key = match === null ? row.key : `behaviors.<class>.${match[2] ?? ""}`;
    const having = parts.flatMap((other) =>
      other.match?.[2] === match?.[2] ? (other.match?.[1] ?? []) : [],
    );
    const only = match === null || having.length === all.size ? "" : `; not of ${without(all, having)}`;
    if (!once.has(key)) once.set(key, { ...row, key, allowed: `${row.allowed}${only}` });
  }
  return [...once.values()];
}

function without(all: ReadonlySet<string>, some: readonly string[]): string {
  return [...all].filter((one) => !some.includes(one)).join(" and ");
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...lines.map(line)].join("\n");
}

function keyTable(found: readonly Row[]): string {
  return table(
    ["key", "allowed", "default", "what to give", "what follows from it"],
    found.map(({ key, allowed: what, otherwise, fix, decides }) => [
      `\`${key}\``,
      what,
      otherwise,
      fix,
      decides,
    ]),
  );
}

const { cluster, services, ...others } = stackSchema.shape;

/** Tables by the name of their marker in docs/stack-file.md. */
export function referenceTables(): Readonly<Record<string, string>> {
  const top = Object.entries(stackSchema.shape).map(([key, schema]): Row => {
    const found = unwrapped(schema as z.ZodType);
    const what = allowed(found.schema);
    return { key, allowed: what, otherwise: found.otherwise, ...told(found.schema) };
  });
  return {
    "top level": keyTable(top),
    cluster: keyTable(rows(cluster, "")),
    services: keyTable(rows(services.valueType, "")),
    caches: keyTable(rows(others.caches.unwrap().valueType, "")),
    ...Object.fromEntries(
      (others.database.unwrap().options as z.ZodType[]).map((kind) => [
        `database ${branchName(kind, "kind")}`,
        keyTable(
          rows(kind, "").map((row) =>
            row.key === "kind" ? { ...row, ...told(others.database.unwrap()) } : row,
          ),
        ),
      ]),
    ),
    "load balancer": keyTable(rows(others.loadBalancer.unwrap(), "")),
    "public load balancer": keyTable(rows(others.loadBalancer.unwrap().shape.public, "")),
    cdn: keyTable(withClasses(rows(others.cdn.unwrap(), ""))),
    autoscaling: keyTable(rows(others.autoscaling, "")),
    monitoring: keyTable(rows(others.monitoring.unwrap(), "")),
    tracing: keyTable(rows(others.tracing.unwrap(), "")),
    waivers: keyTable(rows(others.waivers.unwrap().element, "")),
    budget: table(
      ["metric", "target", "warning", "critical"],
      Object.entries(DEFAULT_BUDGET).map(([metric, { target, warning, critical }]) => [
        `\`${metric}\``,
        String(target),
        String(warning),
        String(critical),
      ]),
    ),
  };
}
