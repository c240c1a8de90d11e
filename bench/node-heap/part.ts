/** What the platform's limits of V8 are for: a service that was idle and is busy again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeHeap, nodeOptions } from "../../budget/service/node-heap";
import { CONNECTIONS, traffic } from "../caching/traffic";
import { serverOf, warmUp } from "../caching/warm-server";
import { saturate } from "../harness/load";
import { ratio, spreadOf, times, type BenchPart, type PartResult, type Row } from "../harness/part";
import { POD_MIB, Processes } from "../harness/processes";

/** Pauses. */
const ROUNDS = Number(process.env["BENCH_IDLE_ROUNDS"] ?? 3);

/** V8 begins to shrink a heap after 8 seconds of little allocation, and takes its time. */
const IDLE_SECONDS = Number(process.env["BENCH_IDLE_SECONDS"] ?? 40);

/** Of load before a pause and after it. */
const LOADS = 4;
const SECONDS = 2;

const platform = nodeHeap(POD_MIB, 1);
const SIZES = [
  { label: "V8's own, 16 MiB", options: `--max-old-space-size=${platform.oldSpaceMiB}` },
  { label: `the platform's, ${platform.semiSpaceMiB} MiB`, options: nodeOptions(platform) },
] as const;

/** Requests per second, medians of the loads. */
interface Around {
  readonly before: number;
  readonly after: number;
}

/** Loads both in turn. @returns the median requests per second of each */
async function loaded(ports: readonly number[], round: string, folder: string): Promise<number[]> {
  const measured: number[][] = ports.map(() => []);
  for (let load = 0; load < LOADS; load++) {
    for (const [index, port] of ports.entries()) {
      const { requestsPerSecond, failed } = await saturate({
        url: `http://127.0.0.1:${port}`,
        seconds: SECONDS,
        connections: CONNECTIONS,
        folder,
        request: traffic(`8${round}${load}0`),
      });
      if (failed > 0) throw new Error(`${SIZES[index]?.label}: ${failed} requests failed`);
      measured[index]?.push(requestsPerSecond);
    }
  }
  return measured.map((values) => spreadOf(values).median);
}

async function run(print: (line: string) => void): Promise<PartResult> {
  const processes = new Processes();
  const folder = await mkdtemp(join(tmpdir(), "bench-node-heap-"));
  try {
    const redis = await processes.redis();
    const ports: number[] = [];
    for (const { options } of SIZES) ports.push(await serverOf(processes, "ours", redis.port, options));
    const rounds: Around[][] = SIZES.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const port of ports) await warmUp(port, folder);
      const before = await loaded(ports, `${round}1`, folder);
      await sleep(IDLE_SECONDS * 1000);
      const after = await loaded(ports, `${round}2`, folder);
      for (const [index, { label }] of SIZES.entries()) {
        const around = { before: before[index] ?? NaN, after: after[index] ?? NaN };
        rounds[index]?.push(around);
        print(
          `  pause ${round + 1} of ${ROUNDS}  ${label.padEnd(22)} ${around.before.toFixed(0).padStart(6)} requests/s before` +
            `  ${around.after.toFixed(0).padStart(6)} after`,
        );
      }
    }
    return result(rounds, redis.version);
  } finally {
    processes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function result(rounds: readonly (readonly Around[])[], redis: string): PartResult {
  const [own = [], ours = []] = rounds;
  const before = ratio(ours, own, (one) => one.before);
  const after = ratio(ours, own, (one) => one.after);
  return {
    name: "node-heap",
    title: "Young generation of V8",
    question:
      "Does a service that had nothing to do for a while serve as much as before, as soon as it is busy again?",
    goals: [
      {
        goal: `more requests per second than with V8's own size, before a pause of ${IDLE_SECONDS} s and after it`,
        measured: `${times(before)} before, ${times(after)} after`,
        kept: before.median > 1 && after.median > 1,
      },
    ],
    tables: [
      {
        title: "90 % hits of the caching middleware, 64 connections",
        columns: [
          { key: "before", label: "requests/s before" },
          { key: "after", label: "requests/s after", better: "higher" },
          { key: "share", label: "% of before" },
        ],
        rows: SIZES.map(({ label }, index): Row => ({
          label,
          ours: index === 1,
          values: {
            before: spreadOf((rounds[index] ?? []).map(({ before }) => before)),
            after: spreadOf((rounds[index] ?? []).map(({ after }) => after)),
            share: spreadOf((rounds[index] ?? []).map(({ before, after }) => (100 * after) / before)),
          },
        })),
      },
    ],
    method: [
      `The server of the caching part, twice: with the semi-space as V8 has it, and as the platform derives it for a pod of ${POD_MIB} MiB.`,
      `${ROUNDS} times: warm, ${LOADS} loads of ${SECONDS} s in turn, a pause of ${IDLE_SECONDS} s, ${LOADS} loads again. Each figure is the median of its loads.`,
      "V8 shrinks the heap of a process that allocates little. Whatever a request needs and survives two collections of the young generation has to be collected from the old one, more often the smaller that has become.",
    ],
    versions: { node: process.versions.node, "redis-server": redis },
  };
}

export const nodeHeapPart: BenchPart = { name: "node-heap", run };
