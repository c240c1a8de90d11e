import assert from "node:assert/strict";

import { capacityFor, runLoop } from "../../../../bench/autoscaling/closed-loop";
import { compare, violationsAt } from "../../../../bench/autoscaling/equal-cost";
import { generatedTrace, KIND_NAMES } from "../../../../bench/autoscaling/generated-traces";
import { METHODS, OURS, REACTIVE } from "../../../../bench/autoscaling/methods";

describe("the bench of autoscaling", () => {
  const jump = Float64Array.from({ length: 60 }, (_, minute) => (minute < 30 ? 100 : 400));
  const loop = { load: jump, capacity: 10, leadMinutes: 3, from: 20 };

  it("counts the minutes until ordered pods are usable, and pays for them from the order on", () => {
    const reactive = runLoop(loop, { target: 0.5, reactive: "requests", second: undefined });
    // Minute 30 is seen at its end as 250 of 2 minutes: 50 pods from minute 33 take 400 at 80 %; 30 to 32 are too full.
    assert.equal(reactive.violations, (100 * 3) / 40);
    const told = Float64Array.from({ length: 60 }, (_, minute) => (minute >= 27 && minute < 30 ? 400 : 0));
    const foreseen = runLoop(loop, { target: 0.5, reactive: "requests", second: told });
    assert.equal(foreseen.violations, 0);
    assert.ok(foreseen.pods > reactive.pods);
  });

  it("lets a second trigger without an answer change nothing", () => {
    const nothing = new Float64Array(60).fill(NaN);
    const triggers = { target: 0.5, reactive: "requests" as const };
    assert.deepEqual(
      runLoop(loop, { ...triggers, second: nothing }),
      runLoop(loop, { ...triggers, second: undefined }),
    );
  });

  it("sizes a pod by the 99.9th percentile", () => {
    assert.equal(capacityFor(new Float64Array(2000).fill(280)), 10);
  });

  it("reads violations where the cost is equal, and nowhere else", () => {
    const sweep = [
      { pods: 10, violations: 1 },
      { pods: 8, violations: 3 },
      { pods: 6, violations: 9 },
    ];
    assert.equal(violationsAt(sweep, 9), 2);
    assert.equal(violationsAt(sweep, 6), 9);
    assert.equal(violationsAt(sweep, 5), undefined);
    assert.equal(violationsAt(sweep, 11), 1);
  });

  it("compares all methods, the reactive one with itself", function () {
    this.timeout(60_000);
    const outcomes = compare(METHODS, generatedTrace("office hours", 3), 3);
    assert.deepEqual(
      outcomes.map(({ method }) => method),
      METHODS.map(({ name }) => name),
    );
    const of = (name: string): number | undefined => outcomes.find(({ method }) => method === name)?.ratio;
    assert.equal(of(REACTIVE), 1);
    assert.ok((of(OURS) ?? 1) < 0.5, String(of(OURS)));
  });

  it("makes the same traces of the same seed, of each kind another", () => {
    const sums = KIND_NAMES.map((kind) => {
      const trace = generatedTrace(kind, 1);
      assert.deepEqual(trace, generatedTrace(kind, 1));
      assert.ok(trace.every((value) => Number.isInteger(value) && value >= 0));
      return trace.reduce((sum, value) => sum + value, 0);
    });
    assert.equal(new Set(sums).size, KIND_NAMES.length);
    assert.throws(() => generatedTrace("calm", 1), /there are office hours/);
  });
});
