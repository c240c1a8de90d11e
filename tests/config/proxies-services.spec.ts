/** What both proxies promise in front of several services, each at hosts and paths of its own. */
import assert from "node:assert/strict";
import type { RateLimit } from "../../budget/load-balancing/proxy-limits";
import { freePort } from "../../cli/free-port";
import { IMPATIENT, json, rendered, statuses } from "../helpers/nginx-proxy";
import { onEveryProtocol, service, type BesideService, type ProxyOptions } from "../helpers/proxy-contract";
import type { Answer } from "../helpers/send";

onEveryProtocol(({ start }, { send }) => {
  describe("several services", () => {
    const says = (word: string): ReturnType<typeof service> =>
      service((request, response) => {
        request.resume().once("end", () => response.end(`${word} ${request.url}`));
      });

    const beside = (
      name: string,
      upstream: ProxyOptions["upstream"],
      change: Partial<BesideService> = {},
    ): BesideService => ({
      name,
      hosts: [],
      paths: [],
      routes: [],
      upstream,
      timeouts: rendered.timeouts,
      maxBodyMiB: 1,
      upstreamKeepAlive: 4,
      ...change,
    });
    const at = (host: string): { headers: Record<string, string> } => ({ headers: { host } });

    it("gives a host to one service, paths of others to another, and the rest to its own", async () => {
      const [own, api, admin, deep] = [
        await says("own"),
        await says("api"),
        await says("admin"),
        await says("deep"),
      ];
      const proxy = await start({
        upstream: [own],
        services: [
          beside("api", [api], { paths: ["/api"] }),
          beside("admin", [admin], { hosts: ["admin.example.org"] }),
          beside("deep", [deep], {
            hosts: ["app.example.org", "other.example.org"],
            paths: ["/api/v2/", "/b"],
          }),
        ],
      });
      const asked: [host: string, path: string][] = [
        ["app.example.org", "/"],
        ["app.example.org", "/api"],
        ["app.example.org", "/api/v1?q=/b"],
        ["app.example.org", "/%61pi%2fx"],
        ["app.example.org", "/apis"],
        ["app.example.org", "/api/v2"],
        ["app.example.org", "/api/v2/x"],
        ["app.example.org", "/api/v23"],
        ["other.example.org", "/b/c"],
        ["APP.example.org", "/b"],
        ["third.example.org", "/b"],
        ["third.example.org", "/api/v2/x"],
        ["admin.example.org", "/"],
        ["admin.example.org", "/api/v2"],
        ["sub.admin.example.org", "/"],
      ];
      const found: string[] = [];
      for (const [host, path] of asked) found.push((await send(proxy, path, at(host))).body.toString());
      assert.deepEqual(found, [
        "own /",
        "api /api",
        "api /api/v1?q=/b",
        "api /%61pi%2fx",
        "own /apis",
        "deep /api/v2",
        "deep /api/v2/x",
        "api /api/v23",
        "deep /b/c",
        "deep /b",
        "own /b",
        "api /api/v2/x",
        "admin /",
        "admin /api/v2",
        "own /",
      ]);
    });

    it("answers no host that is nobody's, and keeps what is private to the cluster at every host", async () => {
      const [own, admin] = [await says("own"), await says("admin")];
      const proxy = await start({
        upstream: [own],
        hosts: ["app.example.org", "admin.example.org"],
        services: [beside("admin", [admin], { hosts: ["admin.example.org"] })],
      });
      const status = async (host: string, path: string): Promise<number> =>
        (await send(proxy, path, at(host))).status;
      assert.deepEqual(
        [
          await status("app.example.org", "/"),
          await status("admin.example.org", "/"),
          await status("evil.example.org", "/"),
          await status("admin.example.org", "/metrics"),
          await status("app.example.org", "/metrics"),
        ],
        [200, 200, 421, 404, 404],
      );
    });

    it("waits for each service as long as that one may take, and bounds its bodies by its own size", async () => {
      const slow = (): ReturnType<typeof service> =>
        service((request, response) => {
          request.resume().once("end", () => setTimeout(() => response.end("late"), 1200));
        });
      const proxy = await start({
        upstream: [await slow()],
        services: [
          beside("quick", [await slow()], { paths: ["/quick"], timeouts: IMPATIENT, maxBodyMiB: 2 }),
          beside("large", [await says("large")], { hosts: ["large.example.org"], maxBodyMiB: 3 }),
        ],
      });
      const [own, quick] = await Promise.all([send(proxy, "/"), send(proxy, "/quick")]);
      assert.deepEqual([own.status, quick.status, json(quick)["error"]], [200, 504, "Gateway Timeout"]);
      const body = (mib: number): { method: string; body: Buffer } => ({
        method: "POST",
        body: Buffer.alloc(mib * 1024 * 1024, "x"),
      });
      const large = (mib: number): Promise<Answer> =>
        send(proxy, "/", { ...body(mib), ...at("large.example.org") });
      const sent = [await send(proxy, "/", body(1.5)), await large(2.5), await large(3.5)];
      assert.deepEqual(
        sent.map(({ status }) => status),
        [413, 200, 413],
      );
    });

    it("keeps open what a service keeps open, at its hosts alone", async () => {
      const events: Parameters<typeof service>[0] = (request, response) => {
        request.resume();
        response.write("first\n");
        setTimeout(() => response.end(`last ${request.url}`), 1000);
      };
      const proxy = await start({
        upstream: [await service(events)],
        timeouts: IMPATIENT,
        services: [
          beside("live", [await service(events)], {
            hosts: ["live.example.org"],
            timeouts: IMPATIENT,
            routes: [{ path: "/events", kind: "sse" }],
          }),
        ],
      });
      const [open, elsewhere, ordinary] = await Promise.all([
        send(proxy, "/events/1", at("live.example.org")),
        send(proxy, "/events/1").catch(String),
        send(proxy, "/other", at("live.example.org")).catch(String),
      ]);
      assert.equal(open.body.toString(), "first\nlast /events/1");
      // Cut off in the middle: silent for longer than half a second.
      for (const cut of [elsewhere, ordinary]) {
        const text = typeof cut === "string" ? cut : cut.body.toString();
        assert.ok(!text.includes("last"), text);
      }
    });

    it("counts the requests of a service with a limit of its own apart from all others", async () => {
      const limit: RateLimit = { requestsPerSecond: 0.1, burst: 2, connections: 50 };
      const proxy = await start({
        upstream: [await says("own")],
        services: [
          beside("limited", [await says("limited")], { paths: ["/limited"], limit }),
          beside("shared", [await says("shared")], { paths: ["/shared"] }),
        ],
      });
      const found = await statuses(6, () => send(proxy, "/limited"));
      assert.equal(found[0], 200);
      assert.equal(found.at(-1), 429);
      assert.deepEqual(await statuses(6, () => send(proxy, "/shared")), Array(6).fill(200));
      assert.deepEqual(await statuses(6, () => send(proxy, "/")), Array(6).fill(200));
    });

    it("refuses what is too much for one service, and nothing of the others while it fails or is full", async () => {
      let held = 0;
      const stuck = await service((_, response) => {
        held++;
        setTimeout(() => response.end("stuck"), 1500);
      });
      const one = { maxConnections: 1, serverMaxConnections: 1, queue: 1, queueSeconds: 0.3 };
      const proxy = await start({
        upstream: [await says("own")],
        services: [
          beside("stuck", [stuck], { paths: ["/stuck"], admission: one }),
          beside("dead", [{ host: "127.0.0.1", port: await freePort() }], { paths: ["/dead"] }),
        ],
      });
      const asked = Promise.all(Array.from({ length: 6 }, () => send(proxy, "/stuck")));
      const dead = await send(proxy, "/dead");
      assert.ok([502, 503].includes(dead.status), `${dead.status}`);
      assert.deepEqual(await statuses(10, () => send(proxy, "/")), Array(10).fill(200));
      const found = (await asked).map(({ status }) => status);
      assert.deepEqual([...new Set(found)].sort(), [200, 503]);
      assert.ok(held <= 3, `${held} at the service`);
      const log = await proxy.accessLog(17);
      assert.ok(log.some((line) => line.includes('"rejection":"overload"')));
    });
  });
});
