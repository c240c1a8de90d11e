/** What editors are told: by ajv, and by the YAML language server that editors run, beside what the program says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import Ajv from "ajv";
import { parse, stringify } from "yaml";
import { getLanguageService } from "yaml-language-server";
import { TextDocument } from "vscode-languageserver-textdocument";

import { ROOT } from "../../../../cli/paths";
import { stackFileDocs } from "../../../../scripts/stack-file-docs";
import { parseStackConfig } from "../../../../stacks/stack-file/config";
import { stackFileJsonSchema } from "../../../../stacks/stack-file/json-schema";
import { edited, shippedText, stackFile, type Change } from "../../../helpers/stack-file";

const STACKS = ["production", "staging", "local"];

const holds = new Ajv({ strict: true, allErrors: true }).compile(stackFileJsonSchema());

/** Both take it, or neither does. */
function agrees(text: string): boolean {
  const isSound = parseStackConfig(stackFile(text)).issues.length === 0;
  assert.equal(holds(parse(text)), isSound, JSON.stringify(holds.errors?.slice(0, 3)));
  return isSound;
}

/** The server keeps what it read of a document until its version changes. */
let version = 0;

/** What the language server says of a file, as an editor asks it: line and text. The schema is the one of the first line. */
async function diagnostics(text: string): Promise<string[]> {
  const failures: unknown[] = [];
  const ignored = (): undefined => undefined;
  const service = getLanguageService({
    // It keeps what goes wrong in itself to itself otherwise.
    telemetry: { send: ignored, sendTrack: ignored, sendError: (_, error) => failures.push(error) },
    schemaRequestService: async (uri) => await readFile(fileURLToPath(uri), "utf8"),
    workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
  });
  service.configure({ validate: true, customTags: [], yamlVersion: "1.2" });
  const uri = pathToFileURL(join(ROOT, "Pulumi.edited.yaml")).href;
  const found = await service.doValidation(TextDocument.create(uri, "yaml", ++version, text), false);
  assert.deepEqual(failures, []);
  return found.map(
    ({ range, message }) =>
      `${range.start.line + 1}: ${typeof message === "string" ? message : message.value}`,
  );
}

const backend = (file: Record<string, any>): Record<string, any> =>
  file["services"].backend as Record<string, any>;

const BROKEN: readonly (readonly [what: string, change: Change])[] = [
  ["a key that nobody knows", (file) => (backend(file)["demand"].peakRsp = 5)],
  ["a block that nobody knows", (file) => (file["zzz"] = 1)],
  ["a missing block", (file) => delete file["cluster"]],
  ["a missing key", (file) => delete backend(file)["image"]],
  ["a wrong type", (file) => (backend(file)["port"] = "3000")],
  ["a port below 1024", (file) => (backend(file)["port"] = 80)],
  ["half a port", (file) => (backend(file)["port"] = 3000.5)],
  ["millicores", (file) => (backend(file)["resources"].cpuCores = 500)],
  ["bytes of memory", (file) => (backend(file)["resources"].memoryMiB = 536_870_912)],
  ["no rate", (file) => (backend(file)["demand"].baseRps = 0)],
  ["a utilization in percent", (file) => (backend(file)["profile"].maxUtilization = 75)],
  ["an image with a scheme", (file) => (backend(file)["image"] = "https://registry.example.com/app:1.0")],
  ["a path without a slash", (file) => (backend(file)["health"] = { live: "health" })],
  ["a variable that is a number", (file) => (backend(file)["environment"] = { A: 5 })],
  ["a variable that no shell takes", (file) => (backend(file)["environment"] = { "1A": "x" })],
  ["a name that no workload can have", (file) => (file["services"].Back_End = backend(file))],
  ["a cloud nobody has", (file) => (file["cluster"].cloud = "azure")],
  ["zones as text", (file) => (file["cluster"].zones = "3")],
  ["a range that is none", (file) => (backend(file)["egress"] = [{ port: 443, cidr: "10.0.0.0" }])],
  ["a step of a budget as text", (file) => (file["budget"] = { errorRatio: { target: "1 %" } })],
  [
    "a waiver without a reason",
    (file) => (file["waivers"] = [{ policy: "memory-within-limits", expires: "2026-02-01" }]),
  ],
  [
    "a day that no month has",
    (file) =>
      (file["waivers"] = [
        { policy: "memory-within-limits", reason: "because we had to", expires: "2026-02-31" },
      ]),
  ],
  ["a purpose of a cache that nobody has", (file) => (file["caches"]["redis-cache"].purpose = "queue")],
  ["storage of a cache that forgets", (file) => (file["caches"]["redis-cache"].storage = { sizeGiB: 1 })],
];

describe("JSON Schema of a stack file", () => {
  for (const stack of STACKS) {
    it(`takes the shipped file ${stack}, which names it in its first line`, async () => {
      assert.ok(agrees(shippedText(stack)));
      assert.deepEqual(await diagnostics(shippedText(stack)), []);
    });
  }

  for (const [what, change] of BROKEN) {
    it(`refuses what the program refuses: ${what}`, async () => {
      const text = edited(change)(shippedText("local"));
      assert.ok(!agrees(text));
      const modeline = shippedText("local").split("\n", 1)[0] ?? "";
      assert.notDeepEqual(await diagnostics(`${modeline}\n${text}`), []);
    });
  }

  it("says at the line of a wrong value what is allowed", async () => {
    const text = shippedText("local").replace(/^( +)port: 3000$/m, "$1port: 80");
    const line = text.split("\n").findIndex((one) => /^ +port: 80$/.test(one)) + 1;
    const [said = "", ...more] = await diagnostics(text);
    assert.deepEqual(more, []);
    assert.ok(said.startsWith(`${line}: `), said);
    assert.match(said, /1024/);
  });

  it("leaves keys of other projects and other parts of the file alone, and a block with nothing in it", () => {
    const { config } = parse(shippedText("local")) as { config: object };
    const text = stringify({
      config: { ...config, "aws:region": "eu-central-1", "retrofitlink:waivers": null },
      secretsprovider: "passphrase",
    });
    assert.ok(holds(parse(text)), JSON.stringify(holds.errors));
  });

  it("is written out, with the tables of the reference, as the declarations are: `make stack-file-docs`", async () => {
    for (const [path, text] of Object.entries(await stackFileDocs())) {
      assert.equal(readFileSync(join(ROOT, path), "utf8"), text, path);
    }
  });
});
