/** What both proxies promise of TLS. */
import assert from "node:assert/strict";
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programs } from "../helpers/programs";
import { makeCertificate, type TestCertificate } from "../helpers/certificates";
import { echo, started } from "../helpers/nginx-proxy";
import { send } from "../helpers/send";
import { PROXIES, service, type ProxyOptions, type RunningProxy } from "../helpers/proxy-contract";

const HOST = "app.example.org";

for (const { name, deployed, start } of PROXIES) {
  describe(`${name} and the contract of proxies: TLS`, () => {
    let certificate: TestCertificate;
    before(async () => void (certificate = await makeCertificate(HOST)));
    after(() => certificate.stop());

    async function proxied(plainPort: "redirect" | "off" = "redirect"): Promise<RunningProxy> {
      const options: ProxyOptions = {
        upstream: [await service(echo)],
        tls: { certificate: certificate.certificate, key: certificate.key, plainPort },
        headers: { owner: "proxy", hsts: true },
      };
      return start(options);
    }

    /** Completes a handshake. @throws what the server says against it */
    async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
      const socket = tlsConnect({
        port,
        host: "127.0.0.1",
        servername: HOST,
        rejectUnauthorized: false,
        ...options,
      });
      started.push({ stop: () => Promise.resolve(void socket.destroy()) });
      await once(socket, "secureConnect");
      return socket;
    }

    /** One request over TLS, with the certificate checked. */
    async function get(
      port: number,
    ): Promise<{ status?: number; headers: Record<string, unknown>; body: string }> {
      const outgoing = httpsRequest({
        port,
        host: "127.0.0.1",
        servername: HOST,
        rejectUnauthorized: false,
        headers: { host: HOST, connection: "close" },
        agent: false,
        timeout: 8000,
      });
      outgoing.end();
      const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
      let body = "";
      for await (const chunk of incoming as AsyncIterable<Buffer>) body += chunk.toString();
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
    }

    it("refuses TLS 1.0 and 1.1, and speaks 1.2 and 1.3", async () => {
      const { httpsPort } = await proxied();
      for (const version of ["TLSv1", "TLSv1.1"] as const) {
        // Old enough that the client has to be told to offer it.
        const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
        await assert.rejects(handshake(httpsPort, old), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
      }
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const socket = await handshake(httpsPort, { minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        assert.equal(socket.getPeerCertificate().subject.CN, HOST);
      }
    });

    it("refuses ciphers without forward secrecy or authenticated encryption", async () => {
      const { httpsPort } = await proxied();
      const at12 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
      for (const ciphers of ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"]) {
        await assert.rejects(handshake(httpsPort, { ...at12, ciphers }), /handshake failure/);
      }
      const socket = await handshake(httpsPort, { ...at12, ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" });
      assert.equal(socket.getCipher().name, "ECDHE-ECDSA-CHACHA20-POLY1305");
    });

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`resumes a session of ${version}`, async () => {
        const { httpsPort } = await proxied();
        const versions = { minVersion: version, maxVersion: version };
        const first = await handshake(httpsPort, versions);
        assert.equal(first.isSessionReused(), false);
        const ticket = once(first, "session") as Promise<[Buffer]>;
        // The server keeps a session after its last word of the handshake: only an answer shows that it has.
        const answered = once(first, "data");
        first.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
        await answered;
        // Before 1.3 the session is part of the handshake, and the event is over.
        const session = version === "TLSv1.2" ? first.getSession() : (await ticket)[0];
        assert.ok(session);
        const second = await handshake(httpsPort, { ...versions, session });
        assert.equal(second.isSessionReused(), true);
      });
    }

    it("offers HTTP/2, tells the service the scheme, and tells the client to stay with TLS", async () => {
      const { httpsPort } = await proxied();
      const socket = await handshake(httpsPort, { ALPNProtocols: ["h2", "http/1.1"] });
      assert.equal(socket.alpnProtocol, "h2");
      const { status, headers, body } = await get(httpsPort);
      assert.equal(status, 200);
      assert.equal(headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
      assert.equal((JSON.parse(body) as Record<string, unknown>)["x-forwarded-proto"], "https");
    });

    it("sends clients of the plain port to the encrypted one, and asks the service nothing", async () => {
      const { httpPort } = await proxied();
      const headers = { host: HOST };
      const answer = await send(httpPort, "/orders/1?page=2", { method: "POST", body: "x", headers });
      assert.equal(answer.status, 308);
      assert.equal(answer.headers["location"], `https://${HOST}/orders/1?page=2`);
      assert.equal((await send(httpPort, "/healthz")).status, 200);
    });

    // Debian's own OpenSSL knows none.
    if (deployed)
      it("agrees on a key that no quantum computer finds out, with a client that can", async () => {
        const { httpsPort } = await proxied();
        const openssl = programs("openssl").find((one) => one.deployed)?.path ?? "openssl";
        const asked = `s_client -connect 127.0.0.1:${httpsPort} -groups X25519MLKEM768:X25519`;
        const { stdout } = await promisify(execFile)("sh", ["-c", `'${openssl}' ${asked} </dev/null`], {
          env: { ...process.env, OPENSSL_CONF: "/dev/null" },
        });
        assert.match(stdout, /Negotiated TLS1\.3 group: X25519MLKEM768/);
      });

    it("has no plain port where that is off", async () => {
      const { httpPort, httpsPort } = await proxied("off");
      await assert.rejects(send(httpPort, "/"), { code: "ECONNREFUSED" });
      assert.equal((await get(httpsPort)).status, 200);
    });
  });
}
