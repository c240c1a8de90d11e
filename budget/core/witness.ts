/** What the objects of a component have to hold so that its proofs are about what runs. */

/** One value of a registered object that a plan decided. */
export interface Witness {
  /** Type token and name of the child, as the program registers it. */
  readonly type: string;
  readonly name: string;
  /** Where the value is: keys, and in a list the place or the `name` of an item: `["spec", "template", "spec", "containers", "backend"]`. */
  readonly at: readonly string[];
  /**
   * What it is; for a text, a line of it: the only one that begins with the same word. Or all lines that begin alike, as
   * often and in the order in which they stand.
   */
  readonly is: string | number | { readonly line: string } | Lines;
}

/** Lines of a text that begin with the same words: `timeout server`. */
export interface Lines {
  readonly begin: string;
  readonly lines: readonly string[];
}

/** @returns what is wrong with the inputs of the object, as a phrase; undefined when the witness holds */
export function contradiction({ at, is }: Witness, inputs: unknown): string | undefined {
  const found = at.reduce<unknown>(inside, inputs);
  const place = at.join(".");
  if (typeof is !== "object") {
    return found === is ? undefined : `${place} is ${shown(found)}; the plan has ${shown(is)}`;
  }
  const lines = typeof found === "string" ? found.split("\n").map((line) => line.trim()) : [];
  if ("lines" in is) {
    const alike = lines.filter((line) => line.startsWith(`${is.begin} `));
    const [has, wanted] = [alike, is.lines].map((these) => shown(these.join("; ")));
    return has === wanted ? undefined : `${place} has ${has}; the plan has ${wanted}`;
  }
  const word = firstWord(is.line);
  const same = lines.filter((line) => firstWord(line) === word);
  return same.length === 1 && same[0] === is.line
    ? undefined
    : `${place} has ${same.length === 0 ? `no line "${word} …"` : shown(same.join("; "))}; the plan has "${is.line}"`;
}

function firstWord(line: string): string {
  return line.split(/\s/, 1)[0] ?? "";
}

function inside(holder: unknown, key: string): unknown {
  if (Array.isArray(holder)) {
    if (/^\d+$/.test(key)) return holder[Number(key)] as unknown;
    return holder.find(
      (item: unknown) => (item as { readonly name?: unknown } | null)?.name === key,
    ) as unknown;
  }
  return typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)
    ? (holder as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? "not there" : JSON.stringify(value);
}
