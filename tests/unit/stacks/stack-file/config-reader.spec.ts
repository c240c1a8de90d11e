import assert from "node:assert/strict";

import { describeIssues } from "../../../../stacks/stack-file/stack-file-issues";
import { readValues, readerIssues } from "../../../../stacks/stack-file/config-reader";

function file(...lines: readonly string[]): string {
  return [
    "config:",
    "  retrofitlink:services:",
    "    backend:",
    ...lines.map((line) => `      ${line}`),
  ].join("\n");
}

const said = (text: string): string[] =>
  describeIssues(readerIssues(text), { file: "Pulumi.x.yaml", text }).split("\n").slice(1);

describe("reader of stack files", () => {
  const CASES: readonly [written: string, allowed: string, fix: RegExp][] = [
    ["03000", "a number in decimal digits, or text in quotation marks", /write 3000\. .*: "03000"\./],
    ["0600", "a number in decimal digits, or text in quotation marks", /write 600\./],
    ["08", "a number in decimal digits, or text in quotation marks", /write 8\./],
    ["1_000", "a number in decimal digits, or text in quotation marks", /^Write 1000\. /],
    ["1_0.5e3", "a number in decimal digits, or text in quotation marks", /^Write 10\.5e3\. /],
    ["0x1F", "a number in decimal digits, or text in quotation marks", /^It is read as 31\. /],
    ["0o17", "a number in decimal digits, or text in quotation marks", /^It is read as 15\. /],
    ["0b101", "a number in decimal digits, or text in quotation marks", /^It is read as 5\. /],
    [".inf", "a number that is finite, or text in quotation marks", /quotation marks/],
    ["-.INF", "a number that is finite, or text in quotation marks", /quotation marks/],
    [".nan", "a number that is finite, or text in quotation marks", /quotation marks/],
    ["1e400", "a number that is finite, or text in quotation marks", /quotation marks/],
    ["2026-12-04T10:00:00Z", "a date, YYYY-MM-DD, or a time in quotation marks", /quotation marks/],
    ["2026-12-04 10:00:00 +2", "a date, YYYY-MM-DD, or a time in quotation marks", /quotation marks/],
  ];
  for (const [written, allowed, fix] of CASES) {
    it(`points at ${written}, which the engine would change`, () => {
      const [problem, ...more] = readerIssues(file(`port: ${written}`));
      assert.deepEqual(more, []);
      assert.deepEqual([problem?.path, problem?.got], [["services", "backend", "port"], written]);
      assert.equal(problem?.allowed, allowed);
      assert.match(problem?.fix ?? "", fix);
    });
  }

  it("leaves alone what means the same to both readers, and what is in quotation marks", () => {
    const same = [
      "3000",
      "0",
      "0.5",
      "00.5",
      "-1",
      "+5",
      "1e3",
      "1.50",
      "yes",
      "1:30",
      "2026-12-04",
      "1.2.3",
      "a_1",
    ];
    const quoted = CASES.map(([written]) => written);
    assert.deepEqual(readerIssues(file(...same.map((value, at) => `k${at}: ${value}`))), []);
    assert.deepEqual(readerIssues(file(...quoted.map((value, at) => `k${at}: "${value}"`))), []);
    assert.deepEqual(readerIssues(file("k: |", "  0600", "l: '0600'")), []);
    assert.deepEqual(readerIssues("config:\n  aws:account: 0123\nother: 0600\n"), []);
    assert.deepEqual(readerIssues("config: {}"), []);
  });

  it("knows key and line in lists, in maps on one line and behind anchors", () => {
    const text = file(
      "list:",
      "  - { size: 1 }",
      "  - { size: 010 }",
      "base: &base { port: 03000 }",
      "other: *base",
    );
    assert.deepEqual(
      said(text).filter((_, at) => at % 2 === 0),
      [
        "  Pulumi.x.yaml:6  retrofitlink:services.backend.list[1].size",
        "  Pulumi.x.yaml:7  retrofitlink:services.backend.base.port",
      ],
    );
  });

  it("refuses what is encrypted, wherever it is, and shows nothing of it", () => {
    const text = file("environment:", "  LOGIN:", "    secure: v1:hunter2");
    assert.match(said(text).join("\n"), /services\.backend\.environment\.LOGIN\n {6}got a secret;/);
    assert.ok(!said(text).join("\n").includes("hunter2"));
  });

  it("takes a date for a date, and a key with nothing behind it for none", () => {
    const values = readValues({
      "retrofitlink:waivers":
        '[{"expires":"2026-12-04 00:00:00 +0000 UTC","reason":"2026-12-04 10:00:00 +0000 UTC"}]',
      "retrofitlink:caches": "",
      "retrofitlink:environment": "test",
      "retrofitlink:cluster": "{broken",
      "aws:region": "eu-central-1",
    });
    assert.deepEqual(values, {
      waivers: [{ expires: "2026-12-04", reason: "2026-12-04 10:00:00 +0000 UTC" }],
      environment: "test",
      cluster: "{broken",
    });
  });
});
