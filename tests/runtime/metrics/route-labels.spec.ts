import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type Express, Router } from "express";
import { Registry } from "prom-client";

import { httpMetrics } from "../../../runtime/metrics";
import { eventually } from "../../helpers/eventually";

/** Labels `route` of all requests, and how many requests each has, once `paths` have been asked for. */
async function routesOf(
  build: (app: Express) => void,
  paths: readonly string[],
): Promise<Record<string, number>> {
  const registry = new Registry();
  const app = express();
  app.use(httpMetrics({ registry, buckets: [1] }));
  build(app);
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const path of paths) await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer();
  const counts = async (): Promise<Record<string, number>> => {
    const { values } = (await registry.getSingleMetric("http_requests_total")?.get()) ?? { values: [] };
    return Object.fromEntries(
      values.map(({ labels, value }) => [String((labels as Record<string, string>)["route"]), value]),
    );
  };
  const sum = (routes: Record<string, number>): number => Object.values(routes).reduce((a, b) => a + b, 0);
  try {
    return await eventually("all requests counted", counts, (routes) => sum(routes) === paths.length);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function routerOf(path: string): Router {
  const router = Router();
  router.get(path, (_request, response) => void response.end());
  return router;
}

/** Spellings of a path that Express takes for the same: one for each way to write its letters large and small. */
function spellings(path: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => {
    let letter = 0;
    return path.replace(/[a-z]/g, (small) => ((number >> (letter++ % 10)) & 1 ? small.toUpperCase() : small));
  });
}

describe("labels of routes", () => {
  it("have the pattern that a router is mounted at, and not the tenants who ask", async () => {
    const tenants = Array.from({ length: 250 }, (_, tenant) => `/tenants/t${tenant}/items/1`);
    const routes = await routesOf(
      (app) => {
        app.use("/tenants/:tenant", routerOf("/items/:item"));
        app.get("/plain/:id", (_request, response) => void response.end());
      },
      [...tenants, "/plain/1"],
    );
    assert.deepEqual(routes, { "/tenants/:tenant/items/:item": 250, "/plain/:id": 1 });
  });

  it("are the same for all spellings of a path", async () => {
    const paths = spellings("/api/properties/7", 300);
    const routes = await routesOf(
      (app) => {
        app.use("/api/properties", routerOf("/:id"));
        app.use("/api/quotes", routerOf("/:id"));
      },
      [...paths, "/api/quotes/1", "/api/properties/7/"],
    );
    assert.deepEqual(routes, { "/api/properties/:id": 301, "/api/quotes/:id": 1 });
  });

  it("tell a value from a fixed part that is equal to it", async () => {
    const routes = await routesOf(
      (app) => {
        app.use("/tenants/:tenant", routerOf("/items"));
        app.use("/a/:from/to/:to", routerOf("/"));
      },
      ["/tenants/tenants/items", "/tenants/TENANTS/items", "/a/x/to/to", "/a/a/to/a", "/tenants/a%2Fb/items"],
    );
    assert.deepEqual(routes, { "/tenants/:tenant/items": 3, "/a/:from/to/:to/": 2 });
  });

  it("follow routers in routers, applications in applications and wildcards", async () => {
    const inner = Router({ mergeParams: true });
    inner.use("/rooms/:room", routerOf("/sensors/:sensor"));
    const outer = Router();
    outer.use("/floors/:floor", inner);
    const admin = express();
    admin.use("/users/:user", routerOf("/"));
    const routes = await routesOf(
      (app) => {
        app.use("/houses/:house", outer);
        app.use("/admin", admin);
        app.use("/files/*path/versions", routerOf("/:version"));
      },
      [
        "/houses/1/floors/2/rooms/3/sensors/4",
        "/houses/5/floors/5/rooms/5/sensors/5",
        "/admin/users/1",
        "/files/a/b/c/versions/1",
      ],
    );
    assert.deepEqual(routes, {
      "/houses/:house/floors/:floor/rooms/:room/sensors/:sensor": 2,
      "/admin/users/:user/": 1,
      "/files/*path/versions/:version": 1,
    });
  });

  it("stay few where a router is mounted at a regular expression, and others keep theirs", async () => {
    const paths = Array.from({ length: 300 }, (_, index) => `/r${index}/x`);
    const routes = await routesOf(
      (app) => {
        app.use(/^\/r\d+/, routerOf("/x"));
        app.get("/late", (_request, response) => void response.end());
      },
      [...paths, "/late"],
    );
    assert.equal(routes["/late"], 1);
    assert.equal(routes["*/x"], 292);
    assert.equal(Object.keys(routes).length, 10);
  });

  it("leave base address and route of a request as the application expects them", async () => {
    const seen: unknown[] = [];
    const router = Router();
    router.get("/:id", (request, response) => {
      seen.push(request.baseUrl, (request.route as { path: string }).path, request.params["id"]);
      response.end();
    });
    await routesOf((app) => void app.use("/API/:tenant", router), ["/Api/Z%C3%BCrich/7"]);
    assert.deepEqual(seen, ["/Api/Z%C3%BCrich", "/:id", "7"]);
  });
});
