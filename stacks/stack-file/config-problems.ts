/** Mistakes of a stack file: where they are, what was given, what is allowed, how to mend them. */
import {
  LineCounter,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node,
  type Pair,
} from "yaml";
import type { z } from "zod";

import type { About } from "../../budget/core/settings";
import { MESSAGE_SEPARATOR } from "./schema/leaves";

/** Prefix of the project's keys in a stack file. */
export const NAMESPACE = "retrofitlink";

export type ConfigPath = readonly (string | number)[];

/** One mistake. */
export interface ConfigProblem {
  /** Path below the project's prefix: `["services", "backend", "port"]`. */
  readonly path: ConfigPath;
  /** What was given, as it should be shown. */
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
}

/** Text of a stack file, for line numbers. */
export interface ConfigSource {
  /** Name as the user knows it: `Pulumi.production.yaml`. */
  readonly file: string;
  readonly text: string;
}

/** `retrofitlink:services.backend.port`, list items as `[0]`. */
export function configKey(path: ConfigPath): string {
  const [first, ...rest] = path;
  const tail = rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return first === undefined ? NAMESPACE : `${NAMESPACE}:${first}${tail}`;
}

/** A value in words that fit on a line. Secrets are never shown. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isSecret(value)) return "a secret";
  if (typeof value === "string" && value.includes("PRIVATE KEY")) return "a private key";
  const json = JSON.stringify(value);
  const kind = Array.isArray(value)
    ? "a list"
    : typeof value === "object" && value !== null
      ? "a map"
      : undefined;
  if (kind !== undefined) return json.length <= 40 ? `${kind}, ${json}` : kind;
  return json.length <= 60 ? json : `${json.slice(0, 57)}…"`;
}

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}

/** The value at a path, undefined when there is none. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string | number, unknown>)[key]
        : undefined,
    root,
  );
}

/** What the schema complained about, as problems. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  knownKeys: (path: ConfigPath) => readonly string[],
  aboutOf: (path: ConfigPath) => Pick<About, "allowed" | "fix"> | undefined = () => undefined,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownKey([...path, key], raw, knownKeys(path)));
    }
    if (issue.code === "invalid_key") {
      const [name = ""] = path.slice(-1);
      const variable = path.at(-2) === "environment";
      return {
        path,
        got: show(name),
        allowed: variable
          ? "a name of letters, digits and underscores, no digit first"
          : "a DNS label of at most 52 characters",
        fix: variable
          ? "Rename the variable."
          : "Use lower-case letters, digits and hyphens, a letter first.",
      };
    }
    const got = valueAt(raw, path);
    // What chose no branch of a union is wrong for the union.
    const about = aboutOf(issue.code === "invalid_union" ? path.slice(0, -1) : path);
    const { allowed, fix } =
      about === undefined || issue.message.includes(MESSAGE_SEPARATOR) ? wording(issue, got) : about;
    if (isSecret(got)) {
      return {
        path,
        got: "a secret",
        allowed,
        fix: "Write the plain value: derived numbers cannot be secret.",
      };
    }
    // A number under the name of a secret is one as well.
    const shown = path.at(-2) === "environment" && typeof got !== "object" ? `a ${typeof got}` : show(got);
    return { path, got: got === undefined ? show(got) : shown, allowed, fix };
  });
}

const KINDS = new Map([
  ["record", "a map"],
  ["object", "a map"],
  ["array", "a list"],
  ["string", "text"],
  ["boolean", "true or false"],
]);

/** What a leaf says; in words of ours where a part of the schema says nothing itself. */
function wording(issue: z.core.$ZodIssue, got: unknown): { readonly allowed: string; readonly fix: string } {
  const [said = "", mend] = issue.message.split(MESSAGE_SEPARATOR);
  const expected =
    issue.code === "invalid_type" ? (KINDS.get(issue.expected) ?? `a ${issue.expected}`) : undefined;
  const allowed = mend === undefined ? (expected ?? "another value") : said;
  if (expected === "text" && (typeof got === "number" || typeof got === "boolean")) {
    return { allowed, fix: "Put the value in quotation marks." };
  }
  return { allowed, fix: mend ?? "See docs/stack-file.md." };
}

function unknownKey(path: ConfigPath, raw: unknown, known: readonly string[]): ConfigProblem {
  const key = String(path.at(-1));
  const near = nearest(key, known);
  return {
    path,
    got: show(valueAt(raw, path)),
    allowed: known.length === 0 ? "a known key" : `one of ${known.join(", ")}`,
    fix: near === undefined ? "Remove the key." : `Did you mean "${near}"?`,
  };
}

/** The known key that differs in the fewest letters, if it is near enough to be a slip of the hand. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(key.length / 3))
    ? best.candidate
    : undefined;
}

/** Levenshtein: insertions, deletions and substitutions from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Finds lines of a stack file. */
export class LineFinder {
  private readonly document: Document.Parsed | undefined;
  private readonly lines = new LineCounter();

  constructor(source: ConfigSource | undefined) {
    if (source !== undefined) this.document = parseDocument(source.text, { lineCounter: this.lines });
  }

  /** The line of a key, or of the nearest thing around it that is there. Undefined without a file. */
  lineOf(path: ConfigPath): number | undefined {
    if (this.document === undefined) return undefined;
    const config = isMap(this.document.contents) ? this.document.get("config", true) : undefined;
    const [first, ...rest] = path;
    let line = this.lineOfKey(this.document.contents, "config");
    let node: unknown = config;
    for (const part of [`${NAMESPACE}:${first ?? ""}`, ...rest]) {
      const found = this.lineOfKey(node, part);
      if (found === undefined) break;
      line = found;
      node = isMap(node) || isSeq(node) ? node.get(part, true) : undefined;
    }
    return line;
  }

  private lineOfKey(node: unknown, key: string | number): number | undefined {
    if (isSeq(node) && typeof key === "number") return this.position(node.items[key] as Node | undefined);
    if (!isMap(node)) return undefined;
    const pair = (node.items as Pair<Node, Node>[]).find(
      (candidate) => isScalar(candidate.key) && String(candidate.key.value) === String(key),
    );
    return this.position(pair?.key);
  }

  private position(node: Node | null | undefined): number | undefined {
    const offset = node?.range?.[0];
    return offset === undefined ? undefined : this.lines.linePos(offset).line;
  }
}

/** All mistakes of a file in one text, in the order of the file. */
export function describeProblems(problems: readonly ConfigProblem[], source?: ConfigSource): string {
  const finder = new LineFinder(source);
  const located = problems
    .map((problem) => ({ problem, line: finder.lineOf(problem.path) }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const file = source?.file ?? "the stack's configuration";
  const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
  const lines = located.map(({ problem: { path, got, allowed, fix }, line }) => {
    const place = source === undefined || line === undefined ? "" : `${source.file}:${line}  `;
    return `  ${place}${configKey(path)}\n      got ${got}; allowed is ${allowed}. ${fix}`;
  });
  return [`${file} has ${count}:`, ...lines].join("\n");
}
