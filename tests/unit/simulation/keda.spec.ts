import assert from "node:assert/strict";

import { Schedule } from "../../../simulation/autoscaler/cron";
import { Keda } from "../../../simulation/autoscaler/keda";
import { metricName, readScaledObject } from "../../../simulation/autoscaler/scaled-object";

const requests = (more: object = {}, metadata: object = {}): object => ({
  type: "prometheus",
  ...more,
  metadata: {
    serverAddress: "http://prometheus",
    query: "rps",
    threshold: "100",
    ignoreNullValues: "false",
    ...metadata,
  },
});
const manifest = (spec: object = {}, annotations: object = {}): object => ({
  metadata: { name: "backend", annotations },
  spec: {
    scaleTargetRef: { name: "backend" },
    minReplicaCount: 2,
    maxReplicaCount: 20,
    triggers: [requests()],
    ...spec,
  },
});

/** Answers of Prometheus that a test changes as it goes. */
class Answers {
  now: readonly number[] | "no answer" = [500];
  asked = 0;

  keda(spec: object = {}, annotations: object = {}): Keda {
    return new Keda(readScaledObject(manifest(spec, annotations)), () => (this.asked++, this.now), 0);
  }
}

const WORKLOAD = { wanted: 6, ready: 5 };
const METRIC = "s0-prometheus";

describe("a ScaledObject", () => {
  it("becomes an autoscaler of its triggers", () => {
    const { hpa } = readScaledObject(
      manifest({
        minReplicaCount: undefined,
        triggers: [
          { type: "cpu", metricType: "Utilization", metadata: { value: "60", containerName: "backend" } },
          requests(),
          requests({ metricType: "Value" }, { threshold: "0.5" }),
        ],
      }),
    );
    assert.equal(hpa.min, 1);
    assert.deepEqual(hpa.metrics, [
      { kind: "external", name: "s0-prometheus", selector: {}, average: 100_000, value: undefined },
      { kind: "external", name: "s1-prometheus", selector: {}, average: undefined, value: 500 },
      { kind: "resource", resource: "cpu", container: "backend", utilization: 60, average: undefined },
    ]);
  });

  it("answers in thousandths, and an empty answer as it was told to", () => {
    const answers = new Answers();
    const strict = answers.keda();
    const loose = answers.keda({ triggers: [requests({}, { ignoreNullValues: "true" })] });
    assert.equal(strict.metric(METRIC, 0, WORKLOAD), 500_000);
    for (const nothing of [[], [NaN], [Infinity]]) {
      answers.now = nothing;
      assert.equal(strict.metric(METRIC, 0, WORKLOAD), undefined);
      assert.equal(loose.metric(METRIC, 0, WORKLOAD), 0);
    }
    answers.now = "no answer";
    assert.equal(loose.metric(METRIC, 0, WORKLOAD), undefined);
    answers.now = [1, 2];
    assert.equal(loose.metric(METRIC, 0, WORKLOAD), undefined);
  });

  it("falls back after more failures than it bears, and comes back with the first answer", () => {
    const expected = { static: 3, currentReplicas: 6, currentReplicasIfHigher: 6, currentReplicasIfLower: 3 };
    for (const [behavior, replicas] of Object.entries(expected)) {
      const answers = new Answers();
      const keda = answers.keda({ fallback: { failureThreshold: 2, replicas: 3, behavior } });
      answers.now = "no answer";
      const values = [1, 2, 3].map(() => keda.metric(METRIC, 0, WORKLOAD));
      assert.deepEqual(values, [undefined, undefined, 100_000 * replicas], behavior);
      answers.now = [500];
      assert.equal(keda.metric(METRIC, 0, WORKLOAD), 500_000);
      answers.now = "no answer";
      assert.equal(keda.metric(METRIC, 0, WORKLOAD), undefined);
    }
  });

  it("divides the fallback of a value by the pods that are ready", () => {
    const answers = new Answers();
    const keda = answers.keda({
      triggers: [requests({ metricType: "Value" })],
      fallback: { failureThreshold: 0, replicas: 10 },
    });
    answers.now = "no answer";
    assert.equal(keda.metric(METRIC, 0, WORKLOAD), 200_000);
    assert.equal(keda.metric(METRIC, 0, { wanted: 6, ready: 0 }), undefined);
  });

  it("asks at its own pace where metrics are cached", () => {
    const answers = new Answers();
    const keda = answers.keda({ triggers: [requests({ useCachedMetrics: true })] });
    keda.poll(0, WORKLOAD);
    answers.now = [900];
    assert.equal(keda.metric(METRIC, 15, WORKLOAD), 500_000);
    assert.equal(answers.asked, 1);
    keda.poll(30, WORKLOAD);
    assert.equal(keda.metric(METRIC, 45, WORKLOAD), 900_000);
  });

  it("goes to zero only after the cooldown, and from there above the activation only", () => {
    const answers = new Answers();
    const keda = answers.keda({
      minReplicaCount: 0,
      cooldownPeriod: 60,
      triggers: [requests({}, { activationThreshold: "10" })],
    });
    assert.equal(keda.poll(0, WORKLOAD), undefined);
    answers.now = [5];
    assert.deepEqual(
      [30, 60, 61].map((now) => keda.poll(now, WORKLOAD)),
      [undefined, undefined, 0],
    );
    assert.equal(keda.poll(90, { wanted: 0, ready: 0 }), undefined);
    answers.now = [11];
    assert.equal(keda.poll(120, { wanted: 0, ready: 0 }), 1);
  });

  it("never goes to zero because nobody answers", () => {
    const answers = new Answers();
    answers.now = "no answer";
    const [bare, safe] = [
      answers.keda({ minReplicaCount: 0 }),
      answers.keda({ minReplicaCount: 0, fallback: { failureThreshold: 99, replicas: 3 } }),
    ];
    for (let now = 0; now < 3600; now += 30) {
      assert.equal(bare.poll(now, WORKLOAD), undefined);
      assert.equal(safe.poll(now, WORKLOAD), undefined);
    }
  });

  it("pauses as its annotations say", () => {
    const prefix = "autoscaling.keda.sh/paused";
    const answers = new Answers();
    assert.equal(answers.keda({}, { [`${prefix}-replicas`]: "4" }).poll(0, WORKLOAD), 4);
    assert.equal(answers.keda({}, { [prefix]: "true" }).poll(0, WORKLOAD), undefined);
    assert.equal(readScaledObject(manifest({}, { [prefix]: "false" })).paused, undefined);
    const { hpa } = readScaledObject(manifest({}, { [`${prefix}-scale-in`]: "true" }));
    assert.equal(hpa.behavior?.scaleDown.selectPolicy, "Disabled");
    assert.equal(hpa.behavior?.scaleUp.selectPolicy, "Max");
  });

  it("asks for replicas by the clock of a time zone", () => {
    const cron = {
      type: "cron",
      metadata: {
        timezone: "Europe/Berlin",
        start: "0 8 * * 1-5",
        end: "0 18 * * 1-5",
        desiredReplicas: "9",
      },
    };
    const object = readScaledObject(manifest({ triggers: [cron] }));
    const keda = new Keda(object, () => "no answer", 0);
    const name = metricName(0, object.triggers[0] ?? assert.fail());
    const at = (iso: string): number | undefined => keda.metric(name, Date.parse(iso) / 1000, WORKLOAD);
    // In summer Berlin is two hours ahead, in winter one.
    assert.deepEqual(
      ["2026-07-06T05:59Z", "2026-07-06T06:00Z", "2026-07-06T15:59Z", "2026-07-06T16:00Z"].map(at),
      [0, 9000, 9000, 0],
    );
    assert.deepEqual(["2026-12-07T06:30Z", "2026-12-07T07:30Z", "2026-12-12T10:00Z"].map(at), [0, 9000, 0]);
  });

  it("says what it cannot do", () => {
    const refused: readonly (readonly [object, RegExp])[] = [
      [{ minReplicaCount: 30 }, /minReplicaCount 30 is above maxReplicaCount 20/],
      [{ triggers: [] }, /spec.triggers is empty/],
      [
        { triggers: [{ type: "mysql", metadata: {} }] },
        /the type "mysql" is not simulated; these are: prometheus/,
      ],
      [{ triggers: [requests({}, { threshold: "0" })] }, /threshold is 0; allowed is above 0/],
      [{ triggers: [requests({}, { query: "" })] }, /metadata.query is missing/],
      [{ fallback: { failureThreshold: 3, replicas: 3, behavior: "scalingModifiers" } }, /fallback.behavior/],
      [{ advanced: { scalingModifiers: { formula: "a + b" } } }, /scalingModifiers is not simulated/],
    ];
    for (const [spec, message] of refused) {
      assert.throws(() => readScaledObject(manifest(spec)), { name: "ObjectError", message });
    }
  });
});

describe("a schedule", () => {
  const next = (text: string, after: string, zone = "UTC"): string =>
    new Date(new Schedule(text, zone, "start").next(Date.parse(after))).toISOString().slice(0, 16);

  it("comes next where each field allows it", () => {
    assert.equal(next("*/20 * * * *", "2026-03-01T10:05Z"), "2026-03-01T10:20");
    assert.equal(next("30 4 1 1 *", "2026-03-01T10:05Z"), "2027-01-01T04:30");
    assert.equal(next("0 9 * * MON-FRI", "2026-11-27T09:00Z"), "2026-11-30T09:00");
    assert.equal(next("0 0 29 2 *", "2026-03-01T10:05Z"), "2028-02-29T00:00");
    // Of two kinds of days either is enough.
    assert.equal(next("0 0 13 * 5", "2026-11-02T00:00Z"), "2026-11-06T00:00");
  });

  it("follows the clock of its zone", () => {
    assert.equal(next("0 8 * * *", "2026-03-28T12:00Z", "Europe/Berlin"), "2026-03-29T06:00");
    assert.equal(next("0 8 * * *", "2026-10-24T12:00Z", "Europe/Berlin"), "2026-10-25T07:00");
    assert.equal(next("15 5 * * *", "2026-01-01T00:00Z", "Asia/Kolkata"), "2026-01-01T23:45");
  });

  it("refuses what is none", () => {
    for (const text of ["0 8 * *", "61 8 * * *", "0 8 * * noday", "5-1 * * * *"]) {
      assert.throws(() => new Schedule(text, "UTC", "start"), { name: "ObjectError" });
    }
    assert.throws(
      () => new Schedule("0 8 * * *", "Europe/Nowhere", "start"),
      /no time zone "Europe\/Nowhere"/,
    );
  });
});
