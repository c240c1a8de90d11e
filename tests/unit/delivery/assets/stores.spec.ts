import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { S3Client } from "@aws-sdk/client-s3";
import type { Bucket } from "@google-cloud/storage";

import type { AssetObject } from "../../../../delivery/assets/stores/store";
import { GcsStore } from "../../../../delivery/assets/stores/gcs-store";
import { S3Store } from "../../../../delivery/assets/stores/s3-store";

const script: AssetObject = {
  key: "js/app.js.br",
  content: Buffer.from("script"),
  contentType: "text/javascript; charset=utf-8",
  cacheControl: "public, max-age=31536000, immutable",
  contentEncoding: "br",
};

describe("S3 as a store, with the vendor's client against a server of this machine", () => {
  const objects = new Map<string, { body: Buffer; headers: Record<string, unknown> }>();
  let server: Server;
  let client: S3Client;

  before(async () => {
    server = createServer((request, response) => {
      const key = decodeURIComponent(new URL(request.url ?? "", "http://s3").pathname);
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const {
          "content-type": type,
          "cache-control": cache,
          "content-encoding": encoding,
        } = request.headers;
        if (request.method === "PUT")
          objects.set(key, { body: Buffer.concat(chunks), headers: { type, cache, encoding } });
        if (request.method === "DELETE") objects.delete(key);
        const found = objects.get(key);
        if (request.method === "GET" && found === undefined) {
          const error = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";
          response.writeHead(404, { "content-type": "application/xml" }).end(error);
          return;
        }
        response
          .writeHead(request.method === "DELETE" ? 204 : 200)
          .end(request.method === "GET" ? found?.body : undefined);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new S3Client({
      region: "eu-central-1",
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
  });

  after(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });

  it("puts an object with its headers below the prefix, reads it and removes it", async () => {
    const store = new S3Store(client, "bucket", "assets/");
    assert.equal(store.name, "s3://bucket/assets/");
    await store.put(script);
    const held = objects.get("/bucket/assets/js/app.js.br");
    assert.ok(held?.body.includes("script"));
    assert.equal(held?.headers["type"], script.contentType);
    assert.equal(held?.headers["cache"], script.cacheControl);
    assert.match(String(held?.headers["encoding"]), /^br/);
    assert.ok((await store.read(script.key))?.includes("script"));
    await store.remove(script.key);
    assert.equal(await store.read(script.key), undefined);
    await store.remove(script.key);
  });
});

describe("Cloud Storage as a store", () => {
  function fake(calls: unknown[], download: () => Promise<[Buffer]>): Bucket {
    const file = (key: string): unknown => ({
      download,
      save: (content: Buffer, options: unknown) => {
        calls.push(["save", key, content.toString(), options]);
        return Promise.resolve();
      },
      delete: (options: unknown) => {
        calls.push(["delete", key, options]);
        return Promise.resolve();
      },
    });
    return { name: "bucket", file } as unknown as Bucket;
  }

  it("puts an object with its headers below the prefix, and removes it", async () => {
    const calls: unknown[] = [];
    const store = new GcsStore(
      fake(calls, () => Promise.resolve([Buffer.from("x")])),
      "assets/",
    );
    assert.equal(store.name, "gs://bucket/assets/");
    await store.put(script);
    await store.remove(script.key);
    const { contentType, cacheControl, contentEncoding } = script;
    assert.deepEqual(calls, [
      [
        "save",
        "assets/js/app.js.br",
        "script",
        { resumable: false, validation: "crc32c", metadata: { contentType, cacheControl, contentEncoding } },
      ],
      ["delete", "assets/js/app.js.br", { ignoreNotFound: true }],
    ]);
    assert.equal((await store.read("a"))?.toString(), "x");
  });

  it("has none where Cloud Storage has none, and tells of any other failure", async () => {
    const failing = (code: number): GcsStore =>
      new GcsStore(
        fake([], () => Promise.reject(Object.assign(new Error("x"), { code }))),
        "",
      );
    assert.equal(await failing(404).read("a"), undefined);
    await assert.rejects(failing(403).read("a"), { code: 403 });
  });
});
