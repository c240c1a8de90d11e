/** The syntax of haproxy.cfg: what a section is, and how a word is written down. Pure text. */

/** A section: its first line, and its lines, each a list of words. */
export interface Section {
  readonly head: readonly string[];
  readonly lines: readonly Line[];
}

export type Line = readonly (string | number)[];

/** A section. @param lines nested lists are laid flat, and undefined is left out */
export function section(head: string, ...lines: readonly (Line | undefined)[]): Section {
  return { head: head.split(" "), lines: lines.filter((line) => line !== undefined) };
}

/** The text of sections, set apart by empty lines. */
export function render(sections: readonly Section[]): string {
  return sections
    .map(({ head, lines }) => [head, ...lines.map((line) => ["   ", ...line])].map(text).join(""))
    .join("\n");
}

function text(words: Line): string {
  const [first, ...rest] = words;
  const indent = first === "   " ? "    " : `${quoted(String(first))} `;
  return `${indent}${rest.map((word) => quoted(String(word))).join(" ")}`.trimEnd() + "\n";
}

/**
 * A word as HAProxy reads it back: bare where that is possible. A line break, which no quotes can hold, becomes a
 * space, so that nothing can end the line it stands in.
 */
function quoted(word: string): string {
  if (/^[^\s"'\\#$]+$/.test(word)) return word;
  const line = word.replaceAll(/[\r\n]+/g, " ");
  if (!line.includes("'")) return `'${line}'`;
  return `"${line.replaceAll(/["\\$]/g, (character) => `\\${character}`)}"`;
}

/** A duration as HAProxy writes it: whole seconds, or milliseconds. @param seconds >= 0.001 */
export function duration(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.max(1, Math.round(seconds * 1000))}ms`;
}
