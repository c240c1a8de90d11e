import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { FORECAST_DEFAULTS } from "../../budget/autoscaling/forecast";
import { forecastRules } from "../../budget/autoscaling/forecast-rules";
import { compilePromql } from "../../simulation/promql/compile";
import { EvaluatedGroup } from "../../simulation/promql/rules";
import { SeriesStore } from "../../simulation/promql/series";
import { Random } from "../../simulation/traffic/random";

const run = promisify(execFile);

const MINUTES = 1440 + 300;

/** Minutes at which both are compared: without a day before, its first member, a surge, the first judgement. */
const MOMENTS = [120, 500, 1000, 1445, 1500, 1560, 1610, 1700];

/** Short windows, so that a little more than a day is enough to judge. */
const GROUP = forecastRules({
  ...FORECAST_DEFAULTS,
  namespace: "shop",
  service: "backend",
  mode: "on",
  load: "sum(rate(http_requests_total[5m]))",
  intervalSeconds: 60,
  leadMinutes: 3,
  target: 0.6,
  days: 1,
  judgedDays: 0.25,
});

/** Have a value for each part, although no label of theirs says so. */
const PER_PART = ["extra", "saved", "cost", "benefit"].map((name) => `service:forecast:${name}`);

/** Every series that the group records. */
const RECORDED = [
  ...new Set(
    GROUP.rules.flatMap((rule) => {
      if (!("record" in rule)) return [];
      const labels = Object.entries(rule.labels ?? {}).map(([name, value]) => `${name}="${value}"`);
      return rule.record === "service:forecast:believed"
        ? [`${rule.record}{part="momentum"}`]
        : PER_PART.includes(rule.record)
          ? [`${rule.record}{part="season"}`]
          : [`${rule.record}{${labels.join(",")}}`];
    }),
  ),
];

describe("recording rules of the simulation", function () {
  this.timeout(60_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rules-"));
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A counter whose pod begins again once. */
  function counter(): number[] {
    const random = new Random(5);
    let total = 1e6;
    return Array.from({ length: MINUTES }, (_, minute) => {
      const surge = minute % 1440 >= 100 && minute % 1440 < 130 ? 900 : 0;
      const rate = 300 - 200 * Math.cos((2 * Math.PI * minute) / 1440) + 20 * random.next() + surge;
      total = minute === 1200 ? 500 : total + 60 * rate;
      return Math.round(total);
    });
  }

  it("come to what a real Prometheus makes of them, within 1e-6", async () => {
    const values = counter();
    const { stdout, stderr } = await run("promtool", ["--version"]);
    const closedWindows = /version 2\./.test(`${stdout}${stderr}`);
    const store = new SeriesStore();
    const series = store.series("http_requests_total", { service: "backend" });
    const group = GROUP;
    const evaluated = new EvaluatedGroup(group, store, { closedWindows });
    const queries = RECORDED.map((text) => ({ text, evaluate: compilePromql(text, { store }) }));
    const tests: object[] = [];
    let found = 0;
    values.forEach((value, minute) => {
      const at = 60_000 * minute;
      series.append(at, value);
      evaluated.evaluate(at);
      if (!MOMENTS.includes(minute)) return;
      for (const { text, evaluate } of queries) {
        const [sample] = evaluate(at);
        if (sample !== undefined) found++;
        // What has no value here has none there: then nothing is expected.
        const { value = 0 } = sample ?? {};
        tests.push({
          expr: `sum(abs(${text} - ${value}) <= bool ${1e-6 * Math.max(1, value)})`,
          eval_time: `${minute}m`,
          exp_samples: sample === undefined ? [] : [{ labels: "{}", value: 1 }],
        });
      }
    });
    assert.ok(found > 100, `${found} of ${tests.length} have a value`);
    const file = {
      rule_files: ["rules.yaml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: [{ series: 'http_requests_total{service="backend"}', values: values.join(" ") }],
          promql_expr_test: tests,
        },
      ],
    };
    await writeFile(join(folder, "rules.yaml"), JSON.stringify({ groups: [group] }));
    await writeFile(join(folder, "test.yaml"), JSON.stringify(file));
    const result = await run("promtool", ["test", "rules", join(folder, "test.yaml")]).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    assert.match(result.stdout, /SUCCESS/, `${result.stdout}${result.stderr}`.slice(0, 2000));
  });
});
