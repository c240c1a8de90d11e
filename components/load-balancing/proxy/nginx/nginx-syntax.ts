/** The syntax of nginx's configuration: what a directive is, and how it is written down. Pure text. */

/** A simple directive, or a block when it has children. */
export interface Directive {
  readonly name: string;
  readonly words: readonly (string | number)[];
  readonly children?: readonly Directive[];
}

/** `name word …;` */
export function directive(name: string, ...words: (string | number)[]): Directive {
  return { name, words };
}

/** `name word … { … }` */
export function block(
  name: string,
  words: readonly (string | number)[],
  children: readonly Directive[],
): Directive {
  return { name, words, children };
}

/** Entries of a `map` or `geo` block: the source value, and what it becomes. */
export function entries(table: Readonly<Record<string, string | number>>): Directive[] {
  return Object.entries(table).map(([value, result]) => ({ name: value, words: [result] }));
}

/** The text of a list of directives, blocks set apart by empty lines. */
export function render(directives: readonly Directive[], indent = ""): string {
  return directives
    .map((one, index) => {
      const before = directives[index - 1];
      const apart = before !== undefined && (one.children ?? before.children) !== undefined;
      return `${apart ? "\n" : ""}${indent}${text(one, indent)}\n`;
    })
    .join("");
}

function text({ name, words, children }: Directive, indent: string): string {
  const head = [name, ...words].map((word) => quoted(String(word))).join(" ");
  return children === undefined ? `${head};` : `${head} {\n${render(children, `${indent}    `)}${indent}}`;
}

/** A word as nginx reads it back: bare where that is possible, so that nothing can end the directive it stands in. */
function quoted(word: string): string {
  if (/^[^\s;{}"'\\#]+$/.test(word)) return word;
  const escaped = word.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return word.includes('"') && !word.includes("'") ? `'${escaped}'` : `"${escaped.replaceAll('"', '\\"')}"`;
}

/** A duration as nginx writes it: whole seconds, or milliseconds. @param seconds >= 0.001 */
export function duration(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.max(1, Math.round(seconds * 1000))}ms`;
}
