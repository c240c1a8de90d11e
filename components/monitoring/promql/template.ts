/** Templates in what an alert says, as Prometheus fills them in: `{{ $value | humanize }}`. */

/** What Prometheus knows by name, and what Go's templates know by themselves. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "args externalURL first graphLink humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp label match " +
    "parseDuration pathPrefix query reReplaceAll safeHtml sortByLabel stripDomain stripPort strvalue tableLink title tmpl toLower " +
    "now toDuration toTime toUpper urlQueryEscape value and call html index slice js len not or print printf println urlquery " +
    "eq ge gt le lt ne if else end range with template define block break continue nil true false"
  ).split(" "),
);

const OPENING: ReadonlySet<string> = new Set(["if", "range", "with", "block", "define"]);

const VARIABLES = ["labels", "value", "externalLabels", "externalURL"];

/** @returns what Prometheus would have against a text, as what is allowed; undefined where it is sound */
export function templateFault(text: string): string | undefined {
  let inside = "";
  let rest = text;
  for (;;) {
    const open = rest.indexOf("{{");
    if (open < 0) break;
    const close = rest.indexOf("}}", open);
    if (close < 0) return "a template that ends in }}";
    inside += ` ${rest.slice(open + 2, close)}`;
    rest = rest.slice(close + 2);
  }
  const named =
    inside.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|[$.][A-Za-z_]\w*/g, " ").match(/(?<!\w)[A-Za-z_]\w*/g) ?? [];
  const nobodys = named.find((name) => !FUNCTIONS.has(name));
  if (nobodys !== undefined) return `functions of Prometheus's templates, of which ${nobodys} is none`;
  const opened = named.filter((name, index) => OPENING.has(name) && named[index - 1] !== "else").length;
  if (opened !== named.filter((name) => name === "end").length) return "an end for each if, range and with";
  const own = Array.from(inside.matchAll(/\$([A-Za-z_]\w*)\s*(?:,\s*\$([A-Za-z_]\w*)\s*)?:=/g)).flat();
  const known = [...VARIABLES, ...own];
  const unknown = Array.from(inside.matchAll(/\$([A-Za-z_]\w*)/g), ([, name = ""]) => name).find(
    (name) => !known.includes(name),
  );
  return unknown === undefined
    ? undefined
    : `${VARIABLES.map((name) => `$${name}`).join(", ")} in a template, not $${unknown}`;
}
