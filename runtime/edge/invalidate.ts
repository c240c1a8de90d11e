/**
 * Tells the stack's CDN to forget what a deploy changed: `invalidate <report.json> [path or #tag …]`. The report is the
 * one of published assets, of which `invalidate` lists paths; further paths and tags may follow.
 */
import { readFileSync } from "node:fs";
import { jsonLogger } from "../shared/logger";
import { type Environment, VariablesError } from "../shared/variables";
import { CdnInvalidation, InvalidationError, type Invalidated } from "./invalidation";
import type { Purge } from "./purge-plan";
import { purgeSettings } from "./purge-settings";

/** A mistake of whoever calls it. Its message is all there is to say. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * What is to be purged.
 *
 * @param args a file, then paths and tags with a "#" in front
 * @throws UsageError when the file is none, or no report
 */
export function purgeOf([file, ...more]: readonly string[]): Purge {
  if (file === undefined)
    throw new UsageError("name the report of the published assets: build/assets/report.json");
  const paths = more.filter((item) => !item.startsWith("#"));
  const tags = more.filter((item) => item.startsWith("#")).map((tag) => tag.slice(1));
  return { paths: [...listedIn(file), ...paths], tags };
}

function listedIn(file: string): string[] {
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new UsageError(
      `${file} is no report; next: publish the assets, and name the report.json that it leaves`,
    );
  }
  const { invalidate } = (report ?? {}) as { invalidate?: unknown };
  if (Array.isArray(invalidate) && invalidate.every((path) => typeof path === "string")) return invalidate;
  throw new UsageError(`${file} has no list "invalidate"; it has to be the report of published assets`);
}

/** @param baseUrl of Cloudflare's API. @default Cloudflare's */
export async function invalidate(
  args: readonly string[],
  environment: Environment,
  baseUrl?: string,
): Promise<Invalidated> {
  const what = purgeOf(args);
  const { purger, guard } = purgeSettings(environment, baseUrl);
  const logger = jsonLogger("warn");
  return await new CdnInvalidation({ purger, logger, ...(guard === undefined ? {} : { guard }) }).purge(what);
}

async function main(): Promise<void> {
  try {
    const { paths, tags, calls } = await invalidate(process.argv.slice(2), process.env);
    process.stdout.write(`purged ${paths} paths and ${tags} tags in ${calls} calls\n`);
  } catch (error) {
    const known = [UsageError, VariablesError, InvalidationError].some((kind) => error instanceof kind);
    if (!known) throw error;
    const { message } = error as Error;
    const done =
      error instanceof InvalidationError
        ? `\ndone before it: ${error.done.paths} paths, ${error.done.tags} tags`
        : "";
    process.stderr.write(`${message}${done}\n`);
    process.exitCode = 1;
  }
}

if (require.main === module) void main();
