import assert from "node:assert/strict";

import * as fc from "fast-check";

import { FORECAST_DEFAULTS, FORECAST_PARTS } from "../../../../budget/autoscaling/forecast";
import { readForecast } from "../../../../budget/autoscaling/forecast-reading";
import {
  FORECAST_SERIES,
  forecastRules,
  type ForecastedService,
} from "../../../../budget/autoscaling/forecast-rules";
import { plannedForecast } from "../../../../budget/autoscaling/planned-forecast";
import { requestsPerSecond } from "../../../../budget/autoscaling/signals";
import { compilePromql } from "../../../../simulation/promql/compile";
import { EvaluatedGroup, type RuleGroup } from "../../../../simulation/promql/rules";
import { STALE, SeriesStore } from "../../../../simulation/promql/series";
import { ForecastGroup, forecastsOf } from "../../../../simulation/replay/forecast-group";
import { Random } from "../../../../simulation/traffic/random";
import { START } from "./fixtures";

const { now, recent, asked, benefit, cost, believed, worth, gated, trigger } = FORECAST_SERIES;

/** What happens for some minutes. `gone` is a Prometheus that is not there, `silent` a service of which it knows nothing. */
interface Event {
  readonly kind: "gone" | "silent" | "zero" | "surge" | "ramp";
  readonly at: number;
  readonly minutes: number;
}

interface Scenario {
  readonly seed: number;
  readonly minutes: number;
  readonly noise: number;
  readonly events: readonly Event[];
  readonly of: ForecastedService;
}

const SERVICE: ForecastedService = {
  ...FORECAST_DEFAULTS,
  namespace: "shop",
  service: "backend",
  load: "sum(load_per_second)",
  intervalSeconds: 60,
  mode: "on",
  leadMinutes: 3,
  target: 0.6,
  worth: 1,
  headroomTimes: 0.5,
  mostCost: 0.5,
};

const MOST_MINUTES = 3000;

const event = (kinds: readonly Event["kind"][], most: number): fc.Arbitrary<Event> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    at: fc.nat(MOST_MINUTES),
    minutes: fc.integer({ min: 1, max: most }),
  });

const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  // A week is full, or far from it; the day before is there, or not.
  minutes: fc.constantFrom(900, 2000, MOST_MINUTES),
  noise: fc.constantFrom(0, 0.05, 0.3),
  events: fc
    .tuple(
      // About as long as a selector looks back, and much longer.
      fc.array(event(["gone"], 8), { maxLength: 6 }),
      fc.array(event(["gone", "silent", "zero"], 300), { maxLength: 4 }),
      fc.array(event(["silent", "surge", "ramp"], 20), { maxLength: 12 }),
    )
    .map((all) => all.flat()),
  of: fc
    .record({
      leadMinutes: fc.integer({ min: 1, max: 9 }),
      target: fc.constantFrom(0.5, 0.6, 0.7),
      days: fc.integer({ min: 1, max: 2 }),
      judgedDays: fc.constantFrom(0.1, 0.25, 0.5, 7),
      memoryMinutes: fc.constantFrom(5, 60, 90),
    })
    .map((settings) => ({ ...SERVICE, ...settings })),
});

/** Load of a minute: a day with a surge at the same time, noise, and what happens besides. */
function loads({ seed, minutes, noise, events }: Scenario): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: minutes }, (_, minute) => {
    const time = minute % 1440;
    const wave = 200 + 100 * Math.sin((2 * Math.PI * time) / 1440);
    let load = wave * (1 + noise * random.normal()) * (time >= 400 && time < 415 ? 3 : 1);
    for (const { kind, at, minutes: length } of events) {
      if (minute < at || minute >= at + length) continue;
      if (kind === "silent") load = NaN;
      if (kind === "zero") load = 0;
      if (kind === "surge") load *= 4;
      if (kind === "ramp") load *= 1.15 ** Math.min(minute - at, 9);
    }
    return Math.max(0, load) + 0 * load;
  });
}

const selected = (name: string, part?: string): string =>
  `${name}{namespace="shop",service="backend"${part === undefined ? "" : `,part="${part}"`}}`;

/** Both, minute by minute. @returns how many numbers were compared, and how many parts were believed */
function compare(given: Scenario): { readonly compared: number; readonly trusted: number } {
  const group = forecastRules(given.of);
  const [rules, model] = [new SeriesStore(), new SeriesStore()];
  const evaluated = new EvaluatedGroup(group, rules);
  const counted = readForecast(group);
  assert.ok(counted !== undefined);
  const modelled = new ForecastGroup(counted, model);
  const { load, judged } = modelled.model;
  const answers = [
    { text: selected(now), of: () => load.now },
    { text: selected(recent), of: () => load.recent },
    { text: selected("service:load:ordered"), of: () => load.ordered },
    { text: selected("service:load:too_full"), of: () => judged.tooFull },
    { text: selected(worth), of: () => judged.worth },
    { text: selected(gated), of: () => judged.gated },
    ...FORECAST_PARTS.flatMap((part) => [
      { text: selected(asked, part), of: () => judged.parts[part].asked },
      { text: selected(benefit, part), of: () => judged.parts[part].benefit },
      { text: selected(cost, part), of: () => judged.parts[part].cost },
      { text: selected(believed, part), of: () => judged.parts[part].believed },
    ]),
  ].map(({ text, of }) => ({ text, of, query: compilePromql(text, { store: rules }) }));
  const [ours, theirs] = [rules, model].map((store) => store.series("load_per_second", {}));
  let [compared, trusted] = [0, 0];
  loads(given).forEach((value, minute) => {
    const isGone = given.events.some(
      ({ kind, at, minutes }) => kind === "gone" && minute >= at && minute < at + minutes,
    );
    if (isGone) return;
    const at = 1000 * START + 60_000 * minute;
    for (const series of [ours, theirs]) series?.append(at, value === value ? value : STALE);
    evaluated.evaluate(at);
    modelled.evaluate(at);
    for (const { text, of, query } of answers) {
      const [sample] = query(at);
      same(of(), sample?.value ?? NaN, `${text} at ${minute}`);
      if (sample === undefined) continue;
      compared++;
      if (text.startsWith(believed)) trusted += sample.value;
    }
  });
  for (const name of [now, recent, gated, trigger]) {
    const [one, other] = [rules, model].map((store) =>
      store.series(name, { namespace: "shop", service: "backend" }),
    );
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual([...other.times.slice(0, other.length)], [...one.times.slice(0, one.length)], name);
    for (let index = 0; index < one.length; index++)
      same(other.values[index] as number, one.values[index] as number, `${name}[${index}]`);
  }
  return { compared, trusted };
}

function same(value: number, wanted: number, what: string): void {
  const isSame = Object.is(value, wanted) || Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted);
  assert.ok(isSame, `${what}: ${value}, the rules have ${wanted}`);
}

describe("the forecast of a replay", function () {
  this.timeout(120_000);

  it("records what its rules do, to a billionth, whatever is missing and whatever comes", () => {
    let trusted = 0;
    fc.assert(
      fc.property(scenario, (given) => {
        const found = compare(given);
        trusted += found.trusted;
        assert.ok(given.minutes < 900 || found.compared > 0);
      }),
      { numRuns: 24, seed: 11 },
    );
    // Else the last of the rules were compared by what they never say.
    assert.ok(trusted > 1000, `${trusted} minutes of parts that were believed`);
  });

  it("knows what a selector finds after a Prometheus was gone, to the minute", () => {
    // A day later the level of each of these minutes is looked for.
    for (let minutes = 1; minutes <= 7; minutes++) {
      const events: Event[] = [
        { kind: "gone", at: 300, minutes },
        { kind: "silent", at: 600, minutes: 40 },
        { kind: "gone", at: 635, minutes: 30 },
      ];
      const of = { ...SERVICE, days: 1, judgedDays: 0.1 };
      assert.ok(compare({ seed: minutes, minutes: 2200, noise: 0.1, events, of }).compared > 10_000);
    }
  });
});

describe("rules that a model may stand for", () => {
  const planned = plannedForecast({
    namespace: "shop",
    service: "backend",
    mode: "on",
    busyAtTarget: 0.6,
    busy: 0.7,
    maxUtilization: 0.75,
    horizonSeconds: 200,
  });
  const group = forecastRules(planned);

  /** Whether the model stands for the first of the groups. */
  const isModelled = (
    groups: readonly RuleGroup[],
    asks: readonly string[] = [trigger],
    step = 15,
  ): boolean => {
    const needed = groups.map((one) => ({
      group: one,
      needed: one.rules.map(({ record = "" }) => ({ record, asks: [] })),
    }));
    const found = forecastsOf(
      needed,
      asks.map((name) => ({ name, oldest: 0 })),
      step,
    );
    return found.has(groups[0] as RuleGroup);
  };

  it("are those that a stack renders, with any numbers, in both modes", () => {
    assert.ok(isModelled([group]));
    fc.assert(
      fc.property(
        fc.record({
          busyAtTarget: fc.double({ min: 0.1, max: 0.8, noNaN: true }),
          busy: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
          horizonSeconds: fc.integer({ min: 1, max: 3000 }),
          mode: fc.constantFrom("on" as const, "preview" as const),
        }),
        (more) => {
          const of = plannedForecast({ namespace: "shop", service: "a.b", maxUtilization: 0.8, ...more });
          assert.equal(
            readForecast(JSON.parse(JSON.stringify(forecastRules(of))))?.leadMinutes,
            of.leadMinutes,
          );
        },
      ),
    );
  });

  it("are no others: each rule as it is, none more and none less, a minute apart", () => {
    for (let index = 0; index < group.rules.length; index++) {
      const changed = (expr: (text: string) => string): RuleGroup => ({
        ...group,
        rules: group.rules.map((rule, place) =>
          place === index ? { ...rule, expr: expr(rule.expr) } : rule,
        ),
      });
      assert.ok(!isModelled([changed((text) => `${text} + 1`)]));
      // Without the last one it is a preview.
      if (index + 1 < group.rules.length)
        assert.ok(!isModelled([{ ...group, rules: group.rules.filter((_, place) => place !== index) }]));
    }
    // The lead time stands in several rules.
    const later = group.rules.map((rule) =>
      rule.record === "service:load:ordered" ? { ...rule, expr: rule.expr.replace("4m", "5m") } : rule,
    );
    assert.ok(!isModelled([{ ...group, rules: later }]));
    assert.ok(!isModelled([{ ...group, rules: [...group.rules, { record: "more", expr: "vector(1)" }] }]));
    assert.ok(!isModelled([{ ...group, interval: "30s" }]));
    assert.ok(!isModelled([forecastRules({ ...planned, intervalSeconds: 30 })]));
    assert.ok(!isModelled([forecastRules({ ...planned, load: "sum(rate(http_requests_total[1m]))" })]));
    assert.ok(!isModelled([group], [trigger], 14));
  });

  it("are recorded by nobody else, and asked for nothing that the model does not record", () => {
    const other = (name: string): RuleGroup => ({
      name: "other",
      rules: [{ record: name, expr: "vector(1)" }],
    });
    assert.ok(isModelled([group, other("more")]));
    assert.ok(!isModelled([group, other(trigger)]));
    assert.ok(!isModelled([group, group]));
    assert.ok(!isModelled([group, { ...group }]));
    const load = requestsPerSecond({ namespace: "shop", deployment: "matching" });
    assert.ok(isModelled([group, forecastRules({ ...planned, service: "matching", load })]));
    assert.ok(isModelled([group], [trigger, gated, "up"]));
    assert.ok(!isModelled([group], [trigger, believed]));
  });
});
