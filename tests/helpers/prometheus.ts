import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startPrometheusIn } from "./prometheus-process";

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
 * @param labels of every series that is scraped. @default the job "test"
 */
export async function startPrometheus(
  targets: readonly string[],
  rules: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  await writeFile(join(folder, "rules.yaml"), rules);
  await writeFile(
    join(folder, "prometheus.yaml"),
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yaml"],
      scrape_configs: [{ job_name: "test", static_configs: [{ targets, labels }] }],
    }),
  );
  const prometheus = await startPrometheusIn(folder);
  return {
    query: async (expression) => {
      const { result } = await prometheus.ask<{
        readonly result: readonly { metric: Record<string, string>; value: [number, string] }[];
      }>(`query?query=${encodeURIComponent(expression)}`);
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    stop: () => prometheus.stop(),
  };
}
