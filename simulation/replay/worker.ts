/** A worker thread: runs the jobs that it is sent, one at a time. */
import { parentPort, workerData } from "node:worker_threads";

import { jobRunner, type Job, type JobContext } from "./job";

const run = jobRunner(workerData as JobContext);

parentPort?.on("message", ({ id, job }: { id: number; job: Job }) => {
  try {
    parentPort?.postMessage({ id, result: run(job) });
  } catch (error) {
    const { name, message, stack } = error as Error;
    parentPort?.postMessage({ id, error: { name, message, stack } });
  }
});
