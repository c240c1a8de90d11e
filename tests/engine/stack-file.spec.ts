/** Stack files as people write them, read by the real engine. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { ROOT } from "../../sandbox/paths";
import { runPlatform } from "../helpers/platform";
import { SCRATCH } from "../helpers/sandbox-folder";

/** The first YAML block of a page, as it is printed there. */
function printedIn(page: string): string {
  const [, block = ""] = /```yaml\n([^`]*)```/.exec(readFileSync(join(ROOT, "docs", page), "utf8")) ?? [];
  return block.replaceAll(/^(?=.)/gm, "  ");
}

describe("a stack file that the engine reads", function () {
  this.timeout(180_000);

  it("may say a date as docs/policies.md does, beside the file of another stack that is broken", async () => {
    const broken = join(SCRATCH, "platform", "Pulumi.broken.yaml");
    mkdirSync(dirname(broken), { recursive: true });
    writeFileSync(broken, "config:\n  a: 1\n  a: 2\n<<<<<<< HEAD\n");
    try {
      const run = await runPlatform("preview", "local", (text) => `${text}\n${printedIn("policies.md")}`);
      assert.deepEqual(run.errors, []);
      const platform = run.resources.find(({ type }) => type === "retrofitlink:stacks:Platform");
      const [waiver] = platform?.inputs["waivers"] as Record<string, unknown>[];
      assert.match(String(waiver?.["expires"]), /^\d{4}-\d{2}-\d{2}$/);
    } finally {
      rmSync(broken);
    }
  });

  it("is refused for each number that the engine would change, with its line, and may have an empty list", async () => {
    const written = (text: string): string =>
      `${text.replace(/^( +)port: 3000$/m, '$1port: 03000\n$1environment: { MODE: 0600, SIZE: 1_000, GOOD: "0600" }')}\n  retrofitlink:waivers:\n`;
    const { errors } = await runPlatform("preview", "local", written);
    const said = errors.join("\n");
    assert.match(said, /Pulumi\.local\.yaml has 3 mistakes:/);
    assert.match(
      said,
      /Pulumi\.local\.yaml:\d+ {2}retrofitlink:services\.backend\.port\n +got 03000;.* write 3000\. .*"03000"/,
    );
    assert.match(said, /:\d+ {2}retrofitlink:services\.backend\.environment\.MODE\n +got 0600;/);
    assert.match(said, /:\d+ {2}retrofitlink:services\.backend\.environment\.SIZE\n +got 1_000;/);
  });

  it("is refused for a number without end, with its line, before the engine refuses all of it without one", async () => {
    await assert.rejects(
      runPlatform("preview", "local", (text) => text.replace(/^( +)(zones: .*)$/m, "$1zones: .inf")),
      {
        name: "UserError",
        message: /Pulumi\.local\.yaml:\d+ has the value \.inf, which is no finite number/,
      },
    );
  });
});
