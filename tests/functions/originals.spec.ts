import assert from "node:assert/strict";
import { Readable } from "node:stream";

import { S3ServiceException } from "@aws-sdk/client-s3";

import { GcsOriginals } from "../../functions/image/originals-gcs";
import { S3Originals } from "../../functions/image/originals-s3";

const never = new AbortController().signal;

async function contentOf(chunks: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  let text = "";
  for await (const chunk of chunks ?? []) text += Buffer.from(chunk).toString();
  return text;
}

describe("originals in S3", () => {
  const failing = (name: string): S3Originals =>
    new S3Originals(
      {
        send: () => Promise.reject(new S3ServiceException({ name, $fault: "client", $metadata: {} })),
      },
      "originals",
    );

  it("are read by name, with version and size", async () => {
    const sent: unknown[] = [];
    const body = Readable.from([Buffer.from("im"), Buffer.from("age")]);
    const client = {
      send: (command: { input: unknown }) => {
        sent.push(command.input);
        return Promise.resolve({ ETag: '"e1"', ContentLength: 5, Body: body });
      },
    };
    const original = await new S3Originals(client as never, "originals").open("images/a.jpg", never);
    assert.deepEqual(sent, [{ Bucket: "originals", Key: "images/a.jpg" }]);
    assert.deepEqual([original?.version, original?.bytes], ['"e1"', 5]);
    assert.equal(await contentOf(original?.read()), "image");
  });

  it("let go of the connection when they are not read", async () => {
    const body = Readable.from([Buffer.from("image")]);
    const client = { send: () => Promise.resolve({ ETag: "e", ContentLength: 5, Body: body }) };
    const original = await new S3Originals(client as never, "originals").open("a", never);
    original?.close();
    assert.equal(body.destroyed, true);
  });

  it("are none when S3 says so, or may not say so", async () => {
    for (const name of ["NoSuchKey", "NotFound", "AccessDenied"]) {
      assert.equal(await failing(name).open("a", never), undefined, name);
    }
    await assert.rejects(failing("SlowDown").open("a", never), { name: "SlowDown" });
  });
});

describe("originals in Cloud Storage", () => {
  const bucketOf = (getMetadata: () => Promise<unknown>): GcsOriginals =>
    new GcsOriginals({ file: () => ({ getMetadata }) } as never);

  it("are read at the generation that was looked at", async () => {
    const asked: unknown[] = [];
    const bucket = {
      file: (key: string, options?: unknown) => {
        asked.push([key, options]);
        return {
          getMetadata: () => Promise.resolve([{ generation: "17", size: "7" }]),
          createReadStream: () => Readable.from([Buffer.from("image")]),
        };
      },
    };
    const original = await new GcsOriginals(bucket as never).open("images/a.jpg", never);
    assert.deepEqual([original?.version, original?.bytes], ["17", 7]);
    const content = original?.read();
    assert.equal(await contentOf(content), "image");
    assert.deepEqual(asked, [
      ["images/a.jpg", undefined],
      ["images/a.jpg", { generation: "17" }],
    ]);
    original?.close();
    assert.equal((content as unknown as Readable).destroyed, true);
  });

  it("are none when Cloud Storage says so, or may not say so", async () => {
    for (const code of [404, 403]) {
      const failing = bucketOf(() => Promise.reject(Object.assign(new Error("x"), { code })));
      assert.equal(await failing.open("a", never), undefined, String(code));
    }
    const broken = bucketOf(() => Promise.reject(Object.assign(new Error("x"), { code: 503 })));
    await assert.rejects(broken.open("a", never), { code: 503 });
  });

  it("are given up when they take too long, though the client cannot be called off", async () => {
    const stuck = bucketOf(() => new Promise(() => undefined));
    await assert.rejects(stuck.open("a", AbortSignal.timeout(20)), { name: "TimeoutError" });
    await assert.rejects(stuck.open("a", AbortSignal.abort(new Error("over"))), /over/);
  });
});
