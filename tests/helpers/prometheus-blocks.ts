/** Answers of a real Prometheus to queries over samples that it is given, at moments of the past. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { freePort } from "../../cli/free-port";
import { eventually } from "./eventually";

/** One series, with times in seconds since 1970. */
export interface GivenSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [number, number])[];
}

export interface Answer {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusOfBlocks {
  readonly major: number;
  /** @param at seconds since 1970 */
  query(expression: string, at: number): Promise<Answer[]>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** Starts a Prometheus whose past is what is given (`promtool tsdb create-blocks-from openmetrics`). */
export async function prometheusOf(given: readonly GivenSeries[]): Promise<PrometheusOfBlocks> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-blocks-"));
  const lines = given.flatMap(({ name, labels, samples }) => {
    const set = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return samples.map(([time, value]) => `${name}{${set.join(",")}} ${value} ${time}`);
  });
  await writeFile(join(folder, "samples.txt"), `${lines.join("\n")}\n# EOF\n`);
  await run("promtool", [
    "tsdb",
    "create-blocks-from",
    "openmetrics",
    join(folder, "samples.txt"),
    join(folder, "data"),
  ]);
  await writeFile(join(folder, "prometheus.yaml"), "{}");
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  child.once("error", () => undefined);
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually("Prometheus is ready", () => isReady(port, child), Boolean, { withinMs: 30_000 });
    const { data } = await ask<{ version: string }>(port, "status/buildinfo");
    return { major: Number(data.version.split(".")[0]), query: (text, at) => query(port, text, at), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isReady(port: number, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error("Prometheus ended");
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

async function ask<Data>(port: number, path: string): Promise<{ data: Data }> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const answer = (await response.json()) as { data?: Data; error?: string };
  if (answer.data === undefined)
    throw new Error(`${decodeURIComponent(path)}: ${answer.error ?? "no answer"}`);
  return { data: answer.data };
}

type Point = [number, string];

async function query(port: number, text: string, at: number): Promise<Answer[]> {
  const path = `query?time=${at}&query=${encodeURIComponent(text)}`;
  const { data } = await ask<{ resultType: string; result: unknown }>(port, path);
  if (data.resultType === "scalar") return [{ labels: {}, value: numberOf((data.result as Point)[1]) }];
  return (data.result as { metric: Record<string, string>; value: Point }[]).map(({ metric, value }) => ({
    labels: metric,
    value: numberOf(value[1]),
  }));
}

function numberOf(text: string): number {
  return { NaN, "+Inf": Infinity, "-Inf": -Infinity }[text] ?? Number(text);
}
