/** A worker thread: is told what all jobs have in common, and runs the jobs that it is sent, one at a time. */
import { parentPort } from "node:worker_threads";

import { jobRunner, type Job, type JobContext } from "./job";

type Message = { readonly context: JobContext } | { readonly id: number; readonly job: Job };

let run: ReturnType<typeof jobRunner> | undefined;

parentPort?.on("message", (message: Message) => {
  if ("context" in message) {
    run = jobRunner(message.context);
    return;
  }
  const { id, job } = message;
  try {
    parentPort?.postMessage({ id, result: run?.(job) });
  } catch (error) {
    const { name, message: said, stack } = error as Error;
    parentPort?.postMessage({ id, error: { name, message: said, stack } });
  }
});
