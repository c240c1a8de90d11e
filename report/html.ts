/** Text that is HTML already; everything else is escaped where it is put in. */
export class Html {
  constructor(readonly text: string) {}
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

type Part = Html | string | number | readonly Part[];

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return part.map(render).join("");
}

/** Literal texts by template, without the indentation that only the source is read by. */
const TIDY = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Template whose values are escaped, unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = TIDY.get(strings) ?? strings.map((text) => text.replaceAll(/\n\s+/g, "\n"));
  TIDY.set(strings, texts);
  return new Html(texts.map((text, index) => text + render(parts[index] ?? "")).join(""));
}
