import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudFrontClient } from "@aws-sdk/client-cloudfront";
import { Registry } from "prom-client";

import {
  CdnInvalidation,
  CloudFrontPurger,
  CloudflarePurger,
  InvalidationError,
} from "../../../runtime/edge";
import type { InvalidationOptions } from "../../../runtime/edge";
import { recordingLogger } from "../database/recording-logger";

/** An API on loopback: keeps what it is asked, and answers what it is told, the last answer for ever. */
interface FakeApi {
  readonly url: string;
  readonly requests: {
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }[];
  answers: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }[];
}

let server: Server;
let api: FakeApi;

beforeEach(async () => {
  const requests: FakeApi["requests"] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      requests.push({ url, headers, body: Buffer.concat(chunks).toString("utf8") });
      const [first] = api.answers;
      if (api.answers.length > 1) api.answers.shift();
      response.writeHead(first?.status ?? 500, first?.headers).end(first?.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  api = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, answers: [] };
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function invalidation(
  purger: InvalidationOptions["purger"],
  more: Partial<InvalidationOptions> = {},
): CdnInvalidation {
  const registry = new Registry();
  return new CdnInvalidation({
    purger,
    registry,
    firstWaitMs: 1,
    longestWaitMs: 20,
    logger: recordingLogger(),
    ...more,
  });
}

async function failure(promise: Promise<unknown>): Promise<InvalidationError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InvalidationError, String(error));
  return error;
}

describe("invalidation at CloudFront", () => {
  const CREATED = `<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1</Id><Status>InProgress</Status></Invalidation>`;
  const busy = (code: string): string =>
    `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
  const purger = (): CloudFrontPurger =>
    new CloudFrontPurger(
      "E1EXAMPLE",
      new CloudFrontClient({
        region: "us-east-1",
        endpoint: api.url,
        credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
        maxAttempts: 1,
      }),
    );
  const itemsOf = (body: string): string[] =>
    [...body.matchAll(/<Path>([^<]*)<\/Path>/g)].map(([, item = ""]) => item);

  it("names paths, and tags with a # in front, in one call", async () => {
    api.answers = [{ status: 201, body: CREATED }];
    const done = await invalidation(purger()).purge({ paths: ["/index.html", "/"], tags: ["home"] });
    assert.deepEqual(done, { paths: 2, tags: 1, calls: 1 });
    assert.deepEqual(itemsOf(api.requests[0]?.body ?? ""), ["/", "/index.html", "#home"]);
    assert.match(api.requests[0]?.url ?? "", /\/distribution\/E1EXAMPLE\/invalidation$/);
  });

  it("splits what is more than 3,000 items", async () => {
    api.answers = [{ status: 201, body: CREATED }];
    const paths = Array.from({ length: 3001 }, (_, i) => `/${i}`);
    assert.deepEqual(await invalidation(purger()).purge({ paths }), { paths: 3001, tags: 0, calls: 2 });
    assert.deepEqual(
      api.requests.map(({ body }) => itemsOf(body).length),
      [3000, 1],
    );
  });

  it("waits when too many are in progress, and repeats the same call", async () => {
    api.answers = [
      { status: 400, body: busy("TooManyInvalidationsInProgress") },
      { status: 400, body: busy("TooManyInvalidationsInProgress") },
      { status: 201, body: CREATED },
    ];
    const done = await invalidation(purger()).purge({ paths: ["/a"] });
    assert.deepEqual(done, { paths: 1, tags: 0, calls: 3 });
    const references = api.requests.map(({ body }) => /<CallerReference>([^<]+)/.exec(body)?.[1]);
    assert.equal(new Set(references).size, 1, "a repeated call is the same call to CloudFront");
  });

  it("gives up on what will not pass, at once", async () => {
    api.answers = [{ status: 403, body: busy("AccessDenied") }];
    const error = await failure(invalidation(purger()).purge({ paths: ["/a"] }));
    assert.match(error.message, /the CDN did not take it: /);
    assert.equal(api.requests.length, 1);
  });
});

describe("invalidation at Cloudflare", () => {
  const OK = { status: 200, body: JSON.stringify({ success: true, errors: [], result: { id: "x" } }) };
  const TOKEN = "token-that-nobody-may-see";
  const purger = (): CloudflarePurger =>
    new CloudflarePurger({
      token: TOKEN,
      zoneId: "zone1",
      hosts: ["cdn.example.com", "www.example.com"],
      baseUrl: api.url,
    });
  const bodies = (): unknown[] => api.requests.map(({ body }) => JSON.parse(body) as unknown);

  it("names URLs of every host, prefixes and tags", async () => {
    api.answers = [OK];
    await invalidation(purger()).purge({ paths: ["/a", "/offers/*"], tags: ["home"] });
    assert.deepEqual(bodies(), [
      { files: ["https://cdn.example.com/a", "https://www.example.com/a"] },
      { tags: ["home"] },
      { prefixes: ["cdn.example.com/offers/", "www.example.com/offers/"] },
    ]);
    assert.equal(api.requests[0]?.url, "/zones/zone1/purge_cache");
    assert.equal(api.requests[0]?.headers.authorization, `Bearer ${TOKEN}`);
  });

  it("carries at most 100 operations in a call", async () => {
    api.answers = [OK];
    await invalidation(purger()).purge({ paths: Array.from({ length: 51 }, (_, i) => `/${i}`) });
    assert.deepEqual(
      bodies().map((body) => (body as { files: string[] }).files.length),
      [100, 2],
    );
  });

  it("waits as long as it is told, and counts what became of the calls", async () => {
    api.answers = [{ status: 429, body: "{}", headers: { "retry-after": "1" } }, OK];
    const registry = new Registry();
    await invalidation(purger(), { registry }).purge({ paths: ["/a"] });
    const text = await registry.metrics();
    assert.match(text, /cdn_invalidations_total\{result="busy"\} 1/);
    assert.match(text, /cdn_invalidations_total\{result="done"\} 1/);
    assert.match(text, /cdn_invalidated_items_total\{kind="path"\} 1/);
  });

  it("says what it did before it gave up, and never the token", async () => {
    api.answers = [OK, { status: 503, body: "" }];
    const paths = Array.from({ length: 51 }, (_, i) => `/${i}`);
    const logger = recordingLogger();
    const error = await failure(invalidation(purger(), { attempts: 3, logger }).purge({ paths }));
    assert.deepEqual(error.done, { paths: 50, tags: 0, calls: 1 });
    assert.match(error.message, /Cloudflare answered 503 \(tried 3 times\)/);
    assert.doesNotMatch(JSON.stringify([error.message, logger.lines]), new RegExp(TOKEN));
  });

  it("passes on the API's own words for a refusal", async () => {
    api.answers = [
      {
        status: 400,
        body: JSON.stringify({ success: false, errors: [{ code: 1012, message: "unknown zone" }] }),
      },
    ];
    const error = await failure(invalidation(purger()).purge({ paths: ["/a"] }));
    assert.match(error.message, /Cloudflare answered 400: unknown zone/);
  });
});

describe("invalidation of everything", () => {
  const nobody: InvalidationOptions["purger"] = {
    limits: { items: 10, wildcards: 10 },
    purge: () => Promise.reject(new Error("must not be asked")),
  };

  it("is refused while the origin cannot bear it, before the CDN is asked", async () => {
    const guard = { requestsPerSecond: 1200, originCapacityRps: 700 };
    const refused = await failure(invalidation(nobody, { guard }).purge({ paths: ["/*"] }));
    assert.match(refused.message, /1200 requests\/s would reach an origin that serves 700/);
    const unknown = await failure(invalidation(nobody).purge({ paths: ["/*"] }));
    assert.match(unknown.message, /nobody said what the origin serves/);
  });

  it("is carried out when the origin serves all of it", async () => {
    const asked: unknown[] = [];
    const purger = {
      ...nobody,
      purge: (batch: unknown) => {
        asked.push(batch);
        return Promise.resolve();
      },
    };
    const guard = { requestsPerSecond: 100, originCapacityRps: 700 };
    await invalidation(purger, { guard }).purge({ paths: ["/*", "/a", "/b/*"] });
    assert.deepEqual(asked, [{ paths: ["/*"], tags: [] }]);
  });
});
