/**
 * `make stack-file-docs`: the tables of docs/stack-file.md and the JSON Schema for editors, from the declarations of the keys; and
 * how much is watched of the shipped stacks in docs/monitoring.md, from their plans.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { format, resolveConfig } from "prettier";

import { stackFileJsonSchema } from "../stacks/stack-file/json-schema";
import { referenceTables } from "../stacks/stack-file/reference";
import { monitoringCounts } from "./monitoring-counts";

const ROOT = join(__dirname, "..");
const PAGE = "docs/stack-file.md";
const SCHEMA = "docs/stack-file.schema.json";
const MONITORING = "docs/monitoring.md";

/** A page with each table between its markers. @throws Error when a table has no place */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- keys: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`the page has no place for the table "${name}": ${begin} … ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
  }, page);
}

/** What the files should hold, by their paths from the root. */
export async function stackFileDocs(): Promise<Readonly<Record<string, string>>> {
  const pretty = async (path: string, text: string): Promise<string> =>
    await format(text, { ...(await resolveConfig(join(ROOT, path))), filepath: path });
  const page = withTables(readFileSync(join(ROOT, PAGE), "utf8"), referenceTables());
  const monitoring = withTables(readFileSync(join(ROOT, MONITORING), "utf8"), {
    watched: monitoringCounts(),
  });
  return {
    [PAGE]: await pretty(PAGE, page),
    [MONITORING]: await pretty(MONITORING, monitoring),
    [SCHEMA]: await pretty(SCHEMA, JSON.stringify(stackFileJsonSchema())),
  };
}

if (require.main === module) {
  void stackFileDocs().then((files) => {
    for (const [path, text] of Object.entries(files)) {
      writeFileSync(join(ROOT, path), text);
      process.stdout.write(`${path}\n`);
    }
  });
}
