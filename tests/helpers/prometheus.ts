import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "./eventually";
import { freePort } from "../../cli/free-port";

/** One line of an instant query's answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus on a free port of 127.0.0.1. */
export interface RunningPrometheus {
  /** @returns what an expression is now @throws Error with Prometheus's own words when it is wrong */
  query(expression: string): Promise<Sample[]>;
  stop(): Promise<void>;
}

/**
 * Starts Prometheus, which scrapes and evaluates every second.
 *
 * @param targets addresses with a port
 * @param rules text of a rules file
 */
export async function startPrometheus(targets: readonly string[], rules: string): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort();
  await writeFile(join(folder, "rules.yaml"), rules);
  await writeFile(
    join(folder, "prometheus.yaml"),
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yaml"],
      scrape_configs: [{ job_name: "test", static_configs: [{ targets }] }],
    }),
  );
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      failed,
      eventually("Prometheus is ready", () => isReady(port, child, () => log), Boolean, { withinMs: 15_000 }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  failed.catch(() => undefined);
  return { query: (expression) => query(port, expression), stop };
}

async function isReady(port: number, child: ChildProcess, log: () => string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${log()}`);
  try {
    return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function query(port: number, expression: string): Promise<Sample[]> {
  const response = await fetch(
    `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`,
  );
  const answer = (await response.json()) as {
    readonly error?: string;
    readonly data?: {
      readonly result: readonly { metric: Record<string, string>; value: [number, string] }[];
    };
  };
  if (answer.data === undefined) throw new Error(`${expression}: ${answer.error ?? "no answer"}`);
  return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
