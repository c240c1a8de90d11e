import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import express, { type Express, type RequestHandler, type Response } from "express";

/** Text of more than a compressor's threshold, that is not the same for two routes. */
export function textOf(name: string): string {
  return `${name} äöü `.repeat(200);
}

/** Ways in which handlers answer. */
export const ANSWERS: Readonly<Record<string, (response: Response, text: string) => unknown>> = {
  send: (response, text) => response.send(text),
  json: (response, text) => response.json({ text, list: [1, 2, 3] }),
  bytes: (response, text) => response.type("text/plain").send(Buffer.from(text)),
  "write and end": (response, text) => {
    response.type("text/plain");
    response.write(text.slice(0, 300));
    response.end(text.slice(300));
  },
  "writeHead and end": (response, text) => {
    response.writeHead(200, { "Content-Type": "text/plain", "X-Written": ["a", "b"] });
    response.end(text);
  },
  streaming: async (response, text) => {
    response.type("text/plain");
    for (let at = 0; at < text.length; at += 500) {
      response.write(text.slice(at, at + 500));
      await turn();
    }
    response.end();
  },
  pipe: (response, text) => {
    response.type("text/plain");
    const pieces = text.match(/.{1,700}/gs) ?? [];
    Readable.from(pieces.map((piece) => Buffer.from(piece))).pipe(response);
  },
};

export interface Placed {
  readonly front: readonly RequestHandler[];
  readonly behind: readonly RequestHandler[];
  readonly at: "route" | "app.use";
}

/** An application with the cache, or what stands for it, between two sets of middleware. */
export function application(
  path: string,
  cached: RequestHandler,
  { front, behind, at }: Placed,
  handler: RequestHandler,
): Express {
  const app = express();
  // So that hits are sent in both ways: with headers that were there before, and with none.
  if (at === "route") app.disable("x-powered-by");
  const chain = [...front, cached, ...behind];
  if (at === "route") app.get(path, ...chain, handler);
  else {
    app.use(...chain);
    app.get(path, handler);
  }
  // Express tells error handlers by their four parameters.
  app.use((error: Error, _request: express.Request, response: Response, next: express.NextFunction) => {
    if (response.headersSent) next(error);
    else response.status(500).json({ error: error.message });
  });
  return app;
}

/** Many applications behind one port: the first part of the path says which. */
export class Applications {
  private readonly apps = new Map<string, Express>();
  private readonly server: Server = createServer((request, response) => {
    const [, name = ""] = (request.url ?? "").split("/", 2);
    const app = this.apps.get(name);
    if (app === undefined) response.writeHead(404).end();
    else app(request, response);
  });

  /** @param make of the path that its handler is to be at */
  add(name: string, make: (path: string) => Express): string {
    const path = `/${name}/a`;
    this.apps.set(name, make(path));
    return path;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
