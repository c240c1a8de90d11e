import assert from "node:assert/strict";

import { compilePromql } from "../../../../simulation/promql/compile";
import { Cursor, STALE, Series, SeriesStore } from "../../../../simulation/promql/series";
import { Random } from "../../../../simulation/traffic/random";

const MINUTE = 60_000;

/** Series of so many minutes. */
function filled(minutes: number, value: (minute: number) => number): Series {
  const series = new Series({});
  for (let minute = 0; minute < minutes; minute++) series.append(minute * MINUTE, value(minute));
  return series;
}

describe("series of the simulation", () => {
  it("sum any window as one by one", () => {
    const random = new Random(1);
    const values = Array.from({ length: 1000 }, () => random.next());
    const series = filled(values.length, (minute) => values[minute] ?? NaN);
    for (let round = 0; round < 2000; round++) {
      const from = random.below(values.length);
      const to = from + random.below(values.length - from + 1);
      const expected = values.slice(from, to).reduce((sum, value) => sum + value, 0);
      assert.ok(
        Math.abs(series.sum(from, to) - expected) <= 1e-12 * Math.max(1, expected),
        `${from} to ${to}`,
      );
    }
  });

  it("sum nothing but zeros to zero, whatever was before", () => {
    const series = filled(2000, (minute) => (minute < 700 ? 1e9 / 3 : 0));
    series.sum(0, 1000);
    assert.equal(series.sum(700, 2000), 0);
  });

  it("sum samples that came after a sum, too", () => {
    const series = filled(100, () => 1);
    assert.equal(series.sum(0, 100), 100);
    for (let minute = 100; minute < 500; minute++) series.append(minute * MINUTE, 2);
    assert.equal(series.sum(50, 500), 50 + 2 * 400);
  });

  it("find the first sample later than a time, however far apart samples are", () => {
    const random = new Random(2);
    const series = new Series({});
    const cursor = new Cursor(series);
    const times: number[] = [];
    let time = 0;
    for (let sample = 0; sample < 300; sample++) {
      time += sample > 100 && sample < 150 ? 15 : 1 + random.below(40) ** 2;
      times.push(time);
      series.append(time, 1);
      for (let round = 0; round < 20; round++) {
        const asked = round < 10 ? random.below(time + 20) : (times[random.below(times.length)] ?? 0);
        const found = times.findIndex((one) => one > asked);
        const expected = found < 0 ? times.length : found;
        assert.equal(series.after(asked), expected, `${asked} of ${times.join()}`);
        assert.equal(cursor.after(asked), expected, `${asked} of ${times.join()}`);
      }
    }
  });

  it("forget what nobody asks for, and answer the same from what is left, bit for bit, markers and all", () => {
    const random = new Random(3);
    const kept = 300 * MINUTE;
    const stores = [new SeriesStore(), new SeriesStore(() => kept)];
    const text = [
      "sum_over_time(a[5h])",
      "avg_over_time(a[70m] offset 3h)",
      "rate(a[2m])",
      "a offset 4h",
      "changes(a[4h])",
    ];
    const queries = stores.map((store) => text.map((one) => compilePromql(one, { store })));
    const all = stores.map((store) => store.series("a", {}));
    for (let minute = 0; minute < 5000; minute++) {
      // Before the first marker, and after it.
      const value = minute > 2000 && random.next() < 0.02 ? STALE : random.next();
      for (const series of all) series.append(minute * MINUTE, value);
      if (minute % 7 > 0) continue;
      const [whole, short] = queries.map((each) => each.map((query) => query(minute * MINUTE)));
      assert.deepEqual(short, whole, String(minute));
    }
    const [long, forgetful] = all.map(({ times }) => times.length);
    assert.ok(long === 8192 && forgetful !== undefined && forgetful <= 1024, String(forgetful));
  });

  it("are found again when there are others, by name and without", () => {
    const store = new SeriesStore();
    const selector = { kind: "selector", matchers: [], offset: 0 } as const;
    const [named, all] = [
      store.selection({ ...selector, name: "a" }, (series) => series),
      store.selection({ ...selector, name: undefined }, (series) => series),
    ];
    const counts = (): number[] => [named().length, all().length];
    assert.deepEqual(counts(), [0, 0]);
    const first = store.series("a", { pod: "1" });
    store.series("a", { pod: "2" });
    store.series("b", { pod: "1" });
    assert.deepEqual(counts(), [2, 3]);
    store.drop(first);
    assert.deepEqual(counts(), [1, 2]);
  });

  it("leave markers out of a window, and know it again when they have left it", () => {
    const store = new SeriesStore();
    const series = store.series("load", {});
    for (let minute = 0; minute < 400; minute++) series.append(minute * MINUTE, minute === 200 ? STALE : 1);
    const sum = compilePromql("sum_over_time(load[100m])", { store });
    const at = (minute: number): number | undefined => sum(minute * MINUTE)[0]?.value;
    assert.deepEqual([at(150), at(250), at(299), at(300), at(350)], [100, 99, 99, 100, 100]);
  });
});
