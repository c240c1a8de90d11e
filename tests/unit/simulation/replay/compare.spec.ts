import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "../../../../cli/paths";
import { worse } from "../../../../simulation/replay/against";
import { niceTop } from "../../../../simulation/replay/chart";
import { compare } from "../../../../simulation/replay/compare";
import { readOptions, wholeNumber } from "../../../../simulation/replay/command";
import {
  NO_SCRIPT,
  checkMoments,
  coldness,
  isGone,
  parseScript,
  readScript,
} from "../../../../simulation/replay/faults";
import { jobRunner, type JobContext } from "../../../../simulation/replay/job";
import { atCost, withTargets } from "../../../../simulation/replay/methods";
import { serviceObjects } from "../../../../simulation/replay/objects";
import { replayPage } from "../../../../simulation/replay/page";
import { runJobs } from "../../../../simulation/replay/pool";
import { cheapest, search } from "../../../../simulation/replay/search";
import { comparisonLines } from "../../../../simulation/replay/terminal";
import { tunePage } from "../../../../simulation/replay/tune-page";
import { LABELS, SERVICE, dayRate, hpa, scaledObject, traceOf } from "./fixtures";

const CONTEXT: JobContext = {
  service: SERVICE,
  labels: LABELS,
  manifests: [hpa(60)],
  traces: [traceOf(360, (minute) => (minute < 200 ? 500 : 2200), "step"), traceOf(360, dayRate, "day")],
  script: NO_SCRIPT,
  judgedFrom: 0,
};

describe("comparison of methods", function () {
  this.timeout(60_000);

  it("is made at equal cost, between the points around it", () => {
    const points = [
      { target: 0.8, podHours: 100, violations: 50 },
      { target: 0.4, podHours: 200, violations: 0 },
      { target: 0.6, podHours: 120, violations: 10 },
    ];
    assert.equal(atCost(points, 110), 30);
    assert.equal(atCost(points, 160), 5);
    assert.equal(atCost(points, 90), undefined);
    assert.equal(atCost(points, 201), undefined);
  });

  it("scales every target but those of the clock", () => {
    const cron = {
      type: "cron",
      metadata: { timezone: "UTC", start: "0 8 * * *", end: "0 9 * * *", desiredReplicas: "9" },
    };
    const { triggers } = scaledObject().spec as { triggers: object[] };
    const { autoscaler } = serviceObjects([scaledObject({ triggers: [...triggers, cron] })], "backend");
    const scaled = withTargets(autoscaler, 2);
    assert.ok(scaled.kind === "keda");
    assert.deepEqual(
      scaled.object.hpa.metrics.map((metric) => (metric.kind === "external" ? metric.average : undefined)),
      [260_000, 1000],
    );
  });

  it("gives the same in workers as without", async () => {
    const jobs = [0, 1, 0].map((trace, seed) => ({
      trace,
      seed,
      method: { kind: "rendered", factor: 1 } as const,
      pictured: false,
    }));
    const alone = jobs.map(jobRunner(CONTEXT)).map(({ sums }) => sums);
    assert.deepEqual(
      (await runJobs(CONTEXT, jobs, 2)).map(({ sums }) => sums),
      alone,
    );
  });

  it("tells a mistake in the objects from a worker as a message", async () => {
    const context = { ...CONTEXT, manifests: [scaledObject({}, "sum(nginx_requests)")] };
    const jobs = Array.from({ length: 4 }, () => ({
      trace: 0,
      seed: 0,
      method: { kind: "rendered", factor: 1 } as const,
      pictured: false,
    }));
    await assert.rejects(runJobs(context, jobs, 2), {
      name: "UserError",
      message: /nothing records nginx_requests/,
    });
    // The workers are the ones of before, and go by what they are told now.
    const again = jobs.map((job) => ({ ...job, trace: 1 }));
    const [alone] = again.map(jobRunner(CONTEXT));
    assert.deepEqual((await runJobs(CONTEXT, again, 2)).at(-1)?.sums, alone?.sums);
  });

  it("has a page, lines for the terminal, and a judgement against another branch", async () => {
    const [step, day] = await compare(CONTEXT, [1, 1], 1);
    assert.ok(step !== undefined && day !== undefined);
    const [rendered] = step.comparison.methods;
    assert.ok(rendered !== undefined && rendered.sums.violations.any > 0);
    assert.equal(rendered.atEqualCost, rendered.sums.violations.any);
    assert.deepEqual(
      step.comparison.methods.map(({ name }) => name),
      ["as rendered", "HPA on CPU", "tuned on requests", "oracle"],
    );
    const page = replayPage("production", step, CONTEXT);
    assert.match(page, /In \d+ minutes a promise was broken/);
    assert.match(page, /class="broken"/);
    assert.match(replayPage("production", day, CONTEXT), /Every promise was kept/);
    assert.ok(!/NaN|undefined|Infinity/.test(page));
    assert.match(comparisonLines(step.comparison).join("\n"), /as rendered +\d+ +\d+ +\d+/);

    const comparisons = [step.comparison, day.comparison];
    assert.equal(worse(comparisons, comparisons).isWorse, false);
    const better = structuredClone(step.comparison);
    (better.methods[0]?.sums.violations as { p95: number }).p95 = 0;
    assert.equal(worse([better], comparisons).isWorse, true);
    assert.equal(worse(comparisons, [better]).isWorse, false);
    assert.match(worse([better], comparisons).lines.join("\n"), /day at backend: not in the other file/);
  });

  it("finds settings that keep every promise for less than what is rendered", async () => {
    const context = { ...CONTEXT, manifests: [hpa(20)], traces: [traceOf(60, () => 900)] };
    const { best, tried } = await search(context, () => undefined);
    const rendered = jobRunner(context)({
      trace: 0,
      seed: 0,
      method: { kind: "rendered", factor: 1 },
      pictured: false,
    });
    assert.equal(best.violations, 0);
    assert.ok(best.podHours < rendered.sums.podHours);
    assert.ok(best.settings.min >= 3);
    assert.equal(cheapest([...tried.values()].flat()), best);
    assert.match(tunePage("production", context, best, tried, "block: here"), /Every promise is kept/);
  });
});

describe("what a replay is told", () => {
  it("reads faults, nodes and prices", () => {
    const { faults, nodes, prices } = parseScript(
      "faults: [{kind: zone-lost, at: 1d2h, seconds: 90m}, {kind: cache-lost, at: 60, seconds: 100, factor: 3}]\nnodes: {startSeconds: 3m}",
      "script.yaml",
    );
    assert.deepEqual(faults[0], { kind: "zone-lost", at: 93_600, seconds: 5400 });
    assert.equal(nodes.startSeconds, 180);
    assert.ok(prices.coreHour > 0);
    assert.equal(isGone(faults, "zone-lost", 93_599), false);
    assert.equal(isGone(faults, "zone-lost", 93_600), true);
    assert.equal(coldness(faults, 59), 1);
    assert.equal(coldness(faults, 60), 3);
    assert.ok(Math.abs(coldness(faults, 160) - (1 + 2 / Math.E)) < 1e-9);
  });

  it("reads the examples of the documentation", () => {
    const folder = join(ROOT, "docs", "simulation");
    const scripts = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
    assert.ok(scripts.length >= 2);
    for (const file of scripts) assert.notEqual(readScript(join(folder, file)).faults.length, 0, file);
  });

  it("refuses what is no script, with the key", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["faults: [{kind: zone-gone, at: 1, seconds: 1}]", /faults\.0\.kind/],
      ["faults: [{kind: zone-lost, at: soon, seconds: 1}]", /faults\.0\.at/],
      ["faults: [{kind: slow-nodes, at: 1, seconds: 1, factor: 0.5, share: 1}]", /faults\.0\.factor/],
      ["nodes: {podsPerNode: 0, startSeconds: 1}", /nodes\.podsPerNode/],
      ["fault: []", /fault/],
    ];
    for (const [text, message] of refused) {
      assert.throws(() => parseScript(text, "script.yaml"), { name: "UserError", message });
    }
  });

  it("refuses a fault that comes after the trace", () => {
    const faults = [{ kind: "rollout", at: 3600 }] as const;
    checkMoments(faults, 3601);
    assert.throws(() => {
      checkMoments(faults, 3600);
    }, /the script has rollout at 3600 s; the longest trace ends at 3600 s/);
  });

  it("refuses options that there are not", () => {
    assert.deepEqual(readOptions(["trace", "stack"], ["--trace=a=b.csv", "--stack="]), { trace: "a=b.csv" });
    assert.throws(
      () => readOptions(["trace"], ["--tracer=x"]),
      /"--tracer=x" is not known; allowed are --trace=/,
    );
    assert.throws(
      () => wholeNumber({ seeds: "many" }, "seeds", 0, 9),
      /SEEDS is "many"; allowed is a whole number from 0 to 9/,
    );
  });

  it("rounds axes up", () => {
    assert.deepEqual([0, 0.07, 1, 1.01, 11, 99, 640].map(niceTop), [1, 0.08, 1, 1.5, 15, 100, 800]);
  });
});
