/** Stack files of this checkout, for commands that run without an engine. */
import { readFileSync } from "node:fs";

import { parse } from "yaml";

import { parseStackConfig, type ParsedConfig } from "./config";

const PREFIX = "retrofitlink:";

/** @param file path of a `Pulumi.<stack>.yaml` */
export function readStackFile(file: string): ParsedConfig {
  const { config = {} } = parse(readFileSync(file, "utf8")) as { readonly config?: Record<string, unknown> };
  const values = Object.entries(config).map(([key, value]) => [key.replace(PREFIX, ""), value] as const);
  return parseStackConfig(Object.fromEntries(values));
}
