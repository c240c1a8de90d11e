import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import express from "express";
import session from "express-session";
import { type SessionCacheManager, expressSessionStore } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, settingsFor, startTestRedis } from "./caches";

declare module "express-session" {
  interface SessionData {
    user?: string;
    views?: number;
  }
}

/** Older ones under names of their own, which have the types of the newest. */
const older = createRequire(__filename) as (name: string) => typeof session;
const VERSIONS = {
  "1.17": older("express-session-1-17"),
  "1.18": older("express-session-1-18"),
  latest: session,
};

/** What a browser does with cookies, and what it was answered. */
interface Browser {
  cookie: string;
  ask(
    path: string,
  ): Promise<{ readonly status: number; readonly body: any; readonly setCookie: string | undefined }>;
}

function browser(port: number): Browser {
  const one: Browser = {
    cookie: "",
    ask: async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: one.cookie } });
      const setCookie = response.headers.get("set-cookie") ?? undefined;
      if (setCookie !== undefined) one.cookie = setCookie.split(";", 1)[0] ?? "";
      const text = await response.text();
      return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text, setCookie };
    },
  };
  return one;
}

describe("sessions of express-session in a real Redis", () => {
  let redis: RunningRedis;
  let sessions: SessionCacheManager;
  const caches = new Caches();
  const servers: { close(): unknown; closeAllConnections(): void }[] = [];

  before(async () => {
    redis = await startTestRedis("session");
  });
  after(async () => {
    await redis?.stop();
  });
  beforeEach(async () => {
    await redis.cli("flushall");
    sessions = caches.session(redis.port);
    assert.equal(await sessions.connected(10_000), true);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await caches.close();
  });

  async function ttlOfOnly(): Promise<number> {
    const key = await redis.cli("--raw", "keys", "*:e:*");
    return Number(await redis.cli("pttl", key));
  }

  describe("a store", () => {
    const cookie = { originalMaxAge: null };
    const endsIn = (ms: number) => ({ ...cookie, expires: new Date(Date.now() + ms) });

    it("keeps a session for a day, or as long as its cookie says, and until it is touched anew", async () => {
      const store = expressSessionStore(session, sessions);
      const first = { user: "u1", cookie };
      await store.set("123", first);
      assert.deepEqual(await store.get("123"), first);
      assert.ok((await ttlOfOnly()) > 86_390_000);
      assert.equal(await store.get("another"), null);
      await store.destroy("123");
      assert.equal(await store.get("123"), null);
      await redis.cli("flushall");

      await store.set("456", { cookie: endsIn(60_000) });
      assert.ok((await ttlOfOnly()) <= 60_000);
      await store.touch("456", { cookie: endsIn(90_000) });
      const left = await ttlOfOnly();
      assert.ok(left > 80_000 && left <= 90_000, `${left} ms`);
      await store.touch("456", { cookie: endsIn(30_000) });
      assert.ok((await ttlOfOnly()) <= 30_000);
    });

    it("lists, counts and clears what there is, without ids, which nobody keeps", async () => {
      const store = expressSessionStore(session, sessions, { mostListed: 1100 });
      assert.equal(await store.length(), 0);
      const names = Array.from({ length: 1000 }, (_, index) => `s${index}`);
      for (const name of names) await store.set(name, { user: name, cookie: endsIn(60_000) });
      await store.set("gone", { user: "gone", cookie });
      await store.destroy("gone");
      assert.equal(await store.length(), 1000);
      const listed = (await store.all()) ?? [];
      assert.deepEqual(listed.map(({ user }) => user).sort(), [...names].sort());
      const few = expressSessionStore(session, sessions, { mostListed: 10 });
      await assert.rejects(few.all() ?? Promise.resolve(), /more than 10 sessions/);
      const keys = await redis.cli("--raw", "keys", "*");
      assert.doesNotMatch(keys, /s999/);
      await store.clear();
      assert.equal(await store.length(), 0);
    });

    it("removes a session whose cookie has ended", async () => {
      const store = expressSessionStore(session, sessions);
      await store.set("789", { cookie: endsIn(60_000) });
      assert.equal(await store.length(), 1);
      await store.set("789", { cookie: endsIn(-60_000) });
      assert.equal(await store.length(), 0);
      assert.equal(await store.get("789"), null);
    });

    it("keeps no session longer than the manager allows, whatever its cookie says", async () => {
      const year = 365 * 86_400_000;
      const store = expressSessionStore(session, sessions);
      await store.set("k", { cookie: endsIn(year) });
      assert.ok((await ttlOfOnly()) <= 7 * 86_400_000);
      const short = caches.session(redis.port, { longestMs: 1000 });
      await short.connected(10_000);
      const bounded = expressSessionStore(session, short);
      const began = Date.now();
      for (let n = 0; Date.now() - began < 2000 && (n === 0 || (await bounded.get("b")) !== null); n++) {
        await bounded.set("b", { n, cookie: endsIn(60_000) });
        await sleep(50);
      }
      assert.equal(await bounded.get("b"), null);
      assert.ok(Date.now() - began < 1900, `${Date.now() - began} ms`);
    });

    it("tells a callback outside of its promise, so that what that throws is the application's", async () => {
      const store = expressSessionStore(session, sessions);
      const thrown = once(process, "uncaughtExceptionMonitor");
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", () => undefined);
      try {
        void store.get("none", () => {
          throw new Error("of the application");
        });
        assert.match(String(((await thrown) as [Error])[0]), /of the application/);
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of listeners) process.on("uncaughtException", listener);
      }
    });
  });

  /** An application with the package in this version. */
  async function application(
    make: typeof session,
    manager: SessionCacheManager,
    options: Partial<session.SessionOptions> = {},
  ): Promise<number> {
    const app = express();
    // Express prints what comes after the answer everywhere else.
    app.set("env", "test");
    const store = expressSessionStore(make, manager, { owner: ({ user }) => user as string | undefined });
    app.use(make({ store, secret: "test", resave: false, saveUninitialized: false, ...options }));
    app.get("/", (request, response) => {
      response.json({ user: request.session.user ?? null, views: request.session.views ?? 0 });
    });
    app.get("/view", async (request, response) => {
      request.session.views = (request.session.views ?? 0) + 1;
      await sleep(Number(request.query["ms"] ?? 0));
      response.json({ views: request.session.views });
    });
    app.get("/sign-in", (request, response, next) => {
      request.session.regenerate((error) => {
        if (error) return next(error);
        request.session.user = "u1";
        response.json({ user: "u1" });
      });
    });
    app.get("/sign-out", (request, response, next) => {
      request.session.destroy((error) => (error ? next(error) : response.json({})));
    });
    app.get("/reload", (request, response, next) => {
      request.session.views = 1000;
      request.session.reload((error) =>
        error ? next(error) : response.json({ views: request.session.views }),
      );
    });
    app.use((error: any, _request: any, response: any, next: any) => {
      if (response.headersSent) return next(error);
      response.status(error.status ?? 500).json({ error: error.name });
    });
    const server = app.listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  for (const [version, make] of Object.entries(VERSIONS)) {
    describe(`behind express-session ${version}`, () => {
      const module = make;

      it("begin, change, are regenerated at the sign-in, reloaded and destroyed", async () => {
        const port = await application(module, sessions);
        const one = browser(port);
        assert.equal((await one.ask("/")).setCookie, undefined);
        assert.deepEqual((await one.ask("/view")).body, { views: 1 });
        const before = one.cookie;
        assert.deepEqual((await one.ask("/view")).body, { views: 2 });
        assert.deepEqual((await one.ask("/reload")).body, { views: 2 });
        await one.ask("/sign-in");
        assert.notEqual(one.cookie, before);
        assert.deepEqual((await one.ask("/")).body, { user: "u1", views: 0 });
        const old = browser(port);
        old.cookie = before;
        assert.deepEqual((await old.ask("/")).body, { user: null, views: 0 });
        assert.ok(!(await redis.cli("--raw", "keys", "*")).includes(idOf(one.cookie)));
        await one.ask("/sign-out");
        assert.deepEqual((await one.ask("/")).body, { user: null, views: 0 });
        assert.equal(await sessions.count(), 0);
      });

      it("are prolonged by a use, with a new cookie where that is asked for", async () => {
        const options = { rolling: true, cookie: { maxAge: 60_000 } };
        const one = browser(await application(module, sessions, options));
        await one.ask("/view");
        await sessions.touch(idOf(one.cookie), { idleMs: 20_000 });
        const { setCookie } = await one.ask("/");
        assert.match(setCookie ?? "", /Expires=/);
        await eventually("the new end", async () => (await ttlOfOnly()) > 50_000);
      });

      it("end everywhere at once for their owner", async () => {
        const port = await application(module, sessions);
        const [phone, laptop] = [browser(port), browser(port)];
        for (const one of [phone, laptop]) await one.ask("/sign-in");
        // Under way with what it has read.
        const saving = laptop.ask("/view?ms=150");
        await sleep(50);
        await sessions.destroyAll("u1");
        await saving;
        for (const one of [phone, laptop])
          assert.deepEqual((await one.ask("/")).body, { user: null, views: 0 });
      });

      it("stay destroyed when another request that had read them saves them after", async () => {
        const port = await application(module, sessions);
        const one = browser(port);
        await one.ask("/sign-in");
        const saving = fetch(`http://127.0.0.1:${port}/view?ms=200`, { headers: { cookie: one.cookie } });
        await sleep(80);
        assert.equal((await one.ask("/sign-out")).status, 200);
        await (await saving).text();
        assert.deepEqual((await one.ask("/")).body, { user: null, views: 0 });
      });

      it("are answered by many requests at a time, each with its session", async () => {
        const port = await application(module, sessions);
        const browsers = await Promise.all(
          Array.from({ length: 20 }, async (_, index) => {
            const one = browser(port);
            for (let view = 0; view <= index % 3; view++) await one.ask("/view");
            return one;
          }),
        );
        const answers = await Promise.all(browsers.flatMap((one) => [1, 2, 3].map(() => one.ask("/"))));
        for (const [index, { body }] of answers.entries()) {
          assert.equal(body.views, (Math.floor(index / 3) % 3) + 1);
        }
      });

      it("are 503 while Redis is away, and there again after it, in the same process", async () => {
        const own = await startTestRedis("session");
        try {
          const manager = caches.session(own.port, { settings: settingsFor(own.port, { timeoutMs: 200 }) });
          await manager.connected(10_000);
          const port = await application(module, manager);
          const one = browser(port);
          await one.ask("/view");
          own.signal("SIGSTOP");
          const { status, body } = await one.ask("/");
          assert.deepEqual([status, body.error], [503, "CacheUnavailable"]);
          assert.equal((await one.ask("/sign-out")).status, 503);
          // Without a session to read, the answer is there before the session cannot be kept.
          await fetch(`http://127.0.0.1:${port}/view`).then(
            (response) => response.text(),
            () => undefined,
          );
          own.signal("SIGCONT");
          await eventually("the session", async () => (await one.ask("/")).body.views === 1);
        } finally {
          own.signal("SIGCONT");
          await caches.close();
          await own.stop();
        }
      });
    });
  }
});

function idOf(cookie: string): string {
  return decodeURIComponent(cookie).split("s:")[1]?.split(".")[0] ?? "none";
}
