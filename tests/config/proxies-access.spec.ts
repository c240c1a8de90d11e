/** What the access log tells: both proxies with the rendered configuration, beside them the real exporter with its rendered program. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { ACCESS_SERIES } from "../../budget/load-balancing/access-metrics";
import { freePort } from "../../cli/free-port";
import { startAccessExporter, type RunningAccessExporter } from "../helpers/access-exporter";
import { eventually } from "../helpers/eventually";
import { IMPATIENT, rendered, started, statuses } from "../helpers/nginx-proxy";
import { PROXIES, service, type ProxyOptions, type RunningProxy } from "../helpers/proxy-contract";
import { send } from "../helpers/send";

const BUCKETS = [0.1, 0.25, 1];

const ROUTES = [
  { service: "backend", route: "/", open: false },
  { service: "backend", route: "/socket.io", open: true },
  { service: "orders", route: "/orders", open: false },
];

/** Answers as its path says: a status, or a number of milliseconds and then 200. */
const says = (): ReturnType<typeof service> =>
  service((request, response) => {
    const [, status, wait] = /\/([2-5]\d\d)(?:\/(\d+))?$/.exec(request.url ?? "") ?? [];
    request
      .resume()
      .once("end", () =>
        setTimeout(() => response.writeHead(Number(status ?? 200)).end("answer"), Number(wait ?? 0)),
      );
  });

for (const { proxy: kind, name, start } of PROXIES) {
  describe(`${name} and the exporter of its access log`, function () {
    this.timeout(30_000);
    let exporter: RunningAccessExporter;

    beforeEach(async () => {
      exporter = await startAccessExporter({ proxy: kind, routes: ROUTES, buckets: BUCKETS });
      started.push(exporter);
    });

    async function inFront(change: Partial<ProxyOptions> = {}): Promise<RunningProxy> {
      return start({
        upstream: [await says()],
        serviceName: "backend",
        accessExporter: exporter.log,
        services: [
          {
            name: "orders",
            hosts: [],
            paths: ["/orders"],
            routes: [],
            upstream: [await says()],
            timeouts: rendered.timeouts,
            maxBodyMiB: 1,
            upstreamKeepAlive: 4,
          },
        ],
        ...change,
      });
    }

    /** Answers by class of a path. */
    const answers = (code: string, of = 'route="/",service="backend"'): string =>
      `${ACCESS_SERIES.requests}{code="${code}",${of}}`;
    const refused = (status: number, reason = "", of = 'route="/",service="backend"'): string =>
      `${ACCESS_SERIES.refusals}{reason="${reason}",${of},status="${status}"}`;
    const times = (suffix: string, of = 'route="/",service="backend"'): string =>
      `${ACCESS_SERIES.duration}_${suffix.replace("{", `{${of},`)}`;

    async function becomes(expected: Readonly<Record<string, number>>): Promise<Map<string, number>> {
      const keys = Object.keys(expected);
      let found = new Map<string, number>();
      const shown = async (): Promise<Record<string, number | undefined>> => {
        found = await exporter.series();
        return Object.fromEntries(keys.map((key) => [key, found.get(key)]));
      };
      await eventually(
        `${JSON.stringify(expected)}`,
        shown,
        (now) => keys.every((key) => now[key] === expected[key]),
        { withinMs: 5000 },
      );
      return found;
    }

    it("counts answers by service, path and class, and has every series before the first request", async () => {
      const proxy = await inFront();
      await send(proxy.httpPort, "/healthz");
      await becomes({ [answers("5xx")]: 0, [answers("5xx", 'route="/orders",service="orders"')]: 0 });
      await statuses(5, () => send(proxy.httpPort, "/200"));
      await statuses(3, () => send(proxy.httpPort, "/404"));
      await statuses(2, () => send(proxy.httpPort, "/orders/503"));
      await send(proxy.httpPort, "/orders/201?token=secret");
      const found = await becomes({
        [answers("2xx")]: 5,
        [answers("4xx")]: 3,
        [answers("5xx")]: 0,
        [answers("2xx", 'route="/orders",service="orders"')]: 1,
        [answers("5xx", 'route="/orders",service="orders"')]: 2,
        [times("count{}").replace(",}", "}")]: 8,
      });
      // What the service answers by itself is no refusal.
      assert.deepEqual(
        [...found].filter(([key, value]) => key.startsWith(ACCESS_SERIES.refusals) && value > 0),
        [],
      );
      assert.ok((await proxy.accessLog(11)).every((line) => !line.includes("healthz")));
    });

    it("counts what the proxy refuses by itself, and why", async () => {
      const proxy = await inFront({ rateLimit: { requestsPerSecond: 0.1, burst: 2, connections: 50 } });
      const found = await statuses(6, () => send(proxy.httpPort, "/200"));
      const denied = found.filter((status) => status === 429).length;
      assert.ok(denied > 0 && denied < 6, found.join());
      await becomes({
        [answers("2xx")]: 6 - denied,
        [answers("4xx")]: denied,
        [refused(429, "rate limit: requests")]: denied,
      });
    });

    it("counts bodies that are too large, and paths and names that are nobody's", async () => {
      const proxy = await inFront({ hosts: ["app.example.org", "127.0.0.1"] });
      const { status } = await send(proxy.httpPort, "/200", {
        method: "POST",
        body: Buffer.alloc(2 * 1024 * 1024),
      });
      assert.equal(status, 413);
      await send(proxy.httpPort, "/metrics");
      await send(proxy.httpPort, "/200", { headers: { host: "evil.example.org" } });
      const sum = async (of: string): Promise<number> =>
        [...(await exporter.series())]
          .filter(([key]) => key.startsWith(ACCESS_SERIES.refusals) && key.includes(`status="${of}"`))
          .reduce((all, [, value]) => all + value, 0);
      for (const refusal of ["413", "404", "421"]) {
        await eventually(
          refusal,
          () => sum(refusal),
          (value) => value === 1,
        );
      }
      await becomes({ [refused(421, "", 'route="",service="none"')]: 1 });
    });

    it("counts a service that is away, too slow or full as errors, although it says nothing", async () => {
      const away = await inFront({ upstream: [{ host: "127.0.0.1", port: await freePort() }] });
      const { status } = await send(away.httpPort, "/200");
      assert.ok([502, 503].includes(status));
      const slow = await inFront({ timeouts: IMPATIENT });
      assert.equal((await send(slow.httpPort, "/200/2000")).status, 504);
      await becomes({ [answers("5xx")]: 2, [refused(504)]: 1 });
      assert.equal((await exporter.series()).get(times("count{}").replace(",}", "}")), undefined);
    });

    it("puts a slow answer into the right bucket, and what stays open into none", async () => {
      const proxy = await inFront();
      await send(proxy.httpPort, "/200");
      await send(proxy.httpPort, "/200/150");
      await send(proxy.httpPort, "/200/400");
      await send(proxy.httpPort, "/socket.io/200/400");
      const found = await becomes({
        [times('bucket{le="0.1"}')]: 1,
        [times('bucket{le="0.25"}')]: 2,
        [times('bucket{le="1"}')]: 3,
        [times('bucket{le="+Inf"}')]: 3,
        [answers("2xx", 'route="/socket.io",service="backend"')]: 1,
      });
      assert.ok(
        ![...found.keys()].some(
          (key) => key.startsWith(`${ACCESS_SERIES.duration}_`) && key.includes("socket.io"),
        ),
      );
    });

    it("counts a second attempt with the first, as one answer", async () => {
      const breaking = await service((request) => request.socket.destroy());
      const late = await service((request) => void setTimeout(() => request.socket.destroy(), 150));
      const proxy = await inFront({ upstream: [breaking, late, await says()] });
      const found = await statuses(8, () => send(proxy.httpPort, "/200"));
      const answered = found.filter((status) => status === 200).length;
      assert.ok(answered > 0);
      const series = await becomes({ [answers("2xx")]: answered, [answers("5xx")]: 8 - answered });
      // Each answer has a time, whichever attempt it came of.
      assert.equal(series.get(times("count{}").replace(",}", "}")), answered);
    });

    it("does not take a slow client for a slow service", async () => {
      const proxy = await inFront({
        admission: { maxConnections: 50, serverMaxConnections: 50, queue: 50, queueSeconds: 1 },
      });
      const body = Buffer.alloc(200_000);
      const { status } = await send(proxy.httpPort, "/200", {
        method: "POST",
        headers: { "content-length": String(body.length) },
        body: (request) => {
          for (const part of [0, 1, 2, 3]) {
            setTimeout(() => {
              request.write(body.subarray(part * 50_000, (part + 1) * 50_000));
              if (part === 3) request.end();
            }, part * 200);
          }
        },
      });
      assert.equal(status, 200);
      const found = await becomes({ [answers("2xx")]: 1 });
      // nginx waits for the body before it asks the service; HAProxy does not, and counts no time.
      assert.equal(found.get(times('bucket{le="0.25"}')), kind === "nginx" ? 1 : undefined);
      assert.equal(found.get(times('bucket{le="+Inf"}')), kind === "nginx" ? 1 : undefined);
    });

    it("is told nothing by a client, whatever that one sends", async () => {
      const proxy = await inFront();
      const hostile = [
        `/200?" 503 "overload" 9.000`,
        `/%22%20503%20%22overload%22%200.001`,
        `/orders","status":"503","rejection":"","answered":""`,
        `/%0aaccess%20%22backend/%22%20503%20%22%22%20-%0a`,
        `/${"a".repeat(3000)}`,
      ].map((path) => path.replaceAll(" ", "%20"));
      const text = 'access "backend/" 503 "overload" 0.001';
      for (const path of hostile) {
        await send(proxy.httpPort, path, {
          headers: {
            "user-agent": text,
            referer: text,
            "x-request-id": text,
            "x-forwarded-for": text,
            cookie: text,
          },
        });
      }
      await send(proxy.httpPort, "/200", { headers: { host: `x" 503 "overload" 1.000` } });
      await send(proxy.httpPort, "/404");
      const found = await eventually(
        "all requests are counted",
        () => exporter.series(),
        (series) =>
          [...series].reduce(
            (sum, [key, value]) => sum + (key.startsWith(ACCESS_SERIES.requests) ? value : 0),
            0,
          ) >=
          hostile.length + 2,
        { withinMs: 5000 },
      );
      const services = new Set(
        Array.from(found.keys(), (key) => /service="([^"]*)"/.exec(key)?.[1] ?? "none"),
      );
      assert.deepEqual(
        [...services].filter((one) => !["backend", "orders", "none"].includes(one)),
        [],
      );
      assert.equal(found.get(answers("5xx")) ?? 0, 0);
      assert.deepEqual(
        [...found.keys()].filter(
          (key) => /overload|"503"|code="5xx".*none/.test(key) && (found.get(key) ?? 0) > 0,
        ),
        [],
      );
    });

    it("may end, hang and come back: the proxy does not notice", async () => {
      const proxy = await inFront();
      await exporter.stop();
      const begun = Date.now();
      assert.deepEqual(new Set(await statuses(50, () => send(proxy.httpPort, "/200"))), new Set([200]));
      assert.ok(Date.now() - begun < 5000);
      exporter = await startAccessExporter({ proxy: kind, routes: ROUTES, buckets: BUCKETS }, exporter);
      started.push(exporter);
      await pause(100);
      await statuses(10, () => send(proxy.httpPort, "/200"));
      const counted = await eventually(
        "it is heard again",
        async () => (await exporter.series()).get(answers("2xx")) ?? 0,
        // A datagram that was refused closes the socket; the next one opens another.
        (value) => value >= 8,
      );
      assert.ok(counted <= 10);
    });
  });
}
