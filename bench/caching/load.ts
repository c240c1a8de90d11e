/** Load on one variant from a process of its own: `load.ts <port> <seconds> <round>`. Prints one line of JSON. */
import type { EventEmitter } from "node:events";
import autocannon from "autocannon";
import { CONNECTIONS, HOT_KEYS, type LoadResult, MISS_EVERY } from "./traffic";

/** Middle of the numbers at this share. @param sorted ascending */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

async function main(port: number, seconds: number, round: string): Promise<void> {
  let [sent, hot] = [0, 0];
  const path = (): string => {
    if (++sent % MISS_EVERY === 0) return `/api/properties?page=${round}${sent}`;
    // Not in the same order as they were stored.
    hot = (hot + 617) % HOT_KEYS;
    return `/api/properties?page=${hot}`;
  };
  const durations: number[] = [];
  const started = performance.now();
  const running = autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [{ setupRequest: (request) => ({ ...request, path: path() }) }],
  });
  // Its types do not say that it is an emitter.
  (running as unknown as EventEmitter).on(
    "response",
    (_client: unknown, _status: number, _bytes: number, milliseconds: number) =>
      void durations.push(milliseconds),
  );
  const result = await running;
  const elapsed = (performance.now() - started) / 1000;
  const sorted = Float64Array.from(durations).sort();
  const answer: LoadResult = {
    requests: sorted.length,
    requestsPerSecond: sorted.length / elapsed,
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    p99Ms: quantile(sorted, 0.99),
    failed: result.errors + result.timeouts + result.non2xx,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

const [port, seconds, round] = process.argv.slice(2);
void main(Number(port), Number(seconds), round ?? "");
