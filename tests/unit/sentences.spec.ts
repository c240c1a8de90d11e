/** One sentence of validation, once: what is said in two places is changed in one of them. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import { ROOT } from "../../cli/paths";

/** Rooms that say what is wrong with input. */
const ROOMS = ["budget", "components", "stacks"];

/** Longer than a name, a unit or a path. */
const SENTENCE = 30;

/** Texts of a file that read like a sentence, or like a part of one. */
function sentences(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (isText && !ts.isImportDeclaration(node.parent) && !ts.isExportDeclaration(node.parent)) {
      if (node.text.length > SENTENCE && / \S+ /.test(node.text)) found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("sentences of validation", () => {
  it("stand in one place", () => {
    const places = new Map<string, string[]>();
    for (const room of ROOMS) {
      for (const file of readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".ts")) continue;
        for (const text of sentences(join(ROOT, room, file))) {
          places.set(text, [...(places.get(text) ?? []), join(room, file)]);
        }
      }
    }
    assert.ok(places.size > 500, `${places.size} sentences were found`);
    const twice = [...places].filter(([, files]) => files.length > 1).map(([text]) => text);
    assert.deepEqual(twice, []);
  });
});
