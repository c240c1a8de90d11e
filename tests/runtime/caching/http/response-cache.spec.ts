import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { eventually } from "../../../helpers/eventually";
import { CachedApp } from "./cached-app";

describe("the response cache", () => {
  const app = new CachedApp();

  describe("an answer for everybody", () => {
    it("is made once, then comes from the cache as it was, with its age", async () => {
      await app.serve((routes) => {
        routes.get(
          "/api/a",
          app.counted((_request, response) => response.set("X-Own", "ü=1").json({ n: app.calls })),
        );
      });
      const first = await app.call("/api/a");
      assert.equal(first.headers["cache-status"], "api; fwd=miss; stored");
      assert.equal(first.headers["cache-control"], "public, max-age=300, stale-while-revalidate=60");
      const hit = await app.stored("/api/a");
      assert.deepEqual([hit.status, hit.body, hit.headers["cache-status"]], [200, '{"n":1}', "api; hit"]);
      for (const name of ["content-type", "content-length", "etag", "cache-control", "x-own"]) {
        assert.equal(hit.headers[name], first.headers[name], name);
      }
      await sleep(1050);
      assert.equal((await app.call("/api/a")).headers["age"], "1");
      assert.equal(app.calls, 1);
    });

    it("is one whatever the order of the query, and another for another query or host", async () => {
      await app.serve((routes) =>
        routes.get(
          "/q",
          app.counted((request, response) => response.send(request.originalUrl)),
        ),
      );
      await app.stored("/q?a=1&b=2");
      assert.match(String((await app.call("/q?b=2&a=1")).headers["cache-status"]), /hit/);
      for (const path of ["/q", "/q?a=1", "/q?a=1&b=3", "/q?a=2&a=1", "/q?a=1&a=2", "/q?a=1%26b=2"]) {
        assert.equal((await app.call(path)).body, path);
      }
      assert.match(String((await app.call("/q?a=1&b=2", { host: "other" })).headers["cache-status"]), /miss/);
    });

    it("may be bytes, and of any length", async () => {
      const bytes = Buffer.from([0, 1, 255, 254, 13, 10, 0]);
      await app.serve((routes) => {
        routes.get("/bytes", (_request, response) => response.type("application/octet-stream").send(bytes));
        routes.get("/none", (_request, response) => response.status(200).end());
        routes.get("/raw", (_request, response) => {
          response.writeHead(200, { "Content-Type": "text/plain", "X-Raw": "yes" });
          response.end("raw");
        });
      });
      assert.equal((await app.stored("/bytes")).headers["content-length"], "7");
      assert.equal((await app.stored("/none")).body, "");
      const raw = await app.stored("/raw");
      assert.deepEqual(
        [raw.body, raw.headers["x-raw"], raw.headers["content-type"]],
        ["raw", "yes", "text/plain"],
      );
    });

    it("answers HEAD from what GET made, and keeps nothing of HEAD", async () => {
      await app.serve((routes) =>
        routes.get(
          "/h",
          app.counted((_request, response) => response.send("hello")),
        ),
      );
      assert.equal((await app.call("/h", {}, "HEAD")).headers["content-length"], "5");
      assert.equal(await app.redis.cli("dbsize"), "0");
      await app.stored("/h");
      const head = await app.call("/h", {}, "HEAD");
      assert.deepEqual(
        [head.body, head.headers["content-length"], head.headers["cache-status"]],
        ["", "5", "api; hit"],
      );
    });

    it("is 304 for who has it: strong or weak tags, lists, dates, from the cache and before", async () => {
      const modified = "Wed, 21 Oct 2015 07:28:00 GMT";
      await app.serve((routes) => {
        routes.get(
          "/weak",
          app.counted((_request, response) => response.json({ a: 1 })),
        );
        routes.get("/strong", (_request, response) => {
          response.setHeader("Last-Modified", modified);
          response.end("bytes");
        });
      });
      const { etag: weak } = (await app.stored("/weak")).headers;
      const { etag: strong } = (await app.stored("/strong")).headers;
      assert.match(String(weak), /^W\/"/);
      assert.match(String(strong), /^"[\w-]{27}"$/);
      const have: [string, Record<string, string>, number][] = [
        ["/weak", { "if-none-match": String(weak) }, 304],
        ["/weak", { "if-none-match": String(weak).slice(2) }, 304],
        ["/weak", { "if-none-match": `"x", ${weak}` }, 304],
        ["/weak", { "if-none-match": "*" }, 304],
        ["/weak", { "if-none-match": '"x"' }, 200],
        ["/strong", { "if-none-match": `W/${strong}` }, 304],
        ["/strong", { "if-modified-since": modified }, 304],
        ["/strong", { "if-modified-since": "Tue, 20 Oct 2015 07:28:00 GMT" }, 200],
        ["/strong", { "if-none-match": '"x"', "if-modified-since": modified }, 200],
      ];
      for (const [path, headers, status] of have) {
        const answer = await app.call(path, headers);
        assert.equal(answer.status, status, JSON.stringify(headers));
        if (status === 200) continue;
        assert.equal(answer.body, "");
        assert.deepEqual(
          [answer.headers["content-type"], answer.headers["content-length"], answer.headers["cache-control"]],
          [undefined, undefined, "public, max-age=300, stale-while-revalidate=60"],
        );
        assert.ok(answer.headers.etag !== undefined);
      }
      // The first of all asks with a condition: what is stored is whole all the same.
      await app.redis.cli("flushall");
      assert.equal((await app.call("/weak", { "if-none-match": String(weak) })).status, 304);
      assert.equal((await app.stored("/weak")).body, '{"a":1}');
    });

    it("has the headers that each request gets from the middleware in front, and not another's", async () => {
      let number = 0;
      await app.serve(
        (routes) => routes.get("/r", (_request, response) => response.send("x")),
        {},
        (routes) =>
          routes.use((_request, response, next) => {
            response.setHeader("X-Request-Id", String(++number));
            next();
          }),
      );
      const first = await app.stored("/r");
      const second = await app.call("/r");
      assert.equal(Number(second.headers["x-request-id"]), Number(first.headers["x-request-id"]) + 1);
    });
  });

  describe("a request", () => {
    it("with credentials or a cookie is neither answered from the cache nor kept", async () => {
      await app.serve((routes) =>
        routes.get(
          "/me",
          app.counted((request, response) => response.send(request.headers.cookie ?? "all")),
        ),
      );
      await app.stored("/me");
      for (const headers of [{ authorization: "Bearer x" }, { cookie: "session=1" }] as Record<
        string,
        string
      >[]) {
        const answer = await app.call("/me", headers);
        assert.deepEqual(
          [answer.body, answer.headers["cache-status"]],
          [headers["cookie"] ?? "all", undefined],
        );
      }
      assert.equal((await app.call("/me")).body, "all");
      assert.equal(app.calls, 3);
    });

    it("may ask for a new answer, for none to be kept, or for nothing but a kept one", async () => {
      await app.serve((routes) =>
        routes.get(
          "/n",
          app.counted((_request, response) => response.send(String(app.calls))),
        ),
      );
      await app.stored("/n");
      assert.equal((await app.call("/n", { "cache-control": "no-cache" })).body, "2");
      await eventually("the new one", async () => (await app.call("/n")).body === "2");
      assert.equal((await app.call("/n", { "cache-control": "no-store" })).body, "3");
      assert.equal((await app.call("/n")).body, "2");
      assert.equal((await app.call("/n", { "cache-control": "only-if-cached" })).body, "2");
      assert.equal((await app.call("/other", { "cache-control": "only-if-cached" })).status, 504);
    });
  });

  it("answers without Redis: every request, with one call for many at the same time", async () => {
    await app.cache.close();
    app.cache = app.caches.api(1);
    await app.serve((routes) =>
      routes.get(
        "/x",
        app.counted(async (_request, response) => {
          if (app.calls === 1) await app.joined(49);
          response.json({ n: app.calls });
        }),
      ),
    );
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.call("/x")));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(app.calls, 1);
    assert.equal((await app.call("/x")).body, '{"n":2}');
    assert.equal((await app.call("/x", {}, "PUT")).status, 404);
  });

  it("takes a damaged answer for none", async () => {
    await app.serve((routes) =>
      routes.get(
        "/d",
        app.counted((_request, response) => response.send("good")),
      ),
    );
    await app.stored("/d");
    const key = (await app.redis.cli("--raw", "keys", "*:e:*/d|*")).trim();
    await app.cache.parts.store.write(
      key.slice(key.indexOf(":e:") + 3),
      { encoding: "binary", payload: Buffer.from("no") },
      {
        freshMs: 10_000,
        staleMs: 0,
      },
    );
    assert.equal((await app.call("/d")).body, "good");
    assert.equal(app.calls, 2);
  });
});
