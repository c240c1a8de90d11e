import assert from "node:assert/strict";

import { commandTimeoutMs } from "../../../runtime/caching";
import { Gate } from "../../../runtime/caching/gate";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, settingsFor, startTestRedis } from "./caches";

/** Of the shipped stacks. */
const REQUEST_TIMEOUT_MS = 2000;

/** Holds the event loop up, as an application does that computes. */
function compute(forMs: number): void {
  for (const until = performance.now() + forMs; performance.now() < until;);
}

describe("a cache whose process has much to do", () => {
  let redis: RunningRedis;
  const caches = new Caches();

  before(async () => {
    redis = await startTestRedis();
  });
  after(async () => {
    await redis?.stop();
  });
  beforeEach(() => redis.cli("flushall"));
  afterEach(() => caches.close());

  /** With the deadline that follows from the budget, 100 ms. */
  async function shipped() {
    const settings = settingsFor(redis.port, { timeoutMs: commandTimeoutMs(REQUEST_TIMEOUT_MS, "cache") });
    const cache = caches.data(redis.port, { settings });
    assert.equal(await cache.connected(10_000), true);
    return cache;
  }

  for (const tagged of [false, true]) {
    it(`keeps 2,000 values that are missed at once, ${tagged ? "with" : "without"} tags`, async () => {
      const cache = await shipped();
      const load = async (key: string): Promise<string> => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        // What an application does with each, so that all of it takes longer than a deadline.
        compute(0.2);
        return key;
      };
      const keys = Array.from({ length: 2000 }, (_, index) => `k${index}`);
      const answers = await Promise.all(
        keys.map((key) =>
          cache.getOrLoad(key, () => load(key), tagged ? { tags: ["all", `tag:${key}`] } : {}),
        ),
      );
      assert.deepEqual(answers, keys);
      assert.equal((await cache.getMany(keys)).size, 2000);
      assert.equal(await caches.count("redis_cache_errors_total"), 0);
    });
  }

  it("asks Redis for what all of them share once", async () => {
    const cache = await shipped();
    await redis.cli("config", "resetstat");
    const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
    await Promise.all(
      keys.map((key) => cache.getOrLoad(key, () => Promise.resolve(1), { tags: ["shared"] })),
    );
    const sets = Number(/cmdstat_set:calls=(\d+)/.exec(await redis.cli("info", "commandstats"))?.[1]);
    assert.ok(sets >= 301 && sets <= 310, `${sets} SET for 300 values and one tag`);
  });

  it("takes no answer for late that waited for it, however often", async () => {
    const cache = await shipped();
    await cache.set("k", 1);
    for (let round = 0; round < 8; round++) {
      const reading = [cache.get("k"), cache.get("none")];
      compute(150);
      // In turns that are each shorter than a deadline, together longer.
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        compute(40);
      }
      assert.deepEqual(await Promise.all(reading), [1, undefined]);
    }
    assert.equal(await caches.count("redis_cache_errors_total"), 0);
    assert.equal(cache.available, true);
  });

  it("lets in so much at a time, in its order, and what is too heavy alone", async () => {
    const gate = new Gate(3);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const work = (number: number, weight: number): Promise<void> =>
      gate.through(weight, async () => {
        order.push(number);
        inside += weight;
        most = Math.max(most, weight > 3 ? 3 : inside);
        if (weight > 3) assert.equal(inside, weight);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside -= weight;
        if (number === 4) throw new Error("no");
      });
    const all = [1, 1, 1, 2, 1, 9, 1, 1, 2, 3].map((weight, number) => work(number, weight));
    const results = await Promise.allSettled(all);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(most, 3);
    assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
  });

  it("lets in what fails at once over several turns", async () => {
    const gate = new Gate(10);
    let turn = 0;
    const perTurn = new Map<number, number>();
    let counting = true;
    const count = (): void => {
      turn++;
      if (counting) setImmediate(count);
    };
    count();
    let release: () => void = () => undefined;
    const held = gate.through(10, () => new Promise<void>((resolve) => (release = resolve)));
    const failing = Array.from({ length: 500 }, () =>
      gate.through(1, () => {
        perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
        throw new Error("the circuit is open");
      }),
    );
    release();
    await held;
    const results = await Promise.allSettled(failing);
    counting = false;
    const most = Math.max(...perTurn.values());
    assert.equal(results.length, 500);
    assert.ok(most <= 30, `${most} in one turn`);
  });
});
