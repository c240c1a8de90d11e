/**
 * `make chart-values CHART=<folder> [SUBCHARTS="<folder> …"]`: the keys that a Helm chart knows, by its values.yaml and its
 * templates, as the table that
 * tests/unit/components/charts holds the platform's values to. Helm itself accepts any key, and ignores those that it does not
 * know: a typing error would go unnoticed. A subchart's keys stand below its name.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { ROOT } from "../cli/paths";
import { isMap, pathOf, type Values } from "./chart-keys";

const TABLES = join(ROOT, "tests", "unit", "components", "charts");

/** Templates write these as they are given, whatever the chart has as an example. */
const PASSED_ON = new Set(["resources", "extraArgs", "labels", "annotations", "grafana.ini"]);

/** @returns paths of keys; what takes any key ends with an asterisk */
function paths(values: Values, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = pathOf(prefix, key);
    const isOpen = value === null || PASSED_ON.has(key) || (isMap(value) && Object.keys(value).length === 0);
    if (isOpen) return [`${path}.*`];
    return isMap(value) ? [path, ...paths(value, `${path}.`)] : [path];
  });
}

function read(folder: string, file: string): Values {
  return (parse(readFileSync(join(folder, file), "utf8"), { merge: true }) ?? {}) as Values;
}

/** What templates read and values.yaml has as a comment, or not at all. It takes any key: what it is for is not known. */
function readByTemplates(folder: string): string[] {
  const templates = join(folder, "templates");
  if (!existsSync(templates)) return [];
  return readdirSync(templates, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))
    .flatMap((text) => text.match(/(?<=\.Values\.)[\w-]+(\.[\w-]+)*/g) ?? []);
}

/** Paths of one chart. */
function pathsOf(folder: string, prefix = ""): string[] {
  const given = new Set(paths(read(folder, "values.yaml")));
  const isNew = (path: string): boolean => !given.has(path) && !given.has(`${path}.*`);
  const more = readByTemplates(folder)
    .filter(isNew)
    .map((path) => `${path}.*`);
  return [...given, ...more].map((path) => `${prefix}${path}`);
}

function main([chart, ...subcharts]: readonly string[]): void {
  if (chart === undefined) {
    process.stderr.write("which chart? make chart-values CHART=<folder with Chart.yaml>\n");
    process.exitCode = 1;
    return;
  }
  const { name, version } = read(chart, "Chart.yaml");
  const known = subcharts.flatMap((folder) =>
    pathsOf(folder, `${String(read(folder, "Chart.yaml")["name"])}.`),
  );
  const lines = [...new Set([...pathsOf(chart), ...known])].sort();
  const file = join(TABLES, `${String(name)}-${String(version)}.txt`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  process.stdout.write(`${lines.length} keys: ${file}\n`);
}

main(process.argv.slice(2));
