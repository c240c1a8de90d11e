import { once } from "node:events";
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from "node:http2";
import { connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { Writable } from "node:stream";
import type { Answer, RequestOptions } from "./send";

const REQUEST_TIMEOUT_MS = 8_000;

/** A connection of HTTP/2 over TLS, or with prior knowledge on a plain port. The caller destroys it. */
export async function http2Session(
  port: number,
  { from = "127.0.0.1", plain = false }: { readonly from?: string; readonly plain?: boolean } = {},
): Promise<ClientHttp2Session> {
  const tcp = tcpConnect({ port, host: "127.0.0.1", localAddress: from });
  const socket = plain ? tcp : tlsConnect({ socket: tcp, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  await once(socket, plain ? "connect" : "secureConnect");
  const session = connect(`${plain ? "http" : "https"}://127.0.0.1:${port}`, {
    createConnection: () => socket,
  });
  session.on("error", () => undefined);
  return session;
}

/** Sends one request over a connection of HTTP/2 of its own, and reads the whole answer: what `send` does for HTTP/1.1. */
export async function sendHttp2(
  port: number,
  path: string,
  options: RequestOptions & { readonly plain?: boolean } = {},
): Promise<Answer> {
  const session = await http2Session(port, options);
  try {
    return await answerOf(session, path, options);
  } finally {
    session.destroy();
  }
}

/** Sends one request over a connection that is there. `expectContinue` is not looked at: a stream is refused without harm. */
export async function answerOf(
  session: ClientHttp2Session,
  path: string,
  { method = "GET", headers = {}, body }: RequestOptions,
): Promise<Answer> {
  const { host, ...others } = headers;
  // A header of one connection, which HTTP/2 has not.
  const own = Object.entries(others).filter(([name]) => name !== "transfer-encoding");
  const outgoing: OutgoingHttpHeaders = {
    ":method": method,
    ":path": path,
    ...(host === undefined ? {} : { ":authority": host }),
    ...Object.fromEntries(own),
    // As browsers do; a body that is written piece by piece has no length.
    ...(body === undefined || typeof body === "function"
      ? {}
      : { "content-length": String(Buffer.byteLength(body)) }),
  };
  const stream = session.request(outgoing, { endStream: body === undefined });
  stream.setTimeout(REQUEST_TIMEOUT_MS, () => stream.destroy(new Error(`no answer to ${path}`)));
  const failed = once(stream, "error").then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  const response = once(stream, "response") as Promise<[Record<string, string | string[]>]>;
  // What a spec does with a request, it can do with a stream as well: write and end it.
  if (typeof body === "function") body(stream as unknown as Parameters<typeof body>[0]);
  else if (body !== undefined) stream.end(body);
  const [incoming] = await Promise.race([response, failed]);
  const chunks: Buffer[] = [];
  const collected = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  stream.pipe(collected);
  // A proxy that refuses a body closes the stream behind its answer.
  await Promise.race([once(stream, "end"), once(stream, "close"), failed.catch(() => undefined)]);
  const { ":status": status, ...rest } = incoming;
  return {
    status: Number(status),
    headers: rest,
    headerNames: Object.keys(rest),
    body: Buffer.concat(chunks),
  };
}
