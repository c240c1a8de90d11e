import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestHandler } from "express";
import type { Session } from "express-session";

import { ANSWERS, type Applications, type Placed, application, textOf } from "./application";
import { type Got, ask } from "./client";
import { SESSIONS, cookieAtHead, sessionOf } from "./middleware";
import { type Check, fromCache } from "./table";

type WithCart = Session & { cart?: string };

/** What sessions and cookies must not give to another. */
export function people(apps: Applications, cached: () => RequestHandler): Check[] {
  const checks: Check[] = [];
  const add = (name: string, placed: Placed, handler: RequestHandler, run: Ask): void => {
    const path = apps.add(`p${checks.length}`, (at) => application(at, cached(), placed, handler));
    checks.push({ name, run: (port) => run(port, path) });
  };
  const placings = (one: () => RequestHandler): [string, Placed][] =>
    (["route", "app.use"] as const).flatMap((at): [string, Placed][] => [
      [`in front, ${at}`, { front: [one()], behind: [], at }],
      [`behind, ${at}`, { front: [], behind: [one()], at }],
    ]);

  for (const [version, of] of Object.entries(SESSIONS)) {
    for (const [where, placed] of placings(() => sessionOf(of))) {
      for (const way of ["json", "write and end", "pipe"]) {
        const name = `a cart in a session stays one person's: ${version} ${where}, ${way}`;
        add(name, placed, cart(way), ownCarts);
      }
    }
    for (const [where, placed] of placings(() => sessionOf(of, true))) {
      add(`a session for every visitor: ${version} ${where}`, placed, sends("json"), cookieForEach);
    }
  }
  for (const [where, placed] of placings(() => cookieAtHead)) {
    for (const way of ["send", "streaming", "writeHead and end"]) {
      add(`a cookie as the head is written: ${where}, ${way}`, placed, sends(way), cookieOnce(where));
    }
  }
  return checks;
}

type Ask = (port: number, path: string) => Promise<void>;

function sends(way: string): RequestHandler {
  return (_request, response) => ANSWERS[way]?.(response, textOf("for all"));
}

function cart(way: string): RequestHandler {
  return (request, response) => {
    const session = request.session as WithCart;
    session.cart ??= randomUUID();
    return ANSWERS[way]?.(response, textOf(session.cart));
  };
}

function isPublic({ headers }: Got): boolean {
  return /public|s-maxage/.test(headers["cache-control"]?.join() ?? "");
}

function cookieOf(got: Got): string {
  const [cookie] = got.headers["set-cookie"] ?? [];
  assert.ok(cookie !== undefined, "it has a cookie");
  return cookie.split(";", 1)[0] ?? "";
}

async function ownCarts(port: number, path: string): Promise<void> {
  const seen = new Set<string>();
  for (let visitor = 0; visitor < 3; visitor++) {
    const first = await ask(port, path);
    assert.ok(!isPublic(first), "a cookie does not go out as public");
    const again = await ask(port, path, { headers: { cookie: cookieOf(first) } });
    assert.equal(again.body.toString(), first.body.toString(), "the session is there at the second visit");
    seen.add(first.body.toString());
    await sleep(5);
  }
  const together = await Promise.all([ask(port, path), ask(port, path), ask(port, path)]);
  for (const got of together) seen.add(got.body.toString());
  assert.equal(seen.size, 6, "everybody has their own cart");
}

async function cookieForEach(port: number, path: string): Promise<void> {
  const cookies = new Set<string>();
  for (let visitor = 0; visitor < 3; visitor++) {
    const got = await ask(port, path);
    assert.ok(!isPublic(got), "a cookie does not go out as public");
    cookies.add(cookieOf(got));
    await sleep(5);
  }
  assert.equal(cookies.size, 3);
}

const cookieOnce =
  (where: string): Ask =>
  async (port, path) => {
    const headers = { "x-new-cookie": "1" };
    const miss = await ask(port, path, { headers });
    assert.ok(cookieOf(miss) !== "" && !isPublic(miss), "a miss with a cookie does not go out as public");
    assert.ok(!/stored/.test(miss.headers["cache-status"]?.join() ?? ""));
    // It is remembered for a while that answers here are not for everybody.
    const other = `${path}?other`;
    await fromCache(port, other);
    const hit = await ask(port, other, { headers });
    assert.match(hit.headers["cache-status"]?.join() ?? "", /hit/);
    assert.equal(hit.headers["set-cookie"]?.length ?? 0, where.startsWith("in front") ? 1 : 0);
    assert.equal(isPublic(hit), !where.startsWith("in front"));
    assert.ok(isPublic(await ask(port, other)), "the next goes out as before");
  };
