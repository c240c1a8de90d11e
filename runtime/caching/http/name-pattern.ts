/** Whether a name is one of those that were given. */
export type NamePattern = (name: string) => boolean;

/**
 * Names that a setting gives; a `*` at the end stands for any rest, as in `utm_*`.
 *
 * @param setting that gives them, for the message
 * @returns undefined where none is given
 * @throws RangeError for a `*` anywhere else, and for an empty name
 */
export function namePattern(setting: string, names: readonly string[] | undefined): NamePattern | undefined {
  if (names === undefined || names.length === 0) return undefined;
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const name of names) {
    if (!/^[^*]*\*?$/.test(name) || name === "") {
      throw new RangeError(
        `${setting} has ${JSON.stringify(name)}; allowed are names, with one "*" at the end for any rest`,
      );
    }
    if (name.endsWith("*")) prefixes.push(name.slice(0, -1));
    else exact.add(name);
  }
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
