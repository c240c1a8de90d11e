/** What is wrong with a stack file, with its lines: where it is, what was given, what is allowed, how to mend it. */
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

import { issueText, type Issue } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";

/** Prefix of the project's keys in a stack file. */
export const NAMESPACE = "retrofitlink";

/** Text of a stack file, for line numbers. */
export interface ConfigSource {
  /** Name as the user knows it: `Pulumi.production.yaml`. */
  readonly file: string;
  readonly text: string;
}

/** `retrofitlink:services.backend.port`, list items as `[0]`. */
export function configKey(path: SettingPath): string {
  const [first, ...rest] = path;
  const tail = rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return first === undefined ? NAMESPACE : `${NAMESPACE}:${first}${tail}`;
}

/** Finds lines of a stack file. */
export class LineFinder {
  private readonly document: Document.Parsed | undefined;
  private readonly lines = new LineCounter();

  constructor(source: ConfigSource | undefined) {
    if (source !== undefined) this.document = parseDocument(source.text, { lineCounter: this.lines });
  }

  /** The line of a key, or of the nearest thing around it that is there. Undefined without a file. */
  lineOf(path: SettingPath): number | undefined {
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

/** All issues of a file in one text, in the order of the file. */
export function describeIssues(issues: readonly Issue[], source?: ConfigSource): string {
  const finder = new LineFinder(source);
  const located = issues
    .map((issue) => ({ issue, line: finder.lineOf(issue.path) }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const file = source?.file ?? "the stack's configuration";
  const count = issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`;
  const lines = located.map(({ issue, line }) => {
    const place = source === undefined || line === undefined ? "" : `${source.file}:${line}  `;
    return `  ${place}${configKey(issue.path)}\n      ${issueText(issue)}`;
  });
  return [`${file} has ${count}:`, ...lines].join("\n");
}
