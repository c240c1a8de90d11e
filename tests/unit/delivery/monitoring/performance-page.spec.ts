import assert from "node:assert/strict";

import { dashboards } from "../../../../components/monitoring/dashboards/render";
import { alertPath } from "../../../../delivery/monitoring/alert-path";
import { clock, figure } from "../../../../delivery/monitoring/figures";
import { performancePage } from "../../../../delivery/monitoring/page";
import {
  dashboardModel,
  gradeOf,
  linesOf,
  type AnsweredSeries,
  type ShownThreshold,
} from "../../../../delivery/monitoring/page-model";
import { referenceStack } from "../../../../delivery/monitoring/reference-stack";
import { reasons } from "../../../../delivery/monitoring/sources";
import { dashboardFaults } from "../../../helpers/dashboard-rules";
import { HITS, LATENCY } from "../../components/monitoring/panels";
import { FROM, PANELS, PATH, TO, madeUpPage } from "./fixture";

const OPTIONS = { stack: "production", namespaces: ["retrofitlink"] };
const LOWER: readonly ShownThreshold[] = [
  { value: null, color: "red" },
  { value: 0.7, color: "orange" },
  { value: 0.8, color: "green" },
];

describe("what a performance page shows", () => {
  it("is what a dashboard's own JSON asks, with Grafana's interval of rates in it", async () => {
    const asked: string[] = [];
    const ask = (query: string, from: number, to: number, step: number): Promise<AnsweredSeries[]> => {
      asked.push(query);
      const values = [
        [from, "0.1"],
        [from + 2 * step, "NaN"],
        [to, "0.25"],
      ] as const;
      return Promise.resolve(
        query.startsWith("histogram_quantile(0.5") ? [{ metric: { pod: "a" }, values }] : [],
      );
    };
    const { performance } = dashboards([LATENCY], OPTIONS);
    const span = { from: FROM + 1, to: FROM + 9, scrapeSeconds: 2 };
    const model = await dashboardModel(performance ?? assert.fail(), ask, span);
    assert.deepEqual(
      model.times,
      [2, 4, 6, 8].map((second) => FROM + second),
    );
    assert.ok(asked[0]?.includes("[8s]"), asked[0]);
    assert.ok(asked.every((query) => !query.includes("$__")));
    const [row] = model.rows;
    assert.equal(row?.title, "backend");
    assert.deepEqual(row.panels, [
      {
        id: 2,
        title: "Response time",
        description: `${LATENCY.description} Lines: promise 200 ms, alarm 500 ms.`,
        unit: "s",
        isStat: false,
        thresholds: [
          { value: null, color: "green" },
          { value: 0.2, color: "orange" },
          { value: 0.5, color: "red" },
        ],
        reach: 0.6,
        curves: [{ legend: "p50", values: [0.1, null, null, 0.25] }],
        why: undefined,
        width: 24,
      },
    ]);
  });

  it("marks when an alert begins to fire, once for each time", async () => {
    const values = [0, 2, 4, 40, 42].map((second) => [FROM + second, "1"] as const);
    const { redis } = dashboards([HITS], OPTIONS);
    const model = await dashboardModel(
      redis ?? assert.fail(),
      (query) =>
        Promise.resolve(query.includes("ALERTS") ? [{ metric: { alertname: "A", tier: "P0" }, values }] : []),
      { from: FROM, to: TO, scrapeSeconds: 2 },
      [{ at: FROM + 20, text: "told" }],
    );
    assert.deepEqual(
      model.marks.map(({ at, text }) => [at - FROM, text]),
      [
        [0, "P0 A"],
        [20, "told"],
        [40, "P0 A"],
      ],
    );
  });

  it("grades a value by the thresholds, and draws their lines in the worse color", () => {
    assert.deepEqual(
      [0.6, 0.7, 0.75, 0.9].map((value) => gradeOf(value, LOWER)),
      ["red", "orange", "orange", "green"],
    );
    assert.deepEqual(linesOf(LOWER), [
      { value: 0.7, color: "red" },
      { value: 0.8, color: "orange" },
    ]);
  });

  it("is told in units as Grafana writes them", () => {
    const figures: readonly (readonly [number | null, string, string])[] = [
      [0.0163, "s", "16.3 ms"],
      [1.5, "s", "1.5 s"],
      [0, "s", "0 s"],
      [0.0168, "percentunit", "1.68 %"],
      [126.4, "reqps", "126 req/s"],
      [64 * 2 ** 20, "bytes", "64 MiB"],
      [2048, "binBps", "2 KiB/s"],
      [12_345, "short", "12.3 k"],
      [null, "s", "no data"],
      [NaN, "s", "no data"],
    ];
    for (const [value, unit, text] of figures) assert.equal(figure(value, unit), text);
    assert.equal(clock(FROM + 3), "14:00:03");
  });

  it("says in words what is not kept, and of a query without data why there is none", async () => {
    const page = performancePage(await madeUpPage(PANELS, () => Promise.resolve([])));
    assert.equal(page.match(/class="empty">no data: nothing of it has happened/g)?.length, PANELS.length);
    const tenth = (): Promise<AnsweredSeries[]> =>
      Promise.resolve([{ metric: { service: "backend" }, values: [[FROM, "1.5"]] }]);
    const bad = performancePage(await madeUpPage(PANELS, tenth));
    assert.match(bad, /Not kept now: .*response time, 95th percentile.*error rate/);
    assert.match(bad, /An alert fired meanwhile: ServiceErrors \(P0\)\./);
  });

  it("names who would have told what a machine without a cluster does not know", () => {
    const why = reasons(referenceStack().watched.rules);
    const of = (id: string): string =>
      why(PANELS.find((panel) => panel.id === id)?.queries.map(({ expr }) => expr) ?? []);
    assert.match(of("cpu"), /kubelets/);
    assert.match(of("promise-memoryUtilization"), /kubelets/);
    assert.equal(of("errors-by-route"), "nothing of it has happened");
  });

  it("has figures of their own for several curves of one card", async () => {
    const two = [{ service: "backend" }, { service: "matching" }];
    const values = [[FROM, "0.5"]] as const;
    const ask = (): Promise<AnsweredSeries[]> => Promise.resolve(two.map((metric) => ({ metric, values })));
    const page = performancePage(await madeUpPage(PANELS.slice(0, 1), ask));
    assert.match(page, /<th scope="row">backend<\/th>[^]*<th scope="row">matching<\/th>/);
  });

  it("is a dashboard without a fault", () => {
    for (const one of Object.values(dashboards(PANELS, OPTIONS))) assert.deepEqual(dashboardFaults(one), []);
  });
});

describe("the way of an alert", () => {
  it("leads from the cause to the person, in seconds since the cause", () => {
    assert.equal(PATH?.summary, "Too many requests fail.");
    assert.deepEqual(
      PATH?.stations.map(({ who, what, details }) => [who, what, ...details]),
      [
        ["The cause", "Redis stands still"],
        ["Prometheus", "notices: pending", "6 s later"],
        ["Prometheus", "is sure: firing", "10 s later", "when it has been so for 4 s"],
        [
          "A person",
          "is told, tier P0",
          "11 s later",
          'Alertmanager routes tier="P0" to page at once',
          "next: docs/runbooks/service-errors.md",
        ],
        [
          "The same person",
          "is told that it is over",
          "70 s later",
          'Alertmanager routes tier="P0" to page at once',
        ],
      ],
    );
  });

  it("is none while the alert has not fired", () => {
    const silent = { alert: "A", tier: "P0", labels: {}, expr: "", forSeconds: 0, runbook: "a.md" };
    assert.equal(alertPath({ ...silent, states: [], events: [], notifications: [] }), undefined);
  });
});
