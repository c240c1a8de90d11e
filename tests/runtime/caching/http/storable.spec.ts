import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { CachedApp } from "./cached-app";

describe("the response cache", () => {
  const app = new CachedApp();

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
      await app.serve((routes) =>
        routes.get("/cc/:name", (request, response) => {
          const [header = ""] = answers[request.params["name"] ?? ""] ?? [];
          response.setHeader("Cache-Control", header);
          response.send("x");
        }),
      );
      for (const [name, wanted] of Object.entries(answers)) {
        const [header, least, most] = wanted ?? ["", 0, 0];
        assert.equal((await app.call(`/cc/${name}`)).headers["cache-control"], header);
        await sleep(20);
        const keys = (await app.redis.cli("--raw", "keys", `*:e:*/cc/${name}|*`)).trim();
        if (most === 0) {
          assert.equal(keys, "", name);
          continue;
        }
        const left = Number(await app.redis.cli("pttl", keys));
        assert.ok(left > least - 5000 && left <= most, `${name}: ${left}`);
      }
    });

    it("and about whom it is for, keeps it from everybody else", async () => {
      await app.serve((routes) => {
        routes.get(
          "/cookie",
          app.counted((_request, response) => response.cookie("session", String(app.calls)).send("x")),
        );
        routes.get(
          "/failed",
          app.counted((_request, response) => response.status(500).send("x")),
        );
        routes.get(
          "/thrown",
          app.counted(() => Promise.reject(new Error("thrown"))),
        );
        routes.get(
          "/missing",
          app.counted((_request, response) => response.status(404).send("x")),
        );
        routes.get(
          "/any",
          app.counted((_request, response) => response.set("Vary", "*").send("x")),
        );
        routes.get(
          "/events",
          app.counted((_request, response) => {
            response.type("text/event-stream").write("data: a\n\n");
            response.end("data: b\n\n");
          }),
        );
        routes.get(
          "/large",
          app.counted((_request, response) => response.send("x".repeat(2_000_000))),
        );
      });
      for (const path of ["/cookie", "/failed", "/thrown", "/missing", "/any", "/events", "/large"]) {
        app.calls = 0;
        for (let i = 0; i < 3; i++)
          assert.ok(!/hit/.test(String((await app.call(path)).headers["cache-status"])), path);
        assert.equal(app.calls, 3, path);
      }
      assert.equal((await app.call("/large")).body.length, 2_000_000);
      assert.equal(await app.redis.cli("--raw", "keys", "*:e:*"), "");
    });

    it("and what it varies with, whether declared or not, never gives one the answer of another", async () => {
      await app.serve(
        (routes) =>
          routes.get(
            "/lang",
            app.counted((request, response) => {
              response.vary("Accept");
              response.send(`${request.headers["accept-language"]} ${request.headers.accept}`);
            }),
          ),
        { vary: ["Accept-Language"] },
      );
      for (let round = 0; round < 3; round++) {
        for (const language of ["de", "en", "de|x=y"]) {
          for (const accept of ["a/b", "c/d"]) {
            const answer = await app.call("/lang", { "accept-language": language, accept });
            assert.equal(answer.body, `${language} ${accept}`);
            assert.equal(answer.headers["vary"], "Accept, Accept-Language");
          }
        }
        await sleep(30);
      }
      assert.equal(app.calls, 6);
    });
  });
});
