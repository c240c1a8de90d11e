/** What only HAProxy does, and its configuration as HAProxy reads it. */
import assert from "node:assert/strict";
import { timeoutChain } from "../../budget/timeouts/timeouts";
import {
  HAPROXY_LOG_CODES,
  HAPROXY_LOG_FIELDS,
  HAPROXY_LOG_NUMBERS,
} from "../../components/load-balancing/proxy/haproxy/haproxy-clients";
import {
  haProxyConf,
  type HaProxyConfArgs,
} from "../../components/load-balancing/proxy/haproxy/haproxy-conf";
import { makeCertificate } from "../helpers/certificates";
import { startDns, type DnsServer } from "../helpers/dns-server";
import {
  checkHaProxyConf,
  startHaProxy,
  type RenderedHaProxy,
  type RunningHaProxy,
} from "../helpers/haproxy-server";
import { eventually } from "../helpers/eventually";
import { freePort } from "../../cli/free-port";
import { UNTRUSTED, echo, started, statuses } from "../helpers/nginx-proxy";
import type { Backend } from "../helpers/backend";
import { onEveryVersion } from "../helpers/programs";
import { send } from "../helpers/send";
import { haProxyArgs, service } from "../helpers/proxy-contract";

async function haproxy(args: RenderedHaProxy): Promise<RunningHaProxy> {
  const proxy = await startHaProxy(args);
  started.push(proxy);
  return proxy;
}

onEveryVersion("haproxy", () => {
  describe("haproxy.cfg, read by HAProxy", () => {
    const upstream = [{ host: "127.0.0.1", port: 3000 }];
    const text = (change: Partial<HaProxyConfArgs>): string =>
      haProxyConf({ ...haProxyArgs({ upstream }), scratch: "$SCRATCH", ...change });

    const accepted: [string, Partial<HaProxyConfArgs>][] = [
      ["the plainest case", { trustedProxies: [], routes: [] }],
      [
        "TLS in front, every kind of route and trusted ranges of both families",
        {
          headers: { owner: "proxy", hsts: true },
          routes: [
            { path: "/socket.io/", kind: "websocket" },
            { path: "/events", kind: "sse" },
            { path: "/quotes.Quotes/", kind: "grpc", port: 50051 },
          ],
          trustedProxies: ["10.0.0.0/8", "2001:db8::/32"],
        },
      ],
      [
        "a bound on what is under way",
        { admission: { maxConnections: 9, serverMaxConnections: 2, queue: 5, queueSeconds: 1 } },
      ],
      [
        "several servers of both families",
        {
          upstream: [
            { host: "127.0.0.1", port: 3000 },
            { host: "::1", port: 3001 },
          ],
        },
      ],
      ["the timeout chain of AWS", { timeouts: timeoutChain({ maxRequestSeconds: 0.25, cloud: "aws" }) }],
    ];
    for (const [name, change] of accepted) {
      it(`is accepted with ${name}`, async () => {
        const { code, output } = await checkHaProxyConf(text(change));
        assert.equal(code, 0, output);
        assert.match(output, /Configuration file is valid/);
        assert.doesNotMatch(output, /\[(WARNING|ALERT)\]/);
      });
    }

    it("is accepted with TLS, and names that are looked up while it runs", async () => {
      const certificate = await makeCertificate("app.example.org");
      started.push(certificate);
      const { code, output } = await checkHaProxyConf(
        text({
          tls: { certificate: certificate.certificate, key: certificate.key, plainPort: "redirect" },
          upstream: [{ host: "backend-pods.invalid", port: 3000 }],
          dns: { slots: 2 },
          fleet: { maxReplicas: 3, host: "haproxy-load-balancer-pods.invalid" },
        }),
      );
      assert.equal(code, 0, output);
      // Nobody knows the name while it starts; that is the one thing to warn of.
      const warnings = output.split("\n").filter((line) => /\[(WARNING|ALERT)\]/.test(line));
      assert.ok(
        warnings.every((line) => line.includes("could not resolve address 'backend-pods.invalid'")),
        output,
      );
    });

    it("has one line for what a service is called, whatever the name holds", async () => {
      const { output } = await checkHaProxyConf(
        text({ upstream: [{ host: "a\nlisten b\n  bind :1", port: 1 }] }),
      );
      assert.doesNotMatch(output, /valid/);
      assert.doesNotMatch(text({ upstream: [{ host: "a\nlisten b", port: 1 }] }), /^listen b/m);
    });
  });

  describe("HAProxy and the pods of a service", () => {
    const NAME = "backend-pods.example";
    const FLEET = "fleet.example";
    let dns: DnsServer;
    beforeEach(async () => {
      dns = await startDns();
      started.push(dns);
    });

    it("finds pods by DNS while it runs: first none, then two, then another one", async () => {
      const first = await service((_, response) => response.end("first"), { host: "127.0.0.11", port: 0 });
      const at = (host: string): { host: string; port: number } => ({ host, port: first.port });
      const pods: Backend[] = [first];
      for (const name of ["second", "third"]) {
        pods.push(
          await service(
            (_, response) => response.end(name),
            at(name === "second" ? "127.0.0.12" : "127.0.0.13"),
          ),
        );
      }
      const proxy = await haproxy({
        ...haProxyArgs({ upstream: [{ host: NAME, port: first.port }] }),
        dns: { slots: 4, nameserver: dns.address },
      });
      const answers = async (): Promise<string> => {
        const found = new Set<string>();
        for (let i = 0; i < 12; i++) {
          const { status, body } = await send(proxy.httpPort, "/");
          found.add(status === 200 ? body.toString() : `${status}`);
        }
        return [...found].sort().join(" ");
      };
      assert.equal(await answers(), "503");
      dns.names.set(NAME, ["127.0.0.11", "127.0.0.12"]);
      await eventually("both pods of the first answer", answers, (found) => found === "first second");
      dns.names.set(NAME, ["127.0.0.12", "127.0.0.13"]);
      await eventually("both pods of the second answer", answers, (found) => found === "second third");
    });

    it("takes a pod that says it is not ready out, and puts it back", async () => {
      let ready = true;
      const sick = await service(() => undefined);
      sick.server.removeAllListeners("request");
      sick.server.on("request", ({ url }, response) => {
        response.writeHead(url !== "/ready" || ready ? 200 : 503).end("sick");
      });
      const sound = await service((_, response) => response.end("sound"));
      const proxy = await haproxy(haProxyArgs({ upstream: [sick, sound] }));
      const bodies = async (): Promise<string> => {
        const found = new Set<string>();
        for (let i = 0; i < 8; i++) found.add((await send(proxy.httpPort, "/")).body.toString());
        return [...found].sort().join(" ");
      };
      assert.equal(await bodies(), "sick sound");
      ready = false;
      await eventually("the pod that is not ready is out", bodies, (found) => found === "sound");
      ready = true;
      await eventually("it is back", bodies, (found) => found === "sick sound");
    });

    it("divides the rate limit by the pods of the proxy that are ready now", async () => {
      const upstream = [await service(echo)];
      const proxy = await haproxy({
        ...haProxyArgs({ upstream }),
        dns: { slots: 1, nameserver: dns.address },
        rateLimit: { window: { requests: 12, seconds: 600 }, connections: 100 },
        fleet: { maxReplicas: 6, host: FLEET },
        upstream: [{ host: NAME, port: upstream[0]?.port ?? 0 }],
      });
      dns.names.set(NAME, ["127.0.0.1"]);
      // Each time another address, for none may ask often.
      let host = 100;
      await eventually(
        "a request that is let through",
        () => send(proxy.httpPort, "/", { from: `127.0.0.${host++}` }),
        ({ status }) => status === 200,
        { everyMs: 100 },
      );
      const passed = async (from: string): Promise<number> =>
        (await statuses(14, () => send(proxy.httpPort, "/", { from }))).filter((status) => status === 200)
          .length;
      // Not known yet: as if all six were there.
      assert.equal(await passed(UNTRUSTED), 2);
      dns.names.set(FLEET, ["127.0.0.21", "127.0.0.22", "127.0.0.23"]);
      const metric = async (): Promise<string> => (await send(proxy.statusPort, "/metrics")).body.toString();
      const ready = (count: number): ((text: string) => boolean) => {
        return (text) =>
          new RegExp(`^haproxy_backend_active_servers\\{proxy="fleet"\\} ${count}$`, "m").test(text);
      };
      await eventually("three pods of the proxy", metric, ready(3));
      assert.equal(await passed("127.0.0.4"), 4);
      dns.names.set(FLEET, ["127.0.0.21"]);
      await eventually("one pod of the proxy", metric, ready(1));
      assert.equal(await passed("127.0.0.5"), 12);
    });
  });

  describe("HAProxy and those who look after it", () => {
    it("shows clients' connections to Prometheus under the name that the autoscaler asks for", async () => {
      const proxy = await haproxy(haProxyArgs({ upstream: [await service(echo)] }));
      const text = (await send(proxy.statusPort, "/metrics")).body.toString();
      assert.match(text, /^haproxy_frontend_current_sessions\{proxy="clients"\} \d+$/m);
      assert.equal((await send(proxy.statusPort, "/orders")).status, 404);
      // Not for clients.
      assert.equal((await send(proxy.httpPort, "/metrics")).status, 404);
    });

    it("logs a line of JSON with every field", async () => {
      const proxy = await haproxy(haProxyArgs({ upstream: [await service(echo)] }));
      await send(proxy.httpPort, "/orders/1");
      const [line = ""] = await proxy.accessLog(1);
      const entry = JSON.parse(line) as Record<string, unknown>;
      const expected = [HAPROXY_LOG_FIELDS, HAPROXY_LOG_CODES, HAPROXY_LOG_NUMBERS].flatMap((fields) =>
        Object.keys(fields),
      );
      assert.deepEqual(Object.keys(entry).sort(), expected.sort());
      assert.ok(!Number.isNaN(Date.parse(String(entry["time"]))));
      for (const field of Object.keys(HAPROXY_LOG_NUMBERS))
        assert.equal(typeof entry[field], "number", field);
      assert.equal(entry["upstream"], "application/pod1");
    });

    it("logs JSON of a request that no server was there for", async () => {
      const port = await freePort();
      const proxy = await haproxy(haProxyArgs({ upstream: [{ host: "127.0.0.1", port }] }));
      await send(proxy.httpPort, "/");
      const [line = ""] = await proxy.accessLog(1);
      assert.doesNotThrow(() => JSON.parse(line) as unknown);
    });
  });
});
