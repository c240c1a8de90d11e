/** Stack files as people write them, read by the real engine and then by the program. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { dateOf } from "../../budget/core/waivers";
import { ROOT } from "../../cli/paths";
import { ENGINE_TIMEOUT_MS, Project } from "../helpers/engine";
import { shippedText } from "../helpers/stack-file";

/** The first YAML block of a page, as it is printed there, but for its day, which has to be to come. */
function printedIn(page: string): string {
  const [, block = ""] = /```yaml\n([^`]*)```/.exec(readFileSync(join(ROOT, "docs", page), "utf8")) ?? [];
  const tomorrow = dateOf(new Date(Date.now() + 86_400_000));
  return block.replace(/\d{4}-\d{2}-\d{2}/, tomorrow).replaceAll(/^(?=.)/gm, "  ");
}

/** A program that only reads its configuration, as the platform does. */
function reading(name: string, text: string): Project {
  const project = new Project(name);
  project.write("Pulumi.test.yaml", text);
  return project.program(
    `import { readStackConfig } from ${JSON.stringify(join(ROOT, "stacks/stack-file/config"))};
     const config = readStackConfig();
     export const waivers = JSON.stringify(config.waivers);`,
  );
}

describe("a stack file that the engine reads", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("may say a date as docs/policies.md does, beside the file of another stack that is broken", async () => {
    const project = reading("dates", `${shippedText("local")}\n${printedIn("policies.md")}`);
    project.write("Pulumi.broken.yaml", "config:\n  a: 1\n  a: 2\n<<<<<<< HEAD\n");
    const { outputs, errors } = await project.run("up");
    assert.deepEqual(errors, []);
    assert.match(String(outputs["waivers"]), /"expires":"\d{4}-\d{2}-\d{2}"/);
    await assert.rejects(project.run("preview", { stack: "broken" }), {
      name: "UserError",
      message: /Pulumi\.broken\.yaml is not valid YAML/,
    });
  });

  it("is refused for each number that the engine would change, with its line, and may have an empty list", async () => {
    const numbers = 'port: 03000\n$1environment: { MODE: 0600, SIZE: 1_000, GOOD: "0600" }';
    const text = shippedText("local").replace(/^( +)port: 3000$/m, `$1${numbers}`);
    const project = reading("numbers", `${text}\n  retrofitlink:waivers:\n`);
    const said = (await project.run("preview")).errors.join("\n");
    assert.match(said, /Pulumi\.test\.yaml has 3 mistakes:/);
    const lines = text.split("\n");
    const port = lines.findIndex((line) => line.includes("port: 03000")) + 1;
    assert.ok(said.includes(`Pulumi.test.yaml:${port}  retrofitlink:services.backend.port\n`), said);
    assert.match(said, /got 03000; .* write 3000\. .*"03000"/);
    for (const name of ["MODE", "SIZE"]) {
      assert.ok(said.includes(`:${port + 1}  retrofitlink:services.backend.environment.${name}\n`), said);
    }
  });

  it("is refused for a number without end, with its line, before the engine refuses all of it without one", async () => {
    const text = shippedText("local").replace(/^( +)zones: .*$/m, "$1zones: .inf");
    await assert.rejects(reading("endless", text).run("preview"), {
      name: "UserError",
      message: /Pulumi\.test\.yaml:\d+ has the value \.inf, which is no finite number/,
    });
  });
});
