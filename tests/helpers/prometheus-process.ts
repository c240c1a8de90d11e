/** A real Prometheus as a process of a test, on a free port of 127.0.0.1. */
import { freePort } from "../../cli/free-port";
import { prometheusIn } from "../../sandbox/monitoring/servers";
import { startInFolder } from "./program-with-folder";

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
  const url = `http://127.0.0.1:${port}`;
  const stop = await startInFolder(folder, prometheusIn(folder, `127.0.0.1:${port}`, ...more));
  return { url, ask: (path) => ask(port, path), stop };
}

async function ask<Data>(port: number, path: string): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const answer = (await response.json()) as { data?: Data; error?: string };
  if (answer.data === undefined)
    throw new Error(`${decodeURIComponent(path)}: ${answer.error ?? "no answer"}`);
  return answer.data;
}
