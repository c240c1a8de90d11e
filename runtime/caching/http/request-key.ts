import type { TLSSocket } from "node:tls";
import type { Request } from "express";
import type { NamePattern } from "./name-pattern";

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
function normalQuery(query: string, ignored: NamePattern | undefined): string {
  const nameOf = (pair: string): string => pair.split("=", 1)[0] ?? "";
  const pairs = query.split("&");
  return (ignored === undefined ? pairs : pairs.filter((pair) => !ignored(nameOf(pair))))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0))
    .join("&");
}

function normalTarget(target: string, ignored: NamePattern | undefined): string {
  const at = target.indexOf("?");
  if (at < 0 || (ignored === undefined && !target.includes("&", at))) return target;
  const query = normalQuery(target.slice(at + 1), ignored);
  return query === "" ? target.slice(0, at) : `${target.slice(0, at + 1)}${query}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "%": "%25", "|": "%7C", "=": "%3D" };

function escaped(text: string): string {
  return /[%|=]/.test(text) ? text.replace(/[%|=]/g, (one) => ESCAPES[one] ?? one) : text;
}

/**
 * What makes two requests the same: scheme, host, path, query whatever its order, and the headers that the answer varies
 * with. Behind a trusted proxy the host and the scheme are what the client asked it for, as Express has it.
 *
 * Different requests have different keys, whatever bytes they hold: what varies is escaped, and the lengths of the rest
 * are at the end. A GET has the key of its HEAD, and no other method has one.
 *
 * @param ignored parameters of the query that make no difference
 */
export function requestKey(request: Request, varied: readonly string[], ignored?: NamePattern): string {
  const { headers } = request;
  const host = headers.host ?? "";
  // Express asks whether the proxy is trusted; a request without these headers does not pay for it.
  const asked = headers["x-forwarded-host"] === undefined ? host : (request.host ?? "");
  const secure =
    headers["x-forwarded-proto"] === undefined
      ? (request.socket as Partial<TLSSocket>).encrypted === true
      : request.secure;
  const target = normalTarget(targetOf(request), ignored);
  let key = asked === host ? host + target : `${asked},${host}${target}`;
  for (const name of varied) {
    const value = headers[name];
    // A "%" alone is the escape of nothing.
    key += `|${escaped(name)}=${value === undefined ? "%" : escaped(String(value))}`;
  }
  const lengths = asked === host ? `${host.length}` : `${asked.length},${host.length}`;
  return `${key}|${secure ? "s" : ""}${lengths}.${target.length}`;
}

/** Names in a Vary header, as they are written; undefined for `*`, which no key can hold. */
export function parseVary(header: string | undefined): readonly string[] | undefined {
  const names = (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.includes("*") ? undefined : names;
}

/** Paths whose answers vary with more than was declared are remembered up to so many. */
const MOST_LEARNED = 1000;

/**
 * Which request headers the answers of a path vary with, in lower case. What is not declared is learned from the first
 * answer: until then there is nothing to find under the wrong key, for each answer is stored under the key of all it
 * varies with.
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
    const all = [...new Set([...known, ...names.map((name) => name.toLowerCase())])].sort();
    if (all.length === known.length) return known;
    const [oldest] = this.learned.keys();
    if (this.learned.size >= MOST_LEARNED && oldest !== undefined) this.learned.delete(oldest);
    this.learned.set(path, all);
    return all;
  }
}
