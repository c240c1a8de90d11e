import assert from "node:assert/strict";

import { forecastRules, forecastTrigger } from "../../../../budget/autoscaling/forecast-rules";
import { plannedForecast } from "../../../../budget/autoscaling/planned-forecast";
import type { Autoscaler } from "../../../../simulation/replay/controller";
import { NO_SCRIPT, type ReplayFault, type Script } from "../../../../simulation/replay/faults";
import { ReplayFleet } from "../../../../simulation/replay/fleet";
import { oracle } from "../../../../simulation/replay/methods";
import { ROOMY } from "../../../../simulation/replay/nodes";
import { serviceObjects } from "../../../../simulation/replay/objects";
import type { Minutes, ReplayResult } from "../../../../simulation/replay/recorder";
import type { Manifest } from "../../../../simulation/replay/rendered";
import { replay, stepSeconds } from "../../../../simulation/replay/replay";
import { ResponseTimes } from "../../../../simulation/replay/service";
import type { Trace } from "../../../../simulation/replay/trace";
import { DEFAULT_BEHAVIOR } from "../../../../simulation/autoscaler/behavior";
import { judge } from "../../../../simulation/judge";
import { simulate } from "../../../../simulation/simulate";
import { ramp } from "../../../../simulation/traffic/load";
import { BALANCING, LABELS, POD, SERVICE, START, dayRate, hpa, scaledObject, traceOf } from "./fixtures";

const TIMES = new ResponseTimes(SERVICE);

interface Told {
  readonly service?: typeof SERVICE;
  readonly manifests?: readonly Manifest[];
  readonly autoscaler?: Autoscaler;
  readonly faults?: readonly ReplayFault[];
  readonly nodes?: Script["nodes"];
  readonly seed?: number;
}

function run(
  trace: Trace,
  { service = SERVICE, manifests = [hpa()], faults = [], nodes = ROOMY, seed = 0, ...told }: Told = {},
): ReplayResult {
  return replay({
    service,
    autoscaler: told.autoscaler ?? serviceObjects(manifests, "backend").autoscaler,
    trace,
    script: { ...NO_SCRIPT, faults, nodes },
    labels: LABELS,
    seed,
    judgedFrom: 0,
    times: TIMES,
  });
}

function minutesOf({ minutes }: ReplayResult): Minutes {
  assert.ok(minutes !== undefined);
  return minutes;
}

describe("replay of a trace", () => {
  const day = traceOf(1440, dayRate);

  it("follows the load of a day and keeps every promise", () => {
    for (const manifests of [[hpa()], [scaledObject()]]) {
      const result = run(day, { manifests });
      const { ready } = minutesOf(result);
      assert.equal(result.sums.violations.any, 0);
      // At noon 1,200/s at 130 to 133 a pod, within a tenth; at night as few as 200/s need.
      assert.ok((ready[720] ?? 0) >= 9 && (ready[720] ?? 0) <= 11, `${ready[720] ?? 0} pods at noon`);
      assert.equal(ready[1430], 3);
      assert.ok(Math.abs(result.sums.requests - 700 * 86_400) < 0.001 * 700 * 86_400);
    }
  });

  it("is the same for the same seed, and differs for another", () => {
    const podHours = [1, 1, 2].map((seed) => run(day, { seed }).sums.podHours);
    assert.equal(podHours[0], podHours[1]);
    assert.notEqual(podHours[0], podHours[2]);
  });

  it("agrees with the event simulation on what a step of the load breaks", () => {
    // From 400 to 1,600 requests/s at once, on 3 pods that carry 800: minutes until more are there.
    const step = traceOf(12, (minute) => (minute < 2 ? 400 : 1600));
    const events = judge(
      simulate({
        seed: 1,
        seconds: 720,
        load: ramp(400, 1600, 120, 120.001),
        pod: POD,
        balancing: BALANCING,
        promised: SERVICE.promised,
        replicas: 3,
        zones: 3,
        autoscaler: { min: 3, max: 30, target: 40, behavior: DEFAULT_BEHAVIOR },
      }),
      30,
    );
    const fluid = run(step);
    const seconds = 60 * fluid.sums.violations.any;
    assert.ok(events.outOfBudget > 30, `${events.outOfBudget} s`);
    assert.ok(Math.abs(seconds - events.outOfBudget) <= 90, `${seconds} s and ${events.outOfBudget} s`);
  });

  it("counts what waits, what is refused and how long it takes to recover", () => {
    const flood = traceOf(60, (minute) => (minute < 20 || minute >= 30 ? 300 : 4000));
    const { sums } = run(flood, { manifests: [hpa(40, { maxReplicas: 5 })] });
    assert.ok(
      sums.violations.errors >= 9 && sums.violations.errors <= 11,
      `${sums.violations.errors} minutes`,
    );
    // 5 pods let 200 in each, of which 8 are worked on.
    assert.ok(Math.abs(sums.worstQueue - 5 * 192) < 1, `${sums.worstQueue} waited`);
    assert.ok(Math.abs(sums.worstWaitSeconds - 960 / ((5 * 8) / 0.03)) < 0.01);
    assert.ok(sums.longestViolation >= 10 && sums.longestViolation <= 12);
    const served = (5 * 8) / 0.03;
    const refused = (600 * (4000 - served)) / sums.requests;
    assert.ok(Math.abs(sums.failed - refused) < 0.01, `${sums.failed} and ${refused}`);
  });

  it("goes on after a time without any pod, also where a pod lets everything in", () => {
    for (const mostPerPod of [SERVICE.mostPerPod, Infinity]) {
      const service: typeof SERVICE = { ...SERVICE, balancing: "per-connection", mostPerPod };
      const gone: ReplayFault = { kind: "crashing-pods", at: 3600, seconds: 600, share: 1 };
      const { ready, queue } = minutesOf(
        run(
          traceOf(180, () => 300),
          { service, faults: [gone] },
        ),
      );
      assert.ok(ready.some((pods) => pods === 0));
      assert.ok(
        queue.every((waiting) => Number.isFinite(waiting)),
        String(mostPerPod),
      );
      assert.equal(queue.at(-1), 0);
    }
  });

  it("with an oracle breaks nothing, for less than the autoscaler", () => {
    const { autoscaler } = serviceObjects([hpa()], "backend");
    const known = run(day, { autoscaler: oracle(autoscaler, SERVICE, 0) });
    assert.equal(known.sums.violations.any, 0);
    assert.ok(known.sums.podHours < run(day).sums.podHours);
  });

  it("divides steps so that the autoscaler's 15 s are whole", () => {
    assert.deepEqual([1, 15, 60, 300, 40].map(stepSeconds), [1, 15, 15, 15, 40 / 3]);
  });
});

describe("replay of faults", () => {
  const steady = traceOf(240, () => 1000);
  const falling = traceOf(240, (minute) => (minute < 60 ? 1000 : 700));
  const hour = { at: 3600, seconds: 3600 };

  it("never goes below what the load needs while Prometheus or KEDA is gone", () => {
    for (const kind of ["prometheus-gone", "keda-gone"] as const) {
      for (const trace of [steady, traceOf(240, (minute) => 400 + 4 * minute)]) {
        const { minutes, sums } = run(trace, { manifests: [scaledObject()], faults: [{ kind, ...hour }] });
        assert.ok(minutes !== undefined);
        for (let minute = 60; minute < 120; minute++) {
          assert.ok((minutes.wanted[minute] ?? 0) >= (minutes.wanted[59] ?? 0), `${kind}, minute ${minute}`);
        }
        if (trace === steady) assert.equal(sums.violations.any, 0);
      }
    }
  });

  it("with KEDA's defaults loses the pods that it needs, as the objects say", () => {
    // An empty answer counts as 0 there, and the fallback is lower than what runs.
    const plain = scaledObject({ fallback: { failureThreshold: 3, replicas: 3 } });
    const { sums } = run(steady, { manifests: [plain], faults: [{ kind: "prometheus-gone", ...hour }] });
    assert.ok(sums.violations.any > 10, `${sums.violations.any} minutes`);
  });

  it("holds without metrics of CPU", () => {
    const { minutes, sums } = run(falling, { faults: [{ kind: "metrics-server-gone", ...hour }] });
    assert.ok(minutes !== undefined);
    assert.equal(minutes.wanted[119], minutes.wanted[59]);
    assert.ok((minutes.wanted[200] ?? 0) < (minutes.wanted[59] ?? 0));
    assert.equal(sums.heldLooks, 240);
  });

  it("replaces the pods of a lost zone after 345 s", () => {
    const { minutes, sums } = run(steady, { faults: [{ kind: "zone-lost", ...hour }] });
    assert.ok(minutes !== undefined);
    const [before, during, after] = [minutes.ready[58] ?? 0, minutes.ready[63] ?? 0, minutes.ready[70] ?? 0];
    assert.equal(during, before - Math.ceil(before / 3));
    assert.ok(after >= before, `${after} pods`);
    assert.equal(sums.recovery[0]?.fault, "zone-lost");
  });

  it("waits for nodes, unless room was kept", () => {
    const rising = traceOf(60, (minute) => (minute < 20 ? 300 : 1500));
    const nodes = { ...ROOMY, podsPerNode: 3, startSeconds: 300 };
    const waits = run(rising, { nodes }).sums;
    const kept = run(rising, { nodes: { ...nodes, headroomPods: 12 } }).sums;
    assert.ok(waits.violations.any >= 4, `${waits.violations.any} minutes`);
    assert.ok(kept.violations.any <= 2, `${kept.violations.any} minutes`);
    assert.ok(kept.nodeHours > waits.nodeHours);
  });

  it("takes away nodes that are hardly used", () => {
    const nodes = { ...ROOMY, podsPerNode: 3, startSeconds: 120 };
    const { minutes, sums } = run(
      traceOf(300, (minute) => (minute < 60 ? 1500 : 300)),
      { nodes },
    );
    assert.ok(minutes !== undefined);
    assert.ok((minutes.nodes[299] ?? 0) < (minutes.nodes[59] ?? 0));
    assert.equal(sums.violations.any, 0);
  });

  it("moves the pods of such a node once, and rests", () => {
    const fleet = new ReplayFleet(SERVICE, { ...ROOMY, podsPerNode: 3, startSeconds: 180 }, 5, START);
    const ids = (): number[] => fleet.pods.map(({ id }) => id);
    for (let now = START; now < START + 3600; now += 15) fleet.reconcile(now);
    assert.equal(fleet.nodes.nodes.length, 2);
    const rested = ids();
    assert.equal(rested.filter((id) => id > 5).length, 1);
    for (let now = START + 3600; now < START + 7200; now += 15) fleet.reconcile(now);
    assert.deepEqual(ids(), rested);
  });

  it("slows down, crashes and empties caches", () => {
    const end = { at: 3600, seconds: 1200 };
    const faults: readonly ReplayFault[] = [
      { kind: "slow-nodes", ...end, factor: 10, share: 0.5 },
      { kind: "crashing-pods", ...end, share: 0.8 },
      { kind: "cache-lost", ...end, factor: 5 },
    ];
    for (const fault of faults) {
      const { sums } = run(steady, { faults: [fault] });
      assert.ok(sums.violations.any > 0, `${fault.kind}: ${JSON.stringify(sums)}`);
      assert.ok((sums.recovery[0]?.seconds ?? 0) > 0, fault.kind);
      assert.ok((sums.recovery[0]?.seconds ?? 0) < 3600, fault.kind);
    }
  });
});

describe("replay of rules", () => {
  const rule = (): Manifest => ({
    kind: "PrometheusRule",
    metadata: { name: "forecast" },
    spec: {
      groups: [
        forecastRules(
          plannedForecast({
            ...SERVICE,
            busyAtTarget: 0.5,
            namespace: "retrofitlink",
            service: "backend",
            mode: "on",
          }),
        ),
      ],
    },
  });

  it("evaluates the rules of the stack: a forecast raises the replicas before a steep morning", () => {
    const week = traceOf(4 * 1440, (minute) => (minute % 1440 >= 480 && minute % 1440 < 1080 ? 2600 : 300));
    const trigger = (query: string, name: string, ignoreNullValues: string): object => ({
      type: "prometheus",
      name,
      metadata: { serverAddress: "http://prometheus:9090", query, threshold: "130", ignoreNullValues },
    });
    const pods = { namespace: "retrofitlink", deployment: "backend" };
    const { triggers } = scaledObject().spec as { triggers: object[] };
    const forecast = scaledObject({
      triggers: [...triggers, trigger(forecastTrigger(pods, 4000), "forecast", "true")],
    });
    const [alone, both] = [[scaledObject()], [forecast, rule()]].map((manifests) => run(week, { manifests }));
    assert.ok(alone !== undefined && both !== undefined);
    const morning = 3 * 1440 + 479;
    assert.equal(minutesOf(alone).wanted[morning], 3);
    assert.ok((minutesOf(both).wanted[morning] ?? 0) > 15, `${minutesOf(both).wanted[morning] ?? 0} pods`);
    assert.ok(both.sums.violations.any < alone.sums.violations.any);
  });

  it("knows every pod: counts and rates are those of the fleet", () => {
    const pods = 'namespace="retrofitlink",pod=~"backend-[0-9a-z]+-[0-9a-z]{5}"';
    const query = `sum(rate(http_requests_total{${pods}}[1m])) and on () (max(count_over_time(http_requests_in_flight{${pods}}[2m])) >= 4)`;
    const result = run(
      traceOf(300, (minute) => 500 + 2 * minute),
      { manifests: [scaledObject({}, query)] },
    );
    assert.equal(result.sums.violations.any, 0);
    assert.ok((minutesOf(result).ready[299] ?? 0) >= 8);
  });

  it("refuses what KEDA or Prometheus would never answer", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["rate(http_requests_total[1m])", /ScaledObject backend: trigger requests: the query yields 3 series/],
      [
        "sum(rate(nginx_connections[1m]))",
        /nothing records nginx_connections \(known are http_requests_total/,
      ],
      ["histogram_quantile(0.9, up)", /function histogram_quantile\(\) is not evaluated/],
      ["sum(rate(http_requests_total[1m])", /syntax error/],
    ];
    for (const [query, message] of refused) {
      assert.throws(
        () =>
          run(
            traceOf(30, () => 500),
            { manifests: [scaledObject({}, query)] },
          ),
        { message },
      );
    }
  });

  it("refuses two owners, and none", () => {
    assert.throws(
      () => serviceObjects([hpa(), scaledObject()], "backend"),
      /two owners: HorizontalPodAutoscaler backend and/,
    );
    assert.throws(() => serviceObjects([], "backend"), /nothing scales backend/);
    assert.throws(
      () =>
        run(
          traceOf(30, () => 500),
          {
            manifests: [
              hpa(40, {
                metrics: [{ type: "External", external: { metric: { name: "q" }, target: { value: "1" } } }],
              }),
            ],
          },
        ),
      /nobody serves the external metric q/,
    );
  });

  it("begins at the moment of the trace", () => {
    // Monday 08:00 in Berlin is 07:00 UTC.
    const cron = {
      type: "cron",
      metadata: { timezone: "Europe/Berlin", start: "0 8 * * 1", end: "0 9 * * 1", desiredReplicas: "20" },
    };
    const { triggers } = scaledObject().spec as { triggers: object[] };
    const result = run(
      traceOf(600, () => 300),
      { manifests: [scaledObject({ triggers: [...triggers, cron] })] },
    );
    assert.equal(START % 86_400, 0);
    const { wanted } = minutesOf(result);
    assert.equal(wanted[415], 3);
    assert.equal(wanted[425], 20);
  });
});
