/** Jobs over all cores. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { UserError } from "../../cli/user-error";
import { jobRunner, type Job, type JobContext } from "./job";
import type { ReplayResult } from "./recorder";

/** Fewer jobs than this are done before a worker has begun. */
const WORTH_A_WORKER = 3;

/** A thread reads TypeScript as the command does, whoever started that. */
const TYPESCRIPT = ["--require", "ts-node/register/transpile-only"];

/** Mistakes in what was given, which need no stack trace. */
const MISTAKES = ["ObjectError", "PromqlError", "UserError"];

interface Answer {
  readonly id: number;
  readonly result?: ReplayResult;
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
}

/**
 * Runs jobs in parallel.
 *
 * @returns results in the order of the jobs
 * @throws UserError when an object or a query of the stack cannot be simulated
 */
export async function runJobs(
  context: JobContext,
  jobs: readonly Job[],
  workers = availableParallelism(),
): Promise<ReplayResult[]> {
  if (jobs.length < WORTH_A_WORKER || workers < 2) {
    const run = jobRunner(context);
    return jobs.map((job) => mistakesAsUserErrors(() => run(job)));
  }
  const results: ReplayResult[] = new Array<ReplayResult>(jobs.length);
  let next = 0;
  const one = async (): Promise<void> => {
    const hand: Hand = IDLE.pop() ?? {
      worker: new Worker(join(__dirname, "worker.ts"), { execArgv: TYPESCRIPT }),
      context: undefined,
      isBroken: false,
    };
    const { worker } = hand;
    worker.ref();
    try {
      if (hand.context !== context) worker.postMessage({ context });
      hand.context = context;
      while (next < jobs.length) {
        const id = next++;
        const { result, error } = await ask(hand, { id, job: jobs[id] });
        // What is left is of no use to anybody.
        if (error !== undefined) next = jobs.length;
        if (error !== undefined) throw asError(error);
        if (result !== undefined) results[id] = result;
      }
    } finally {
      worker.unref();
      if (!hand.isBroken) IDLE.push(hand);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, one));
  return results;
}

/** A worker, and what it was told last. */
interface Hand {
  readonly worker: Worker;
  context: JobContext | undefined;
  /** Nobody hears of it again. */
  isBroken: boolean;
}

/** Workers that have nothing to do: who runs jobs again finds them warm. None of them keeps the process alive. */
const IDLE: Hand[] = [];

function ask(hand: Hand, message: object): Promise<Answer> {
  const { worker } = hand;
  return new Promise((resolve, reject) => {
    const broken = (error: Error): void => {
      hand.isBroken = true;
      reject(error);
    };
    worker.once("error", broken);
    worker.once("message", (answer: Answer) => {
      worker.off("error", broken);
      resolve(answer);
    });
    worker.postMessage(message);
  });
}

function asError({ name, message, stack }: { name: string; message: string; stack: string }): Error {
  if (MISTAKES.includes(name)) return new UserError(message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}

/** What was given and cannot be simulated is told without a stack trace. */
export function mistakesAsUserErrors<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && MISTAKES.includes(error.name)) throw new UserError(error.message);
    throw error;
  }
}
