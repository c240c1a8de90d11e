import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Request, RequestHandler, Response } from "express";

import { deadline } from "../../../../runtime/reference-backend/deadline";
import { eventually } from "../../../helpers/eventually";
import { CachedApp } from "./cached-app";

const pass: RequestHandler = (_request, _response, next) => next();

describe("the response cache", () => {
  const app = new CachedApp();

  describe("a write", () => {
    it("invalidates its path, and what the route declares, before its answer is there", async () => {
      let version = 1;
      await app.serve(
        (routes) => {
          for (const path of ["/api/p/1", "/api/p/2", "/api/list"]) {
            routes.get(
              path,
              app.counted((_request, response) => response.send(`${path} ${version}`)),
            );
          }
          routes.put("/api/p/:id", (_request, response) => {
            version++;
            response.status(204).end();
          });
          routes.post("/api/p/1", (_request, response) => response.status(422).end());
        },
        {
          tags: ({ path }) => (path === "/api/list" ? ["properties"] : []),
          invalidates: () => ({ tags: ["properties"] }),
        },
      );
      const all = ["/api/p/1", "/api/p/1?full=1", "/api/p/2", "/api/list"];
      for (const path of all) await app.stored(path);
      assert.equal((await app.call("/api/p/1", {}, "POST")).status, 422);
      assert.ok((await app.call("/api/p/1")).body.endsWith("1"));
      assert.equal((await app.call("/api/p/1", {}, "PUT")).status, 204);
      const after = await Promise.all(all.map(async (path) => (await app.call(path)).body.at(-1)));
      assert.deepEqual(after, ["2", "2", "1", "2"]);
    });

    it("while an answer is being made leaves nothing behind that is from before it", async () => {
      let value = "old";
      const finish: (() => void)[] = [];
      await app.serve((routes) => {
        routes.get(
          "/w",
          app.counted((_request, response) => {
            const read = value;
            if (app.calls === 1) finish.push(() => response.send(read));
            else response.send(read);
          }),
        );
        routes.put("/w", (_request, response) => {
          value = "new";
          response.end();
        });
      });
      const first = app.call("/w");
      await eventually("the first", () => finish.length === 1);
      await app.call("/w", {}, "PUT");
      assert.equal((await app.call("/w")).body, "new");
      finish[0]?.();
      assert.equal((await first).body, "old");
      await sleep(50);
      assert.equal((await app.stored("/w")).body, "new");
    });

    it("invalidates all spellings of its path that Express gives to the same handler", async () => {
      let value = 1;
      await app.serve((routes) => {
        routes.get("/api/items/:id", (_request, response) => response.json({ v: value }));
        routes.put("/api/items/:id", (_request, response) => response.json({ v: ++value }));
      });
      const spellings = ["/api/items/1", "/api/items/1/", "/API/items/1", "/api/items/%31"];
      for (const path of spellings) assert.equal((await app.stored(path)).body, '{"v":1}');
      await app.call("/Api/items/1", {}, "PUT");
      for (const path of spellings) assert.equal((await app.call(path)).body, '{"v":2}', path);
    });

    it("invalidates the tags of its own request, and the places that its answer names", async () => {
      let value = 1;
      const tags = ({ params }: Request): string[] => [`item:${String(params["id"])}`];
      await app.routed({ tags }, (routes, cached) => {
        for (const path of ["/items/:id", "/items/:id/full", "/made", "/elsewhere"]) {
          routes.get(path, cached, (_request, response) => response.send(String(value)));
        }
        routes.patch("/items/:id", cached, (_request, response) => {
          value++;
          response
            .status(303)
            .set("Location", "/made?x=1")
            .set("Content-Location", "http://other.example/elsewhere");
          response.end();
        });
      });
      const all = ["/items/7", "/items/7/full", "/made", "/elsewhere", "/items/8/full"];
      for (const path of all) await app.stored(path);
      await app.call("/items/7", {}, "PATCH");
      const bodies = await Promise.all(all.map(async (path) => (await app.call(path)).body));
      assert.deepEqual(bodies, ["2", "2", "2", "1", "1"]);
    });

    const endings: Readonly<Record<string, (response: Response) => unknown>> = {
      json: (response) => response.json({ ok: true }),
      "a look whether it is late": (response) => void (response.headersSent || response.end()),
      "an empty answer": (response) => response.status(204).end(),
      "an error": () => {
        throw new Error("late");
      },
    };
    for (const [ending, answer] of Object.entries(endings)) {
      it(`that goes on after a deadline has answered invalidates when it is done: with ${ending}`, async () => {
        let value = 1;
        let release: () => void = () => undefined;
        await app.serve(
          (routes) => {
            routes.get("/w", (_request, response) => response.send(String(value)));
            routes.put("/w", async (_request, response) => {
              await new Promise<void>((resolve) => (release = resolve));
              value++;
              answer(response);
            });
          },
          {},
          // Reads have all the time that a busy machine takes.
          (routes) =>
            routes.use((request, ...rest) =>
              (request.method === "PUT" ? deadline(50) : pass)(request, ...rest),
            ),
        );
        await app.stored("/w");
        assert.equal((await app.call("/w", {}, "PUT")).status, 503);
        // The old one is kept again before the write is done.
        assert.equal((await app.stored("/w")).body, "1");
        release();
        await eventually("the new one", async () => (await app.call("/w")).body === "2");
      });
    }

    it("of a client that left invalidates all the same", async () => {
      let value = 1;
      let arrived = false;
      let release: () => void = () => undefined;
      await app.serve((routes) => {
        routes.get("/w", (_request, response) => response.send(String(value)));
        routes.put("/w", async (_request, response) => {
          arrived = true;
          await new Promise<void>((resolve) => (release = resolve));
          value++;
          response.end();
        });
      });
      await app.stored("/w");
      const leaver = httpRequest({ host: "127.0.0.1", port: app.port, path: "/w", method: "PUT" });
      leaver.on("error", () => undefined).end();
      await eventually("the write", () => arrived);
      leaver.destroy();
      release();
      await eventually("the new one", async () => (await app.call("/w")).body === "2");
    });
  });
});
