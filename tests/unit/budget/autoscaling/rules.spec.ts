import assert from "node:assert/strict";

import { isCron } from "../../../../budget/autoscaling/cron";
import { isTimezone } from "../../../../budget/core/timezone";
import { scalingIssues, type ScalingSurroundings } from "../../../../budget/autoscaling/rules";
import type { ServiceScaling } from "../../../../budget/autoscaling/scaling";
import { prometheusSettings, serviceScalingSettings } from "../../../../budget/autoscaling/settings";
import { issueText, issuesOf, pathText } from "../../../../budget/core/issues";
import { inputs } from "./fixture";

const around: ScalingSurroundings = {
  ...inputs(),
  hasPrometheus: true,
  caches: ["redis-cache"],
  startUpSeconds: 47,
  knowsTolerance: true,
};

const load = { timezone: "Europe/Berlin", start: "0 8 * * 1-5", end: "0 18 * * 1-5", requestsPerSecond: 900 };
const list = { kind: "redis-list", list: "mails", entriesPerPod: 20 } as const;

function wrong(scaling: ServiceScaling, more: Partial<ScalingSurroundings> = {}): string[] {
  const issues = scalingIssues({ ...around, ...more, scaling });
  return issues.map((one) => `${pathText(one.path)}: ${issueText(one)}`);
}

describe("rules between settings of autoscaling", () => {
  it("have nothing against what fits together", () => {
    assert.deepEqual(
      wrong({
        schedule: [{ ...load, name: "office" }],
        queues: [{ ...list, name: "mails", cache: "redis-cache" }],
        forecast: { mode: "on", horizonSeconds: 60 },
        tolerance: { up: 0.05 },
      }),
      [],
    );
    assert.deepEqual(wrong({}, { hasPrometheus: false, caches: [], knowsTolerance: false }), []);
  });

  it("say which key is wrong, what is allowed and what to do", () => {
    assert.deepEqual(wrong({ kind: "hpa", schedule: [{ ...load, name: "office" }] }), [
      'kind: got "hpa"; allowed is keda where requests, a schedule, queues or a forecast decide. Leave it out, or follow CPU alone.',
    ]);
    const blind = { hasPrometheus: false };
    assert.deepEqual(wrong({ signal: "requests-in-flight", forecast: { mode: "preview" } }, blind), [
      'signal: got "requests-in-flight"; allowed is cpu where no Prometheus is named. Give retrofitlink:autoscaling.prometheus.url, or leave it out.',
      'forecast.mode: got "preview"; allowed is off where no Prometheus is named. Give retrofitlink:autoscaling.prometheus.url, or leave it out.',
    ]);
    const [twice] = wrong({
      schedule: [{ ...load, name: "mails" }],
      queues: [{ ...list, name: "mails", cache: "redis-cache" }],
    });
    assert.equal(
      twice,
      'queues[0].name: got "mails"; allowed is a name that no other load or queue has. Rename one of the two.',
    );
    assert.deepEqual(wrong({ queues: [{ ...list, name: "mails", cache: "other" }] }), [
      'queues[0].cache: got "other"; allowed is a cache of this stack that runs in the cluster: redis-cache. Name the cache in which the work waits.',
    ]);
    assert.match(
      wrong({ forecast: { mode: "on", horizonSeconds: 60 } }, { startUpSeconds: 137 }).join(),
      /^forecast\.horizonSeconds: got 60; allowed is at least 137 \(seconds\)/,
    );
    assert.match(
      wrong({ tolerance: { up: 0.05 } }, { knowsTolerance: false }).join(),
      /^tolerance\.up: got 0\.05; allowed is nothing where the cluster does not know it/,
    );
  });
});

describe("settings of autoscaling", () => {
  const issues = (value: unknown): string[] =>
    issuesOf(serviceScalingSettings, value).map((one) => `${pathText(one.path)}: ${issueText(one)}`);

  it("take cron expressions as KEDA reads them, and time zones of the IANA database", () => {
    const good = [
      "0 8 * * 1-5",
      "*/15 * * * *",
      "0 9 28 NOV *",
      "0 0,12 1-7 * MON-FRI",
      "5 4 ? * SUN",
      "0 6-18/2 * * *",
    ];
    const bad = [
      "",
      "0 8 * *",
      "60 8 * * *",
      "0 24 * * *",
      "0 8 0 * *",
      "0 8 * 13 *",
      "0 8 * * 7",
      "0 8-6 * * *",
      "@daily",
      "0 8 * * */0",
      "0 8 1-2-3 * *",
    ];
    assert.deepEqual(
      good.filter((one) => !isCron(one)),
      [],
    );
    assert.deepEqual(bad.filter(isCron), []);
    assert.deepEqual(["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"].map(isTimezone), [
      true,
      true,
      true,
    ]);
    assert.deepEqual(["Europe/Nowhere", "CET+25"].map(isTimezone), [false, false]);
  });

  it("refuse a load that is over when it begins, and keys of another kind of queue", () => {
    assert.deepEqual(issues({ schedule: [{ ...load, name: "office", end: load.start }] }), [
      'schedule[0].end: got "0 8 * * 1-5"; allowed is another time than start. Give the time at which the load is over.',
    ]);
    assert.match(
      issues({ queues: [{ ...list, stream: "mails", name: "mails", cache: "redis-cache" }] }).join(),
      /queues\[0\]\.stream: got "mails"; allowed is one of kind, name, cache, entriesPerPod, list/,
    );
    assert.match(
      issues({ tolerance: { up: 0.2 } }).join(),
      /tolerance\.up: got 0\.2; allowed is a number from 0 to 0\.1/,
    );
    assert.deepEqual(issues({ forecast: { mode: "preview", horizonSeconds: 600 }, memory: "Off" }), []);
  });

  it("take no address of Prometheus with a password in it", () => {
    const of = (url: string): number => issuesOf(prometheusSettings, { url }).length;
    assert.equal(of("http://prometheus-operated.monitoring.svc:9090"), 0);
    assert.equal(of("https://prometheus.example.com/tenant/one"), 0);
    for (const url of ["prometheus:9090", "http://user:word@prometheus:9090", "http://prometheus/?q=1"]) {
      assert.notEqual(of(url), 0, url);
    }
  });
});
