import assert from "node:assert/strict";

import {
  HorizontalPodAutoscaler,
  type MetricsApis,
  type Scale,
} from "../../../simulation/autoscaler/horizontal-pod-autoscaler";
import { readHpa } from "../../../simulation/autoscaler/hpa-object";
import { milliValue, parseQuantity } from "../../../simulation/autoscaler/quantity";
import { byAverage, byValue, byValuePerPod } from "../../../simulation/autoscaler/replica-calculator";

const TENTH = { up: 0.1, down: 0.1 };
const cpu = (averageUtilization: number): object => ({
  type: "ContainerResource",
  containerResource: {
    name: "cpu",
    container: "backend",
    target: { type: "Utilization", averageUtilization },
  },
});
const external = (target: object): object => ({
  type: "External",
  external: { metric: { name: "queue" }, target },
});
const manifest = (spec: object): object => ({
  metadata: { name: "backend" },
  spec: { scaleTargetRef: { name: "backend" }, minReplicas: 2, maxReplicas: 20, ...spec },
});
const scaleOf = (replicas: number, ready = replicas): Scale => ({ wanted: replicas, there: replicas, ready });

/** Every pod measured the same, and one external value. */
function apis({ milliCores, queue }: { milliCores?: number; queue?: number }, pods = 4): MetricsApis {
  return {
    resource: () =>
      milliCores === undefined
        ? undefined
        : { groups: { measured: pods, total: pods * milliCores, unready: 0, missing: 0 }, request: 1000 },
    pods: () => undefined,
    external: () => (queue === undefined ? undefined : [1000 * queue]),
  };
}

function decide(spec: object, given: MetricsApis, current = 4): { replicas: number; held: boolean } {
  const { replicas, held } = new HorizontalPodAutoscaler(readHpa(manifest(spec))).sync(
    0,
    scaleOf(current),
    given,
  );
  return { replicas, held };
}

describe("a whole HorizontalPodAutoscaler", () => {
  const both = [cpu(50), external({ type: "AverageValue", averageValue: "10" })];

  it("takes the metric that asks for the most", () => {
    assert.deepEqual(decide({ metrics: both }, apis({ milliCores: 600, queue: 70 })), {
      replicas: 7,
      held: false,
    });
    assert.deepEqual(decide({ metrics: both }, apis({ milliCores: 750, queue: 42 })), {
      replicas: 6,
      held: false,
    });
  });

  it("goes up by what it can read, and holds where that asks for less", () => {
    assert.deepEqual(decide({ metrics: both }, apis({ queue: 70 })), { replicas: 7, held: false });
    assert.deepEqual(decide({ metrics: both }, apis({ queue: 20 })), { replicas: 4, held: true });
    assert.deepEqual(decide({ metrics: both }, apis({})), { replicas: 4, held: true });
  });

  it("goes to its bounds before it looks at a metric", () => {
    assert.deepEqual(decide({ metrics: both }, apis({}), 25), { replicas: 20, held: false });
    assert.deepEqual(decide({ metrics: both }, apis({}), 1), { replicas: 2, held: false });
  });

  it("does nothing to a workload of no pods", () => {
    assert.deepEqual(decide({ metrics: both }, apis({ milliCores: 900, queue: 90 }), 0), {
      replicas: 0,
      held: true,
    });
  });

  it("has a tolerance for each direction", () => {
    const behavior = { scaleUp: { tolerance: "0" }, scaleDown: { tolerance: "0.5" } };
    const metrics = [external({ type: "AverageValue", averageValue: "10" })];
    assert.equal(decide({ metrics, behavior }, apis({ queue: 41 })).replicas, 5);
    assert.equal(decide({ metrics }, apis({ queue: 41 })).replicas, 4);
    assert.equal(decide({ metrics, behavior }, apis({ queue: 21 })).replicas, 4);
  });

  it("never goes a way that is disabled", () => {
    const metrics = [external({ type: "AverageValue", averageValue: "10" })];
    const down = { scaleDown: { selectPolicy: "Disabled", stabilizationWindowSeconds: 0 } };
    assert.equal(decide({ metrics, behavior: down }, apis({ queue: 20 })).replicas, 4);
    assert.equal(
      decide({ metrics, behavior: { scaleUp: { selectPolicy: "Disabled" } } }, apis({ queue: 90 })).replicas,
      4,
    );
  });

  it("without a behavior doubles from what is there, as often as it looks", () => {
    const hpa = new HorizontalPodAutoscaler(readHpa(manifest({ maxReplicas: 100, metrics: [cpu(1)] })));
    const seen = [3, 6, 12].map((replicas, look) =>
      hpa.sync(15 * look, scaleOf(replicas), apis({ milliCores: 900 }, replicas)),
    );
    assert.deepEqual(
      seen.map(({ replicas }) => replicas),
      [6, 12, 24],
    );
  });

  it("keeps what it found at its start as a recommendation", () => {
    const metrics = [external({ type: "AverageValue", averageValue: "10" })];
    const hpa = new HorizontalPodAutoscaler(readHpa(manifest({ metrics })));
    let replicas = 8;
    const down = Array.from({ length: 22 }, (_, look) => {
      ({ replicas } = hpa.sync(15 * look, scaleOf(replicas), apis({ queue: 20 })));
      return replicas;
    });
    // Still at 300 s, for without a behavior the window is closed.
    assert.deepEqual([down[20], down[21]], [8, 2]);
  });

  it("forgets additions that are too old for its own policies, although others look back farther", () => {
    // Up by at most 10 in 15 s, down by at most 1 in 60 s from where the minute began: what was added has to be known.
    const behavior = {
      scaleUp: { policies: [{ type: "Pods", value: 10, periodSeconds: 15 }] },
      scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
    };
    const metrics = [external({ type: "AverageValue", averageValue: "10" })];
    const hpa = new HorizontalPodAutoscaler(readHpa(manifest({ metrics, behavior, maxReplicas: 100 })));
    let replicas = 4;
    const run = [100, 160, 160, 190, 20].map((queue, index) => {
      ({ replicas } = hpa.sync([0, 20, 40, 60, 75][index] ?? 0, scaleOf(replicas), apis({ queue })));
      return replicas;
    });
    // Additions at 0 s and 20 s: the second and third took the place of older ones. Within 60 s only +3 is still known.
    assert.deepEqual(run, [10, 16, 16, 19, 15]);
  });

  it("divides a value by the pods that there are, or compares it as it is", () => {
    assert.equal(byValuePerPod(70_000, 4, 10_000, TENTH), 7);
    assert.equal(byValuePerPod(43_000, 4, 10_000, TENTH), 4);
    assert.equal(byValue(30_000, 4, 3, 10_000, TENTH), 9);
    assert.equal(byValue(10_900, 4, 3, 10_000, TENTH), 4);
    assert.equal(byValue(25_000, 0, 0, 10_000, TENTH), 3);
  });

  it("takes pods without a metric for exactly on target, and of unready ones none", () => {
    assert.equal(byAverage({ measured: 4, total: 20_000, unready: 0, missing: 4 }, 8, 10_000, TENTH), 6);
    assert.equal(byAverage({ measured: 4, total: 80_000, unready: 2, missing: 2 }, 8, 10_000, TENTH), 8);
    assert.equal(byAverage({ measured: 0, total: 0, unready: 2, missing: 2 }, 8, 10_000, TENTH), undefined);
  });

  it("reads quantities", () => {
    assert.deepEqual(["500m", "1.5", "2Gi", "1e3", "3k", 7].map(parseQuantity), [
      0.5,
      1.5,
      2 ** 31,
      1000,
      3000,
      7,
    ]);
    assert.deepEqual(["", "1x", "m", undefined].map(parseQuantity), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual([0.1, 0.0001, 2 ** 30].map(milliValue), [100, 1, 1000 * 2 ** 30]);
  });

  it("says what it cannot do", () => {
    const refused: readonly (readonly [object, RegExp])[] = [
      [{ minReplicas: 9, maxReplicas: 3 }, /minReplicas 9 is above maxReplicas 3/],
      [{ maxReplicas: 2.5 }, /maxReplicas is 2.5; allowed is a whole number/],
      [{ metrics: [{ type: "Custom" }] }, /spec.metrics\[0\]: type is "Custom"/],
      [{ metrics: [external({})] }, /neither averageValue nor value/],
      [{ metrics: [external({ averageValue: "0" })] }, /the target is "0"/],
      [
        { behavior: { scaleUp: { policies: [{ type: "Pods", value: 1, periodSeconds: 3600 }] } } },
        /periodSeconds of 1 to 1800/,
      ],
    ];
    for (const [spec, message] of refused) {
      assert.throws(() => readHpa(manifest(spec)), { name: "ObjectError", message });
    }
  });
});
