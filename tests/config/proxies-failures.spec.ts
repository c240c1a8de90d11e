/** What both proxies promise, each in front of real services that fail, change or end. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../helpers/eventually";
import { freePort } from "../../cli/free-port";
import { IMPATIENT, echo, json, statuses } from "../helpers/nginx-proxy";
import type { Backend } from "../helpers/backend";
import { send } from "../helpers/send";
import { PROXIES, service } from "../helpers/proxy-contract";
import { underLoad } from "../helpers/under-load";

for (const { name, start } of PROXIES) {
  describe(`${name} and the contract of proxies: failing services`, () => {
    const named = (id: string): Promise<Backend> =>
      service((_, response) => void setTimeout(() => response.end(id), 3));

    it("fails no GET while one server is killed and another is added", async () => {
      const [first, second, third] = [await named("first"), await named("second"), await named("third")];
      const proxy = await start({ upstream: [first, second] });
      const stop = underLoad(proxy);
      await eventually("requests at both servers", () => first.connections() > 2 && second.connections() > 2);
      await first.stop();
      await pause(500);
      await proxy.reload({ upstream: [second, third] });
      await eventually("requests at the new server", () => third.connections() > 2);
      const outcomes = await stop();
      assert.deepEqual([...outcomes.keys()], [200]);
      assert.ok((outcomes.get(200) ?? 0) > 20);
    });

    it("fails nothing while it is reloaded under load", async () => {
      const upstream = [await named("first"), await named("second")];
      const proxy = await start({ upstream });
      const stop = underLoad(proxy);
      for (const maxBodyMiB of [2, 3, 4]) {
        await proxy.reload({ upstream, maxBodyMiB });
        await pause(200);
      }
      const outcomes = await stop();
      assert.deepEqual([...outcomes.keys()], [200]);
      assert.ok((outcomes.get(200) ?? 0) > 20);
    });

    it("tries a GET again when the connection breaks, and never a POST that was sent", async () => {
      const arrived: Record<string, number> = {};
      const count = (key: string): void => void (arrived[key] = (arrived[key] ?? 0) + 1);
      const breaking = await service((request) => {
        count(`broken ${request.method}`);
        request.socket.destroy();
      });
      const sound = await service((request, response) => {
        count(`sound ${request.method}`);
        request.resume().once("end", () => response.end("ok"));
      });
      const proxy = await start({ upstream: [breaking, sound] });
      const posts = await statuses(8, () => send(proxy.httpPort, "/", { method: "POST", body: "x" }));
      assert.equal((arrived["broken POST"] ?? 0) + (arrived["sound POST"] ?? 0), 8);
      assert.ok((arrived["broken POST"] ?? 0) > 0);
      assert.equal(posts.filter((status) => status === 502).length, arrived["broken POST"]);
      // Another one, which does not yet know that one of them is broken.
      const other = await start({ upstream: [breaking, sound] });
      assert.deepEqual(new Set(await statuses(8, () => send(other.httpPort, "/"))), new Set([200]));
      assert.ok((arrived["broken GET"] ?? 0) > 0);
    });

    it("answers 504 in JSON when the service is too slow, without asking another one", async () => {
      let asked = 0;
      const silent = (): void => void asked++;
      const proxy = await start({
        upstream: [await service(silent), await service(silent)],
        timeouts: IMPATIENT,
      });
      const answer = await send(proxy.httpPort, "/");
      assert.deepEqual([answer.status, json(answer)["error"], asked], [504, "Gateway Timeout", 1]);
    });

    it("answers in JSON when no server is there, and stays healthy itself", async () => {
      const proxy = await start({ upstream: [{ host: "127.0.0.1", port: await freePort() }] });
      const answer = await send(proxy.httpPort, "/");
      // HAProxy knows that there is none, or finds out.
      assert.ok([502, 503].includes(answer.status), `${answer.status}`);
      assert.equal(json(answer)["requestId"], answer.headers["x-request-id"]);
      for (const port of [proxy.httpPort, proxy.statusPort]) {
        assert.equal((await send(port, "/healthz")).status, 200);
      }
    });

    it("passes on the service's own errors, and says when to come back if the service does not", async () => {
      const upstream = await service((request, response) => {
        if (request.url === "/known") response.setHeader("Retry-After", "120");
        response.writeHead(503).end("closed for repairs");
      });
      const proxy = await start({ upstream: [upstream] });
      const [known, unknown] = [await send(proxy.httpPort, "/known"), await send(proxy.httpPort, "/")];
      assert.equal(known.body.toString(), "closed for repairs");
      assert.deepEqual([known.headers["retry-after"], unknown.headers["retry-after"]], ["120", "5"]);
      assert.ok((await proxy.accessLog(2)).every((line) => line.includes('"rejection":""')));
    });

    it("finishes what it has when it is told to stop, and takes nothing new", async () => {
      const upstream = await service((_, response) => void setTimeout(() => response.end("done"), 600));
      const proxy = await start({ upstream: [upstream] });
      let arrived = 0;
      upstream.server.on("request", ({ url }) => url === "/" && arrived++);
      const answer = send(proxy.httpPort, "/");
      await eventually("the request at the service", () => arrived === 1);
      const code = proxy.quit();
      assert.equal((await answer).body.toString(), "done");
      assert.equal(await code, 0);
      await assert.rejects(send(proxy.httpPort, "/"), { code: "ECONNREFUSED" });
    });

    it("waits for an answer longer than it waits for a slow client", async () => {
      const upstream = await service((_, response) => void setTimeout(() => response.end("late"), 1500));
      const proxy = await start({ upstream: [upstream], slowClientSeconds: 0.5 });
      assert.equal((await send(proxy.httpPort, "/")).body.toString(), "late");
    });

    it("uses its connections to the service again", async () => {
      const upstream = await service(echo);
      const proxy = await start({ upstream: [upstream] });
      const before = upstream.connections();
      assert.deepEqual(new Set(await statuses(40, () => send(proxy.httpPort, "/"))), new Set([200]));
      // Two workers or threads, and health checks meanwhile.
      assert.ok(upstream.connections() - before <= 8, `${upstream.connections() - before} for 40 requests`);
    });
  });
}
