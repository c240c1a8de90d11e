/** Keys of a Helm chart's values, as its table has them. */
export type Values = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param prefix of the map that has the key, with its dot. A dot of the key itself stands behind a backslash. */
export function pathOf(prefix: string, key: string): string {
  return `${prefix}${key.replaceAll(".", "\\.")}`;
}
