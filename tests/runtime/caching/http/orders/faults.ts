import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestHandler } from "express";

import { type Applications, type Placed, application, textOf } from "./application";
import { ask } from "./client";
import { MIDDLEWARE } from "./middleware";
import { type Check, fromCache } from "./table";

/** Answers that do not come to a good end leave nothing behind, and end no process. */
export function faults(apps: Applications, cached: () => RequestHandler): Check[] {
  const checks: Check[] = [];
  for (const middleware of ["nothing", "compression", "express-session", "all of them"]) {
    for (const place of ["in front", "behind"] as const) {
      const chain = MIDDLEWARE[middleware]?.() ?? [];
      const placed: Placed = {
        front: place === "in front" ? chain : [],
        behind: place === "behind" ? chain : [],
        at: "app.use",
      };
      for (const [fault, [handler, run]] of Object.entries(cases())) {
        const path = apps.add(`f${checks.length}`, (at) => application(at, cached(), placed, handler));
        checks.push({ name: `${fault}: ${middleware} ${place}`, run: (port) => run(port, path) });
      }
    }
  }
  return checks;
}

type Case = [RequestHandler, (port: number, path: string) => Promise<void>];

function cases(): Record<string, Case> {
  return {
    "a client that leaves": leaving(),
    "an error after the first piece": failing(),
    "an end that comes short": short(),
    "a file": file(),
    "a stale answer while handlers fail": stale(),
  };
}

function leaving(): Case {
  let calls = 0;
  const handler: RequestHandler = async (_request, response) => {
    const call = ++calls;
    response.type("text/plain");
    let left = false;
    response.once("close", () => (left = true));
    for (let piece = 0; piece < 20 && !left; piece++) {
      response.write(textOf(`${call}`));
      if (call === 1) await sleep(5);
    }
    response.end();
  };
  return [
    handler,
    async (port, path) => {
      const got = await ask(port, path, { leaveAfter: 1 }).catch(() => undefined);
      assert.ok(got === undefined || got.body.length < textOf("1").length * 20);
      await sleep(30);
      const next = await ask(port, path);
      assert.equal(next.body.toString(), textOf("2").repeat(20));
    },
  ];
}

function failing(): Case {
  let calls = 0;
  const handler: RequestHandler = async (_request, response) => {
    response.type("text/plain");
    response.write(textOf("piece"));
    if (++calls > 1) return void response.end();
    await sleep(5);
    throw new Error("broken");
  };
  return [
    handler,
    async (port, path) => {
      await assert.rejects(ask(port, path), "the connection is cut");
      await sleep(10);
      assert.equal((await ask(port, path)).body.toString(), textOf("piece"));
      assert.equal((await fromCache(port, path)).body.toString(), textOf("piece"));
    },
  ];
}

function short(): Case {
  const handler: RequestHandler = (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": "100" });
    response.end(Buffer.alloc(50));
  };
  return [
    handler,
    async (port, path) => {
      for (let round = 0; round < 2; round++) {
        // Node.js ends nothing that is shorter than it said: the client waits.
        const cut = ask(port, path).catch(() => undefined);
        const got = await Promise.race([cut, sleep(100, undefined)]);
        assert.ok(!/hit/.test(got?.headers["cache-status"]?.[0] ?? ""));
      }
    },
  ];
}

function file(): Case {
  const handler: RequestHandler = (_request, response) => {
    response.type("text/plain");
    createReadStream(__filename).pipe(response);
  };
  return [
    handler,
    async (port, path) => {
      const first = await ask(port, path);
      assert.ok(first.body.length > 1000);
      assert.ok((await fromCache(port, path)).body.equals(first.body));
    },
  ];
}

function stale(): Case {
  let calls = 0;
  const handler: RequestHandler = (_request, response) => {
    if (++calls > 1) throw new Error("broken");
    response.set("Cache-Control", "max-age=1, stale-while-revalidate=100").send(textOf("good"));
  };
  return [
    handler,
    async (port, path) => {
      await fromCache(port, path);
      await sleep(1100);
      for (let round = 0; round < 3; round++) {
        const got = await ask(port, path);
        assert.equal(got.status, 200);
        assert.equal(got.body.toString(), textOf("good"));
      }
    },
  ];
}
