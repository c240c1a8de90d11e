/** What is wrong with input: where it is, what was given, what is allowed, how to mend it. */
import type { z } from "zod";

import { aboutAt, aboutNamesAt, keysAt, valueAt } from "./setting-paths";
import type { About, SettingPath } from "./settings";

/** One thing that is wrong. */
export interface Issue {
  /** From the root of what was checked: `["services", "backend", "port"]`. */
  readonly path: SettingPath;
  /** What was given, as it may be shown. Never a secret. */
  readonly got: string;
  /** What is allowed, as a phrase. */
  readonly allowed: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** `demand.peakRps`, list items as `[0]`. */
export function pathText(path: SettingPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

/** The path of `demand.peakRps`, of `routes[1].path`. */
export function pathOf(text: string): SettingPath {
  return text
    .split(/[.[\]]+/)
    .flatMap((part) => (part === "" ? [] : [/^\d+$/.test(part) ? Number(part) : part]));
}

/** `got 5; allowed is a whole number from 1 to 3. Count them.` */
export function issueText({ got, allowed, fix }: Issue): string {
  return `got ${got}; allowed is ${allowed}. ${fix}`;
}

/**
 * An issue of a value.
 *
 * @param at where it is, as a path or as its text, `routes[1].path`
 */
export function issue(
  at: SettingPath | string,
  given: unknown,
  what: { readonly allowed: string; readonly fix: string },
): Issue {
  const path = typeof at === "string" ? pathOf(at) : at;
  return { path, got: show(given), allowed: what.allowed, fix: what.fix };
}

/** Issues that are collected one after the other. */
export interface IssueList {
  readonly issues: Issue[];
  /** Adds an issue unless the condition holds. */
  readonly check: (
    holds: boolean,
    at: SettingPath | string,
    given: unknown,
    allowed: string,
    fix: string,
  ) => void;
}

/** @param found what is known to be wrong already */
export function issueList(found: readonly Issue[] = []): IssueList {
  const issues = [...found];
  return {
    issues,
    check: (holds, at, given, allowed, fix) => {
      if (!holds) issues.push(issue(at, given, { allowed, fix }));
    },
  };
}

/** The same issues of something that is a part of another. */
export function within(path: SettingPath, issues: readonly Issue[]): Issue[] {
  return issues.map((one) => ({ ...one, path: [...path, ...one.path] }));
}

/** What was given, told in words instead of shown: "a key that is there already". */
class Words {
  constructor(readonly text: string) {}
}

/** @returns what stands for a value in an issue */
export function words(text: string): unknown {
  return new Words(text);
}

/** A value in words that fit on a line. Secrets are never shown. */
export function show(value: unknown): string {
  if (value instanceof Words) return value.text;
  if (value === undefined) return "nothing";
  if (isSecret(value)) return "a secret";
  if (typeof value === "string" && value.includes("PRIVATE KEY")) return "a private key";
  if (typeof value === "string" && value.includes("hooks.slack.com/")) return "a Slack webhook";
  if (typeof value === "number") return String(value);
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

/** What a declaration has against a value. An empty list means that it is sound by itself. */
export function issuesOf(schema: z.ZodType, value: unknown): Issue[] {
  const parsed = schema.safeParse(value);
  const lost = lostKeys(value).map((path) => nameIssue(schema, value, path));
  if (parsed.success && lost.length === 0) return [];
  const issues = [
    ...(parsed.error?.issues ?? []).flatMap((found) => asIssues(schema, value, found)),
    ...lost,
  ];
  // A value that breaks two bounds of one range is one issue.
  const said = new Set<string>();
  return issues.filter((one) => {
    const text = `${pathText(one.path)}: ${issueText(one)}`;
    return !said.has(text) && said.add(text);
  });
}

/** What a number needs where text is meant. */
export const QUOTE = "Put the value in quotation marks.";

/** What the rule says that is broken; undefined where it is the setting itself that says what is allowed. */
function saidBy(found: z.core.$ZodIssue): Pick<About, "allowed" | "fix"> | undefined {
  if (found.code !== "custom") return undefined;
  return (found.params as { readonly about?: Pick<About, "allowed" | "fix"> } | undefined)?.about;
}

function asIssues(schema: z.ZodType, value: unknown, found: z.core.$ZodIssue): Issue[] {
  const path = found.path.filter((part): part is string | number => typeof part !== "symbol");
  if (found.code === "unrecognized_keys") {
    return found.keys.map((key) => unknownKey([...path, key], value, keysAt(schema, path, value)));
  }
  if (found.code === "invalid_key") return [nameIssue(schema, value, path)];
  const given = valueAt(value, path);
  const what = aboutAt(schema, path, value);
  const { allowed = "another value", fix = "See docs/stack-file.md." } = saidBy(found) ?? what ?? {};
  if (isSecret(given)) {
    return [
      { path, got: "a secret", allowed, fix: "Write the plain value: derived numbers cannot be secret." },
    ];
  }
  const needsText = found.code === "invalid_type" && found.expected === "string";
  const quoted = needsText && (typeof given === "number" || typeof given === "boolean");
  const got = what?.hidden === true && typeof given !== "object" ? `a ${typeof given}` : show(given);
  return [
    {
      path,
      got: given === undefined ? show(given) : got,
      allowed,
      fix: quoted ? QUOTE : fix,
    },
  ];
}

function nameIssue(schema: z.ZodType, value: unknown, path: SettingPath): Issue {
  const names = aboutNamesAt(schema, path.slice(0, -1), value);
  return issue(path, path.at(-1), names ?? { allowed: "another name", fix: "Rename it." });
}

/** Where a map has a key `__proto__`, which the schema passes over in silence. */
function lostKeys(value: unknown, path: SettingPath = []): SettingPath[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => lostKeys(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "__proto__" ? [[...path, key]] : lostKeys(inner, [...path, key]),
  );
}

function unknownKey(path: SettingPath, value: unknown, known: readonly string[]): Issue {
  const near = nearest(String(path.at(-1)), known);
  return {
    path,
    got: show(valueAt(value, path)),
    allowed: known.length === 0 ? "a known key" : `one of ${known.join(", ")}`,
    fix: near === undefined ? "Remove the key." : `Did you mean "${near}"?`,
  };
}

/** The known name that differs in the fewest letters, if it is near enough to be a slip of the hand. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3))
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
