import assert from "node:assert/strict";

import type { PanelBound, PanelUnit } from "../../../../budget/monitoring/panel";
import * as components from "../../../../components";
import { boundsText, reachOf, thresholdsOf } from "../../../../components/monitoring/dashboards/bounds";
import { placedRows } from "../../../../components/monitoring/dashboards/grid";
import { dashboardIssues } from "../../../../components/monitoring/dashboards/issues";
import { dashboards } from "../../../../components/monitoring/dashboards/render";
import { issueText, pathText } from "../../../../budget/core/issues";
import { dashboardFaults, lostLabels } from "../../../helpers/dashboard-rules";
import { record } from "../../../helpers/pulumi";
import { HITS, LATENCY, P95 } from "./panels";

const OPTIONS = { stack: "production", namespaces: ["retrofitlink"] };
const SOURCE = { type: "prometheus", uid: "${datasource}" };

describe("dashboards", () => {
  it("are made of panels, one for each name that has some, with no fault", () => {
    const made = dashboards([LATENCY, P95, HITS], OPTIONS);
    assert.deepEqual(
      Object.values(made).map(({ uid, title }) => [uid, title]),
      [
        ["performance", "Performance"],
        ["redis", "Redis"],
      ],
    );
    for (const dashboard of Object.values(made)) assert.deepEqual(dashboardFaults(dashboard), []);
  });

  it("have figures at the top, then curves, each below the heading of its row", () => {
    const { performance } = dashboards([LATENCY, P95], OPTIONS);
    const panels = (performance?.panels ?? []) as {
      id: number;
      type: string;
      title: string;
      gridPos: object;
    }[];
    assert.deepEqual(
      panels.map(({ id, type, title, gridPos }) => ({ id, type, title, gridPos })),
      [
        { id: 1, type: "row", title: "Budget", gridPos: { x: 0, y: 0, w: 24, h: 1 } },
        { id: 2, type: "stat", title: P95.title, gridPos: { x: 0, y: 1, w: 24, h: 4 } },
        { id: 3, type: "row", title: "backend", gridPos: { x: 0, y: 5, w: 24, h: 1 } },
        { id: 4, type: "timeseries", title: LATENCY.title, gridPos: { x: 0, y: 6, w: 24, h: 8 } },
      ],
    );
  });

  it("show a panel as its noun says it, exactly", () => {
    const { redis } = dashboards([HITS], OPTIONS);
    assert.deepEqual(redis?.panels?.[1], {
      id: 2,
      type: "timeseries",
      title: "Answered from the cache",
      description: `${HITS.description} Lines: alarm 70 %, warning 80 %.`,
      transparent: false,
      repeatDirection: "h",
      datasource: SOURCE,
      gridPos: { x: 0, y: 1, w: 24, h: 8 },
      targets: [
        {
          refId: "A",
          expr: "retrofitlink:redis_cache_hit:ratio_rate5m",
          legendFormat: "{{cache}}",
          range: true,
          instant: false,
          datasource: SOURCE,
        },
      ],
      fieldConfig: {
        defaults: {
          unit: "percentunit",
          min: 0,
          thresholds: {
            mode: "absolute",
            steps: [
              { value: null, color: "red" },
              { value: 0.7, color: "orange" },
              { value: 0.8, color: "green" },
            ],
          },
          custom: {
            lineWidth: 2,
            fillOpacity: 8,
            showPoints: "never",
            axisSoftMax: 0.96,
            thresholdsStyle: { mode: "dashed" },
          },
        },
        overrides: [],
      },
      options: {
        legend: {
          displayMode: "table",
          placement: "bottom",
          showLegend: true,
          calcs: ["lastNotNull", "max"],
        },
        tooltip: { mode: "multi", sort: "desc" },
      },
    });
  });

  it("link to each other and to the runbooks, and mark what happened meanwhile", () => {
    const { redis } = dashboards([HITS], { ...OPTIONS, runbooks: "https://docs.example.com/runbooks" });
    assert.deepEqual(
      redis?.links?.map(({ title, type, url, tags, asDropdown, keepTime }) => [
        title,
        type,
        url,
        tags,
        asDropdown,
        keepTime,
      ]),
      [
        ["Dashboards", "dashboards", undefined, ["retrofitlink"], true, true],
        ["Runbooks", "link", "https://docs.example.com/runbooks", [], false, false],
      ],
    );
    assert.deepEqual(redis?.tags, ["retrofitlink", "production"]);
    const marks = redis?.annotations?.list ?? [];
    assert.deepEqual(
      marks.map(({ name, datasource }) => [name, datasource]),
      ["Deploys", "Scaling", "Load tests", "Alerts"].map((name) => [name, SOURCE]),
    );
    for (const { expr = "", titleFormat = "" } of marks) assert.deepEqual(lostLabels(expr, titleFormat), []);
  });

  it("ask nothing for rows that are closed: those behind the first twelve", () => {
    const panels = Array.from({ length: 14 }, (_, index) => ({
      ...LATENCY,
      id: `latency-${index}`,
      row: `service-${index}`,
      queries: [{ expr: `up{job="service-${index}"}`, legend: "up" }],
    }));
    const { performance } = dashboards(panels, OPTIONS);
    assert.ok(performance !== undefined);
    assert.deepEqual(dashboardFaults(performance), []);
    const rows = (performance.panels ?? []).filter(({ type }) => type === "row") as {
      collapsed: boolean;
      panels: unknown[];
    }[];
    assert.deepEqual(
      rows.map(({ collapsed, panels: inside }) => [collapsed, inside.length]),
      panels.map((_, index) => (index < 12 ? [false, 0] : [true, 1])),
    );
  });

  it("stand on the whole width of the grid, whatever the number of panels", () => {
    for (let count = 1; count <= 14; count++) {
      const row = Array.from({ length: count }, (_, index) => ({ ...P95, id: `${index}` }));
      const [placed] = placedRows(row);
      const widths = new Map<number, number>();
      for (const { place } of placed?.panels ?? []) widths.set(place.y, (widths.get(place.y) ?? 0) + place.w);
      assert.deepEqual(new Set(widths.values()), new Set([24]), `${count} panels`);
      assert.ok([...(placed?.panels ?? [])].every(({ place }) => place.w >= 4));
    }
  });
});

describe("bounds on a dashboard", () => {
  const bound = (value: number, worseWhen: PanelBound["worseWhen"]): PanelBound => ({
    value,
    worseWhen,
    label: "promise",
  });

  it("are red beyond the last one and orange before, in both directions", () => {
    assert.deepEqual(thresholdsOf([]), [{ value: null, color: "green" }]);
    assert.deepEqual(
      thresholdsOf([bound(12, "higher"), bound(3, "lower"), bound(10, "higher")]).map(({ value, color }) => [
        value,
        color,
      ]),
      [
        [null, "red"],
        [3, "green"],
        [10, "orange"],
        [12, "red"],
      ],
    );
  });

  it("are within the axis, and a share ends at 1", () => {
    assert.equal(reachOf([bound(0.5, "higher")], "seconds"), 0.6);
    assert.equal(reachOf([bound(0.9, "lower")], "ratio"), 1);
    assert.equal(reachOf([], "ratio"), undefined);
  });

  it("are written with their unit", () => {
    const units: readonly (readonly [PanelUnit, number, string])[] = [
      ["seconds", 0.2, "promise 200 ms"],
      ["seconds", 3600, "promise 3600 s"],
      ["ratio", 0.005, "promise 0.5 %"],
      ["bytes", 512 * 2 ** 20, "promise 512 MiB"],
      ["bytes/s", 2 ** 20, "promise 1 MiB/s"],
      ["count", 200, "promise 200"],
      ["pods", 12, "promise 12 pods"],
    ];
    for (const [unit, value, text] of units) assert.equal(boundsText([bound(value, "higher")], unit), text);
  });
});

describe("panels that make no dashboard", () => {
  const told = (...panels: Parameters<typeof dashboardIssues>[0]): string[] =>
    dashboardIssues(panels).map((one) => `${pathText(one.path)}: ${issueText(one)}`);

  it("are told one by one", () => {
    assert.deepEqual(told(LATENCY, P95, HITS), []);
    assert.deepEqual(told(HITS, HITS), [
      'panels.backend-hits: got "backend-hits"; allowed is an id that no other panel has. Name the service in it.',
      "panels.backend-hits.queries: got the queries of backend-hits; allowed is queries that no other panel of the dashboard has. Show them once.",
    ]);
    assert.deepEqual(told({ ...HITS, title: " ", description: "", queries: [] }), [
      'panels.backend-hits.title: got " "; allowed is a few words. Say what is shown.',
      'panels.backend-hits.description: got ""; allowed is a sentence or two. Say what a bad picture looks like.',
      "panels.backend-hits.queries: got a list, []; allowed is at least one query. Add one.",
    ]);
  });

  it("may show on one dashboard what another one shows, too", () => {
    assert.deepEqual(told(HITS, { ...HITS, id: "other", dashboard: "performance" }), []);
  });
});

describe("legends", () => {
  it("name labels that a query keeps", () => {
    assert.deepEqual(lostLabels("sum by (route) (rate(a[$__rate_interval]))", "{{route}}"), []);
    assert.deepEqual(lostLabels("sum by (route) (rate(a[5m]))", "{{route}} {{status}}"), ["status"]);
    assert.deepEqual(
      lostLabels("histogram_quantile(0.9, sum by (le, job) (rate(a[5m])))", "{{job}} {{le}}"),
      ["le"],
    );
    assert.deepEqual(lostLabels("sum without (pod) (a) / on (job) b", "{{job}} {{pod}}"), ["pod"]);
    assert.deepEqual(lostLabels("a * on (pod) group_left (node) b", "{{node}} {{job}}"), []);
    assert.deepEqual(lostLabels("sum(a) or vector(0)", "{{job}}"), ["job"]);
  });
});

describe("Dashboards", () => {
  const args = { panels: [LATENCY, P95, HITS], stack: "production", namespace: "monitoring" };

  it("are ConfigMaps that Grafana's sidecar finds", async () => {
    const recording = await record(() => new components.Dashboards("dashboards", args));
    assert.deepEqual(recording.typesAndNames(), [
      "kubernetes:core/v1:ConfigMap dashboards-performance",
      "kubernetes:core/v1:ConfigMap dashboards-redis",
      "retrofitlink:monitoring:Dashboards dashboards",
    ]);
    const [performance] = recording.ofType("kubernetes:core/v1:ConfigMap");
    const { metadata, data } = performance?.inputs as any;
    assert.deepEqual(metadata, {
      name: "dashboard-performance",
      namespace: "monitoring",
      labels: { grafana_dashboard: "1" },
    });
    const json = JSON.parse(data["retrofitlink-performance.json"]);
    assert.equal(json.uid, "performance");
    assert.match(json.annotations.list[1].expr, /namespace=~"monitoring"/);
  });

  it("refuse panels with issues, and a dashboard that a ConfigMap does not hold", () => {
    assert.throws(
      () => new components.Dashboards("dashboards", { ...args, panels: [HITS, HITS] }),
      /Dashboards "dashboards" cannot be built:\n {2}- monitoring\.panels\.backend-hits: got/,
    );
    const many = Array.from({ length: 1500 }, (_, index) => ({
      ...HITS,
      id: `${index}`,
      queries: [{ expr: `up{job="${index}"}`, legend: "up" }],
    }));
    assert.throws(
      () => new components.Dashboards("dashboards", { ...args, panels: many }),
      /monitoring\.dashboards\.redis: got \d+ KiB; allowed is at most 1008 KiB, what a ConfigMap holds/,
    );
  });
});
