import assert from "node:assert/strict";
import fc from "fast-check";

import type { Range } from "../../../../simulation/promql/expression";
import { STALE, SeriesStore } from "../../../../simulation/promql/series";
import { ranges } from "../../../../simulation/promql/windows";

/** Seconds between a sample and the one before it; whether it is a marker. */
const samples = fc.array(fc.tuple(fc.constantFrom(15, 15, 15, 1, 7, 60, 400), fc.nat(9)), { maxLength: 60 });

const series = fc.record({ begins: fc.nat(600), samples });

const query = fc.record({
  every: fc.constantFrom(5, 15, 15, 60),
  seconds: fc.constantFrom(1, 30, 120, 3600),
  offset: fc.constantFrom(0, 0, 45),
  closedWindows: fc.boolean(),
});

describe("windows of the simulation", () => {
  it("have the samples of each series that are in them, whatever those of the others are", () => {
    fc.assert(
      fc.property(
        fc.array(series, { maxLength: 5 }),
        query,
        (all, { every, seconds, offset, closedWindows }) => {
          const store = new SeriesStore();
          const range = {
            kind: "range",
            selector: { kind: "selector", name: "a", matchers: [], offset: 1000 * offset },
            milliseconds: 1000 * seconds,
          } as Extract<Range, { kind: "range" }>;
          const windows = ranges(range, { store, closedWindows });
          const pending = all.map(({ begins, samples: own }, place) => {
            let time = 1000 * begins;
            return {
              series: store.series("a", { place: String(place) }),
              all: own.map(([gap, kind]) => ({
                time: (time += 1000 * gap),
                value: kind === 0 ? STALE : kind,
              })),
              next: 0,
            };
          });
          for (let at = 0; at < 1_500_000; at += 1000 * every) {
            for (const one of pending) {
              for (; (one.all[one.next]?.time ?? Infinity) <= at; one.next++) {
                const { time = 0, value = 0 } = one.all[one.next] ?? {};
                one.series.append(time, value);
              }
            }
            const end = at - 1000 * offset;
            const start = end - 1000 * seconds;
            const expected = pending.flatMap(({ all: own, next }, place) => {
              const within = own
                .slice(0, next)
                .filter(({ time }) => (closedWindows ? time >= start : time > start) && time <= end)
                .flatMap(({ value }) => (value === STALE ? [] : [value]));
              return within.length === 0 ? [] : [[String(place), ...within]];
            });
            const found: (string | number)[][] = [];
            windows(at, ({ place = "" }, { values, from, to }) => {
              found.push([place, ...values.slice(from, to)]);
              return false;
            });
            assert.deepEqual(found, expected, `at ${at}`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
