/** Pods that are ready and slow at first. */
import assert from "node:assert/strict";

import { freshness, NO_SCRIPT, parseScript, type Script } from "../../../../simulation/replay/faults";
import { serviceObjects } from "../../../../simulation/replay/objects";
import type { Minutes, ReplayResult } from "../../../../simulation/replay/recorder";
import { replay } from "../../../../simulation/replay/replay";
import { LABELS, SERVICE, hpa, traceOf } from "./fixtures";

const STEADY = traceOf(120, () => 1000);

function run(script: Partial<Script>, service = SERVICE): ReplayResult {
  const { autoscaler } = serviceObjects([hpa(40, { minReplicas: 8, maxReplicas: 8 })], "backend");
  const told = { ...NO_SCRIPT, ...script };
  return replay({ service, autoscaler, trace: STEADY, script: told, labels: LABELS, seed: 0, judgedFrom: 0 });
}

function minutesOf({ minutes }: ReplayResult): Minutes {
  assert.ok(minutes !== undefined);
  return minutes;
}

const ROLLOUT = { faults: [{ kind: "rollout", at: 1800 }] } as const;
const RECREATE = { ...SERVICE, rollout: { maxSurge: 0, maxUnavailable: "100%", minReadySeconds: 0 } };

describe("a slow start in a replay", () => {
  it("is over when its time is, evenly less until then", () => {
    const slowStart = { seconds: 60, factor: 5 };
    assert.deepEqual(
      [-1, 0, 15, 30, 45, 60, 3600].map((age) => freshness(slowStart, age)),
      [5, 5, 4, 3, 2, 1, 1],
    );
    assert.equal(freshness(undefined, 0), 1);
  });

  it("takes from the capacity what the pods that have just begun lack", () => {
    const slowStart = { seconds: 600, factor: 5 };
    const { capacity, ready } = minutesOf(run({ ...ROLLOUT, slowStart }, RECREATE));
    const whole = (8 * SERVICE.slots) / SERVICE.time.mean;
    assert.ok(Math.abs((capacity[29] ?? 0) - whole) < 0.01);
    // All eight begin at 1815 s and are ready 17 s later; the last step of a minute has its middle 7.5 s before the end.
    for (const minute of [31, 35, 40]) {
      const age = 60 * (minute + 1) - 7.5 - (1815 + 17);
      assert.equal(ready[minute], 8);
      const expected = whole / freshness(slowStart, age);
      assert.ok(
        Math.abs((capacity[minute] ?? 0) - expected) < 0.01 * expected,
        `minute ${minute}: ${capacity[minute] ?? 0}`,
      );
    }
    assert.ok(Math.abs((capacity[50] ?? 0) - whole) < 0.01);
  });

  it("gives slow pods less where proxies choose, and their share where callers choose by chance", () => {
    const slowStart = { seconds: 120, factor: 10 };
    const proxied = run({ ...ROLLOUT, slowStart }).sums;
    const called = run({ ...ROLLOUT, slowStart }, { ...SERVICE, balancing: "per-connection" }).sums;
    assert.equal(run(ROLLOUT).sums.violations.any, 0);
    // A quarter of the pods by chance get a quarter of the requests, far more than the 5 % that may be slow.
    assert.ok(called.violations.p95 >= 2, `${called.violations.p95} minutes`);
    assert.ok(proxied.violations.p95 < called.violations.p95, `${proxied.violations.p95} minutes`);
  });

  it("equals slow nodes where all pods are as slow all the time", () => {
    const fresh = run({ slowStart: { seconds: 1e12, factor: 3 } });
    const slow = run({ faults: [{ kind: "slow-nodes", at: 0, seconds: 1e6, factor: 3, share: 1 }] });
    const key = (result: ReplayResult): object => ({ ...result.sums, recovery: [] });
    assert.ok(fresh.sums.violations.any > 0);
    const [a, b] = [key(fresh), key(slow)] as Record<string, unknown>[];
    for (const name of ["violations", "longestViolation", "mostReplicas"])
      assert.deepEqual(a?.[name], b?.[name], name);
    assert.ok(Math.abs(fresh.sums.worstQueue - slow.sums.worstQueue) < 1e-3);
  });

  it("is a block of the script", () => {
    assert.deepEqual(parseScript("slowStart: {seconds: 1m, factor: 5}", "script.yaml").slowStart, {
      seconds: 60,
      factor: 5,
    });
    assert.throws(
      () => parseScript("slowStart: {seconds: 1m, factor: 0.5}", "script.yaml"),
      /slowStart\.factor/,
    );
  });
});
