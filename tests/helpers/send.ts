import { type ClientRequest, request as httpRequest } from "node:http";

/** An answer, with its headers as they came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names of all headers in lower case, repeated where a header is. */
  readonly headerNames: readonly string[];
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whole, or a function that writes it. */
  readonly body?: Buffer | string | ((request: ClientRequest) => void);
  /** Sends `Expect: 100-continue`, and a body only when it is asked for. @default false */
  readonly expectContinue?: boolean;
  /** Address to call from, any of 127.0.0.0/8. @default 127.0.0.1 */
  readonly from?: string;
}

const REQUEST_TIMEOUT_MS = 8_000;

/** Sends one request over a connection of its own, and reads the whole answer. */
export function send(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: "127.0.0.1",
      port,
      path,
      method: options.method ?? "GET",
      headers: { connection: "close", ...options.headers },
      localAddress: options.from ?? "127.0.0.1",
      agent: false,
      timeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: 64 * 1024,
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer to ${path}`)));
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          headerNames: incoming.rawHeaders.filter((_, index) => index % 2 === 0).map((n) => n.toLowerCase()),
          body: Buffer.concat(chunks),
        }),
      );
    });
    const { body, expectContinue = false } = options;
    const sendBody = (): void => void (typeof body === "function" ? body(outgoing) : outgoing.end(body));
    if (!expectContinue) return sendBody();
    outgoing.setHeader("expect", "100-continue");
    outgoing.once("continue", sendBody);
    outgoing.flushHeaders();
  });
}
