import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { compilePromql } from "../../simulation/promql/compile";
import { EvaluatedGroup } from "../../simulation/promql/rules";
import { SeriesStore } from "../../simulation/promql/series";
import { levelForecastRules } from "../../simulation/replay/tuned-settings";
import { Random } from "../../simulation/traffic/random";

const run = promisify(execFile);

const MINUTES = 4 * 1440;

/** Minutes at which both are compared: a member more each time, the error's first day, the gate. */
const MOMENTS = [120, 1500, 2000, 2950, 3300, 4400, 5700];

const RECORDED = [
  "replay:rps:rate5m",
  "replay:rps:avg1h",
  'replay:rps:member{season="1d"}',
  'replay:rps:member{season="2d"}',
  "replay:rps:forecast",
  "replay:rps:forecast_abserr",
  "replay:rps:forecast_wape1d",
  "replay:rps:forecast_gated",
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
      const rate = 300 - 200 * Math.cos((2 * Math.PI * minute) / 1440) + 20 * random.next();
      total = minute === 3100 ? 500 : total + 60 * rate;
      return Math.round(total);
    });
  }

  it("come to what a real Prometheus makes of them, within 1e-6", async () => {
    const values = counter();
    const { stdout, stderr } = await run("promtool", ["--version"]);
    const closedWindows = /version 2\./.test(`${stdout}${stderr}`);
    const store = new SeriesStore();
    const series = store.series("http_requests_total", { service: "backend" });
    const group = levelForecastRules("backend");
    const evaluated = new EvaluatedGroup(group, store, closedWindows);
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
    assert.ok(found > 40, `${found} of ${tests.length} have a value`);
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
