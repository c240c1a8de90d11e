import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import type { Express } from "express";

import { eventually } from "../../../helpers/eventually";
import { type Answer, CachedApp } from "./cached-app";

describe("the response cache", () => {
  const app = new CachedApp();

  describe("many requests at the same time", () => {
    it("make one call for a thousand misses of one key", async function () {
      this.timeout(120_000);
      await app.serve((routes) =>
        routes.get(
          "/slow",
          app.counted(async (_request, response) => {
            await sleep(300);
            response.json({ n: app.calls });
          }),
        ),
      );
      const answers = await Promise.all(Array.from({ length: 1000 }, () => app.call("/slow")));
      assert.equal(app.calls, 1);
      assert.ok(answers.every(({ status, body }) => status === 200 && body === '{"n":1}'));
    });

    it("share an answer that failed, and nothing that is for one of them", async () => {
      await app.serve((routes) => {
        routes.get(
          "/fails",
          app.counted(async (_request, response) => {
            await app.joined(19);
            response.status(503).set("Retry-After", "1").send(String(app.calls));
          }),
        );
        routes.get(
          "/mine",
          app.counted(async (_request, response) => {
            const mine = app.calls;
            if (mine === 1) await app.joined(38);
            response.cookie("id", String(mine)).send(String(mine));
          }),
        );
      });
      const failed = await Promise.all(Array.from({ length: 20 }, () => app.call("/fails")));
      assert.equal(app.calls, 1);
      assert.ok(failed.every(({ status, headers }) => status === 503 && headers["retry-after"] === "1"));
      app.calls = 0;
      const mine = await Promise.all(Array.from({ length: 20 }, () => app.call("/mine")));
      assert.equal(app.calls, 20);
      assert.equal(new Set(mine.map(({ body }) => body)).size, 20);
    });

    it("go on when the one that they wait for leaves", async () => {
      const waiting: (() => void)[] = [];
      await app.serve((routes) =>
        routes.get(
          "/leave",
          app.counted((_request, response) => {
            if (app.calls > 1) response.send("second");
            else waiting.push(() => response.send("first"));
          }),
        ),
      );
      const { port } = app;
      const leaver = httpRequest({
        host: "127.0.0.1",
        port,
        path: "/leave",
        headers: { host: `127.0.0.1:${port}` },
      });
      leaver.on("error", () => undefined);
      leaver.end();
      await eventually("the first call", () => waiting.length === 1);
      const others = Promise.all([app.call("/leave"), app.call("/leave"), app.call("/leave")]);
      await eventually(
        "those who wait",
        async () => (await app.caches.count("redis_cache_coalesced_total")) === 3,
      );
      leaver.destroy();
      assert.deepEqual(
        (await others).map(({ body }) => body),
        ["second", "second", "second"],
      );
      assert.equal(app.calls, 2);
    });
  });

  describe("a request whose time is up before the cache has answered", () => {
    /** As the deadline of a service does. */
    const impatient = (routes: Express): void =>
      void routes.use((_request, response, next) => {
        const timer = setTimeout(() => response.status(503).end("late"), 300);
        response.once("close", () => clearTimeout(timer));
        next();
      });

    it("is over, and the next ones do not wait for it", async function () {
      this.timeout(30_000);
      await app.serve(
        (routes) =>
          routes.get(
            "/late",
            app.counted((_request, response) => response.send("made")),
          ),
        {},
        impatient,
      );
      app.redis.signal("SIGSTOP");
      try {
        assert.deepEqual(await app.call("/late").then(({ body }) => body), "late");
        const given = async (): Promise<number> => await app.caches.count("redis_cache_errors_total");
        await eventually("the look-up has ended", async () => (await given()) > 0);
        // What follows the look-up.
        await sleep(100);
      } finally {
        app.redis.signal("SIGCONT");
      }
      assert.equal(app.calls, 0);
      await eventually("an answer", async () => (await app.call("/late")).body === "made");
    });
  });

  describe("a stale answer", () => {
    it("goes out at once while the same routes make a new one, once", async () => {
      let release: () => void = () => undefined;
      await app.serve(
        (routes) =>
          routes.get(
            "/s",
            app.counted(async (_request, response) => {
              if (app.calls > 1) await new Promise<void>((resolve) => (release = resolve));
              response.set("X-Call", String(app.calls)).status(200).json({ n: app.calls });
            }),
          ),
        { ttlMs: 200, staleMs: 20_000 },
      );
      await app.stored("/s");
      await sleep(250);
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.call("/s")));
      await eventually("the second call", () => app.calls === 2);
      release();
      for (const { status, body, headers } of answers) {
        assert.deepEqual([status, body, headers["cache-status"]], [200, '{"n":1}', "api; hit; detail=stale"]);
      }
      await eventually("the new one", async () => (await app.call("/s")).body === '{"n":2}');
      assert.equal((await app.call("/s")).headers["x-call"], "2");
    });

    it("stays when the new one fails, and is gone at its bound", async () => {
      await app.serve(
        (routes) =>
          routes.get(
            "/s",
            app.counted((_request, response) => {
              if (app.calls > 1) throw new Error("broken");
              response.send("good");
            }),
          ),
        { ttlMs: 100, staleMs: 500 },
      );
      await app.stored("/s");
      const until = Date.now() + 700;
      let answer: Answer;
      do {
        answer = await app.call("/s");
        await sleep(10);
      } while (answer.status === 200 && Date.now() < until);
      assert.deepEqual([answer.status, answer.body], [500, '{"error":"broken"}']);
      assert.ok(app.calls > 2);
    });
  });
});
