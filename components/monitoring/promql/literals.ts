/** Texts of PromQL: escapes as Go has them, regular expressions as RE2 has them. */

/** What is wrong with a literal, and how far behind its begin. */
interface LiteralFault {
  readonly at: number;
  readonly allowed: string;
  readonly fix: string;
}

const ESCAPE = /\\(?:[abfnrtv\\'"]|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;

/** @returns what Prometheus has against a text with its quotation marks */
export function stringFault(literal: string): LiteralFault | undefined {
  const [quote = ""] = literal;
  if (literal.length < 2 || !literal.endsWith(quote)) {
    return { at: 0, allowed: "a text that ends", fix: `Write ${quote} at its end.` };
  }
  if (quote === "`") return undefined;
  for (let at = 1; at < literal.length - 1; at += 1) {
    if (literal[at] !== "\\") continue;
    ESCAPE.lastIndex = at;
    const [found] = ESCAPE.exec(literal) ?? [];
    // The other kind of quotation mark needs none, and has none.
    const isOther = found === (quote === '"' ? "\\'" : '\\"');
    if (found === undefined || isOther) {
      const shown = literal.slice(at, at + 2);
      return {
        at,
        allowed: "an escape that Go knows",
        fix: `Write \\${shown}, or back quotes around the text.`,
      };
    }
    if (at + found.length > literal.length - 1) {
      return {
        at: 0,
        allowed: "a text that is closed",
        fix: "Its last quotation mark is escaped: write another.",
      };
    }
    at += found.length - 1;
  }
  return undefined;
}

/** A literal's content: in back quotes as it is, else with Go's escapes. */
export function unquoted(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner;
  return inner.replaceAll(
    /\\(U[0-9a-fA-F]{8}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/g,
    (_, escape: string) => {
      if (/^[Uux]./.test(escape))
        return String.fromCodePoint(Math.min(parseInt(escape.slice(1), 16), 0x10ffff));
      if (/^[0-7]{3}$/.test(escape)) return String.fromCharCode(parseInt(escape, 8));
      return { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" }[escape] ?? escape;
    },
  );
}

/** Classes of letters that have names. */
const CLASSES: ReadonlySet<string> = new Set(
  "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split(" "),
);

/** What JavaScript has and RE2 has not. */
const NOT_RE2 = /\(\?(=|!|<=|<!)/;

/**
 * A regular expression of RE2, by that of JavaScript with the same meaning. What the two do not share is judged by the few
 * rules of RE2's syntax that people break.
 *
 * @returns an expression that is anchored, or a sentence about what is wrong
 */
export function regexFault(text: string): RegExp | string {
  const escapes = Array.from(text.matchAll(/\\(.?)/gs), ([, letter = ""]) => letter);
  if (escapes.includes("")) return "A backslash stands at its end.";
  const unknown = escapes.find(
    (letter) => /[1-9A-Za-z]/.test(letter) && !/[AabBdDEfnpPQrsStvwWxz]/.test(letter),
  );
  if (unknown !== undefined) return `RE2 has no \\${unknown}.`;
  if (NOT_RE2.test(text)) return "RE2 looks neither ahead nor behind.";
  if (/(?<!\\)(\*\*|\+\*|\*\+|\+\+|\?\*|\?\+|\*\?[*+?])/.test(text)) return "It repeats a repetition.";
  const most = Array.from(text.matchAll(/\{(\d+)(?:,(\d*))?\}/g), ([, low = "", high = ""]) =>
    Math.max(Number(low), Number(high)),
  );
  if (most.some((count) => count > 1000)) return "RE2 repeats a thousand times at most.";
  const named = Array.from(text.matchAll(/\[:\^?([^\]]*):\]/g), ([, name = ""]) => name);
  const unnamed = named.find((name) => !CLASSES.has(name));
  if (unnamed !== undefined) return `RE2 has no class [:${unnamed}:].`;
  if (/\\[pP](?!\{\^?\w+\}|[CLMNPSZ])/.test(text)) return "Behind \\p RE2 needs a class, like L.";
  const given = Array.from(text.matchAll(/\(\?([a-zA-Z-]*)[:)]/g), ([, flags = ""]) => flags);
  if (given.some((flags) => /[^imsU-]/.test(flags))) return "RE2 has the flags i, m, s and U alone.";
  const plain = text
    .replaceAll(/\(\?[imsU-]+\)/g, "")
    .replaceAll(/\(\?P</g, "(?<")
    .replaceAll(/\(\?[imsU-]+:/g, "(?:")
    .replaceAll(/\[:\^?[a-z]+:\]/g, "a-z")
    .replaceAll(/\\Q.*?(\\E|$)/gs, "a")
    .replaceAll(/\\[pP](\{\^?\w+\}|[A-Z])/g, "a")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$");
  try {
    return new RegExp(`^(?:${plain})$`, /^\(\?[msU]*i/.test(text) ? "si" : "s");
  } catch {
    return "Its brackets, parentheses or repetitions do not fit together.";
  }
}
