import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { watchServices, type WatchedService } from "../../../budget/service/watched";
import { alertRule } from "../../../budget/monitoring/rule-groups";
import { failing } from "../../../budget/service/example-series";
import { describeAlerts, testedRules } from "../../helpers/alert-tests";
import { runRuleTests, type RuleTest } from "../../helpers/promtool";

const BACKEND: WatchedService = {
  namespace: "retrofitlink",
  job: "backend",
  budget: DEFAULT_BUDGET,
  pod: { slots: 8, cpuCores: 1, memoryMiB: 1024 },
  processesPerPod: 1,
  maxUtilization: 0.75,
  baseRps: 600,
};

/** With a budget of its own: it may be slower, and fail more often. */
const MATCHING: WatchedService = {
  ...BACKEND,
  job: "matching",
  budget: {
    ...DEFAULT_BUDGET,
    errorRatio: { target: 0.05, warning: 0.2, critical: 0.4 },
    responseTimeP95Seconds: { target: 2, warning: 3, critical: 4 },
    responseTimeP99Seconds: { target: 3, warning: 4, critical: 5 },
  },
  pod: { slots: 2, cpuCores: 4, memoryMiB: 2048 },
  maxUtilization: 0.9,
};

describeAlerts(
  "alerts of a service",
  watchServices({ namespace: "retrofitlink", services: [BACKEND] }),
  // Windows of days are those of slo.spec.ts: here they would take minutes.
  ({ windowSeconds }) => windowSeconds < 86_400,
);

describe("services with budgets of their own", () => {
  const { rules, alerts, targets } = watchServices({
    namespace: "retrofitlink",
    services: [BACKEND, MATCHING],
  });
  const told = alerts.find(
    ({ name, labels }) => name === "ServiceErrorRatio" && labels?.["step"] === "critical",
  );

  /** Requests of which a share fails, for half an hour. */
  const requests = (of: WatchedService, share: number): RuleTest["series"] =>
    failing(of, share, 600).map(({ series, start = 0, perMinute = 0 }) => ({
      series,
      values: `${start}+${perMinute / 2}x60`,
    }));
  /** What promtool has against it, where a share of all requests fails. */
  const said = (share: number, firing: Readonly<Record<string, string>>): string => {
    assert.ok(told !== undefined);
    const { annotations } = alertRule(told, { runbooks: "docs/runbooks/" }) as {
      readonly annotations: Readonly<Record<string, string>>;
    };
    return runRuleTests([
      {
        stepSeconds: 30,
        rules: testedRules({ rules, targets, alerts: [told] }),
        series: [BACKEND, MATCHING].flatMap((of) => requests(of, share)),
        expectations: [],
        alerts: [
          {
            name: told.name,
            atSeconds: 1500,
            firing: Object.entries(firing).map(([service, summary]) => ({
              labels: {
                ...{ namespace: "retrofitlink", service, subject: service },
                ...{ tier: "P0", noun: "service", step: "critical" },
              },
              annotations: { ...annotations, summary },
            })),
          },
        ],
      },
    ]).join();
  };

  it("are told of by one alert, each beyond its own bound, which the text says", () => {
    const backend = (percent: number): string =>
      `backend answers ${percent}% of requests with errors; 5% is critical.`;
    assert.equal(said(0.04, {}), "");
    assert.equal(said(0.1, { backend: backend(10) }), "");
    const matching = "matching answers 50% of requests with errors; 40% is critical.";
    assert.equal(said(0.5, { backend: backend(50), matching }), "");
  });
});
