import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestHandler } from "express";

import { ANSWERS, type Applications, application, textOf } from "./application";
import { type Got, ask } from "./client";
import { MIDDLEWARE } from "./middleware";

/** What differs from one answer to the next without a cache as well. */
const OF_THE_MOMENT = new Set(["date", "x-response-time", "connection", "keep-alive"]);

/** What the cache adds, or knows where a stream did not. */
const OF_THE_CACHE = new Set([
  "age",
  "cache-control",
  "cache-status",
  "content-length",
  "etag",
  "transfer-encoding",
]);

export interface Check {
  readonly name: string;
  readonly run: (port: number) => Promise<void>;
}

/** For every middleware, in front and behind, at a route and with `app.use`, and every way to answer: a check. */
export function table(apps: Applications, cached: () => RequestHandler): Check[] {
  const checks: Check[] = [];
  for (const [middleware, make] of Object.entries(MIDDLEWARE)) {
    for (const place of ["in front", "behind"] as const) {
      for (const at of ["route", "app.use"] as const) {
        for (const [way, answer] of Object.entries(ANSWERS)) {
          const name = `${middleware} ${place}, ${at}, ${way}`;
          const number = String(checks.length);
          const handler: RequestHandler = (_request, response) => {
            response.append("Link", ["</a>; rel=preload", "</b>; rel=preload"]);
            response.append("Content-Security-Policy", "default-src 'self'");
            response.append("Content-Security-Policy", "img-src *");
            return answer(response, textOf(number));
          };
          const chain = make();
          const placed = {
            front: place === "in front" ? chain : [],
            behind: place === "behind" ? chain : [],
            at,
          };
          const through: RequestHandler = (_request, _response, next) => next();
          const plain = apps.add(`${number}-plain`, (path) => application(path, through, placed, handler));
          const kept = apps.add(number, (path) => application(path, cached(), placed, handler));
          checks.push({ name, run: (port) => compare(port, plain, kept) });
        }
      }
    }
  }
  return checks;
}

/** The application with the cache gives what it gives without: at once, from the cache, and to who has it. */
async function compare(port: number, plain: string, kept: string): Promise<void> {
  for (const encoding of ["gzip", "identity"]) {
    const headers = { "accept-encoding": encoding, origin: "https://a.example" };
    const wanted = await ask(port, plain, { headers });
    const first = await ask(port, kept, { headers });
    same("the first answer", first, wanted);
    const hit = await fromCache(port, kept, headers);
    same("a hit", hit, wanted);
    const head = await ask(port, kept, { headers, method: "HEAD" });
    assert.deepEqual([head.status, head.body.length], [200, 0], "HEAD");
    const etag = hit.headers["etag"]?.[0];
    assert.ok(etag !== undefined, "a hit has an entity tag");
    const known = await ask(port, kept, { headers: { ...headers, "if-none-match": etag } });
    assert.deepEqual([known.status, known.body.length], [304, 0], "a condition");
  }
}

export async function fromCache(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> {
  const until = Date.now() + 5000;
  for (;;) {
    const got = await ask(port, path, { headers });
    if (/; hit/.test(got.headers["cache-status"]?.[0] ?? "")) return got;
    assert.ok(Date.now() < until, "it is never a hit");
    await sleep(5);
  }
}

function same(what: string, got: Got, wanted: Got): void {
  assert.equal(got.status, wanted.status, `${what}: status`);
  assert.ok(
    got.body.equals(wanted.body),
    `${what}: ${got.body.length} bytes, not ${wanted.body.length}, or others`,
  );
  const comparable = ({ headers }: Got): Record<string, readonly string[]> =>
    Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !OF_THE_MOMENT.has(name) && !OF_THE_CACHE.has(name))
        .map(([name, lines]) => [name, name === "vary" ? [lines.join(", ").toLowerCase()] : lines] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  assert.deepEqual(comparable(got), comparable(wanted), `${what}: headers`);
}
