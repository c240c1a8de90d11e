/** Users of the reference backend: so many requests a second, whether they are answered in time or not. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What is asked of the backend, in proportions of a shop: searches above all, few that sign in. */
const MIX: readonly (readonly [share: number, ask: (chance: () => number) => readonly [string, string]])[] = [
  [
    0.6,
    (chance) => [
      "GET",
      `/api/properties?city=${encodeURIComponent(CITIES[skewed(chance, 5)] ?? "")}&limit=${1 + skewed(chance, 50)}`,
    ],
  ],
  [
    0.2,
    (chance) => [
      "GET",
      `/api/properties/00000001${(1 + skewed(chance, 5000)).toString(16).padStart(16, "0")}`,
    ],
  ],
  [0.1, (chance) => ["GET", `/api/contractors/search?trade=windows&limit=${1 + skewed(chance, 50)}`]],
  [0.1, () => ["POST", "/api/sessions"]],
];

const CITIES = ["Berlin", "Hamburg", "Köln", "Leipzig", "München"];

/** Few are asked for often, most of them seldom. */
function skewed(chance: () => number, count: number): number {
  return Math.floor(count * chance() ** 3);
}

const TICK_MS = 20;
const GIVE_UP_MS = 5_000;

/**
 * Asks until the script ends.
 *
 * @param port of 127.0.0.1
 * @param rate requests/s at a second of the script
 */
export async function askFor(
  seconds: number,
  port: number,
  rate: (second: number) => number,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const chance = dice(7);
  const started = performance.now();
  let [asked, owed] = [0, 0];
  let before = 0;
  for (;;) {
    const second = (performance.now() - started) / 1000;
    if (second >= seconds || signal.aborted) break;
    owed += rate(second) * (second - before);
    before = second;
    for (; asked < Math.floor(owed); asked++) ask(agent, port, ...picked(chance));
    await sleep(TICK_MS);
  }
  agent.destroy();
}

function picked(chance: () => number): readonly [string, string] {
  let left = chance();
  for (const [share, what] of MIX) {
    if (left < share) return what(chance);
    left -= share;
  }
  return ["GET", "/api/properties?city=Berlin"];
}

function ask(agent: Agent, port: number, method: string, path: string): void {
  const sent = request({ agent, host: "127.0.0.1", port, method, path, timeout: GIVE_UP_MS }, (response) =>
    response.resume(),
  );
  // What fails is in the figures of the backend.
  sent.on("error", () => undefined);
  sent.on("timeout", () => sent.destroy());
  sent.end();
}

/** Numbers from 0 to 1, the same on every machine. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
