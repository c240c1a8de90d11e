/**
 * What the engine's reader makes of a stack file. It reads YAML 1.1: `0600` is 384 to it, `1_000` is 1000, a date is a
 * point in time. What was meant is in the text only, so that is what is judged.
 */
import { isMap, isPair, isScalar, parseDocument, visit, type Scalar } from "yaml";

import type { Issue } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";
import { NAMESPACE } from "./stack-file-issues";

/** A value that the reader changes: how it is written, what is allowed, how to mend it. */
interface Trap {
  readonly written: RegExp;
  readonly allowed: string;
  readonly fix: (source: string) => string;
}

const QUOTED = (source: string): string => `Where text is meant, put it in quotation marks: "${source}".`;
const NUMBER = "a number in decimal digits, or text in quotation marks";

const TRAPS: readonly Trap[] = [
  {
    written: /^[-+]?0[0-9][0-9_]*$/,
    allowed: NUMBER,
    fix: (source) =>
      `Digits after a 0 may be read as octal: write ${source.replace(/^([-+]?)0+(?=\d)/, "$1")}. ${QUOTED(source)}`,
  },
  {
    written: /^[-+]?0[xob][0-9a-f_]+$/i,
    allowed: NUMBER,
    fix: (source) => `It is read as ${Number(source.replaceAll(/[_+-]/g, ""))}. ${QUOTED(source)}`,
  },
  {
    written: /^[-+]?(?=[^_]*_)[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?$/i,
    allowed: NUMBER,
    fix: (source) => `Write ${source.replaceAll("_", "")}. ${QUOTED(source)}`,
  },
  {
    written: /^[-+]?\.(inf|nan)$/i,
    allowed: "a number that is finite, or text in quotation marks",
    fix: (source) => `Leave the key out for no bound. ${QUOTED(source)}`,
  },
  {
    written: /^\d{4}-\d{1,2}-\d{1,2}([Tt]|[ \t]+)\d{1,2}:\d{2}/,
    allowed: "a date, YYYY-MM-DD, or a time in quotation marks",
    fix: (source) => `It would be read as a time of UTC. ${QUOTED(source)}`,
  },
];

/** Values that do not reach the program as they are written, and values that are encrypted. */
export function readerIssues(text: string): Issue[] {
  const issues: Issue[] = [];
  visit(parseDocument(text), {
    Scalar(key, node, ancestors) {
      const source = node.source ?? "";
      if (key === "key" || node.type !== "PLAIN") return;
      const path = configPath([...ancestors, node]);
      const trap = TRAPS.find(({ written }) => written.test(source)) ?? overflowing(source);
      if (path === undefined || trap === undefined) return;
      issues.push({ path, got: source, allowed: trap.allowed, fix: trap.fix(source) });
    },
    Map(_key, node, ancestors) {
      const path = configPath([...ancestors, node]);
      if (path === undefined || path.length === 0 || node.items.length !== 1 || !node.has("secure")) return;
      issues.push({
        path,
        got: "a secret",
        allowed: "the plain value",
        fix: "Derived numbers cannot be secret; what a service has to keep secret comes from a Secret of the cluster.",
      });
    },
  });
  return issues;
}

/** `1e400` is beyond what a number can be. */
function overflowing(source: string): Trap | undefined {
  const isNumber = /^[-+]?(\d+(\.\d*)?|\.\d+)e[-+]?\d+$/i.test(source);
  return isNumber && !Number.isFinite(Number(source))
    ? TRAPS.find(({ written }) => written.test(".inf"))
    : undefined;
}

/** Path below `config:` and the project's prefix; undefined for what is elsewhere. */
function configPath(nodes: readonly unknown[]): SettingPath | undefined {
  const path: (string | number)[] = [];
  nodes.forEach((node, index) => {
    const next = nodes[index + 1];
    if (isPair(node)) path.push(String((node.key as Scalar | null)?.value));
    else if (
      !isMap(node) &&
      !isScalar(node) &&
      typeof node === "object" &&
      node !== null &&
      "items" in node
    ) {
      const at = (node.items as unknown[]).indexOf(next);
      if (at >= 0) path.push(at);
    }
  });
  const [block, first, ...rest] = path;
  if (block !== "config" || typeof first !== "string" || !first.startsWith(`${NAMESPACE}:`)) return undefined;
  return [first.slice(NAMESPACE.length + 1), ...rest];
}

/** How the engine hands a date on that stands there without quotation marks. */
const READ_AS_TIME = /^(\d{4}-\d{2}-\d{2}) 00:00:00 \+0000 UTC$/;

/**
 * The project's values as the engine gives them to the program, by key without the prefix: structures as JSON, everything
 * else as text, dates as points in time. A key with nothing behind it is a key that is not there.
 */
export function readValues(all: Readonly<Record<string, string>>): Record<string, unknown> {
  const prefix = `${NAMESPACE}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key, value]) => key.startsWith(prefix) && value !== "")
      .map(([key, value]) => [key.slice(prefix.length), withDates(parsedValue(value))]),
  );
}

function parsedValue(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function withDates(value: unknown): unknown {
  if (typeof value === "string") return READ_AS_TIME.exec(value)?.[1] ?? value;
  if (Array.isArray(value)) return value.map(withDates);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withDates(inner)]));
}
