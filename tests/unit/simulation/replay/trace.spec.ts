import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../../../cli/user-error";
import { parseTrace, readTrace, resample, type Trace } from "../../../../simulation/replay/trace";

const START = Date.parse("2026-03-01T00:00:00Z");

/** CSV of figures at a step; undefined leaves the row out. */
function csv(figures: readonly (number | string | undefined)[], stepSeconds = 60): string {
  const rows = figures.flatMap((figure, index) =>
    figure === undefined ? [] : [`${new Date(START + index * stepSeconds * 1000).toISOString()},${figure}`],
  );
  return ["timestamp,requests", ...rows, ""].join("\n");
}

const wave = (steps: number): number[] => Array.from({ length: steps }, (_, i) => 100 + 50 * Math.sin(i / 9));

function refused(text: string, message: RegExp, next: RegExp): void {
  assert.throws(
    () => parseTrace(text, "load.csv"),
    (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      assert.match(String(error.nextStep), next);
      assert.match(error.message, /^load\.csv/);
      return true;
    },
  );
}

describe("traces", () => {
  it("are even steps", () => {
    const trace = parseTrace(csv(wave(50)), "load.csv");
    assert.equal(trace.stepSeconds, 60);
    assert.equal(trace.startSeconds, START / 1000);
    assert.deepEqual(
      [...trace.requests],
      wave(50).map((value) => Number(String(value))),
    );
    assert.deepEqual(trace.gaps, []);
  });

  it("may count time in seconds, with an offset, with Windows line ends and a byte order mark", () => {
    const seconds = Array.from({ length: 12 }, (_, i) => `${1_770_000_000 + i * 30},${i % 5}`);
    assert.equal(parseTrace(["timestamp,requests", ...seconds].join("\r\n"), "a").stepSeconds, 30);
    const offset = Array.from({ length: 12 }, (_, i) => `2026-03-01 01:${String(i + 10)}:00+01:00,${i % 5}`);
    assert.equal(
      parseTrace(`\uFEFF Timestamp, Requests\n${offset.join("\n")}`, "a").startSeconds,
      START / 1000 + 600,
    );
  });

  it("have short gaps filled with a line, and say which", () => {
    const figures: (number | string | undefined)[] = wave(200);
    figures[10] = 30;
    figures[11] = undefined;
    figures[12] = "";
    figures[13] = 60;
    const { requests, gaps } = parseTrace(csv(figures), "load.csv");
    assert.deepEqual([...requests.slice(10, 14)], [30, 40, 50, 60]);
    assert.deepEqual(gaps, [{ from: 11, steps: 2 }]);
  });

  it("refuse gaps that nobody can fill", () => {
    const hole = wave(2000).map((value, index) => (index >= 500 && index < 561 ? undefined : value));
    refused(csv(hole), /no figures for 61 steps of 60 s after step 500; at most 3600 s/, /not zero/);
    const holes = wave(2000).map((value, index) => (index > 0 && index % 10 === 0 ? undefined : value));
    refused(csv(holes), /lacks 199 of 2000 steps/, /record again/);
    refused(csv(["", ...wave(40)]), /begins with 1 steps without a figure/, /cut/);
    refused(csv([...wave(40), ""]), /ends with 1 steps without a figure/, /cut/);
  });

  it("refuse negative, absurd and unreadable figures, with the line", () => {
    for (const figure of [-1, 1e300, "Infinity", "many", "1.000.000"]) {
      const figures: (number | string)[] = wave(20);
      figures[3] = figure;
      refused(
        csv(figures),
        /line 5: got \S+ requests; allowed is a number from 0 to/,
        /leave the figure empty/,
      );
    }
    refused(csv(wave(20)).replace("00:04:00.000Z,", "00:04:00.000Z;"), /line 6: got ".*;/, /with a point/);
  });

  it("refuse wrong steps", () => {
    refused(
      csv(wave(20)).replace("00:07:00.000Z", "00:07:20.000Z"),
      /line 9: 440 s after the first row/,
      /one length/,
    );
    refused(csv(wave(20), 7200), /steps of 7200 s; allowed are 1 to 3600 s/, /one row a minute/);
    const rows = csv(wave(20)).split("\n");
    refused(
      [...rows.slice(0, 5), rows[3], ...rows.slice(5)].join("\n"),
      /line 6: earlier than .*line 5/,
      /sort/,
    );
    refused(
      [...rows.slice(0, 5), rows[4], ...rows.slice(5)].join("\n"),
      /line 6: the same moment as/,
      /sort/,
    );
  });

  it("refuse what is no trace", () => {
    refused("", /line 1: got ""; allowed is "timestamp,requests"/, /two columns/);
    refused("time,rps\n1,2", /line 1: got "time,rps"/, /two columns/);
    refused(csv(wave(3)), /has 3 rows/, /record more/);
    refused(csv(wave(20)).replaceAll("Z", ""), /line 2: got the timestamp/, /offset/);
    refused(csv(wave(20)).replaceAll("2026-03-01", "01.03.2026"), /line 2: got the timestamp/, /UTC/);
    refused(csv(Array.from({ length: 50 }, (_, i) => i * 7)), /never falls/, /increase\(/);
    refused(
      csv(wave(20)).replace("2026-03-01T00:19", "2126-03-01T00:19"),
      /spans \d+ steps/,
      /cut the trace/,
    );
  });

  it("of two years at one minute are read in seconds", function () {
    this.timeout(20_000);
    const trace = parseTrace(csv(wave(2 * 365 * 1440)), "load.csv");
    assert.equal(trace.requests.length, 1_051_200);
  });

  it("are read from files, whose absence is an error that says so", () => {
    const folder = mkdtempSync(join(tmpdir(), "trace-"));
    try {
      writeFileSync(join(folder, "load.csv"), csv(wave(20)));
      assert.equal(readTrace(join(folder, "load.csv")).name, "load.csv");
      assert.throws(() => readTrace(join(folder, "none.csv")), /there is no file .*none\.csv[^]*TRACE=/);
      assert.throws(() => readTrace(folder), /is a folder/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("steps of another length", () => {
  const trace = (requests: readonly number[], stepSeconds: number): Trace => ({
    name: "load",
    startSeconds: 0,
    stepSeconds,
    requests: Float64Array.from(requests),
    gaps: [{ from: 1, steps: 1 }],
  });

  it("add up when they are coarser", () => {
    const coarse = resample(trace([1, 2, 3, 4, 5], 30), 60);
    assert.deepEqual([...coarse.requests], [3, 7]);
    assert.equal(coarse.stepSeconds, 60);
  });

  it("lie on lines between the middles when they are finer, and keep the sum away from the ends", () => {
    const fine = resample(trace([10, 20, 30, 20, 10], 600), 300);
    assert.deepEqual([...fine.requests], [5, 6.25, 8.75, 11.25, 13.75, 13.75, 11.25, 8.75, 6.25, 5]);
    assert.deepEqual(fine.gaps, [{ from: 2, steps: 2 }]);
  });

  it("have to fit", () => {
    assert.throws(() => resample(trace([1, 2], 60), 45), RangeError);
  });
});
