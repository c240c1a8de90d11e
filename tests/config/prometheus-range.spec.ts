import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { UserError } from "../../cli/user-error";
import { prometheusTrace } from "../../simulation/replay/prometheus-range";
import { prometheusOf, type GivenSeries, type PrometheusOfBlocks } from "../helpers/prometheus-blocks";

const START = Date.UTC(2026, 2, 2) / 1000;
/** More than the 10,000 points of one piece, and than the 11,000 that Prometheus answers at most. */
const DAYS = 8;
const MINUTES = DAYS * 1440;
const NOW = START + MINUTES * 60;
/** Minutes without a sample; Prometheus carries the last one on for five. */
const GAP = { from: 3000, to: 3020 };

const rate = (minute: number): number => 200 + 100 * Math.sin((2 * Math.PI * minute) / 1440);

function series(name: string, labels: Record<string, string>, from = 0, to = MINUTES + 1): GivenSeries {
  const samples: [number, number][] = [];
  for (let minute = from; minute < to; minute++) {
    if (minute < GAP.from || minute >= GAP.to) samples.push([START + minute * 60, rate(minute)]);
  }
  return { name, labels, samples };
}

async function refused(
  url: string,
  query: string,
  message: RegExp,
  next: RegExp,
  days = DAYS,
): Promise<void> {
  await assert.rejects(prometheusTrace(url, query, { days, now: NOW }), (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.match(String(error.nextStep), next);
    return true;
  });
}

describe("trace of a real Prometheus", function () {
  this.timeout(120_000);
  let prometheus: PrometheusOfBlocks;

  before(async () => {
    prometheus = await prometheusOf([
      series("rps", { pod: "a" }),
      series("rps", { pod: "b" }),
      // Replaced right where the second piece begins.
      series("replaced", { pod: "old" }, 0, 9990),
      series("replaced", { pod: "new" }, 10_000),
    ]);
  });

  after(() => prometheus?.stop());

  it("is what it holds, minute by minute, over more than one piece", async () => {
    const trace = await prometheusTrace(`${prometheus.url}/`, "sum(rps)", { days: DAYS, now: NOW + 59 });
    assert.deepEqual([trace.startSeconds, trace.stepSeconds], [START, 60]);
    assert.equal(trace.requests.length, MINUTES + 1);
    trace.requests.forEach((requests, minute) => {
      if (minute >= GAP.from && minute < GAP.to) return;
      assert.ok(Math.abs(requests - 120 * rate(minute)) < 1e-6 * requests, `minute ${minute}: ${requests}`);
    });
    const [gap, ...more] = trace.gaps;
    assert.deepEqual(more, []);
    assert.ok(
      gap !== undefined && gap.from >= GAP.from + 4 && gap.from + gap.steps === GAP.to,
      JSON.stringify(gap),
    );
  });

  it("is refused with the key to change when it is not one series of rates", async () => {
    const { url } = prometheus;
    await refused(url, "rps", /^the query yields several series; a trace is one/, /QUERY='sum/);
    await refused(url, "replaced", /^the query yields several series/, /QUERY='sum/);
    await refused(url, "sum(rps", /^Prometheus refused the query: .*parse error/, /QUERY/);
    await refused(url, "sum(rpss)", /^the query yields nothing in the last 8 days/, /QUERY and DAYS/);
    await refused(url, "sum(rps)", /^the query yields nothing in the last 0 days/, /QUERY and DAYS/, 0);
    await refused(
      url,
      "sum(rps) / 0",
      /^prometheus, 2026-03-02T00:00:00\.000Z: got Infinity requests/,
      /empty/,
    );
    await refused(url, "sum(rps) * -1", /got -\d+.* requests; allowed is a number from 0/, /empty/);
  });

  it("is refused when nobody answers, or somebody else", async () => {
    const server: Server = createServer((_, response) => response.end("<html>sign in</html>"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    try {
      await refused(url, "up", /does not answer as a Prometheus does: .*JSON/, /PROMETHEUS_URL/);
    } finally {
      await new Promise((done) => server.close(done));
    }
    await refused(url, "up", /does not answer as a Prometheus does: connect ECONNREFUSED/, /PROMETHEUS_URL/);
    await refused("prometheus", "up", /^prometheus does not answer as a Prometheus does/, /PROMETHEUS_URL/);
  });
});
