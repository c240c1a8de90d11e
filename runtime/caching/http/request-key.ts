import type { Request } from "express";

/** Path and query of a request, whatever a router has taken off. */
export function targetOf(request: Request): string {
  return request.originalUrl;
}

export function pathOf(request: Request): string {
  const target = targetOf(request);
  const at = target.indexOf("?");
  return at < 0 ? target : target.slice(0, at);
}

/** Parameters by name; those of one name stay in their order, which may matter. */
function sorted(query: string): string {
  const nameOf = (pair: string): string => pair.split("=", 1)[0] ?? "";
  return query
    .split("&")
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0))
    .join("&");
}

/**
 * What makes two requests the same: host, path, query whatever its order, and the headers that the answer varies with.
 * Values are escaped, so that none can be made to look like two.
 */
export function requestKey(request: Request, varied: readonly string[]): string {
  const target = targetOf(request);
  const at = target.indexOf("?");
  const normal =
    at < 0 || !target.includes("&", at)
      ? target
      : `${target.slice(0, at + 1)}${sorted(target.slice(at + 1))}`;
  let key = `${request.headers.host ?? ""}${normal}`;
  for (const name of varied) {
    const value = request.headers[name];
    // A "%" alone is the escape of nothing.
    key += `|${name}=${value === undefined ? "%" : encodeURIComponent(String(value))}`;
  }
  return key;
}

/** Names in a Vary header, in lower case; undefined for `*`, which no key can hold. */
export function parseVary(header: string | undefined): readonly string[] | undefined {
  const names = (header ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  return names.includes("*") ? undefined : names;
}

/** Paths whose answers vary with more than was declared are remembered up to so many. */
const MOST_LEARNED = 1000;

/**
 * Which request headers the answers of a path vary with. What is not declared is learned from the first answer: until
 * then there is nothing to find under the wrong key, for each answer is stored under the key of all it varies with.
 */
export class VariedHeaders {
  private readonly learned = new Map<string, readonly string[]>();

  constructor(private readonly declared: readonly string[]) {}

  of(path: string): readonly string[] {
    return this.learned.size === 0 ? this.declared : (this.learned.get(path) ?? this.declared);
  }

  /** @returns all that are known now */
  learn(path: string, names: readonly string[]): readonly string[] {
    const known = this.of(path);
    const all = [...new Set([...known, ...names])].sort();
    if (all.length === known.length) return known;
    const [oldest] = this.learned.keys();
    if (this.learned.size >= MOST_LEARNED && oldest !== undefined) this.learned.delete(oldest);
    this.learned.set(path, all);
    return all;
  }
}
