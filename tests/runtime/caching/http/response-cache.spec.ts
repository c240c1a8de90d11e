import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, type Server, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express, { type Express, type Request, type Response } from "express";

import { type ApiCacheManager, type ResponseCacheOptions, responseCache } from "../../../../runtime/caching";
import type { RunningRedis } from "../../../helpers/redis-server";
import { Caches, eventually, startTestRedis } from "../caches";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe("the response cache", () => {
  let redis: RunningRedis;
  let cache: ApiCacheManager;
  let server: Server | undefined;
  /** Requests that have come through to a handler. */
  let calls: number;
  const caches = new Caches();

  before(async () => {
    redis = await startTestRedis();
  });
  after(async () => {
    await redis?.stop();
  });
  beforeEach(async () => {
    await redis.cli("flushall");
    calls = 0;
    cache = caches.api(redis.port);
    await cache.connected(10_000);
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    await caches.close();
  });

  /** An application with the middleware, whose routes a test sets. */
  async function serve(
    routes: (app: Express) => void,
    options: Partial<ResponseCacheOptions> = {},
    before: (app: Express) => void = () => undefined,
  ): Promise<void> {
    const app = express();
    app.disable("x-powered-by");
    before(app);
    app.use(responseCache({ cache, ...options }));
    routes(app);
    // Express tells error handlers by their four parameters.
    // eslint-disable-next-line @typescript-eslint/no-unused-vars
    app.use((error: Error, _request: Request, response: Response, _next: unknown) => {
      response.status(500).json({ error: error.message });
    });
    server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
  }

  function counted(handler: (request: Request, response: Response) => unknown) {
    return (request: Request, response: Response): unknown => {
      calls++;
      return handler(request, response);
    };
  }

  /** Until so many wait for the answer of another. */
  function joined(count: number): Promise<void> {
    return eventually(
      `${count} who wait`,
      async () => (await caches.count("redis_cache_coalesced_total")) >= count,
    );
  }

  function call(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
    const { port } = server?.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host: "127.0.0.1",
        port,
        path,
        method,
        headers,
        agent: false,
        timeout: 60_000,
      });
      outgoing.once("error", reject).once("timeout", () => outgoing.destroy(new Error("no answer")));
      outgoing.once("response", (incoming) => {
        let body = "";
        incoming.on("data", (chunk: Buffer) => (body += chunk.toString()));
        incoming.once("end", () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
        incoming.once("error", reject);
      });
      outgoing.end();
    });
  }

  /** Waits until an answer is in Redis: storing does not hold the answer up. */
  async function stored(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    let answer = await call(path, headers);
    await eventually(`${path} from the cache`, async () => {
      answer = await call(path, headers);
      return /; hit/.test(answer.headers["cache-status"]?.toString() ?? "");
    });
    return answer;
  }

  describe("an answer for everybody", () => {
    it("is made once, then comes from the cache as it was, with its age", async () => {
      await serve((app) => {
        app.get(
          "/api/a",
          counted((_request, response) => response.set("X-Own", "ü=1").json({ n: calls })),
        );
      });
      const first = await call("/api/a");
      assert.equal(first.headers["cache-status"], "api; fwd=miss; stored");
      assert.equal(first.headers["cache-control"], "public, max-age=300, stale-while-revalidate=60");
      const hit = await stored("/api/a");
      assert.deepEqual([hit.status, hit.body, hit.headers["cache-status"]], [200, '{"n":1}', "api; hit"]);
      for (const name of ["content-type", "content-length", "etag", "cache-control", "x-own"]) {
        assert.equal(hit.headers[name], first.headers[name], name);
      }
      await sleep(1050);
      assert.equal((await call("/api/a")).headers["age"], "1");
      assert.equal(calls, 1);
    });

    it("is one whatever the order of the query, and another for another query or host", async () => {
      await serve((app) =>
        app.get(
          "/q",
          counted((request, response) => response.send(request.originalUrl)),
        ),
      );
      await stored("/q?a=1&b=2");
      assert.match(String((await call("/q?b=2&a=1")).headers["cache-status"]), /hit/);
      for (const path of ["/q", "/q?a=1", "/q?a=1&b=3", "/q?a=2&a=1", "/q?a=1&a=2", "/q?a=1%26b=2"]) {
        assert.equal((await call(path)).body, path);
      }
      assert.match(String((await call("/q?a=1&b=2", { host: "other" })).headers["cache-status"]), /miss/);
    });

    it("may be bytes, and of any length", async () => {
      const bytes = Buffer.from([0, 1, 255, 254, 13, 10, 0]);
      await serve((app) => {
        app.get("/bytes", (_request, response) => response.type("application/octet-stream").send(bytes));
        app.get("/none", (_request, response) => response.status(200).end());
        app.get("/raw", (_request, response) => {
          response.writeHead(200, { "Content-Type": "text/plain", "X-Raw": "yes" });
          response.end("raw");
        });
      });
      assert.equal((await stored("/bytes")).headers["content-length"], "7");
      assert.equal((await stored("/none")).body, "");
      const raw = await stored("/raw");
      assert.deepEqual(
        [raw.body, raw.headers["x-raw"], raw.headers["content-type"]],
        ["raw", "yes", "text/plain"],
      );
    });

    it("answers HEAD from what GET made, and keeps nothing of HEAD", async () => {
      await serve((app) =>
        app.get(
          "/h",
          counted((_request, response) => response.send("hello")),
        ),
      );
      assert.equal((await call("/h", {}, "HEAD")).headers["content-length"], "5");
      assert.equal(await redis.cli("dbsize"), "0");
      await stored("/h");
      const head = await call("/h", {}, "HEAD");
      assert.deepEqual(
        [head.body, head.headers["content-length"], head.headers["cache-status"]],
        ["", "5", "api; hit"],
      );
    });

    it("is 304 for who has it: strong or weak tags, lists, dates, from the cache and before", async () => {
      const modified = "Wed, 21 Oct 2015 07:28:00 GMT";
      await serve((app) => {
        app.get(
          "/weak",
          counted((_request, response) => response.json({ a: 1 })),
        );
        app.get("/strong", (_request, response) => {
          response.setHeader("Last-Modified", modified);
          response.end("bytes");
        });
      });
      const { etag: weak } = (await stored("/weak")).headers;
      const { etag: strong } = (await stored("/strong")).headers;
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
        const answer = await call(path, headers);
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
      await redis.cli("flushall");
      assert.equal((await call("/weak", { "if-none-match": String(weak) })).status, 304);
      assert.equal((await stored("/weak")).body, '{"a":1}');
    });

    it("has the headers that each request gets from the middleware in front, and not another's", async () => {
      let number = 0;
      await serve(
        (app) => app.get("/r", (_request, response) => response.send("x")),
        {},
        (app) =>
          app.use((_request, response, next) => {
            response.setHeader("X-Request-Id", String(++number));
            next();
          }),
      );
      const first = await stored("/r");
      const second = await call("/r");
      assert.equal(Number(second.headers["x-request-id"]), Number(first.headers["x-request-id"]) + 1);
    });
  });

  describe("what an answer says about itself", () => {
    it("decides how long it is kept, and how long stale", async () => {
      const answers: Record<string, [header: string, least: number, most: number] | undefined> = {
        "max-age": ["max-age=10", 10_000, 70_000],
        "s-maxage": ["max-age=1, s-maxage=100", 100_000, 160_000],
        "no-stale": ["max-age=10, stale-while-revalidate=0", 1, 10_000],
        must: ["public, max-age=10, must-revalidate", 1, 10_000],
        "no-store": ["no-store", 0, 0],
        private: ["private, max-age=10", 0, 0],
        field: ['private="x, y", max-age=10', 0, 0],
        "no-cache": ["no-cache", 0, 0],
        none: ["max-age=0", 0, 0],
        nonsense: ["max-age=ten", 0, 0],
      };
      await serve((app) =>
        app.get("/cc/:name", (request, response) => {
          const [header = ""] = answers[request.params["name"] ?? ""] ?? [];
          response.setHeader("Cache-Control", header);
          response.send("x");
        }),
      );
      for (const [name, wanted] of Object.entries(answers)) {
        const [header, least, most] = wanted ?? ["", 0, 0];
        assert.equal((await call(`/cc/${name}`)).headers["cache-control"], header);
        await sleep(20);
        const keys = (await redis.cli("--raw", "keys", `*:e:*/cc/${name}`)).trim();
        if (most === 0) {
          assert.equal(keys, "", name);
          continue;
        }
        const left = Number(await redis.cli("pttl", keys));
        assert.ok(left > least - 5000 && left <= most, `${name}: ${left}`);
      }
    });

    it("and about whom it is for, keeps it from everybody else", async () => {
      await serve((app) => {
        app.get(
          "/cookie",
          counted((_request, response) => response.cookie("session", String(calls)).send("x")),
        );
        app.get(
          "/failed",
          counted((_request, response) => response.status(500).send("x")),
        );
        app.get(
          "/thrown",
          counted(() => Promise.reject(new Error("thrown"))),
        );
        app.get(
          "/missing",
          counted((_request, response) => response.status(404).send("x")),
        );
        app.get(
          "/any",
          counted((_request, response) => response.set("Vary", "*").send("x")),
        );
        app.get(
          "/stream",
          counted((_request, response) => {
            response.write("a");
            response.end("b");
          }),
        );
        app.get(
          "/large",
          counted((_request, response) => response.send("x".repeat(2_000_000))),
        );
      });
      for (const path of ["/cookie", "/failed", "/thrown", "/missing", "/any", "/stream", "/large"]) {
        calls = 0;
        for (let i = 0; i < 3; i++)
          assert.ok(!/hit/.test(String((await call(path)).headers["cache-status"])), path);
        assert.equal(calls, 3, path);
      }
      assert.equal((await call("/stream")).body, "ab");
      assert.equal((await call("/large")).body.length, 2_000_000);
      assert.equal(await redis.cli("--raw", "keys", "*:e:*"), "");
    });

    it("and what it varies with, whether declared or not, never gives one the answer of another", async () => {
      await serve(
        (app) =>
          app.get(
            "/lang",
            counted((request, response) => {
              response.vary("Accept");
              response.send(`${request.headers["accept-language"]} ${request.headers.accept}`);
            }),
          ),
        { vary: ["Accept-Language"] },
      );
      for (let round = 0; round < 3; round++) {
        for (const language of ["de", "en", "de|x=y"]) {
          for (const accept of ["a/b", "c/d"]) {
            const answer = await call("/lang", { "accept-language": language, accept });
            assert.equal(answer.body, `${language} ${accept}`);
            assert.equal(answer.headers["vary"], "accept, accept-language");
          }
        }
        await sleep(30);
      }
      assert.equal(calls, 6);
    });
  });

  describe("a request", () => {
    it("with credentials or a cookie is neither answered from the cache nor kept", async () => {
      await serve((app) =>
        app.get(
          "/me",
          counted((request, response) => response.send(request.headers.cookie ?? "all")),
        ),
      );
      await stored("/me");
      for (const headers of [{ authorization: "Bearer x" }, { cookie: "session=1" }] as Record<
        string,
        string
      >[]) {
        const answer = await call("/me", headers);
        assert.deepEqual(
          [answer.body, answer.headers["cache-status"]],
          [headers["cookie"] ?? "all", undefined],
        );
      }
      assert.equal((await call("/me")).body, "all");
      assert.equal(calls, 3);
    });

    it("may ask for a new answer, for none to be kept, or for nothing but a kept one", async () => {
      await serve((app) =>
        app.get(
          "/n",
          counted((_request, response) => response.send(String(calls))),
        ),
      );
      await stored("/n");
      assert.equal((await call("/n", { "cache-control": "no-cache" })).body, "2");
      await eventually("the new one", async () => (await call("/n")).body === "2");
      assert.equal((await call("/n", { "cache-control": "no-store" })).body, "3");
      assert.equal((await call("/n")).body, "2");
      assert.equal((await call("/n", { "cache-control": "only-if-cached" })).body, "2");
      assert.equal((await call("/other", { "cache-control": "only-if-cached" })).status, 504);
    });
  });

  describe("many requests at the same time", () => {
    it("make one call for a thousand misses of one key", async function () {
      this.timeout(120_000);
      await serve((app) =>
        app.get(
          "/slow",
          counted(async (_request, response) => {
            await sleep(300);
            response.json({ n: calls });
          }),
        ),
      );
      const answers = await Promise.all(Array.from({ length: 1000 }, () => call("/slow")));
      assert.equal(calls, 1);
      assert.ok(answers.every(({ status, body }) => status === 200 && body === '{"n":1}'));
    });

    it("share an answer that failed, and nothing that is for one of them", async () => {
      await serve((app) => {
        app.get(
          "/fails",
          counted(async (_request, response) => {
            await joined(19);
            response.status(503).set("Retry-After", "1").send(String(calls));
          }),
        );
        app.get(
          "/mine",
          counted(async (_request, response) => {
            const mine = calls;
            if (mine === 1) await joined(38);
            response.cookie("id", String(mine)).send(String(mine));
          }),
        );
      });
      const failed = await Promise.all(Array.from({ length: 20 }, () => call("/fails")));
      assert.equal(calls, 1);
      assert.ok(failed.every(({ status, headers }) => status === 503 && headers["retry-after"] === "1"));
      calls = 0;
      const mine = await Promise.all(Array.from({ length: 20 }, () => call("/mine")));
      assert.equal(calls, 20);
      assert.equal(new Set(mine.map(({ body }) => body)).size, 20);
    });

    it("go on when the one that they wait for leaves", async () => {
      const waiting: (() => void)[] = [];
      await serve((app) =>
        app.get(
          "/leave",
          counted((_request, response) => {
            if (calls > 1) response.send("second");
            else waiting.push(() => response.send("first"));
          }),
        ),
      );
      const { port } = server?.address() as AddressInfo;
      const leaver = httpRequest({
        host: "127.0.0.1",
        port,
        path: "/leave",
        headers: { host: `127.0.0.1:${port}` },
      });
      leaver.on("error", () => undefined);
      leaver.end();
      await eventually("the first call", () => waiting.length === 1);
      const others = Promise.all([call("/leave"), call("/leave"), call("/leave")]);
      await eventually(
        "those who wait",
        async () => (await caches.count("redis_cache_coalesced_total")) === 3,
      );
      leaver.destroy();
      assert.deepEqual(
        (await others).map(({ body }) => body),
        ["second", "second", "second"],
      );
      assert.equal(calls, 2);
    });
  });

  describe("a stale answer", () => {
    it("goes out at once while the same routes make a new one, once", async () => {
      let release: () => void = () => undefined;
      await serve(
        (app) =>
          app.get(
            "/s",
            counted(async (_request, response) => {
              if (calls > 1) await new Promise<void>((resolve) => (release = resolve));
              response.set("X-Call", String(calls)).status(200).json({ n: calls });
            }),
          ),
        { ttlMs: 200, staleMs: 20_000 },
      );
      await stored("/s");
      await sleep(250);
      const answers = await Promise.all(Array.from({ length: 20 }, () => call("/s")));
      await eventually("the second call", () => calls === 2);
      release();
      for (const { status, body, headers } of answers) {
        assert.deepEqual([status, body, headers["cache-status"]], [200, '{"n":1}', "api; hit; detail=stale"]);
      }
      await eventually("the new one", async () => (await call("/s")).body === '{"n":2}');
      assert.equal((await call("/s")).headers["x-call"], "2");
    });

    it("stays when the new one fails, and is gone at its bound", async () => {
      await serve(
        (app) =>
          app.get(
            "/s",
            counted((_request, response) => {
              if (calls > 1) throw new Error("broken");
              response.send("good");
            }),
          ),
        { ttlMs: 100, staleMs: 500 },
      );
      await stored("/s");
      const until = Date.now() + 700;
      let answer: Answer;
      do {
        answer = await call("/s");
        await sleep(10);
      } while (answer.status === 200 && Date.now() < until);
      assert.deepEqual([answer.status, answer.body], [500, '{"error":"broken"}']);
      assert.ok(calls > 2);
    });
  });

  describe("a write", () => {
    it("invalidates its path, and what the route declares, before its answer is there", async () => {
      let version = 1;
      await serve(
        (app) => {
          for (const path of ["/api/p/1", "/api/p/2", "/api/list"]) {
            app.get(
              path,
              counted((_request, response) => response.send(`${path} ${version}`)),
            );
          }
          app.put("/api/p/:id", (_request, response) => {
            version++;
            response.status(204).end();
          });
          app.post("/api/p/1", (_request, response) => response.status(422).end());
        },
        {
          tags: ({ path }) => (path === "/api/list" ? ["properties"] : []),
          invalidates: () => ({ tags: ["properties"] }),
        },
      );
      const all = ["/api/p/1", "/api/p/1?full=1", "/api/p/2", "/api/list"];
      for (const path of all) await stored(path);
      assert.equal((await call("/api/p/1", {}, "POST")).status, 422);
      assert.ok((await call("/api/p/1")).body.endsWith("1"));
      assert.equal((await call("/api/p/1", {}, "PUT")).status, 204);
      const after = await Promise.all(all.map(async (path) => (await call(path)).body.at(-1)));
      assert.deepEqual(after, ["2", "2", "1", "2"]);
    });

    it("while an answer is being made leaves nothing behind that is from before it", async () => {
      let value = "old";
      const finish: (() => void)[] = [];
      await serve((app) => {
        app.get(
          "/w",
          counted((_request, response) => {
            const read = value;
            if (calls === 1) finish.push(() => response.send(read));
            else response.send(read);
          }),
        );
        app.put("/w", (_request, response) => {
          value = "new";
          response.end();
        });
      });
      const first = call("/w");
      await eventually("the first", () => finish.length === 1);
      await call("/w", {}, "PUT");
      assert.equal((await call("/w")).body, "new");
      finish[0]?.();
      assert.equal((await first).body, "old");
      await sleep(50);
      assert.equal((await stored("/w")).body, "new");
    });
  });

  it("answers without Redis: every request, with one call for many at the same time", async () => {
    await cache.close();
    cache = caches.api(1);
    await serve((app) =>
      app.get(
        "/x",
        counted(async (_request, response) => {
          if (calls === 1) await joined(49);
          response.json({ n: calls });
        }),
      ),
    );
    const answers = await Promise.all(Array.from({ length: 50 }, () => call("/x")));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(calls, 1);
    assert.equal((await call("/x")).body, '{"n":2}');
    assert.equal((await call("/x", {}, "PUT")).status, 404);
  });

  it("takes a damaged answer for none", async () => {
    await serve((app) =>
      app.get(
        "/d",
        counted((_request, response) => response.send("good")),
      ),
    );
    await stored("/d");
    const key = (await redis.cli("--raw", "keys", "*:e:*/d")).trim();
    await cache.parts.store.write(
      key.slice(key.indexOf(":e:") + 3),
      { encoding: "binary", payload: Buffer.from("no") },
      {
        freshMs: 10_000,
        staleMs: 0,
      },
    );
    assert.equal((await call("/d")).body, "good");
    assert.equal(calls, 2);
  });
});
