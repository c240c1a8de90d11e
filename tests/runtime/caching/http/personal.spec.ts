import assert from "node:assert/strict";

import { CREDENTIAL_HEADERS } from "../../../../runtime/caching";
import { CachedApp } from "./cached-app";

describe("the response cache", () => {
  const app = new CachedApp();

  /** Answers with what it was asked with. */
  async function echo(header: string, options = {}): Promise<void> {
    await app.serve(
      (routes) =>
        routes.get(
          "/me",
          app.counted((request, response) => response.send(String(request.headers[header] ?? "nobody"))),
        ),
      options,
    );
  }

  describe("a request with a credential of its own", () => {
    it("is neither answered from the cache nor kept, and its answer not made public", async () => {
      await app.serve((routes) =>
        routes.get("/me", (request, response) => {
          const own = CREDENTIAL_HEADERS.map((name) => request.headers[name]).filter(Boolean);
          response.send(String(own[0] ?? "nobody"));
        }),
      );
      await app.stored("/me");
      for (const name of CREDENTIAL_HEADERS) {
        const [alice, bob] = await Promise.all(
          ["alice", "bob"].map((who) => app.call("/me", { [name]: `${who} by ${name}` })),
        );
        assert.deepEqual([alice?.body, bob?.body], [`alice by ${name}`, `bob by ${name}`]);
        assert.deepEqual(
          [alice?.headers["cache-control"], alice?.headers["cache-status"]],
          [undefined, undefined],
        );
      }
      assert.equal((await app.call("/me")).body, "nobody");
    });

    it("whatever `bypass` says, unless the answer varies with it", async () => {
      await echo("x-api-key", { bypass: () => false });
      assert.equal((await app.call("/me", { "x-api-key": "a" })).body, "a");
      assert.equal((await app.call("/me", { "x-api-key": "b" })).body, "b");
      assert.equal(await app.redis.cli("--raw", "keys", "*:e:*"), "");
    });

    it("is kept for each value apart where the answer varies with it", async () => {
      await echo("x-api-key", { vary: ["X-API-Key"] });
      for (const key of ["a", "b", "a|x-api-key=b"]) {
        const hit = await app.stored("/me", { "x-api-key": key });
        assert.deepEqual([hit.body, hit.headers["vary"]], [key, "X-Api-Key"]);
      }
      assert.equal(app.calls, 3);
    });

    it("may have another name", async () => {
      await echo("x-tenant-token", { credentialHeaders: ["X-Tenant-Token"] });
      assert.equal((await app.call("/me", { "x-tenant-token": "a" })).body, "a");
      assert.equal((await app.call("/me", { "x-tenant-token": "b" })).body, "b");
    });
  });

  it("takes no notice of cookies that say nothing about who asks, when it is told which", async () => {
    await echo("cookie", { ignoreCookies: ["_ga*", "__cf_bm"] });
    await app.stored("/me");
    for (const cookie of ["_ga=1", "_ga_X1=GS1.1; __cf_bm=a=b"]) {
      assert.equal((await app.call("/me", { cookie })).body, "nobody", cookie);
    }
    for (const cookie of ["_ga=1; session=2", "x__cf_bm=1", "", "session=2"]) {
      const { body } = await app.call("/me", { cookie });
      assert.equal(body, cookie, cookie);
    }
  });

  it("takes no notice of parameters that make no difference, when it is told which", async () => {
    await app.serve(
      (routes) =>
        routes.get(
          "/q",
          app.counted((_request, response) => response.send("x")),
        ),
      {
        ignoreQuery: ["utm_*"],
      },
    );
    await app.stored("/q?page=1&utm_source=a");
    assert.match(String((await app.call("/q?utm_source=b&page=1")).headers["cache-status"]), /hit/);
    assert.equal(app.calls, 1);
  });

  it("goes past a GET with a body, which no key holds", async () => {
    await echo("content-length");
    await app.stored("/me");
    const got = await app.call("/me", { "content-length": "0" });
    assert.match(String(got.headers["cache-status"]), /hit/);
    const chunked = await app.call("/me", { "transfer-encoding": "chunked" });
    assert.equal(chunked.headers["cache-status"], undefined);
  });

  describe("behind a trusted proxy", () => {
    it("answers for the host and the scheme that the client asked", async () => {
      await app.serve(
        (routes) =>
          routes.get("/link", (request, response) => response.send(`${request.protocol}://${request.host}/`)),
        {},
        (routes) => routes.set("trust proxy", true),
      );
      const evil = { host: "inner", "x-forwarded-host": "evil.example" };
      assert.equal((await app.stored("/link", evil)).body, "http://evil.example/");
      const good = { host: "inner", "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" };
      assert.equal((await app.stored("/link", good)).body, "https://shop.example/");
      assert.equal(
        (await app.stored("/link", { ...good, "x-forwarded-proto": "http" })).body,
        "http://shop.example/",
      );
      assert.equal((await app.stored("/link", { host: "inner" })).body, "http://inner/");
    });

    it("and takes nobody else's word for it", async () => {
      await app.serve((routes) =>
        routes.get(
          "/link",
          app.counted((request, response) => response.send(request.host)),
        ),
      );
      await app.stored("/link", { host: "inner" });
      const got = await app.call("/link", { host: "inner", "x-forwarded-host": "evil.example" });
      assert.deepEqual([got.body, app.calls], ["inner", 1]);
    });
  });

  it("takes headers away again that a handler took away", async () => {
    await app.serve(
      (routes) =>
        routes.get("/embed", (_request, response) => {
          response.removeHeader("X-Frame-Options");
          response.send("frame");
        }),
      {},
      (routes) =>
        routes.use((_request, response, next) => {
          response.setHeader("X-Frame-Options", "SAMEORIGIN").setHeader("X-Other", "1");
          next();
        }),
    );
    const { headers } = await app.stored("/embed");
    assert.deepEqual([headers["x-frame-options"], headers["x-other"]], [undefined, "1"]);
  });

  it("keeps no header that the handler names as one of the connection", async () => {
    await app.serve((routes) =>
      routes.get("/hop", (_request, response) => {
        response.setHeader("Connection", "X-Hop").setHeader("X-Hop", "1").setHeader("X-End", "1").send("x");
      }),
    );
    const { headers } = await app.stored("/hop");
    assert.deepEqual([headers["x-hop"], headers["x-end"]], [undefined, "1"]);
  });
});
