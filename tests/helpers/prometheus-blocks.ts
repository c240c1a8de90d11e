/** Answers of a real Prometheus to queries over samples that it is given, at moments of the past. */
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { startPrometheusIn, type PrometheusProcess } from "./prometheus-process";

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
  readonly url: string;
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
  const prometheus = await startPrometheusIn(folder, "--storage.tsdb.retention.time=100y");
  const { version } = await prometheus
    .ask<{ version: string }>("status/buildinfo")
    .catch(async (error: unknown) => {
      await prometheus.stop();
      throw error;
    });
  return {
    major: Number(version.split(".")[0]),
    url: prometheus.url,
    query: (expression, at) => query(prometheus, expression, at),
    stop: () => prometheus.stop(),
  };
}

type Point = [number, string];

async function query(prometheus: PrometheusProcess, text: string, at: number): Promise<Answer[]> {
  const path = `query?time=${at}&query=${encodeURIComponent(text)}`;
  const data = await prometheus.ask<{ resultType: string; result: unknown }>(path);
  if (data.resultType === "scalar") return [{ labels: {}, value: numberOf((data.result as Point)[1]) }];
  return (data.result as { metric: Record<string, string>; value: Point }[]).map(({ metric, value }) => ({
    labels: metric,
    value: numberOf(value[1]),
  }));
}

function numberOf(text: string): number {
  return { NaN, "+Inf": Infinity, "-Inf": -Infinity }[text] ?? Number(text);
}
