/** Templates in what an alert says, as Prometheus fills them in: `{{ $value | humanize }}`. */

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
  const own = Array.from(inside.matchAll(/\$([A-Za-z_]\w*)\s*(?:,\s*\$([A-Za-z_]\w*)\s*)?:=/g)).flat();
  const known = [...VARIABLES, ...own];
  const unknown = Array.from(inside.matchAll(/\$([A-Za-z_]\w*)/g), ([, name = ""]) => name).find(
    (name) => !known.includes(name),
  );
  return unknown === undefined
    ? undefined
    : `${VARIABLES.map((name) => `$${name}`).join(", ")} in a template, not $${unknown}`;
}
