/** The pages of make simulate, make tune and make loop in a browser, from small fixtures. */
import assert from "node:assert/strict";

import { loopPage } from "../../delivery/loop/page";
import type { Comparison } from "../../simulation/replay/compare";
import { NO_SCRIPT } from "../../simulation/replay/faults";
import type { JobContext } from "../../simulation/replay/job";
import { replayPage } from "../../simulation/replay/page";
import type { Minutes, ReplaySums } from "../../simulation/replay/recorder";
import type { Tried } from "../../simulation/replay/search";
import { tunePage } from "../../simulation/replay/tune-page";
import { LOWEST_CONTRAST } from "../helpers/contrast";
import { pagesInBrowser } from "../helpers/page-in-browser";
import { LABELS, SERVICE, START, traceOf } from "../unit/simulation/replay/fixtures";

const HOSTILE = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

/** An hour of minutes. */
const LENGTH = 60;

const SUMS: ReplaySums = {
  minutes: LENGTH,
  violations: { any: 3, p95: 3, p99: 1, errors: 0, queues: 0 },
  requests: 1e6,
  failed: 0.001,
  podHours: 8,
  nodeHours: 3,
  worstQueue: 40,
  worstWaitSeconds: 0.4,
  longestViolation: 2,
  queues: [{ name: HOSTILE, worst: 12, oldestSeconds: 3 }],
  recovery: [{ fault: "zone-lost", seconds: 120 }],
  heldLooks: 0,
  meanReplicas: 8,
  mostReplicas: 12,
};

const row = (of: (minute: number) => number): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, minute) => of(minute));

const MINUTES: Minutes = {
  load: row((minute) => 500 + 10 * minute),
  wanted: row(() => 8),
  ready: row(() => 7),
  nodes: row(() => 3),
  capacity: row(() => 1900),
  p95: row((minute) => (minute === 30 ? 0.4 : 0.1)),
  queue: row(() => 0),
  messages: [row(() => 12)],
  broken: Uint8Array.from({ length: LENGTH }, (_, minute) => (minute === 30 ? 1 : 0)),
};

function context(name: string): JobContext {
  const trace = traceOf(LENGTH, () => 500, name);
  return {
    service: { ...SERVICE, name },
    labels: LABELS,
    manifests: [],
    traces: [trace],
    script: { ...NO_SCRIPT, faults: [{ kind: "zone-lost", at: 600, seconds: 600 }] },
    judgedFrom: 0,
  };
}

/** @param name of the trace, the service and the stack */
function replayed(name: string): string {
  const points = [0.3, 0.5, 0.7].map((target, index) => ({ target, podHours: 9 - index, violations: index }));
  const comparison: Comparison = {
    trace: { name, startSeconds: START, minutes: LENGTH, scale: 2 },
    service: name,
    promised: SERVICE.promised,
    judgedFromSeconds: 0,
    methods: ["as rendered", "HPA on CPU", "tuned on requests", "oracle"].map((method) => ({
      name: method,
      about: method,
      sums: SUMS,
      cost: 4,
      points,
      atEqualCost: 1,
    })),
    seeds: [{ seed: 1, sums: SUMS }],
  };
  return replayPage(name, { comparison, rendered: MINUTES, oracle: MINUTES }, context(name));
}

function tuned(name: string): string {
  const tried = (cost: number, violations: number): Tried => ({
    settings: {
      kind: "keda",
      target: 0.5,
      min: 3,
      max: 20,
      scaleDownWindowSeconds: 300,
      scaleDownPercent: 10,
      prediction: false,
    },
    headroomPods: 0,
    violations,
    podHours: cost,
    cost,
  });
  const all = [tried(10, 0), tried(8, 2), tried(7, 9)];
  const [best] = all;
  assert.ok(best !== undefined);
  return tunePage(
    name,
    context(name),
    best,
    new Map([
      ["CPU", all],
      ["requests", all],
      ["requests and prediction", all],
    ]),
    `block: ${name}`,
  );
}

function looped(event: string): string {
  const steps = Array.from({ length: 30 }, (_, index) => ({
    second: 2 * index,
    load: 100 + 10 * index,
    needed: 2,
    workloads: { "by-cpu": { wanted: 3, ready: 2 }, "by-requests": { wanted: 4, ready: 3 } },
    ...(index === 10 ? { event } : {}),
  }));
  return loopPage(steps, [{ text: `${event}: 2 -> 4 -> 2 pods`, good: true }]);
}

const PAGES: Readonly<Record<string, (name: string) => string>> = {
  "make simulate": replayed,
  "make tune": tuned,
  "make loop": looped,
};

describe("pages of autoscaling in a browser", function () {
  this.timeout(60_000);
  const open = pagesInBrowser();

  for (const [command, render] of Object.entries(PAGES)) {
    it(`${command}: opens without a complaint, headings in order, figures with numbers`, async () => {
      const { page, complaints } = await open(render("backend"));
      assert.deepEqual(complaints, []);
      const levels = await page
        .locator("h1, h2, h3, h4")
        .evaluateAll((found) => found.map(({ tagName }) => Number(tagName[1])));
      assert.equal(levels[0], 1);
      assert.equal(levels.filter((level) => level === 1).length, 1);
      levels
        .slice(1)
        .forEach((level, index) => assert.ok(level - (levels[index] ?? 0) <= 1, levels.join(" ")));
      assert.ok((await page.locator("svg").count()) >= 1);
      assert.ok(!/NaN|undefined|Infinity/.test(await page.content()));
      await page.close();
    });

    it(`${command}: runs no script that a name brings along`, async () => {
      const { page, complaints } = await open(render(HOSTILE));
      assert.notEqual(await page.title(), "owned");
      assert.equal(await page.locator("img").count(), 0);
      assert.equal(await page.locator("main script").count(), 0);
      assert.deepEqual(complaints, []);
      await page.close();
    });

    it(`${command}: has its own ground in light and in dark, and fits a telephone`, async () => {
      const grounds: string[] = [];
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await open(render("backend"), {
          colorScheme,
          viewport: { width: 390, height: 844 },
        });
        grounds.push(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
        const { contrast, text } = await page.evaluate<{ contrast: number; text: string }>(LOWEST_CONTRAST);
        assert.ok(contrast >= 4.5, `${colorScheme}, "${text}": ${contrast.toFixed(2)}`);
        await page.close();
      }
      assert.equal(new Set(grounds).size, 2, grounds.join(" "));
    });
  }
});
