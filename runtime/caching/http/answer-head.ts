import type { Response } from "express";

/** Status and headers of an answer, as they were at one moment. */
export interface AnswerHead {
  readonly status: number;
  /** Names as they were set. */
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  /** By the name in lower case; several lines as one. */
  readonly get: (name: string) => string | undefined;
}

function textOf(value: unknown): string | readonly string[] {
  return Array.isArray(value) ? value.map(String) : String(value);
}

export function headOf(response: Response): AnswerHead {
  // Every outgoing message has it; the types give it to requests alone.
  const { getRawHeaderNames } = response as unknown as { readonly getRawHeaderNames: () => string[] };
  const names = getRawHeaderNames.call(response);
  const headers = new Map(names.map((name) => [name, textOf(response.getHeader(name))]));
  const lines = new Map(
    [...headers].map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" ? value : value.join(", "),
    ]),
  );
  return { status: response.statusCode, headers, get: (name) => lines.get(name) };
}

/** Headers that are set, by their names in lower case. */
export function headersOf(response: Response): ReadonlyMap<string, string> {
  return new Map(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** Sets what `writeHead` was given besides the status, as Node.js would: a name that is given twice has two lines. */
export function applyHead(response: Response, rest: readonly unknown[]): void {
  const [reason] = rest;
  if (typeof reason === "string") response.statusMessage = reason;
  const given = typeof reason === "string" ? rest[1] : (reason ?? rest[1]);
  if (typeof given !== "object" || given === null) return;
  const pairs = Array.isArray(given) ? pairsOf(given as unknown[]) : Object.entries(given);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) {
    if (response.hasHeader(name)) response.appendHeader(name, value as string | string[]);
    else response.setHeader(name, value as string | string[]);
  }
}

function pairsOf(list: readonly unknown[]): [string, unknown][] {
  if (Array.isArray(list[0])) return list as [string, unknown][];
  if (list.length % 2 !== 0) throw new TypeError("the headers of writeHead are names and values in turn");
  const pairs: [string, unknown][] = [];
  for (let at = 0; at < list.length; at += 2) pairs.push([String(list[at]), list[at + 1]]);
  return pairs;
}
