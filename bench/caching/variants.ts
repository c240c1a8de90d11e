/** The same application with each cache in front of its origin. */
import { createKeyv } from "@keyv/redis";
import apicache from "apicache";
import { createCache } from "cache-manager";
import express, { type Express } from "express";
import { RESP_TYPES, createClient } from "redis";
import { ApiCacheManager, responseCache } from "../../runtime/caching";
import { fromOrigin } from "./origin";
import { PATH } from "./traffic";

/** How long answers are good in every variant, milliseconds: longer than the run, so that only new keys miss. */
const TTL_MS = 3_600_000;

export const VARIANTS = ["none", "bare", "bare-bytes", "ours", "apicache", "cache-manager"] as const;
export type Variant = (typeof VARIANTS)[number];

const pageOf = (query: unknown): string => String((query as { readonly page?: string }).page);

/** With the driver's own defaults, as somebody would have them. */
function connected(port: number) {
  return createClient({ socket: { host: "127.0.0.1", port } })
    .on("error", () => undefined)
    .connect();
}

/** Not a cache at all: every request goes to the origin. */
function none(app: Express): void {
  app.get(PATH, async (request, response) => {
    response.json(await fromOrigin(pageOf(request.query)));
  });
}

/** What somebody writes who needs nothing but a GET: text in, text out. */
async function bare(app: Express, port: number): Promise<void> {
  const client = await connected(port);
  app.get(PATH, async (request, response) => {
    const key = `bare:${request.originalUrl}`;
    let text = await client.get(key);
    if (text === null) {
      text = JSON.stringify(await fromOrigin(pageOf(request.query)));
      await client.set(key, text, { PX: TTL_MS });
    }
    response.type("json").send(text);
  });
}

/** The same with bytes and without Express's `send`: the least that there is to do. */
async function bareBytes(app: Express, port: number): Promise<void> {
  const client = await connected(port);
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  app.get(PATH, async (request, response) => {
    const key = `bare-bytes:${request.originalUrl}`;
    let body = await bytes.get(key);
    if (body === null) {
      body = Buffer.from(JSON.stringify(await fromOrigin(pageOf(request.query))));
      await client.set(key, body, { PX: TTL_MS });
    }
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(body);
  });
}

/** With everything that is on by default: tags, deadline, circuit breaker, metrics, entity tags, checksums. */
async function ours(app: Express, port: number): Promise<void> {
  const cache = new ApiCacheManager({
    settings: {
      name: "redis-cache",
      address: { host: "127.0.0.1", port },
      poolSize: 10,
      tls: false,
      timeoutMs: 1000,
    },
    ttlMs: TTL_MS,
  });
  if (!(await cache.connected(5000))) throw new Error("no Redis");
  app.use(responseCache({ cache }));
  none(app);
}

/** apicache calls the functions of node_redis 3: these are the same commands on the driver that all others use. */
async function withApicache(app: Express, port: number): Promise<void> {
  const client = await connected(port);
  type Callback = (error: unknown, reply?: unknown) => void;
  const redisClient = {
    connected: true,
    hgetall: (key: string, callback: Callback) => {
      client.hGetAll(`apicache:${key}`).then((fields) => callback(null, fields), callback);
    },
    hset: (key: string, field: string, value: string | number) => {
      void client.hSet(`apicache:${key}`, field, value);
    },
    expire: (key: string, seconds: number) => void client.expire(`apicache:${key}`, seconds),
    del: (key: string) => void client.del(`apicache:${key}`),
  };
  app.use(apicache.options({ redisClient }).middleware("1 hour"));
  none(app);
}

/** The text is kept and not the object, which would be parsed and written again for every hit. */
function withCacheManager(app: Express, port: number): void {
  const cache = createCache({
    stores: [createKeyv(`redis://127.0.0.1:${port}`, { namespace: "cache-manager" })],
  });
  app.get(PATH, async (request, response) => {
    const make = async (): Promise<string> => JSON.stringify(await fromOrigin(pageOf(request.query)));
    response.type("json").send(await cache.wrap(request.originalUrl, make, TTL_MS));
  });
}

const APPLY: Readonly<Record<Variant, (app: Express, port: number) => void | Promise<void>>> = {
  none,
  bare,
  "bare-bytes": bareBytes,
  ours,
  apicache: withApicache,
  "cache-manager": withCacheManager,
};

export async function application(variant: Variant, redisPort: number): Promise<Express> {
  const app = express();
  app.disable("x-powered-by");
  await APPLY[variant](app, redisPort);
  return app;
}
