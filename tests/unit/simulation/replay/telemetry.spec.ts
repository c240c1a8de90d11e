import assert from "node:assert/strict";

import { ReplayFleet } from "../../../../simulation/replay/fleet";
import { ROOMY } from "../../../../simulation/replay/nodes";
import { Telemetry } from "../../../../simulation/replay/telemetry";
import { compilePromql } from "../../../../simulation/promql/compile";
import { LABELS, SERVICE, START } from "./fixtures";

const RULES = [
  { record: "load", expr: "sum(rate(http_requests_total[1m]))" },
  { record: "twice", expr: "2 * load" },
  { record: "asked", expr: "max_over_time(twice[5m])", labels: { part: "a" } },
  { record: "asked", expr: "0 * load", labels: { part: "b" } },
  { record: "shown", expr: "avg_over_time(asked[5m])" },
  { record: "pods", expr: "count(up)" },
];

/** What was recorded after ten minutes. */
function recorded(queries: readonly string[]): string[] {
  const telemetry = new Telemetry(LABELS, [{ name: "rules", rules: RULES }], queries, START, 15);
  const fleet = new ReplayFleet(SERVICE, ROOMY, 3, START);
  for (let now = START; now <= START + 600; now += 15) telemetry.observe(fleet.pods, 100, 0, now, false);
  const { store } = telemetry;
  const found = compilePromql('count by (__name__) ({pod=~".*"})', { store })(1000 * (START + 600));
  return found.map(({ labels }) => labels["__name__"] ?? "").sort();
}

describe("Prometheus of a replay", () => {
  it("evaluates what a query depends on, over any number of rules, and scrapes what these ask for", () => {
    assert.deepEqual(recorded(["max(asked)"]), ["asked", "http_requests_total", "load", "twice"]);
    assert.deepEqual(recorded(["pods"]), ["pods", "up"]);
    assert.deepEqual(recorded(["sum(rate(http_requests_total[1m]))"]), ["http_requests_total"]);
  });

  it("evaluates everything for a query that names no metric", () => {
    const all = ["asked", "http_requests_in_flight", "http_requests_total", "load", "pods", "shown"];
    assert.deepEqual(recorded(['count({service="backend"})']), [...all, "twice", "up"]);
  });

  it("answers the same whatever else is recorded", () => {
    const answer = (rules: readonly object[]): unknown => {
      const telemetry = new Telemetry(
        LABELS,
        [{ name: "rules", rules: rules as typeof RULES }],
        ["asked"],
        START,
        15,
      );
      const fleet = new ReplayFleet(SERVICE, ROOMY, 3, START);
      for (let now = START; now <= START + 600; now += 15) telemetry.observe(fleet.pods, 100, 0, now, false);
      return telemetry.query("asked", START + 600);
    };
    assert.deepEqual(answer(RULES), answer(RULES.slice(0, 4)));
    assert.deepEqual(answer(RULES), [40, 0]);
  });

  it("names a mistake in a rule that no query depends on", () => {
    const telemetry = (expr: string): Telemetry =>
      new Telemetry(LABELS, [{ name: "rules", rules: [{ record: "shown", expr }] }], ["sum(up)"], START, 15);
    assert.throws(() => telemetry("sum(nginx_connections)"), {
      message: /nothing records nginx_connections/,
    });
    assert.throws(() => telemetry("sum(up"), { name: "PromqlError" });
    assert.throws(() => telemetry("topk(3, up)"), { name: "PromqlError" });
  });
});
