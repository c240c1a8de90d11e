/** Users of the reference backend: so many requests a second, whether they are answered in time or not. */
import { Agent, request, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What one user asks. */
interface Asked {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** With the token of whoever signed in last. */
  readonly signedIn?: boolean;
}

/** What is asked of the backend, in proportions of a shop: searches above all, and some of the users are signed in. */
const MIX: readonly (readonly [share: number, ask: (chance: () => number) => Asked])[] = [
  [
    0.45,
    (chance) => ({
      method: "GET",
      path: `/api/properties?city=${encodeURIComponent(CITIES[skewed(chance, 5)] ?? "")}&limit=${1 + skewed(chance, 50)}`,
    }),
  ],
  [
    0.2,
    (chance) => ({
      method: "GET",
      path: `/api/properties/00000001${(1 + skewed(chance, 5000)).toString(16).padStart(16, "0")}`,
    }),
  ],
  [
    0.1,
    (chance) => ({
      method: "GET",
      path: `/api/contractors/search?trade=windows&limit=${1 + skewed(chance, 50)}`,
    }),
  ],
  [0.2, () => ({ method: "GET", path: "/api/me", signedIn: true })],
  [0.05, () => ({ method: "POST", path: "/api/sessions" })],
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
  const users = new Users(agent, port);
  const chance = dice(7);
  const started = performance.now();
  let [asked, owed] = [0, 0];
  let before = 0;
  for (;;) {
    const second = (performance.now() - started) / 1000;
    if (second >= seconds || signal.aborted) break;
    owed += rate(second) * (second - before);
    before = second;
    for (; asked < Math.floor(owed); asked++) users.ask(picked(chance));
    await sleep(TICK_MS);
  }
  agent.destroy();
}

function picked(chance: () => number): Asked {
  let left = chance();
  for (const [share, what] of MIX) {
    if (left < share) return what(chance);
    left -= share;
  }
  return { method: "GET", path: "/api/properties?city=Berlin" };
}

/** Ask, and wait for no answer but the token of whoever signs in. */
class Users {
  private token: string | undefined;

  constructor(
    private readonly agent: Agent,
    private readonly port: number,
  ) {}

  ask({ method, path, signedIn = false }: Asked): void {
    const { agent, port, token } = this;
    const headers = signedIn && token !== undefined ? { authorization: `Bearer ${token}` } : {};
    const options = { agent, host: "127.0.0.1", port, method, path, headers, timeout: GIVE_UP_MS };
    const sent = request(options, (response) => {
      if (method === "POST" && response.statusCode === 201) this.signIn(response);
      else response.resume();
    });
    // What fails is in the figures of the backend.
    sent.on("error", () => undefined);
    sent.on("timeout", () => sent.destroy());
    sent.end();
  }

  private signIn(response: IncomingMessage): void {
    let body = "";
    response.on("data", (chunk: Buffer) => (body += chunk.toString()));
    response.on("end", () => (this.token = (JSON.parse(body) as { readonly token: string }).token));
  }
}

/** Numbers from 0 to 1, the same on every machine. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
