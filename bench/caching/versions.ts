import { readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = join(__dirname, "../../node_modules");

/** What was measured. @param redis version of the server @param packages names as npm has them */
export function versions(redis: string, packages: readonly string[]): Record<string, string> {
  const of = (name: string): string => {
    const text = readFileSync(join(PACKAGES, name, "package.json"), "utf8");
    return (JSON.parse(text) as { readonly version: string }).version;
  };
  return { "redis-server": redis, ...Object.fromEntries(packages.map((name) => [name, of(name)])) };
}
