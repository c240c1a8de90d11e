import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { PACKAGES, shapeTable, shapeTablePath } from "../../../scripts/cloud-models/shapes";
import { TYPES } from "../../../scripts/cloud-models/types";
import { valuesAt } from "../../../sandbox/providers/clouds/judge-rules";
import { LIMITS } from "../../../sandbox/providers/clouds/limits";
import { rulesOf, shapeOf, shapeTable as committed } from "../../../sandbox/providers/clouds/tables";

describe("tables of the clouds' resource types", function () {
  this.timeout(60_000);

  for (const cloud of PACKAGES) {
    it(`say of ${cloud} what the installed SDK says`, () => {
      const now = `${JSON.stringify(shapeTable(cloud), undefined, 1)}\n`;
      const next = "run node -r ts-node/register/transpile-only scripts/cloud-models/shapes.ts";
      assert.ok(readFileSync(shapeTablePath(cloud), "utf8") === now, next);
    });
  }

  it("name a source of the rules of every type", () => {
    for (const type of TYPES) {
      const { source } = rulesOf(type);
      // A reader has to be able to look a rule up.
      assert.match(source, /\w/, type);
    }
  });

  it("have bounds of properties that are there", () => {
    const exists = (type: string, path: string): boolean => {
      const { shapes } = committed(type.split(":")[0] ?? "");
      let kind: string | undefined = "#";
      for (const step of path.split(".")) {
        const shape: Readonly<Record<string, string>> | undefined =
          kind === "#" ? shapeOf(type) : shapes[kind?.replace(/^!?#/, "") ?? ""];
        kind = shape?.[step.replaceAll("[]", "")]?.replace("!", "");
        for (let depth = step.split("[]").length - 1; depth > 0; depth--) {
          kind = kind?.startsWith("[]") ? kind.slice(2) : undefined;
        }
      }
      return kind !== undefined;
    };
    for (const type of [...TYPES, ...Object.keys(LIMITS)]) {
      const { paths, groups } = rulesOf(type);
      const all = [...Object.keys(paths), ...groups.flatMap(([, members]) => members)];
      assert.deepEqual([type, all.filter((path) => !exists(type, path))], [type, []]);
    }
  });

  it("have alphabets that can be read", () => {
    for (const type of TYPES) {
      for (const { pattern } of Object.values(rulesOf(type).paths)) {
        if (pattern !== undefined) assert.ok(new RegExp(pattern, "s"), `${type}: ${pattern}`);
      }
    }
  });

  it("find values in lists of lists", () => {
    const inputs = { rules: [{ to: ["a", "b"] }, {}, { to: ["c"] }] };
    assert.deepEqual(
      valuesAt(inputs, "rules[].to[]").map(({ path, value }) => [path, value]),
      [
        ["rules[0].to[0]", "a"],
        ["rules[0].to[1]", "b"],
        ["rules[2].to[0]", "c"],
      ],
    );
  });
});
