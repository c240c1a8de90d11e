/** The run of `make performance-page`, short: real programs, and nothing made up. */
import assert from "node:assert/strict";

import type { AlertPath } from "../../../delivery/monitoring/alert-path";
import type { PerformancePage } from "../../../delivery/monitoring/page";
import { recordedPage } from "../../../delivery/monitoring/record";
import { ERRORS_ALERT, NAMESPACE, SHOWN } from "../../../delivery/monitoring/shown";

const ERRORS = "Errors";

describe("the reference backend under load, watched by a real Prometheus", function () {
  this.timeout(150_000);
  let page: PerformancePage;
  const told: string[] = [];

  before(async () => {
    page = await recordedPage(SHOWN, {
      seconds: 60,
      everySeconds: 1,
      namespace: NAMESPACE,
      progress: (line) => told.push(line),
      signal: new AbortController().signal,
    });
  });

  it("answers every query of the dashboard", () => {
    const panels = page.dashboard.rows.flatMap((row) => row.panels);
    assert.equal(panels.length, SHOWN.panels.length);
    for (const { title, curves } of panels) {
      assert.ok(curves.length > 0, title);
      for (const { legend, values } of curves) {
        assert.notEqual(legend, "", title);
        assert.ok(values.filter((value) => value !== null).length > 10, `${title}: ${legend}`);
      }
    }
  });

  it("shows that Redis stood still: errors in between, none before", () => {
    const { times, marks, rows } = page.dashboard;
    const at = (text: string): number => marks.find((mark) => mark.text === text)?.at ?? NaN;
    const [errors] = rows.flatMap((row) => row.panels).find(({ title }) => title === ERRORS)?.curves ?? [];
    const most = (from: number, to: number): number =>
      Math.max(
        ...times.flatMap((time, index) => (time >= from && time < to ? (errors?.values[index] ?? []) : [])),
      );
    assert.equal(most(0, at("Redis stands still")), 0);
    assert.ok(most(at("Redis stands still"), at("Redis goes on")) > 0.05, told.join(", "));
  });

  it("has told a person through Alertmanager what fires, by its tier", () => {
    const path = page.paths[0] as AlertPath;
    assert.equal(path.alert, ERRORS_ALERT.name);
    const steps = path.stations.map(({ what }) => what);
    assert.deepEqual(steps.slice(0, 4), [
      "Redis stands still",
      "notices: pending",
      "is sure: firing",
      "is told, tier P0",
    ]);
    const [cause, , fired, person] = path.stations;
    const after = (of: typeof cause): number => (of?.at ?? NaN) - (cause?.at ?? NaN);
    assert.ok(after(fired) >= ERRORS_ALERT.forSeconds && after(fired) < 15, `fired after ${after(fired)} s`);
    assert.ok(after(person) >= after(fired) && after(person) < 20, `told after ${after(person)} s`);
    assert.match(
      person?.details.join(" ") ?? "",
      /tier="P0" to page at once next: docs\/runbooks\/service-errors\.md/,
    );
  });
});
