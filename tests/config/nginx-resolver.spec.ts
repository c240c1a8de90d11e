/** nginx and the DNS server that a cluster gives its pods. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { RESOLVER_VALID, resolverScript } from "../../components/load-balancing/proxy/nginx/nginx-resolver";
import { startDns } from "../helpers/dns-server";
import { eventually } from "../helpers/eventually";
import { nginx, started } from "../helpers/nginx-proxy";
import { onVersion, programs } from "../helpers/programs";
import { service } from "../helpers/proxy-contract";
import { send } from "../helpers/send";

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "resolver-"));
  started.push({ stop: () => rm(directory, { recursive: true, force: true }) });
  return directory;
}

/** What the container's script makes of a pod's resolv.conf. */
async function written(resolvConf: string): Promise<string> {
  const directory = await folder();
  const [from, to] = [join(directory, "resolv.conf"), join(directory, "resolver.conf")];
  await writeFile(from, resolvConf);
  await promisify(execFile)("sh", ["-c", `set -eu\n${resolverScript(from, to)}`]);
  return readFile(to, "utf8");
}

describe("the DNS server of nginx", () => {
  it("is the one that the pod was given, in any cluster", async () => {
    const kubernetes =
      "search edge.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
    assert.equal(await written(kubernetes), "resolver 10.96.0.10 valid=5s;\n");
    // Two of them, one of IPv6 with an interface, a comment, and no line break at the end.
    const others = "# made by hand\nnameserver 169.254.20.10 \nnameserver fe80::1%eth0";
    assert.equal(await written(others), "resolver 169.254.20.10 [fe80::1] valid=5s;\n");
  });

  it("has to be there, or the pod says so and does not start", async () => {
    await assert.rejects(written("search example.org\n"), /no nameserver in/);
  });
});

// Debian's own nginx cannot look a name up again without a licence.
for (const version of programs("nginx").filter(({ deployed }) => deployed)) {
  onVersion("nginx", version, () => {
    it("finds pods by DNS while it runs, with the server that the file names", async () => {
      const NAME = "backend-pods.example";
      const dns = await startDns();
      started.push(dns);
      const first = await service((_, response) => response.end("first"), { host: "127.0.0.11", port: 0 });
      const at = { host: "127.0.0.12", port: first.port };
      await service((_, response) => response.end("second"), at);
      const file = join(await folder(), "resolver.conf");
      await writeFile(file, `resolver ${dns.address} ${RESOLVER_VALID.replace("5s", "1s")};\n`);
      const proxy = await nginx([{ host: NAME, port: first.port }], { resolver: { file } });
      const answer = async (): Promise<string> => (await send(proxy.httpPort, "/")).body.toString();
      dns.names.set(NAME, ["127.0.0.11"]);
      await eventually("the first pod", answer, (text) => text === "first");
      dns.names.set(NAME, ["127.0.0.12"]);
      await eventually("the second pod", answer, (text) => text === "second");
    });
  });
}
