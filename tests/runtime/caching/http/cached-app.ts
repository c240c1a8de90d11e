import { once } from "node:events";
import { type IncomingHttpHeaders, type Server, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";

import { type ApiCacheManager, type ResponseCacheOptions, responseCache } from "../../../../runtime/caching";
import { eventually } from "../../../helpers/eventually";
import type { RunningRedis } from "../../../helpers/redis-server";
import { Caches, startTestRedis } from "../caches";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Handler = (request: Request, response: Response) => unknown;

/**
 * An application behind the response cache, on a real Redis: an empty one and a new application for each test. Made in a
 * `describe`, which it gives its hooks.
 */
export class CachedApp {
  redis!: RunningRedis;
  cache!: ApiCacheManager;
  /** Requests that have come through to a handler. */
  calls = 0;
  readonly caches = new Caches();
  private server: Server | undefined;

  constructor() {
    before(async () => {
      this.redis = await startTestRedis();
    });
    after(async () => {
      await this.redis?.stop();
    });
    beforeEach(async () => {
      await this.redis.cli("flushall");
      this.calls = 0;
      this.cache = this.caches.api(this.redis.port);
      await this.cache.connected(10_000);
    });
    afterEach(async () => {
      this.server?.closeAllConnections();
      this.server?.close();
      await this.caches.close();
    });
  }

  get port(): number {
    return (this.server?.address() as AddressInfo).port;
  }

  /** An application with the middleware, whose routes a test sets. */
  async serve(
    routes: (app: Express) => void,
    options: Partial<ResponseCacheOptions> = {},
    before: (app: Express) => void = () => undefined,
  ): Promise<void> {
    await this.routed(options, (app, cached) => {
      before(app);
      app.use(cached);
      routes(app);
    });
  }

  /** An application that has the middleware where a test puts it. */
  async routed(
    options: Partial<ResponseCacheOptions>,
    build: (app: Express, cached: RequestHandler) => void,
  ): Promise<void> {
    const app = express();
    app.disable("x-powered-by");
    // In any other environment Express prints errors that nobody handles.
    app.set("env", "test");
    build(app, responseCache({ cache: this.cache, ...options }));
    // Express tells error handlers by their four parameters.
    app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error);
      else response.status(500).json({ error: error.message });
    });
    this.server = createServer(app).listen(0, "127.0.0.1");
    await once(this.server, "listening");
  }

  counted(handler: Handler): Handler {
    return (request, response) => {
      this.calls++;
      return handler(request, response);
    };
  }

  /** Until so many wait for the answer of another. */
  async joined(count: number): Promise<void> {
    await eventually(
      `${count} who wait`,
      async () => (await this.caches.count("redis_cache_coalesced_total")) >= count,
    );
  }

  call(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host: "127.0.0.1",
        port: this.port,
        path,
        method,
        headers,
        agent: false,
        timeout: 60_000,
      });
      outgoing.once("error", reject).once("timeout", () => outgoing.destroy(new Error("no answer")));
      outgoing.once("response", (incoming) => {
        let body = "";
        incoming.on("data", (chunk: Buffer) => (body += chunk.toString()));
        incoming.once("end", () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
        incoming.once("error", reject);
      });
      outgoing.end();
    });
  }

  /** Waits until an answer is in Redis: storing does not hold the answer up. */
  async stored(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    let answer = await this.call(path, headers);
    await eventually(`${path} from the cache`, async () => {
      answer = await this.call(path, headers);
      return /; hit/.test(answer.headers["cache-status"]?.toString() ?? "");
    });
    return answer;
  }
}
