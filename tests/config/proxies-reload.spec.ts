/** A certificate that is renewed, and the script that makes a proxy take it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";
import { reloadScript, type Reload } from "../../components/load-balancing/proxy/proxy-reload";
import { makeCertificate } from "../helpers/certificates";
import { startHaProxy } from "../helpers/haproxy-server";
import { echo, rendered, started } from "../helpers/nginx-proxy";
import { startNginx } from "../helpers/nginx-server";
import { haProxyArgs, service, type ProxyOptions } from "../helpers/proxy-contract";

/** Name on the certificate that a new client is shown. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

/** Runs the script as the container beside the proxy does, each second. */
function reloader(reload: Omit<Reload, "everySeconds">): { said: () => string } {
  const child = spawn("sh", ["-c", reloadScript({ ...reload, everySeconds: 1 })], { detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  started.push({
    stop: async () => {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await gone) as [number];
      // Its sleep is left behind otherwise.
      if (child.pid !== undefined)
        try {
          process.kill(-child.pid, "SIGKILL");
        } catch {
          /* it ended by itself */
        }
      assert.equal(code, 0);
    },
  });
  return { said: () => output };
}

async function until(holds: () => Promise<boolean>, said: () => string): Promise<void> {
  const deadline = Date.now() + 12_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not taken; the script said: ${said()}`);
    await pause(200);
  }
}

interface Case {
  readonly name: string;
  readonly start: (
    options: ProxyOptions,
  ) => Promise<{ httpsPort: number; directory: string; stop(): Promise<void> }>;
  readonly reload: (directory: string, files: readonly string[]) => Omit<Reload, "everySeconds">;
}

const CASES: readonly Case[] = [
  {
    name: "nginx",
    start: (options) =>
      startNginx({
        ...rendered,
        rateLimit: { requestsPerMinute: 6000, burst: 10, connections: 10 },
        upstream: options.upstream,
        ...(options.tls === undefined ? {} : { tls: options.tls }),
      }),
    reload: (directory, files) => ({
      files,
      check: `/usr/sbin/nginx -t -q -p ${directory} -c ${join(directory, "nginx.conf")}`,
      pidFile: join(directory, "nginx.pid"),
      signal: "HUP",
    }),
  },
  {
    name: "HAProxy",
    start: (options) => startHaProxy(haProxyArgs(options)),
    reload: (directory, files) => ({
      files,
      check: `/usr/sbin/haproxy -c -q -f ${join(directory, "haproxy.cfg")}`,
      pidFile: join(directory, "haproxy.pid"),
      signal: "USR2",
    }),
  },
];

describe("a proxy whose certificate is renewed", function () {
  this.timeout(60_000);
  for (const { name, start, reload } of CASES) {
    it(`is ${name}, and takes the new one, but no half of it`, async () => {
      const certificate = await makeCertificate("old.example.org");
      started.push(certificate);
      const { certificate: file, key } = certificate;
      const proxy = await start({
        upstream: [await service(echo)],
        tls: { certificate: file, key, plainPort: "off" },
      });
      started.push(proxy);
      assert.equal(await shown(proxy.httpsPort), "old.example.org");
      const { said } = reloader(reload(proxy.directory, [file, key]));
      await pause(1500);
      await certificate.renew("new.example.org");
      await until(async () => (await shown(proxy.httpsPort)) === "new.example.org", said);
      await writeFile(key, "no key");
      await until(async () => Promise.resolve(said().includes("refused")), said);
      assert.equal(await shown(proxy.httpsPort), "new.example.org");
      await certificate.renew("third.example.org");
      await until(async () => (await shown(proxy.httpsPort)) === "third.example.org", said);
    });
  }
});
