import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { AssetObject } from "../../../../delivery/assets/stores/store";
import { atOnceEach, publish } from "../../../../delivery/assets/publish";
import { RECORD_KEY, type PublishRecord } from "../../../../delivery/assets/publish-plan";
import type { AssetStore } from "../../../../delivery/assets/stores/store";
import { FolderStore } from "../../../../delivery/assets/stores/folder-store";

const DAY = 86_400_000;
const START = Date.parse("2026-01-01T00:00:00Z");
const day = (count: number): Date => new Date(START + count * DAY);

const object = (key: string, content: string, change: Partial<AssetObject> = {}): AssetObject => ({
  key,
  content: Buffer.from(content),
  contentType: "text/plain",
  cacheControl: "public, max-age=31536000, immutable",
  ...change,
});
const page = (content: string): AssetObject => object("index.html", content, { cacheControl: "no-cache" });

class MemoryStore implements AssetStore {
  readonly name = "memory";
  readonly objects = new Map<string, AssetObject>();
  calls: string[] = [];
  /** Puts that fail. */
  broken = new Set<string>();
  running = 0;
  most = 0;

  read(key: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.objects.get(key)?.content);
  }

  async put(put: AssetObject): Promise<void> {
    this.calls.push(`put ${put.key}`);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running -= 1;
    if (this.broken.has(put.key)) throw new Error(`no room for ${put.key}`);
    this.objects.set(put.key, put);
  }

  remove(key: string): Promise<void> {
    this.calls.push(`remove ${key}`);
    this.objects.delete(key);
    return Promise.resolve();
  }

  keys(): string[] {
    return [...this.objects.keys()].filter((key) => key !== RECORD_KEY).sort();
  }

  record(): PublishRecord {
    return JSON.parse(this.objects.get(RECORD_KEY)?.content.toString() ?? "{}") as PublishRecord;
  }
}

describe("publishing of assets", () => {
  it("uploads pages after what they refer to, and the manifest at the very end", async () => {
    const store = new MemoryStore();
    const manifest = object("assets-manifest.json", "{}", { cacheControl: "no-cache" });
    const own = object("a.js", "1", { cacheControl: "no-cache" });
    await publish([page("p"), manifest, own, object("a.1.js", "1")], store, { now: day(0) });
    assert.deepEqual(store.calls, [
      `put ${RECORD_KEY}`,
      "put a.1.js",
      "put a.js",
      "put index.html",
      "put assets-manifest.json",
      `put ${RECORD_KEY}`,
    ]);
  });

  it("uploads nothing again that is there already", async () => {
    const store = new MemoryStore();
    const objects = [object("a.1.js", "1"), page("p")];
    await publish(objects, store, { now: day(0) });
    store.calls = [];
    const plan = await publish(objects, store, { now: day(1) });
    assert.deepEqual(plan.put, []);
    assert.deepEqual(plan.unchanged, ["a.1.js", "index.html"]);
    // Only that it was needed today is noted.
    assert.deepEqual(store.calls, [`put ${RECORD_KEY}`]);
    assert.equal(store.record().files["a.1.js"]?.lastUsed, "2026-01-02T00:00:00.000Z");
  });

  it("uploads what has another content or another header", async () => {
    const store = new MemoryStore();
    await publish([page("p"), object("a", "1"), object("b", "1")], store, { now: day(0) });
    const plan = await publish(
      [page("q"), object("a", "1", { contentType: "text/css" }), object("b", "1")],
      store,
      { now: day(1) },
    );
    assert.deepEqual(
      plan.put.map(({ key }) => key),
      ["index.html", "a"],
    );
  });

  it("removes nothing young, and what has not been needed for longer than that", async () => {
    const store = new MemoryStore();
    const run = (count: number, ...objects: AssetObject[]): ReturnType<typeof publish> =>
      publish(objects, store, { now: day(count), keepDays: 30 });
    await run(0, object("a.1.js", "1"));
    await run(10, object("a.1.js", "1"), object("a.2.js", "2"));
    const young = await run(40, object("a.2.js", "2"));
    assert.deepEqual([young.kept, young.remove], [["a.1.js"], []]);
    const old = await run(41, object("a.2.js", "2"));
    assert.deepEqual([old.kept, old.remove], [[], ["a.1.js"]]);
    assert.deepEqual(store.keys(), ["a.2.js"]);
    assert.deepEqual(Object.keys(store.record().files), ["a.2.js"]);
  });

  it("has the old one back without an upload when a release is rolled back", async () => {
    const store = new MemoryStore();
    await publish([object("a.1.js", "1")], store, { now: day(0) });
    await publish([object("a.2.js", "2")], store, { now: day(1) });
    const plan = await publish([object("a.1.js", "1")], store, { now: day(2) });
    assert.deepEqual([plan.put, plan.kept], [[], ["a.2.js"]]);
  });

  it("touches nothing that it did not publish itself", async () => {
    const store = new MemoryStore();
    store.objects.set("photos/cat.jpg", object("photos/cat.jpg", "cat"));
    await publish([object("a", "1")], store, { now: day(0) });
    await publish([object("b", "1")], store, { now: day(400) });
    assert.deepEqual(store.keys(), ["b", "photos/cat.jpg"]);
  });

  it("goes on after a failure, and forgets nothing that was uploaded before it", async () => {
    const store = new MemoryStore();
    store.broken.add("b.js");
    const objects = [object("a.js", "1"), object("b.js", "1"), page("p")];
    await assert.rejects(publish(objects, store, { now: day(0), atOnce: 1 }), /no room for b\.js/);
    assert.deepEqual(store.keys(), ["a.js"]);
    // The page, which refers to both, was not touched.
    assert.ok(!store.calls.includes("put index.html"));
    assert.deepEqual(Object.keys(store.record().files).sort(), ["a.js", "b.js", "index.html"]);

    store.broken.clear();
    const plan = await publish(objects, store, { now: day(1) });
    assert.equal(plan.put.length, 3);
    // Given up for good, what the failed run left is removed in time.
    await publish([page("q")], store, { now: day(2) });
    await publish([page("q")], store, { now: day(40) });
    assert.deepEqual(store.keys(), ["index.html"]);
  });

  it("says what it would do, and does nothing, in a dry run", async () => {
    const store = new MemoryStore();
    const plan = await publish([object("a", "1")], store, { dryRun: true });
    assert.equal(plan.put.length, 1);
    assert.deepEqual(store.calls, []);
  });

  it("uploads a bounded number at the same time", async () => {
    const store = new MemoryStore();
    const objects = Array.from({ length: 50 }, (_, index) => object(`a${index}`, "1"));
    await publish(objects, store, { atOnce: 4 });
    assert.equal(store.most, 4);
    assert.equal(store.keys().length, 50);
  });

  it("refuses a record that it did not write, above all one that leads elsewhere", async () => {
    for (const text of [
      "{",
      "[]",
      `{"version":2,"files":{}}`,
      ...["../x", "/etc/passwd", "a/../../x", "a\\\\..\\\\x", "a/.."].map(
        (key) => `{"version":1,"files":{"${key}":{"digest":"","lastUsed":"2020-01-01T00:00:00.000Z"}}}`,
      ),
    ]) {
      const store = new MemoryStore();
      store.objects.set(RECORD_KEY, object(RECORD_KEY, text));
      await assert.rejects(publish([object("a", "1")], store), /is not what an earlier run wrote/, text);
      assert.deepEqual(store.calls, [], text);
    }
  });
});

describe("a bounded number of tasks at once", () => {
  it("begins no further one after a failure, and waits for those that run", async () => {
    const begun: number[] = [];
    let finished = 0;
    const task = async (item: number): Promise<void> => {
      begun.push(item);
      await new Promise((resolve) => setImmediate(resolve));
      if (item === 1) throw new Error("one");
      await new Promise((resolve) => setImmediate(resolve));
      finished += 1;
    };
    await assert.rejects(atOnceEach([0, 1, 2, 3, 4, 5], 2, task), /one/);
    assert.deepEqual(begun, [0, 1]);
    assert.equal(finished, 1);
  });

  it("does nothing for nothing", async () => {
    await atOnceEach([], 4, () => Promise.reject(new Error("called")));
  });
});

describe("a folder as a store", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "store-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("keeps objects with their headers, and gives them back", async () => {
    const store = new FolderStore(root);
    await store.put(object("a/b.js", "1", { contentEncoding: "br" }));
    assert.equal((await store.read("a/b.js"))?.toString(), "1");
    assert.deepEqual(JSON.parse(readFileSync(join(root, "a/b.js.headers.json"), "utf8")), {
      contentType: "text/plain",
      cacheControl: "public, max-age=31536000, immutable",
      contentEncoding: "br",
    });
    await store.remove("a/b.js");
    await store.remove("a/b.js");
    assert.equal(await store.read("a/b.js"), undefined);
  });

  it("does nothing outside of its folder", async () => {
    const store = new FolderStore(root);
    for (const key of ["../x", "/tmp/x", "a/../../x", "."]) {
      await assert.rejects(store.put(object(key, "1")), /is outside of/, key);
      await assert.rejects(store.remove(key), /is outside of/, key);
    }
  });
});
