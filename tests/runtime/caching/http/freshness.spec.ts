import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { parseHttpDate } from "../../../../runtime/caching/http/http-date";
import { eventually } from "../../../helpers/eventually";
import { type Answer, CachedApp } from "./cached-app";

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

describe("the response cache", () => {
  const app = new CachedApp();
  type Headers = Record<string, string | string[]>;

  /** Serves answers with these headers at `/<name>`. */
  async function serveEach(answers: Record<string, Headers>, options = {}): Promise<void> {
    await app.serve(
      (routes) =>
        routes.get(
          "/:name",
          app.counted((request, response) => {
            for (const [name, value] of Object.entries(answers[String(request.params["name"])] ?? {})) {
              response.setHeader(name, value);
            }
            response.send("x");
          }),
        ),
      options,
    );
  }

  const stateOf = ({ headers }: Answer): string => String(headers["cache-status"] ?? "");

  /** How long an answer is in Redis, milliseconds; 0 when it is not kept. */
  async function kept(name: string): Promise<number> {
    const keys = (await app.redis.cli("--raw", "keys", `*:e:*/${name}|*`)).trim();
    return keys === "" ? 0 : Number(await app.redis.cli("pttl", keys));
  }

  describe("an answer that says it has expired", () => {
    const answers: Record<string, Headers> = {
      past: { Expires: inSeconds(-86_400) },
      now: { Expires: inSeconds(0) },
      zero: { Expires: "0" },
      minus: { Expires: "-1", Pragma: "no-cache" },
      pragma: { Pragma: "no-cache" },
      "before-it-was-made": { Expires: inSeconds(300), Date: inSeconds(400) },
      words: { Expires: "tomorrow" },
      utc: { Expires: inSeconds(3600).replace("GMT", "UTC") },
      "lower-case": { Expires: inSeconds(3600).toLowerCase() },
      "no-seconds": { Expires: inSeconds(3600).replace(/:\d\d GMT/, " GMT") },
      "one-digit": { Expires: "Fri, 1 Jan 2100 00:00:00 GMT" },
      offset: { Expires: inSeconds(3600).replace("GMT", "+0000") },
      iso: { Expires: new Date(Date.now() + 3_600_000).toISOString() },
      "31-february": { Expires: "Mon, 31 Feb 2101 00:00:00 GMT" },
      two: { Expires: [inSeconds(3600), inSeconds(7200)] },
      "max-age-0": { "Cache-Control": "max-age=0", Expires: inSeconds(3600) },
    };

    it("is not kept, not given to another at the same time, and never made public", async () => {
      await serveEach(answers);
      for (const [name, headers] of Object.entries(answers)) {
        app.calls = 0;
        const got = await Promise.all([app.call(`/${name}`), app.call(`/${name}`)]);
        got.push(await app.call(`/${name}`));
        assert.equal(app.calls, 3, name);
        for (const one of got) {
          assert.ok(!/hit|collapsed|stored/.test(stateOf(one)), name);
          assert.equal(one.headers["cache-control"], headers["Cache-Control"], name);
        }
      }
      assert.equal(await app.redis.cli("--raw", "keys", "*:e:*"), "");
    });
  });

  describe("an answer that says how long it is fresh", () => {
    it("is kept so long, from when it was made, and not stale after", async () => {
      const answers: Record<string, [headers: Headers, least: number, most: number]> = {
        expires: [{ Expires: inSeconds(100) }, 95_000, 100_000],
        "expires-date": [{ Expires: inSeconds(1000), Date: inSeconds(-100) }, 995_000, 1_000_000],
        "asctime-date": [{ Expires: "Fri Jan  1 00:00:00 2100" }, 2_000_000_000, 2_592_000_000],
        "max-age": [{ "Cache-Control": "max-age=50" }, 45_000, 50_000],
        "max-age-first": [{ "Cache-Control": "max-age=50", Expires: "0" }, 45_000, 50_000],
        "s-maxage": [
          { "Cache-Control": "max-age=500, s-maxage=50, stale-while-revalidate=100" },
          45_000,
          50_000,
        ],
        revalidate: [{ "Cache-Control": "max-age=50, stale-while-revalidate=100" }, 145_000, 150_000],
        age: [{ "Cache-Control": "max-age=100", Age: "60" }, 35_000, 40_000],
        "two-ages": [{ "Cache-Control": "max-age=100", Age: ["60", "0"] }, 35_000, 40_000],
        "no-age": [{ "Cache-Control": "max-age=100", Age: "-60" }, 95_000, 100_000],
        "old-date": [{ "Cache-Control": "max-age=100", Date: inSeconds(-60) }, 30_000, 40_000],
        "very-long": [{ "Cache-Control": "max-age=99999999999" }, 2_591_000_000, 2_592_000_000],
        "too-old": [{ "Cache-Control": "max-age=100", Age: "200" }, 0, 0],
        silent: [{}, 355_000, 360_000],
      };
      await serveEach(
        Object.fromEntries(Object.entries(answers).map(([name, [headers]]) => [name, headers])),
      );
      for (const [name, [, least, most]] of Object.entries(answers)) {
        await app.call(`/${name}`);
        if (most > 0) await eventually(name, async () => (await kept(name)) > 0);
        const left = await kept(name);
        // An Expires of whole seconds, and the way there, take up to two.
        assert.ok(left >= Math.max(0, least - 2000) && left <= most, `${name}: ${left}`);
      }
    });

    it("is not re-labelled", async () => {
      const expires = inSeconds(1000);
      await serveEach({ expires: { Expires: expires } });
      const hit = await app.stored("/expires");
      assert.deepEqual([hit.headers["expires"], hit.headers["cache-control"]], [expires, undefined]);
    });

    it("is gone when its time is over, though the cache keeps others stale", async () => {
      await serveEach({ short: { "Cache-Control": "max-age=1" }, shared: { "Cache-Control": "s-maxage=1" } });
      await app.stored("/short");
      await app.stored("/shared");
      await sleep(1100);
      for (const path of ["/short", "/shared"]) assert.match(stateOf(await app.call(path)), /fwd=miss/);
    });

    it("comes with all of its age, and the date it had", async () => {
      const date = inSeconds(-100);
      await serveEach({ old: { "Cache-Control": "max-age=1000", Age: "300", Date: date } });
      const { headers } = await app.stored("/old");
      assert.ok(Number(headers["age"]) >= 300 && Number(headers["age"]) <= 302);
      assert.equal(headers["date"], date);
    });
  });

  it("passes on what is for other caches: CDN-Cache-Control", async () => {
    await serveEach({ cdn: { "Cache-Control": "max-age=60", "CDN-Cache-Control": "max-age=600" } });
    assert.equal((await app.stored("/cdn")).headers["cdn-cache-control"], "max-age=600");
  });
});

describe("HTTP dates", () => {
  it("are read in the three forms that there are, and in no other", () => {
    const time = Date.UTC(1994, 10, 6, 8, 49, 37);
    assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), time);
    assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), time);
    assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994"), time);
    for (const none of [
      "",
      "0",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT",
    ]) {
      assert.equal(parseHttpDate(none), undefined, none);
    }
  });
});
