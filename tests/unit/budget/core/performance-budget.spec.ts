import assert from "node:assert/strict";
import fc from "fast-check";
import { budgetIssues, budgetSettings } from "../../../../budget/core/budget-settings";
import { issuesOf, issueText, pathText } from "../../../../budget/core/issues";
import {
  BUDGET_METRICS,
  BUDGET_METRIC_NAMES,
  DEFAULT_BUDGET,
  mergeBudget,
} from "../../../../budget/core/performance-budget";

describe("PerformanceBudget", () => {
  it("has the guide's table as its default", () => {
    assert.deepEqual(DEFAULT_BUDGET, {
      responseTimeP95Seconds: { target: 0.2, warning: 0.2, critical: 0.5 },
      responseTimeP99Seconds: { target: 0.5, warning: 0.5, critical: 1 },
      throughputRps: { target: 1000, warning: 500, critical: 100 },
      cacheHitRatio: { target: 0.85, warning: 0.85, critical: 0.7 },
      errorRatio: { target: 0.01, warning: 0.01, critical: 0.05 },
      cpuUtilization: { target: 0.7, warning: 0.7, critical: 0.85 },
      memoryUtilization: { target: 0.8, warning: 0.8, critical: 0.9 },
      databaseQuerySeconds: { target: 0.05, warning: 0.05, critical: 0.1 },
    });
    assert.deepEqual(issuesOf(budgetSettings, DEFAULT_BUDGET), []);
    assert.deepEqual(budgetIssues(DEFAULT_BUDGET), []);
  });

  it("takes the steps behind a loosened target along", () => {
    const merged = mergeBudget(DEFAULT_BUDGET, {
      responseTimeP95Seconds: { target: 0.3 },
      throughputRps: { target: 50 },
    });
    assert.deepEqual(merged.responseTimeP95Seconds, { target: 0.3, warning: 0.3, critical: 0.5 });
    assert.deepEqual(merged.throughputRps, { target: 50, warning: 50, critical: 50 });
  });

  it("stays sound whatever single target is overridden within its range", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BUDGET_METRIC_NAMES),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (metric, target) => {
          const merged = mergeBudget(DEFAULT_BUDGET, { [metric]: { target } });
          const aboutOrderOfSteps = budgetIssues(merged).filter(({ path }) => path.at(-1) !== "target");
          assert.deepEqual(aboutOrderOfSteps, []);
        },
      ),
    );
  });

  it("names metric, step, value and what is allowed", () => {
    const budget = mergeBudget(DEFAULT_BUDGET, {
      cacheHitRatio: { target: 1.2, warning: 0.9, critical: 0.95 },
      errorRatio: { target: 0 },
      responseTimeP99Seconds: { target: 0.1 },
    });
    const said = [...issuesOf(budgetSettings, budget), ...budgetIssues(budget)];
    assert.deepEqual(
      said.map((found) => `${pathText(found.path)}: ${issueText(found)}`),
      [
        "cacheHitRatio.target: got 1.2; allowed is above 0 and at most 1. Target, warning and critical go from the promise to the alarm.",
        "errorRatio.target: got 0; allowed is above 0 and at most 1. Target, warning and critical go from the promise to the alarm.",
        "cacheHitRatio.critical: got 0.95; allowed is at most the warning, 0.9. Target, warning and critical go from the promise to the alarm.",
        "responseTimeP99Seconds.target: got 0.1; allowed is at least the 95th percentile's target, 0.2. Target, warning and critical go from the promise to the alarm.",
      ],
    );
  });

  it("describes every metric", () => {
    assert.deepEqual(Object.keys(BUDGET_METRICS).sort(), Object.keys(DEFAULT_BUDGET).sort());
  });
});
