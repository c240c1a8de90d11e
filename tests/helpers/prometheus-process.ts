/** A real Prometheus as a process of a test, on a free port of 127.0.0.1. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { freePort } from "../../cli/free-port";
import { eventually } from "./eventually";

export interface PrometheusProcess {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /**
   * What the HTTP API answers below `/api/v1/`.
   *
   * @throws Error with Prometheus's own words when it refuses
   */
  ask<Data>(path: string): Promise<Data>;
  /** Ends it and removes its folder. Safe to repeat. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;

/**
 * Starts it in a folder, which is then its own: with `prometheus.yaml` in it, and the data in `data`.
 *
 * @throws Error with what it logged when it does not become ready
 */
export async function startPrometheusIn(
  folder: string,
  ...more: readonly string[]
): Promise<PrometheusProcess> {
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
      ...more,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${log}`);
    try {
      return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
    } catch {
      return false;
    }
  };
  try {
    await Promise.race([
      failed,
      eventually("Prometheus is ready", isReady, Boolean, { withinMs: READY_WITHIN_MS }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, ask: (path) => ask(port, path), stop };
}

async function ask<Data>(port: number, path: string): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const answer = (await response.json()) as { data?: Data; error?: string };
  if (answer.data === undefined)
    throw new Error(`${decodeURIComponent(path)}: ${answer.error ?? "no answer"}`);
  return answer.data;
}
