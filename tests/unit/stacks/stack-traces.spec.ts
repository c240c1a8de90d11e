import assert from "node:assert/strict";

import { cacheStackFrames } from "../../../stacks/stack-traces";

/** A trace as the SDK takes it: the text of a new error. */
const trace = (message: string): string => new RangeError(message).stack ?? "";

/** Twice from the same place, and once from another. */
const traces = (): string[] => [...["one", "one", "two"].map(trace), trace("three")];

describe("stack traces whose frames are remembered", () => {
  type Prepare = (error: Error, frames: NodeJS.CallSite[]) => unknown;
  const current = (): Prepare => Reflect.get(Error, "prepareStackTrace") as Prepare;
  const prepareStackTrace = current();
  afterEach(() => {
    Object.assign(Error, { prepareStackTrace });
  });

  it("name the places that they name otherwise", () => {
    // ts-node guesses a function's name by where it is called; here it has its own.
    const places = (text: string): string[] =>
      [...text.matchAll(/[^\s(/]+:\d+:\d+/g)].map(([place]) => place);
    const [here, there] = [0, 1].map((turn) => {
      if (turn === 1) cacheStackFrames();
      return traces();
    });
    assert.deepEqual(there?.map(places), here?.map(places));
    assert.match(there?.[0] ?? "", /^RangeError: one\n\s+at trace \(.*stack-traces\.spec\.ts:6:\d+\)\n/);
    assert.match(there?.[2] ?? "", /^RangeError: two\n/);
  });

  it("ask for each place once, until it is undone", () => {
    let asked = 0;
    Error.prepareStackTrace = (error, frames) => {
      asked += frames.length;
      return prepareStackTrace(error, frames);
    };
    const ours = current();
    const undo = cacheStackFrames();
    const repeated = (): void => void Array.from({ length: 100 }, () => trace("again"));
    repeated();
    const once = asked;
    repeated();
    assert.ok(once > 0 && once < 40, `${once} frames for a hundred traces`);
    assert.ok(asked - once <= 1, `${asked - once} more for another hundred`);
    undo();
    assert.equal(current(), ours);
  });

  it("are left alone where nothing maps them", () => {
    Object.assign(Error, { prepareStackTrace: undefined });
    cacheStackFrames();
    assert.equal(current(), undefined);
  });
});
