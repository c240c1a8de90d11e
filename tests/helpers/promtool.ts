import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A series of a rule test: its text, and its samples in even steps. NaN is a step at which it is absent. */
export interface RuleTestSeries {
  readonly series: string;
  readonly values: ArrayLike<number>;
}

/** An expression that has to have exactly one sample, of value 1, at a minute. */
export interface RuleTestExpectation {
  readonly expr: string;
  readonly minute: number;
}

/**
 * Lets Prometheus evaluate rules over series that are given, minute by minute.
 *
 * @returns what promtool has to say: an empty text when every expectation is kept
 */
export function testRules(
  rules: string,
  series: readonly RuleTestSeries[],
  expectations: readonly RuleTestExpectation[],
): string {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    writeFileSync(join(folder, "rules.yaml"), rules);
    const test = {
      rule_files: ["rules.yaml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: series.map((one) => ({ series: one.series, values: valuesOf(one.values) })),
          promql_expr_test: expectations.map(({ expr, minute }) => ({
            expr,
            eval_time: `${minute}m`,
            exp_samples: [{ labels: "{}", value: 1 }],
          })),
        },
      ],
    };
    writeFileSync(join(folder, "test.yaml"), JSON.stringify(test));
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", join(folder, "test.yaml")], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns what promtool has against a rules file; an empty text when it is sound */
export function checkRules(rules: string): string {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    writeFileSync(join(folder, "rules.yaml"), rules);
    const { status, stdout, stderr } = spawnSync(
      "promtool",
      ["check", "rules", "--lint-fatal", join(folder, "rules.yaml")],
      { encoding: "utf8" },
    );
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function valuesOf(values: ArrayLike<number>): string {
  return Array.from(values, (value) => (Number.isNaN(value) ? "stale" : String(value))).join(" ");
}
