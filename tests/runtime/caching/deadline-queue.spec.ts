import assert from "node:assert/strict";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { DeadlineQueue, type Told } from "../../../runtime/caching/deadline-queue";

/** What was told of one piece of work. */
class Recorded implements Told {
  readonly events: string[] = [];

  answered(_now: number, inTime: boolean): void {
    this.events.push(inTime ? "answered" : "answered too late");
  }

  refused(error: unknown, inTime: boolean): Error {
    this.events.push(inTime ? "refused" : "refused too late");
    return error as Error;
  }

  late(): Error {
    this.events.push("late");
    return new Error("late");
  }
}

/** Runs the collector, which tests alone may ask for. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

describe("deadlines of commands", () => {
  it("end what is late, in the order in which it began, and count what comes after it as late", async () => {
    const queue = new DeadlineQueue(30);
    const [slow, slower, quick] = [new Recorded(), new Recorded(), new Recorded()];
    const ended: string[] = [];
    const late = (name: string) => (error: Error) => void ended.push(`${name} ${error.message}`);
    const first = queue.run(sleep(80), slow).catch(late("first"));
    const second = queue.run(new Promise(() => undefined), slower).catch(late("second"));
    assert.equal(await queue.run(Promise.resolve(3), quick), 3);
    await Promise.all([first, second]);
    assert.deepEqual(ended, ["first late", "second late"]);
    await sleep(80);
    assert.deepEqual(
      [slow, slower, quick].map(({ events }) => events),
      [["late", "answered too late"], ["late"], ["answered"]],
    );
  });

  it("pass on what the work is refused with, once", async () => {
    const queue = new DeadlineQueue(20);
    const told = new Recorded();
    await assert.rejects(queue.run(Promise.reject(new Error("no")), told), { message: "no" });
    await sleep(50);
    assert.deepEqual(told.events, ["refused"]);
  });

  it("keep no answer until its time is up, even behind one that is still waited for", async () => {
    const queue = new DeadlineQueue(2_000);
    let finish: (value: object) => void = () => undefined;
    const pending = queue.run(new Promise<object>((resolve) => (finish = resolve)), new Recorded());
    const answered = await (async () => {
      const value = await queue.run(Promise.resolve({ of: "a large answer" }), new Recorded());
      return new WeakRef(value);
    })();
    // A WeakRef holds its target until the end of the turn in which it was made.
    await turn();
    collect();
    assert.equal(answered.deref(), undefined);
    finish({});
    await pending;
  });
});
