import { request as httpRequest } from "node:http";

export interface Got {
  readonly status: number;
  /** Names in lower case; several lines in their order. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leave after so many bytes of the body. */
  readonly leaveAfter?: number;
}

/** Asks, and takes the answer as it is on the wire, not decoded. @throws Error when it is cut off */
export function ask(port: number, path: string, asked: Asked = {}): Promise<Got> {
  const { method = "GET", headers = {}, leaveAfter } = asked;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false });
    outgoing.setTimeout(20_000, () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const pieces: Buffer[] = [];
      let size = 0;
      const got = (): Got => {
        const lines: Record<string, string[]> = {};
        for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
          const name = (incoming.rawHeaders[at] ?? "").toLowerCase();
          (lines[name] ??= []).push(incoming.rawHeaders[at + 1] ?? "");
        }
        return { status: incoming.statusCode ?? 0, headers: lines, body: Buffer.concat(pieces) };
      };
      incoming.on("data", (piece: Buffer) => {
        pieces.push(piece);
        size += piece.length;
        if (leaveAfter === undefined || size < leaveAfter) return;
        resolve(got());
        outgoing.destroy();
      });
      incoming.once("end", () => resolve(got()));
      incoming.once("error", reject);
    });
    outgoing.end();
  });
}
