import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { eventually } from "../../../helpers/eventually";
import { CachedApp } from "./cached-app";

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
  });
});
