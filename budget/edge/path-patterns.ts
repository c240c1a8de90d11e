/** Paths with `*` for any number of any characters: what CloudFront calls a path pattern, and Cloudflare a strict wildcard. */

/** What a pattern may be made of. `?` means one character to one CDN and itself to the other, so it is left out. */
const PATTERN = /^\/[A-Za-z0-9_.$/~@:+*-]*$/;

/** Matches everything. */
export const EVERY_PATH = "*";

/** True for a pattern that both CDNs read alike. */
export function isPathPattern(pattern: string): boolean {
  return PATTERN.test(pattern) && !pattern.includes("**") && pattern.length <= 255;
}

/** True when every path of `inner` is one of `outer`. */
export function covers(outer: string, inner: string): boolean {
  // A star of `inner` stands for text nobody knows: only a star of `outer` takes it in.
  return reach(outer.length, inner.length, (o, i, take) => {
    if (o === outer.length) return i === inner.length;
    if (outer[o] === "*") return take(o + 1, i) || (i < inner.length && take(o, i + 1));
    return i < inner.length && outer[o] === inner[i] && take(o + 1, i + 1);
  });
}

/** True when some path is in both. */
export function overlap(a: string, b: string): boolean {
  return reach(a.length, b.length, (i, j, take) => {
    if (i === a.length && j === b.length) return true;
    if (a[i] === "*") return take(i + 1, j) || (j < b.length && take(i, j + 1));
    if (b[j] === "*") return take(i, j + 1) || (i < a.length && take(i + 1, j));
    return i < a.length && j < b.length && a[i] === b[j] && take(i + 1, j + 1);
  });
}

/** Walks two texts at once and remembers where it has been, so that stars cost no more than the product of the lengths. */
function reach(
  rows: number,
  columns: number,
  step: (row: number, column: number, take: (row: number, column: number) => boolean) => boolean,
): boolean {
  const known = new Map<number, boolean>();
  const take = (row: number, column: number): boolean => {
    if (row > rows || column > columns) return false;
    const key = row * (columns + 1) + column;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = step(row, column, take);
    known.set(key, result);
    return result;
  };
  return take(0, 0);
}
