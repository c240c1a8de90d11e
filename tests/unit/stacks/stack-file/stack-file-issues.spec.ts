import assert from "node:assert/strict";

import fc from "fast-check";
import { stringify } from "yaml";

import { parseStackConfig } from "../../../../stacks/stack-file/config";
import { nearest, show } from "../../../../budget/core/issues";
import { LineFinder, describeIssues } from "../../../../stacks/stack-file/stack-file-issues";
import { stackFile } from "../../../helpers/stack-file";
import { service, sound, TODAY } from "../sound-stack";

describe("stack file", () => {
  it("reports what is wrong in one key and between others together, in the order of the file", () => {
    const text = [
      "config:",
      "  retrofitlink:environment: Prod!",
      "  retrofitlink:cluster: { cloud: local, zones: 1 }",
      "  retrofitlink:services:",
      "    backend:",
      ...stringify(service())
        .trimEnd()
        .split("\n")
        .map((line) => `      ${line}`),
      "    other:",
      ...stringify({ ...service(), image: "other" })
        .trimEnd()
        .split("\n")
        .map((line) => `      ${line}`),
      "  retrofitlink:loadBalancer: { service: nope, clientConnections: 0 }",
      "  retrofitlink:cdm: { provider: cloudfront }",
    ].join("\n");
    const report = describeIssues(parseStackConfig(stackFile(text), TODAY).issues, {
      file: "Pulumi.x.yaml",
      text,
    });
    const places = report
      .split("\n")
      .flatMap((line) => /^ {2}(Pulumi\.x\.yaml:\d+ {2}\S+)/.exec(line)?.[1] ?? []);
    assert.match(report, /^Pulumi\.x\.yaml has 5 mistakes:/);
    assert.deepEqual(places, [
      "Pulumi.x.yaml:2  retrofitlink:environment",
      "Pulumi.x.yaml:20  retrofitlink:services.other.image",
      "Pulumi.x.yaml:33  retrofitlink:loadBalancer.clientConnections",
      "Pulumi.x.yaml:33  retrofitlink:loadBalancer.service",
      "Pulumi.x.yaml:34  retrofitlink:cdm",
    ]);
  });

  it("finds an unknown key wherever it is, with its line", () => {
    const places: (readonly string[])[] = [
      [],
      ["cluster"],
      ["services", "backend"],
      ["services", "backend", "demand"],
      ["services", "backend", "profile"],
      ["services", "backend", "resources"],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.stringMatching(/^q[a-z]{4,8}$/), (place, key) => {
        const config = sound();
        const target = place.reduce<Record<string, any>>((inner, part) => inner[part], config);
        target[key] = 1;
        const prefixed = Object.entries(config).map(([name, value]) => [`retrofitlink:${name}`, value]);
        const text = stringify({ config: Object.fromEntries(prefixed) as unknown });
        const { issues } = parseStackConfig(config, TODAY);
        assert.deepEqual(
          issues.map(({ path }) => path),
          [[...place, key]],
        );
        const line = new LineFinder({ file: "x", text }).lineOf([...place, key]);
        return text.split("\n")[(line ?? 0) - 1]?.includes(key) === true;
      }),
    );
  });

  it("shows values briefly and never a secret", () => {
    assert.deepEqual([undefined, 3, "x", [1, 2], { a: 1 }, { secure: "abc" }, null].map(show), [
      "nothing",
      "3",
      '"x"',
      "a list, [1,2]",
      'a map, {"a":1}',
      "a secret",
      "null",
    ]);
    assert.ok(show("x".repeat(500)).length <= 62);
  });

  it("guesses a slip of the hand and nothing else", () => {
    assert.equal(nearest("servces", ["services", "caches"]), "services");
    assert.equal(nearest("bananas", ["services", "caches"]), undefined);
  });
});
