/** The run of `make performance-page`, short: real programs, the deployed rules and panels, and nothing made up. */
import assert from "node:assert/strict";

import type { PerformancePage } from "../../../delivery/monitoring/page";
import { recordedPage } from "../../../delivery/monitoring/record";
import { referenceStack, type ReferenceStack } from "../../../delivery/monitoring/reference-stack";

const STACK = referenceStack();

/** A minute has no time for alerts that have to last for one. */
const SURE_SECONDS = 4;
const HASTY: ReferenceStack = {
  ...STACK,
  watched: {
    ...STACK.watched,
    alerts: STACK.watched.alerts.map((alert) => ({
      ...alert,
      forSeconds: Math.min(alert.forSeconds, SURE_SECONDS),
    })),
  },
};

/** What only a cluster tells. */
const WITHOUT_DATA = ["promise-cpuUtilization", "promise-memoryUtilization", "cpu", "memory"];

describe("the reference backend under load, watched by a real Prometheus", function () {
  this.timeout(150_000);
  let page: PerformancePage;
  const told: string[] = [];

  before(async () => {
    page = await recordedPage(HASTY, {
      seconds: 60,
      everySeconds: 1,
      progress: (line) => told.push(line),
      signal: new AbortController().signal,
    });
  });

  it("answers every query of the deployed dashboard, and says why of those that it cannot", () => {
    const panels = page.dashboard.rows.flatMap((row) => row.panels);
    const deployed = STACK.watched.panels.filter(({ dashboard }) => dashboard === "performance");
    assert.equal(panels.length, deployed.length);
    const empty = panels.filter(({ curves }) => curves.length === 0);
    const titles = WITHOUT_DATA.map((id) => deployed.find((panel) => panel.id === id)?.title);
    assert.deepEqual(empty.map(({ title }) => title).sort(), titles.sort());
    for (const { title, why } of empty) assert.match(why ?? "", /kubelets/, title);
    for (const { title, curves } of panels) {
      for (const { legend, values } of curves) {
        assert.notEqual(legend, "", title);
        assert.ok(values.filter((value) => value !== null).length > 10, `${title}: ${legend}`);
      }
    }
  });

  it("shows that Redis stood still: errors in between, none before", () => {
    const { times, marks, rows } = page.dashboard;
    const at = (text: string): number => marks.find((mark) => mark.text === text)?.at ?? NaN;
    const [errors] = rows.flatMap((row) => row.panels).find(({ title }) => title === "Errors")?.curves ?? [];
    const most = (from: number, to: number): number =>
      Math.max(
        ...times.flatMap((time, index) => (time >= from && time < to ? (errors?.values[index] ?? []) : [])),
      );
    assert.equal(most(0, at("Redis stands still")), 0);
    assert.ok(most(at("Redis stands still"), at("Redis goes on") + 5) > 0.02, told.join(", "));
  });

  it("has told a person through Alertmanager what fires, by its tier", () => {
    const path = page.paths.find(({ alert }) => alert === "RedisDown");
    assert.ok(path !== undefined, page.paths.map(({ alert }) => alert).join(", "));
    assert.equal(path.summary, "No member of redis-cache answers.");
    const steps = path.stations.map(({ what }) => what);
    assert.deepEqual(steps.slice(0, 4), [
      "Redis stands still",
      "notices: pending",
      "is sure: firing",
      "is told, tier P0",
    ]);
    const [cause, , fired, person] = path.stations;
    const after = (of: typeof cause): number => (of?.at ?? NaN) - (cause?.at ?? NaN);
    assert.ok(after(fired) >= SURE_SECONDS && after(fired) < 15, `fired after ${after(fired)} s`);
    assert.ok(after(person) >= after(fired) && after(person) < 20, `told after ${after(person)} s`);
    assert.match(
      person?.details.join(" ") ?? "",
      /tier="P0" to page at once next: docs\/runbooks\/redis-down\.md/,
    );
  });
});
