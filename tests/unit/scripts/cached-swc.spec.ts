import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { create } from "ts-node";

import { ROOT } from "../../../cli/paths";

const FOLDER = join(ROOT, "node_modules", ".cache", "retrofitlink-transpiled");

const register = (swc: boolean): ReturnType<typeof create> =>
  create(
    swc
      ? {
          skipProject: true,
          swc: true,
          compilerOptions: {
            target: "ES2022",
            module: "nodenext",
            strict: true,
            useDefineForClassFields: false,
          },
        }
      : { project: join(ROOT, "tsconfig.json") },
  );

/** Without the source map, in which options show. */
const code = (output: string): string => output.replace(/\n\/\/# sourceMappingURL=[\s\S]*$/, "");

describe("what has been transpiled", () => {
  const name = `kept-${randomUUID()}.ts`;
  const file = join(ROOT, "tests", name);
  const source = "export const one: number = 1;\nexport class Two { three = 3; }\n";
  const files = (): string[] =>
    readdirSync(FOLDER)
      .filter((entry) => entry.startsWith(name))
      .map((entry) => join(FOLDER, entry));

  after(() => files().forEach((entry) => rmSync(entry)));

  it("is what swc makes of it, the first time and from then on", () => {
    const expected = code(register(true).compile(source, file));
    assert.match(expected, /exports/);
    const first = register(false).compile(source, file);
    assert.equal(code(first), expected);
    assert.equal(files().length, 1);
    assert.equal(register(false).compile(source, file), first);
    assert.equal(files().length, 1);
  });

  it("is made anew when the file has changed", () => {
    const changed = register(false).compile(source.replace("= 1", "= 17"), file);
    assert.match(changed, /= 17/);
    assert.equal(files().length, 2);
  });

  it("is made anew when it was cut off", () => {
    const first = register(false).compile(source, file);
    for (const entry of files()) truncateSync(entry, 20);
    assert.equal(register(false).compile(source, file), first);
  });

  it("says where a mistake of syntax is, and keeps nothing of it", () => {
    const before = files().length;
    assert.throws(() => register(false).compile("export const = 1;", file), /Syntax|Expected/);
    assert.equal(files().length, before);
  });
});
