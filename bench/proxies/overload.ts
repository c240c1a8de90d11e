/** Twice as much as the service carries, from clients that keep coming: what the proxy in front makes of it. */
import { join } from "node:path";

import { admission } from "../../budget/load-balancing/proxy-limits";
import { DEFAULT_BUDGET } from "../../budget/core/performance-budget";
import { CORES } from "../harness/cores";
import { held, percentile, type Answer } from "../harness/load";
import type { Processes } from "../harness/processes";
import { spreadOf, type Row, type Table } from "../harness/part";
import type { Contender } from "./contenders";

import { startProxy } from "./proxy-process";

/** The service of this scenario: 100 requests/s. */
const PROFILE = { serviceTimeSeconds: 0.04, concurrencyPerPod: 4 };
const CAPACITY = PROFILE.concurrencyPerPod / PROFILE.serviceTimeSeconds;

const CLIENTS = 320;
const SECONDS = 8;

/** Until then queues fill; what is answered is not counted, seconds. */
const SETTLING_SECONDS = 3;

/** Response time at which the budget is broken, milliseconds. */
const LONGEST_MS = DEFAULT_BUDGET.responseTimeP99Seconds.critical * 1000;

/** The bound is on the wait; the service's own time comes on top. */
export const GOOD_MS = 1.1 * LONGEST_MS;

/** What one round came to. */
export interface Overloaded {
  /** Answers of the service within {@link GOOD_MS}, for each second. */
  readonly goodPerSecond: number;
  /** Of the answers of the service, milliseconds. */
  readonly p99: number;
  /** Requests without an answer of the service, percent. */
  readonly refused: number;
  /** Of what the proxy refused, milliseconds. NaN when it refused nothing. */
  readonly refusedP99: number;
}

/** What {@link overload} needs. */
interface OverloadRun {
  readonly contenders: readonly Contender[];
  readonly processes: Processes;
  readonly rounds: number;
  /** For files in between. */
  readonly folder: string;
  readonly print: (line: string) => void;
}

/** @returns the rounds of each contender, in their order */
export async function overload({
  contenders,
  processes,
  rounds,
  folder,
  print,
}: OverloadRun): Promise<Overloaded[][]> {
  const service = await processes.program<{ readonly port: number }>(
    join(__dirname, "limited-service.ts"),
    [String(PROFILE.concurrencyPerPod), String(PROFILE.serviceTimeSeconds * 1000)],
    CORES.others,
  );
  const results: Overloaded[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    print(`  overload, round ${round + 1} of ${rounds}`);
    for (const [index, contender] of contenders.entries()) {
      const proxy = await startProxy(contender.proxy, (place) =>
        contender.configuration(place, { port: service.port, profile: PROFILE }),
      );
      try {
        const url = `http://127.0.0.1:${proxy.port}/orders`;
        results[index]?.push(summary(await held(url, SECONDS, CLIENTS, 2 * CAPACITY, folder)));
      } finally {
        await proxy.stop();
      }
    }
  }
  return results;
}

function summary(answers: readonly Answer[]): Overloaded {
  const counted = answers.filter(({ atSeconds }) => atSeconds >= SETTLING_SECONDS);
  const times = (of: readonly Answer[]): number[] => of.map(({ milliseconds }) => milliseconds);
  const served = counted.filter(({ status }) => status === 200);
  const refused = counted.filter(({ status }) => status !== 200);
  return {
    goodPerSecond:
      served.filter(({ milliseconds }) => milliseconds <= GOOD_MS).length / (SECONDS - SETTLING_SECONDS),
    p99: percentile(times(served), 0.99),
    refused: (100 * refused.length) / counted.length,
    refusedP99: percentile(times(refused), 0.99),
  };
}

/** The rounds as a table of the report. */
export function overloadTable(contenders: readonly Contender[], results: readonly Overloaded[][]): Table {
  const { queueSeconds } = admission({
    profile: PROFILE,
    budget: DEFAULT_BUDGET,
    addresses: 1,
    proxyPods: 1,
  });
  const rowOf = ({ name, note, ours }: Contender, index: number): Row => {
    const rounds = results[index] ?? [];
    const values = (of: (one: Overloaded) => number) => spreadOf(rounds.map(of));
    return {
      label: name,
      note,
      ours,
      values: {
        good: values(({ goodPerSecond }) => goodPerSecond),
        p99: values(({ p99 }) => p99),
        refused: values(({ refused }) => refused),
        refusedP99: values(({ refusedP99 }) => refusedP99),
      },
    };
  };
  return {
    title: `Overload: ${2 * CAPACITY} requests/s for a service that carries ${CAPACITY}; ours lets nobody wait longer than ${queueSeconds} s`,
    columns: [
      { key: "good", label: `answers within ${GOOD_MS} ms, each second`, better: "higher" },
      { key: "p99", label: "p99 of the service's answers, ms", better: "lower" },
      { key: "refused", label: "refused, %" },
      { key: "refusedP99", label: "p99 of refusals, ms" },
    ],
    rows: contenders.map(rowOf),
  };
}
