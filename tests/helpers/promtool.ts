import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** A test of its own rules, with its own steps. */
export interface RuleTest {
  /** Seconds between two samples, and between two evaluations. */
  readonly stepSeconds: number;
  /** Text of a rules file. */
  readonly rules: string;
  /** Samples in promtool's notation: `0+5x10`, `_x2`, `stale`. */
  readonly series: readonly { readonly series: string; readonly values: string }[];
  /** Expressions that have exactly one sample, without labels. */
  readonly expectations: readonly {
    readonly expr: string;
    readonly value: number;
    readonly atSeconds: number;
  }[];
  /** Alerts that fire, all of a name, with their texts. @default nothing is said of them */
  readonly alerts?: readonly {
    readonly name: string;
    readonly atSeconds: number;
    readonly firing: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/**
 * Runs many tests in one call.
 *
 * @returns what promtool has to say of each: an empty text where every expectation is kept
 */
export function runRuleTests(tests: readonly RuleTest[]): string[] {
  if (tests.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    const files = tests.map(({ stepSeconds, rules, series, expectations, alerts = [] }, index) => {
      writeFileSync(join(folder, `rules-${index}.yaml`), rules);
      const step = `${stepSeconds}s`;
      const test = {
        rule_files: [`rules-${index}.yaml`],
        evaluation_interval: step,
        tests: [
          {
            interval: step,
            input_series: series,
            promql_expr_test: expectations.map(({ expr, value, atSeconds }) => ({
              expr,
              eval_time: `${atSeconds}s`,
              exp_samples: [{ labels: "{}", value }],
            })),
            alert_rule_test: alerts.map(({ name, atSeconds: at, firing }) => ({
              alertname: name,
              eval_time: `${at}s`,
              exp_alerts: firing.map(({ labels, annotations }) => ({
                exp_labels: labels,
                exp_annotations: annotations,
              })),
            })),
          },
        ],
      };
      const file = join(folder, `test-${index}.yaml`);
      writeFileSync(file, JSON.stringify(test));
      return file;
    });
    // Failures go to stderr and names of files to stdout: only in one stream they stand together.
    const output = join(folder, "output");
    const both = openSync(output, "w");
    const { status, error } = spawnSync("promtool", ["test", "rules", ...files], {
      stdio: ["ignore", both, both],
    });
    closeSync(both);
    if (error !== undefined) throw error;
    if (status === 0) return tests.map(() => "");
    const said = readFileSync(output, "utf8").split(/^(?=Unit Testing: )/m);
    return files.map((file) => {
      const about = said.filter((part) => part.includes(file)).join("");
      return /^\s*SUCCESS\s*$/m.test(about) ? "" : about === "" ? said.join("") : about;
    });
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
