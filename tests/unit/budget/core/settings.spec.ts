import assert from "node:assert/strict";

import { z } from "zod";

import { issuesOf, pathText } from "../../../../budget/core/issues";
import { about, choice, group, list, map, number, ratio, text } from "../../../../budget/core/settings";

const names = text(/^[a-z]+$/, { allowed: "a word in lower case", fix: "Use letters." });
const volume = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("disk"),
    gib: number({ unit: "GiB", atLeast: 1, atMost: 100, whole: true }, { fix: "Give a size." }),
  }),
  z.strictObject({ kind: z.literal("memory"), share: ratio() }),
]);
const schema = group(
  {
    cores: number({ unit: "cores", above: 0, atMost: 256 }, { fix: "500m is 0.5." }).default(1),
    color: choice(["red", "green", "blue"], { fix: "Choose one." }).optional(),
    volumes: map(names, volume, { allowed: "a map of volumes", fix: "Name each." }).default({}),
    variables: map(names, about(z.string(), { allowed: "text", fix: "Give text.", hidden: true }), {
      allowed: "a map of text",
      fix: "Give names and values.",
    }).default({}),
    ports: list(number({ atLeast: 1, atMost: 65_535, whole: true }, { fix: "Give a port." }), {
      allowed: "a list of ports",
      fix: "List them.",
    }).default([]),
  },
  { fix: "Describe it." },
);

const lines = (value: unknown): string[] =>
  issuesOf(schema, value).map(
    ({ path, got, allowed, fix }) => `${pathText(path)}: got ${got}; allowed is ${allowed}. ${fix}`,
  );

describe("settings that are declared once", () => {
  it("say what is allowed in the words of their own range", () => {
    assert.deepEqual(lines({ cores: 500 }), [
      "cores: got 500; allowed is a number above 0 and at most 256 (cores). 500m is 0.5.",
    ]);
    assert.deepEqual(lines({ cores: "500m" }), [
      'cores: got "500m"; allowed is a number above 0 and at most 256 (cores). 500m is 0.5.',
    ]);
    assert.deepEqual(lines({ color: "grey", ports: [0, 443] }), [
      'color: got "grey"; allowed is "red", "green" or "blue". Choose one.',
      "ports[0]: got 0; allowed is a whole number from 1 to 65,535. Give a port.",
    ]);
  });

  it("say it of the branch that was chosen, and of names", () => {
    assert.deepEqual(
      lines({ volumes: { data: { kind: "disk", gib: 0.5 }, temp: { kind: "memory", share: 2 } } }),
      [
        "volumes.data.gib: got 0.5; allowed is a whole number from 1 to 100 (GiB). Give a size.",
        "volumes.temp.share: got 2; allowed is above 0 and at most 1. Give a share: 0.7 is 70 %.",
      ],
    );
    assert.deepEqual(lines({ volumes: { "DATA 1": { kind: "disk", gib: 1 } } }), [
      'volumes.DATA 1: got "DATA 1"; allowed is a word in lower case. Use letters.',
    ]);
  });

  it("name the known keys, and the one that was meant", () => {
    assert.deepEqual(lines({ core: 2 }), [
      'core: got 2; allowed is one of cores, color, volumes, variables, ports. Did you mean "cores"?',
    ]);
  });

  it("never show what may be a secret, and ask for quotation marks", () => {
    assert.deepEqual(lines({ variables: { password: 12345 } }), [
      "variables.password: got a number; allowed is text. Put the value in quotation marks.",
    ]);
    assert.deepEqual(lines({ cores: { secure: "AAAB" } }), [
      "cores: got a secret; allowed is a number above 0 and at most 256 (cores). Write the plain value: derived numbers cannot be secret.",
    ]);
  });

  it("say what the whole of it is", () => {
    assert.deepEqual(lines(3), [
      ": got 3; allowed is a map of cores, color, volumes, variables and ports. Describe it.",
    ]);
  });
});
