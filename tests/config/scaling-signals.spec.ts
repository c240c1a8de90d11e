import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { planStack } from "../../plan/plan-stack";
import { scalingRulesText } from "../../stacks/wiring/autoscaling";
import { shippedConfig } from "../helpers/preview";
import { checkRules } from "../helpers/promtool";
import { rulesFile } from "../../budget/monitoring/rule-groups";
import {
  proxyRules,
  queueLength,
  requestsInFlight,
  requestsPerSecond,
  serviceRules,
} from "../../budget/autoscaling/signals";

const pods = { namespace: "shop", deployment: "backend" };

/** A pod of the Deployment as Prometheus finds it, and one of a Deployment whose name begins alike. */
const POD = 'namespace="shop",pod="backend-6d4cf56db6-abcde"';
const OTHER = 'namespace="shop",pod="backend-6d4cf56db6-fghij"';
const ADMIN = 'namespace="shop",pod="backend-admin-6d4cf56db6-abcde"';

interface Sample {
  readonly labels: string;
  readonly value: number;
}

interface Expected {
  readonly expr: string;
  readonly at: string;
  readonly is: readonly Sample[];
}

/** What the real promtool says of rules over series in its own notation: nothing, when it finds what is expected. */
function judged(series: Readonly<Record<string, string>>, expected: readonly Expected[]): string {
  const folder = mkdtempSync(join(tmpdir(), "signals-"));
  try {
    const rules = [
      ...serviceRules(pods, 8),
      ...proxyRules({ namespace: "shop", deployment: "nginx" }, "nginx_connections_active"),
    ];
    writeFileSync(join(folder, "rules.yaml"), rulesFile([{ name: "autoscaling", interval: "15s", rules }]));
    const test = {
      rule_files: ["rules.yaml"],
      evaluation_interval: "15s",
      tests: [
        {
          interval: "15s",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: expected.map(({ expr, at, is }) => ({
            expr,
            eval_time: at,
            exp_samples: is,
          })),
        },
      ],
    };
    writeFileSync(join(folder, "test.yaml"), JSON.stringify(test));
    const { status, stdout, stderr, error } = spawnSync(
      "promtool",
      ["test", "rules", join(folder, "test.yaml")],
      {
        encoding: "utf8",
      },
    );
    if (error !== undefined) throw error;
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const one = (value: number): Sample[] => [{ labels: "{}", value }];

describe("what Prometheus is asked about a workload, by the real promtool", function () {
  this.timeout(30_000);

  it("is the sum over the pods of one Deployment, and of no other whose name begins alike", () => {
    const series = {
      [`http_requests_in_flight{${POD}}`]: "3x20",
      [`http_requests_in_flight{${OTHER}}`]: "9x20",
      [`http_requests_in_flight{${ADMIN}}`]: "100x20",
      [`http_requests_total{${POD},status="200"}`]: "0+1500x20",
      [`http_requests_total{${OTHER},status="200"}`]: "0+600x20",
      [`http_requests_total{${ADMIN},status="200"}`]: "0+9000x20",
    };
    assert.equal(
      judged(series, [
        { expr: requestsInFlight(pods), at: "4m", is: one(12) },
        { expr: requestsPerSecond(pods), at: "4m", is: one(140) },
        { expr: queueLength(pods, 8), at: "4m", is: one(0) },
        { expr: queueLength(pods, 5), at: "4m", is: one(2) },
        {
          expr: "retrofitlink:service_requests:rate1m",
          at: "4m",
          is: [
            {
              labels: 'retrofitlink:service_requests:rate1m{namespace="shop",service="backend"}',
              value: 140,
            },
          ],
        },
      ]),
      "",
    );
  });

  it("is 0 for pods that nobody asks, and nothing at all when no pod is measured", () => {
    assert.equal(
      judged({ [`http_requests_in_flight{${POD}}`]: "0x20" }, [
        { expr: requestsPerSecond(pods), at: "4m", is: one(0) },
        { expr: requestsInFlight(pods), at: "4m", is: one(0) },
      ]),
      "",
    );
    assert.equal(
      judged({ [`http_requests_in_flight{${ADMIN}}`]: "5x20" }, [
        { expr: requestsPerSecond(pods), at: "4m", is: [] },
        { expr: requestsInFlight(pods), at: "4m", is: [] },
        { expr: queueLength(pods, 8), at: "4m", is: [] },
      ]),
      "",
    );
  });

  it("has no answer after a restart of Prometheus until the fleet is known, and then the whole fleet", () => {
    // Nothing for ten minutes; then one pod is found before the other.
    const series = {
      [`http_requests_in_flight{${POD}}`]: "8x8 _x40 8x20",
      [`http_requests_in_flight{${OTHER}}`]: "8x8 _x41 8x20",
    };
    const expr = requestsInFlight(pods);
    assert.equal(
      judged(series, [
        { expr, at: "2m", is: one(16) },
        { expr, at: "7m", is: [] },
        // 49 * 15 s: the first scrape of the first pod.
        { expr, at: "12m15s", is: [] },
        { expr, at: "12m45s", is: [] },
        { expr, at: "13m", is: one(16) },
      ]),
      "",
    );
  });

  it("counts a pod that has just started beside those that are known", () => {
    const series = {
      [`http_requests_in_flight{${POD}}`]: "8x20",
      [`http_requests_in_flight{${OTHER}}`]: "_x15 2x5",
    };
    assert.equal(judged(series, [{ expr: requestsInFlight(pods), at: "4m", is: one(10) }]), "");
  });

  it("is refuted when the expectation is another one", () => {
    const series = { [`http_requests_in_flight{${POD}}`]: "3x20" };
    assert.match(judged(series, [{ expr: requestsInFlight(pods), at: "4m", is: one(4) }]), /FAILED/);
  });

  it("is part of rules that promtool takes as a whole, with the forecast of a service", () => {
    const config = shippedConfig("production", (file) => {
      file["autoscaling"].prometheus.rules = "file";
      file["services"].backend.autoscaling = { forecast: { mode: "on" } };
    });
    const rules = scalingRulesText(config, planStack(config)) ?? "";
    assert.match(rules, /"forecast-backend"/);
    assert.equal(checkRules(rules), "");
  });
});
