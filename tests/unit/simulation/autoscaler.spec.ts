import assert from "node:assert/strict";

import { DEFAULT_BEHAVIOR, nothingYet, step, type Behavior } from "../../../simulation/autoscaler/behavior";
import { calculateReplicas, type SeenPod } from "../../../simulation/autoscaler/replica-calculator";

const NOW = 10_000;

const pod = (milliCores: number | undefined, change: Partial<SeenPod> = {}): SeenPod => ({
  deleted: false,
  pending: false,
  startedAt: 0,
  ready: true,
  changedAt: 20,
  metric: milliCores === undefined ? undefined : { milliCores, at: NOW - 5 },
  ...change,
});

const pods = (count: number, milliCores: number | undefined, change?: Partial<SeenPod>): SeenPod[] =>
  Array.from({ length: count }, () => pod(milliCores, change));

/** With a request of one core. */
const wanted = (seen: readonly SeenPod[], current: number, target: number): number | undefined =>
  calculateReplicas(seen, current, target, 1000, NOW);

describe("replicas that the autoscaler asks for", () => {
  it("follow the ratio of use and target, rounded up", () => {
    assert.equal(wanted(pods(4, 900), 4, 50), 8);
    assert.equal(wanted(pods(4, 200), 4, 50), 2);
  });

  it("stay within a tenth of the target, in whole percents", () => {
    // 689 of 1000 are 68 %, and 68 / 62 = 1.097; 690 are 69 %, and 69 / 62 = 1.113.
    assert.equal(wanted(pods(7, 689), 7, 62), 7);
    assert.equal(wanted(pods(7, 690), 7, 62), 8);
    assert.equal(wanted(pods(7, 560), 7, 62), 7);
    assert.equal(wanted(pods(7, 550), 7, 62), 7);
    assert.equal(wanted(pods(10, 550), 10, 62), 9);
  });

  it("stay while pods of a lost zone have no metric, whichever way the others want to go", () => {
    // 4 of 7 pods work at their limit: 161 % of the target. Counting 0 for the others it is 92 %: the other direction.
    assert.equal(wanted([...pods(4, 1000), ...pods(3, undefined)], 7, 62), 7);
    // Fewer would do, but the others count as busy.
    assert.equal(wanted([...pods(4, 500), ...pods(3, undefined)], 7, 62), 7);
  });

  it("count pods that are on their way out no more", () => {
    assert.equal(wanted([...pods(4, 1000), ...pods(3, undefined, { deleted: true })], 4, 50), 8);
  });

  it("count a pod that has only just started as idle, but only against going up", () => {
    const fresh = pod(1000, { startedAt: NOW - 20, changedAt: NOW - 8 });
    assert.equal(wanted([...pods(4, 900), fresh], 5, 50), Math.ceil((72 / 50) * 5));
    assert.equal(wanted([...pods(4, 200), fresh], 5, 50), 2);
  });

  it("are unknown when nothing is measured", () => {
    assert.equal(wanted(pods(3, undefined), 3, 50), undefined);
    assert.equal(wanted([], 3, 50), undefined);
  });
});

describe("behavior of the autoscaler", () => {
  const bounds = { min: 2, max: 100 };
  const run = (wishes: readonly number[], start: number, behavior: Behavior): number[] => {
    const memory = nothingYet();
    let current = start;
    return wishes.map((wish, index) => (current = step(wish, current, index * 15, memory, behavior, bounds)));
  };

  it("at most doubles, or adds four, in each period", () => {
    assert.deepEqual(run([100, 100, 100, 100, 100], 2, DEFAULT_BEHAVIOR), [6, 12, 24, 48, 96]);
  });

  it("goes down only to the most that was wanted within its window", () => {
    const wishes = [10, ...Array.from({ length: 25 }, () => 3)];
    const replicas = run(wishes, 10, DEFAULT_BEHAVIOR);
    assert.deepEqual(
      replicas.slice(0, 20),
      Array.from({ length: 20 }, () => 10),
    );
    assert.equal(replicas.at(-1), 3);
  });

  it("takes the slower of two policies where it is told so", () => {
    const slow: Behavior = {
      ...DEFAULT_BEHAVIOR,
      scaleDown: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Min",
        policies: [
          { type: "Percent", value: 10, periodSeconds: 60 },
          { type: "Pods", value: 5, periodSeconds: 60 },
        ],
      },
    };
    assert.deepEqual(run([2, 2, 2, 2, 2], 40, slow), [36, 36, 36, 36, 32]);
  });

  it("never leaves its bounds", () => {
    assert.deepEqual(run([0, 500], 2, DEFAULT_BEHAVIOR), [2, 6]);
    assert.equal(step(500, 90, 0, nothingYet(), DEFAULT_BEHAVIOR, bounds), 100);
  });
});
