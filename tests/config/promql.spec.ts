import assert from "node:assert/strict";

import { compilePromql } from "../../simulation/promql/compile";
import { keyOf } from "../../simulation/promql/label-sets";
import { SeriesStore } from "../../simulation/promql/series";
import { Random } from "../../simulation/traffic/random";
import { prometheusOf, type GivenSeries, type PrometheusOfBlocks } from "../helpers/prometheus-blocks";

const START = Date.UTC(2026, 1, 27, 20) / 1000;
const HOURS = 30;

/** Not a multiple of anything a window begins with, so that no sample lies on the end of one. */
const PHASE = 7.5;

function samples(
  every: number,
  of: (second: number) => number,
  leave: (second: number) => boolean = () => false,
) {
  const found: [number, number][] = [];
  for (let second = PHASE; second < HOURS * 3600; second += every) {
    if (!leave(second)) found.push([START + second, of(second)]);
  }
  return found;
}

/** Pods that come, go and begin again; gauges; a day with a season; a series with a gap. */
function given(): GivenSeries[] {
  const random = new Random(7);
  const counter = (pod: string, from: number, to: number, reset: number): GivenSeries => {
    let total = 0;
    return {
      name: "http_requests_total",
      labels: { service: "backend", pod, status: "200" },
      samples: samples(
        15,
        (second) => {
          total =
            Math.abs(second - reset) < 8 ? 3 : total + 200 * random.next() * (1 + Math.sin(second / 13_751));
          return total;
        },
        (second) => second < from || second > to,
      ),
    };
  };
  const season = (second: number): number =>
    100 + 80 * Math.sin((2 * Math.PI * second) / 86_400) + 10 * random.next();
  return [
    counter("a", 0, Infinity, 50_000),
    counter("b", 3600, 80_000, 0),
    counter("c", 90_000, Infinity, 0),
    {
      name: "http_requests_total",
      labels: { service: "backend", pod: "a", status: "503" },
      samples: samples(15, (second) => Math.floor(second / 1000)),
    },
    ...["a", "b", "c"].map((pod, index) => ({
      name: "http_requests_in_flight",
      labels: { service: "backend", pod },
      samples: samples(15, () => Math.floor(20 * random.next()) + index),
    })),
    { name: "rps", labels: { service: "backend" }, samples: samples(60, season) },
    { name: "rps", labels: { service: "matching" }, samples: samples(60, (s) => 0.1 * season(s)) },
    {
      name: "gap",
      labels: { service: "backend", zone: "a" },
      samples: samples(
        30,
        (second) => second,
        (second) => second > 40_000 && second < 43_000,
      ),
    },
    { name: "limit", labels: { service: "backend" }, samples: samples(60, () => 120) },
  ];
}

/** What rules and triggers are made of. */
const EXPRESSIONS = [
  "sum(rate(http_requests_total[2m]))",
  'sum(rate(http_requests_total{service="backend",status!~"5.."}[5m]))',
  "sum by (pod) (increase(http_requests_total[10m]))",
  "sum without (pod, status) (rate(http_requests_total[90s]))",
  "irate(http_requests_total[2m])",
  "delta(http_requests_in_flight[5m])",
  "idelta(http_requests_in_flight[5m])",
  "avg(http_requests_in_flight)",
  "max by (service) (http_requests_in_flight) - min by (service) (http_requests_in_flight)",
  "count(http_requests_total) by (status)",
  "quantile(0.5, http_requests_in_flight)",
  "quantile without (pod) (0.9, http_requests_in_flight)",
  "stddev(http_requests_in_flight) + stdvar(http_requests_in_flight)",
  "group(http_requests_in_flight)",
  "avg_over_time(rps[1h])",
  "max_over_time(rps[6m] offset 23h54m)",
  "max_over_time(rps[6m] offset 23h54m) * clamp(avg_over_time(rps[1h]) / (avg_over_time(rps[1h] offset 1d)), 0.5, 1.5)",
  "min_over_time(rps[15m]) + last_over_time(rps[15m])",
  "sum_over_time(rps[20m]) / count_over_time(rps[20m])",
  "quantile_over_time(0.95, rps[1h])",
  "quantile_over_time(0.5, rps[1h] offset 2h)",
  "stddev_over_time(rps[1h])",
  "stdvar_over_time(rps[1h])",
  "present_over_time(rps[1h])",
  "changes(http_requests_in_flight[10m])",
  "resets(http_requests_total[30h])",
  "deriv(rps[30m])",
  "predict_linear(rps[30m], 600)",
  "max_over_time(sum(rate(http_requests_total[2m]))[30m:1m])",
  "avg_over_time(rps[1h:5m] offset 10m)",
  "abs(rps - rps offset 1d)",
  "rps / ignoring(service) group_left sum(rps)",
  "rps * on(service) group_right limit",
  "rps / on(service) limit",
  "rps > 100",
  "rps > bool 100",
  "100 < rps",
  "rps > on(service) limit",
  "rps >= bool on(service) limit",
  "1 + 2 * 3 ^ 2 % 5 - -4",
  "-rps",
  "rps and on(service) (limit > 100)",
  "rps and on(service) (limit < 100)",
  "rps unless on(service) limit",
  "rps or gap",
  "limit or on(service) rps",
  'sum(rate(http_requests_total[2m])) and count_over_time(rps{service="matching"}[10m]) > 3',
  "clamp_min(rps, 100)",
  "clamp_max(rps, 100)",
  "clamp(rps, 100, 50)",
  "round(rps) + round(rps, 5) + floor(rps) + ceil(rps)",
  "sqrt(rps) + ln(rps) + log2(rps) + log10(rps) + exp(rps / 100) + sgn(rps)",
  "scalar(limit) * rps",
  "scalar(rps)",
  "vector(scalar(limit))",
  "absent(rps)",
  'absent(nothing{service="backend",pod=~".*"})',
  'absent_over_time(nothing{service="backend"}[5m])',
  "time()",
  "timestamp(rps) - timestamp(-rps)",
  "timestamp(gap offset 10m)",
  "time() - timestamp(rps)",
  "vector(time()) - rps",
  "hour() * 100 + minute()",
  "day_of_week() + 10 * day_of_month() + 1000 * month() + days_in_month() + year() + day_of_year()",
  "hour(vector(1700000000))",
  "sum(rps) * (hour() >= bool 8) * (hour() < bool 18)",
  "gap",
  "rate(gap[10m])",
  "avg_over_time(gap[1h])",
  'sum(rate(http_requests_total{pod=~"b|c"}[5m])) or vector(0)',
  '{__name__=~"rps|limit"}',
  "sum(rate(http_requests_total[2m])) or 0 * sum(http_requests_in_flight)",
  "sum(nothing) or 2 * sum(limit)",
  "sum(gap) or sum(limit)",
  "(sum(rps) or 0 * sum(limit)) and on () (max(count_over_time(http_requests_in_flight[2m])) >= 2)",
  "sum(rps) and on () (max(count_over_time(http_requests_in_flight[2m])) >= 400)",
  "sum(rps) and (min(limit) < 101)",
  "sum(rps) and on (service) (min(rps) > 50)",
  "sum(rps) and (min(rps) < 50)",
  "sum(rps) and (max(rps) < 50)",
  "sum(rps) and (max(rps) > 50)",
  "sum(rps) and (max(nothing) > 0)",
  "sum(rps) atan2 sum(limit)",
  "rps - rps offset 1d * 2",
  "sum(rps) - -sum(rps offset 1h) / sum_over_time(limit[5m] offset 1h)",
  "sum(rps) / 0",
  "rps / (limit - 120)",
];

/** Seconds after the start: a gap and its end, a reset, a pod goes, another day. */
const MOMENTS = [36_000, 40_200, 40_400, 42_990, 43_300, 50_100, 80_200, 80_400, 100_000, 107_970];

/** A counter has only just begun: Prometheus 3 goes back to its zero otherwise than before. */
const YOUNG = [60, 3700, 90_030];

/** Keeps the ends of windows off samples and off the steps of subqueries: older Prometheus counts what lies on both. */
const OFF = 11;

describe("PromQL of the simulation", function () {
  this.timeout(60_000);
  const all = given();
  const store = new SeriesStore();
  let prometheus: PrometheusOfBlocks;

  before(async () => {
    for (const { name, labels, samples: points } of all) {
      const series = store.series(name, labels);
      for (const [time, value] of points) series.append(time * 1000, value);
    }
    prometheus = await prometheusOf(all);
  });

  after(async () => {
    await prometheus?.stop();
  });

  const result = (found: readonly { labels: Readonly<Record<string, string>>; value: number }[]) =>
    [...found].sort((a, b) => (keyOf(a.labels) < keyOf(b.labels) ? -1 : 1));

  for (const expression of EXPRESSIONS) {
    it(`answers as a real Prometheus does: ${expression}`, async () => {
      const evaluate = compilePromql(expression, { store });
      const exact = prometheus.major >= 3 ? [...YOUNG, ...MOMENTS].map((moment) => moment + PHASE) : [];
      for (const moment of [...MOMENTS.map((each) => each + OFF), ...exact]) {
        const at = START + moment;
        const ours = result(evaluate(at * 1000));
        const theirs = result(await prometheus.query(expression, at));
        const where = `${moment} s after the start: ${JSON.stringify(ours)} and ${JSON.stringify(theirs)}`;
        assert.deepEqual(
          ours.map(({ labels }) => keyOf(labels)),
          theirs.map(({ labels }) => keyOf(labels)),
          where,
        );
        ours.forEach(({ value }, index) => {
          const expected = theirs[index]?.value ?? 0;
          const isSame = Object.is(value, expected) || value === expected;
          const isNear = Math.abs(value - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
          assert.ok(isSame || isNear, where);
        });
      }
    });
  }

  it("names the function that it does not evaluate, and the place of a mistake", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["histogram_quantile(0.9, rps)", /function histogram_quantile\(\) is not evaluated/],
      ["topk(2, rps)", /aggregation topk\(\)/],
      ["rps @ 100", /modifier @/],
      ["sum(rps", /syntax error at character 8/],
      ["rate(rps)", /rate\(\) of what is no range/],
      ["rps[5m]", /range where an instant vector belongs/],
      ["1 > 2", /scalars without bool/],
      ["rps and 1", /and with a scalar/],
    ];
    for (const [expression, message] of refused) {
      assert.throws(() => compilePromql(expression, { store }), { name: "PromqlError", message });
    }
  });

  it("refuses to choose among several that match", () => {
    const evaluate = compilePromql("limit / on(service) http_requests_in_flight", { store });
    assert.throws(() => evaluate((START + 100_000) * 1000), /without group_left or group_right/);
  });
});
