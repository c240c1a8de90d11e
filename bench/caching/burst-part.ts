/** What becomes of a cache in the first second of a process that has much to load. */
import { CORES } from "../harness/cores";
import { spreadOf, type BenchPart, type Goal, type PartResult, type Row, type Spread } from "../harness/part";
import { Processes } from "../harness/processes";
import type { Burst, BurstKind } from "./burst";
import { versions } from "./versions";

const KINDS: readonly BurstKind[] = ["plain", "untagged", "tagged"];

const ROUNDS = Number(process.env["BENCH_BURST_ROUNDS"] ?? 5);

/** Distinct keys that are asked for at once. */
const MISSES = Number(process.env["BENCH_BURST_MISSES"] ?? 10_000);

/** So much longer than with the plain driver a turn of the event loop may take, milliseconds. */
const MOST_STALL_MS = 100;

const NAMES: Readonly<Record<BurstKind, readonly [label: string, note: string]>> = {
  plain: ["node-redis get and set", "nothing around them, and no deadline"],
  untagged: ["getOrLoad", "deadline, circuit breaker, single flight, metrics, checksums on"],
  tagged: ["getOrLoad with two tags", "one tag that all share, and one of each value's own"],
};

type Rounds = Readonly<Record<BurstKind, readonly Burst[]>>;

/** What one differed by from the plain driver, within each round. */
function difference(rounds: Rounds, kind: BurstKind, what: (one: Burst) => number): Spread {
  return spreadOf(rounds[kind].map((one, index) => what(one) - what(rounds.plain[index] ?? one)));
}

function goalsOf(rounds: Rounds): Goal[] {
  return (["untagged", "tagged"] as const).flatMap((kind): Goal[] => {
    const [label] = NAMES[kind];
    const kept = rounds[kind].map((one) => one.kept);
    const wrong = rounds[kind].reduce((sum, one) => sum + one.wrong, 0);
    const stall = difference(rounds, kind, (one) => one.turnMs);
    return [
      {
        goal: `${label} keeps at least as many of ${MISSES.toLocaleString("en")} values missed at once as node-redis, in every round`,
        measured: `${Math.min(...kept).toLocaleString("en")} in the worst round; ${wrong} wrong answers`,
        kept: rounds[kind].every((one, index) => one.kept >= (rounds.plain[index]?.kept ?? 0)) && wrong === 0,
      },
      {
        goal: `${label} holds the event loop up at most ${MOST_STALL_MS} ms longer than node-redis, of its own time`,
        measured: `${stall.median.toFixed(0)} ms (${stall.low.toFixed(0)} to ${stall.high.toFixed(0)})`,
        kept: stall.median <= MOST_STALL_MS,
      },
    ];
  });
}

function rowOf(rounds: Rounds, kind: BurstKind): Row {
  const [label, note] = NAMES[kind];
  const of = (what: (one: Burst) => number): Spread => spreadOf(rounds[kind].map(what));
  return {
    label,
    note,
    ours: kind !== "plain",
    values: {
      kept: of((one) => one.kept),
      turn: of((one) => one.turnMs),
      stall: of((one) => one.stallMs),
      cpu: of((one) => one.cpuMs),
      elapsed: of((one) => one.elapsedMs),
    },
  };
}

async function run(print: (line: string) => void): Promise<PartResult> {
  const processes = new Processes();
  const rounds = { plain: [] as Burst[], untagged: [] as Burst[], tagged: [] as Burst[] };
  try {
    const redis = await processes.redis();
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? KINDS : [...KINDS].reverse();
      for (const kind of order) {
        const args = [kind, String(redis.port), String(MISSES), String(round)];
        const one = await processes.program<Burst>(`${__dirname}/burst.ts`, args, CORES.measured);
        rounds[kind].push(one);
        print(
          `  round ${round + 1} of ${ROUNDS}  ${kind.padEnd(9)} ${String(one.kept).padStart(6)} kept` +
            `  ${one.turnMs.toFixed(0).padStart(5)} ms longest turn  ${one.stallMs.toFixed(0).padStart(5)} ms longest stall  ${one.cpuMs.toFixed(0).padStart(5)} ms CPU`,
        );
      }
    }
    return {
      name: "burst",
      title: "A burst of misses",
      question:
        "Does a process that starts with an empty cache and is asked for everything at once keep what it loads, and does it go on answering meanwhile?",
      goals: goalsOf(rounds),
      tables: [
        {
          title: `${MISSES.toLocaleString("en")} distinct keys at once, a loader of 10 ms`,
          columns: [
            { key: "kept", label: "values kept", better: "higher" },
            { key: "turn", label: "longest turn, ms of CPU", better: "lower" },
            { key: "stall", label: "longest stall, ms" },
            { key: "cpu", label: "CPU, ms", better: "lower" },
            { key: "elapsed", label: "until all are answered, ms" },
          ],
          rows: KINDS.map((kind) => rowOf(rounds, kind)),
        },
      ],
      method: [
        `Each kind in a process of its own in each of ${ROUNDS} rounds, every second one in the opposite order, after 2,000 misses that do not count. The process has a core to itself, Redis another.`,
        "The deadline of a command is the 100 ms that follow from the shipped budget; the plain driver has none.",
        "A turn is what the process computes between two looks of a timer of 1 ms, a stall the time between them: with whatever else the machine does.",
      ],
      versions: versions(redis.version, ["redis"]),
    };
  } finally {
    processes.stop();
  }
}

export const burstPart: BenchPart = { name: "burst", run };
