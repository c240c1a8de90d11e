/**
 * What the access log of a proxy tells Prometheus: names of the series, bounds of the times, and what its exporter takes. Every answer
 * counts, also one that the proxy gives by itself.
 */
import { derived, type Derived } from "../core/derived";
import { number, percent, plural } from "../core/format";
import type { PerformanceBudget } from "../core/performance-budget";
import { withoutNoise } from "../core/rounding";
import type { Workload } from "../monitoring/series";
import { responseTimeBuckets } from "../service/buckets";
import { REQUESTS_PER_CORE } from "./proxy";

/** Names of the series. All but the last have the labels `service` and `route`, which the plan knows, and never a path of a client. */
export const ACCESS_SERIES = {
  /** Answers by `code`: see {@link ANSWER_CODES}. */
  requests: "proxy_requests_total",
  /** Answers of 400 and above that no service gave, by `status` and `reason`. */
  refusals: "proxy_refusals_total",
  /** Until the service began to answer, its connection and a second attempt included. Not of what stays open. */
  duration: "proxy_request_duration_seconds",
  /** Probes of the kubelet, which prove that the exporter hears its proxy. */
  probes: "proxy_access_probes_total",
} as const;

/** Classes of answers; `left` is a client that went away before there was one. */
export const ANSWER_CODES = ["1xx", "2xx", "3xx", "4xx", "5xx", "left"] as const;

/** Label `service` of a request that was refused before the proxy knew which service it is for. */
export const NO_SERVICE = "none";

/** Answers of its own that a proxy has: 15 statuses, of which 429 has two reasons. */
export const OWN_ANSWERS = 16;

/** The exporters beside a proxy, as the monitors name them: the proxy's own figures come from another port. */
export function accessOf({ namespace, job }: Workload): Workload {
  return { namespace, job: `${job}-access` };
}

/** The part of a budget that is kept at the proxy. */
export type EdgeBudget = Pick<
  PerformanceBudget,
  "errorRatio" | "responseTimeP95Seconds" | "responseTimeP99Seconds"
>;

/** Bounds of the times, seconds, ascending: the steps of every public service's budget are among them. */
export function accessBuckets(
  budgets: readonly Pick<EdgeBudget, "responseTimeP95Seconds" | "responseTimeP99Seconds">[],
): number[] {
  return [...new Set(budgets.flatMap(responseTimeBuckets))].sort((a, b) => a - b);
}

/** What decides how many series there are. */
export interface AccessSize {
  /** Paths of all public services that requests are told apart by. */
  readonly routes: number;
  /** Paths that stay open, whose times are those of their clients. */
  readonly open: number;
  /** Bounds of the times. */
  readonly buckets: number;
}

/** `up` and four more, which Prometheus adds to each target. */
const OF_TARGET = 5;

/** A sum, a count, and the bucket without a bound. */
const OF_HISTOGRAM = 3;

/** Series that one pod of a proxy adds to Prometheus by its access log, at most. */
export function accessSeries({ routes, open, buckets }: AccessSize): Derived {
  const answers = ANSWER_CODES.length + OWN_ANSWERS;
  const times = buckets + OF_HISTOGRAM;
  return derived(
    "Series of a pod's access log",
    (routes + open + 1) * answers + routes * times + 1 + OF_TARGET,
    "",
    `(${plural(routes + open, "path")} + requests without a service) · ${answers} answers + ` +
      `${plural(routes, "path")} · ${times} of the times + ${1 + OF_TARGET}`,
    ["services", "loadBalancer"],
  );
}

/**
 * CPU that the exporter takes for a line, seconds: 71 µs measured with mtail 3.2.24 at 2000 lines/s and the settings below, the
 * kernel's part included. With Go's own settings it is 250 µs: a datagram is read into 128 KiB of its own.
 */
const SECONDS_PER_LINE = 75e-6;

/** Memory of the exporter with nothing in it, 60 measured, and of a series, MiB. */
const EXPORTER_MIB = { base: 96, perSeries: 4 / 1024 } as const;

/**
 * Go's settings: garbage is collected when there is eleven times as much as is in use, or as the limit comes near. A thread for
 * each half of a core that is needed, so that one that falls behind catches up.
 */
export const EXPORTER_RUNTIME = { garbagePercent: 1000, shareOfMemory: 0.75, utilization: 0.5 } as const;

/** What the exporter beside one proxy takes. */
export interface ExporterSize {
  /** Requested, thousandths of a core. */
  readonly cpuMillis: Derived;
  /** Threads, and the limit of CPU, cores. */
  readonly threads: Derived;
  /** Requested, and its limit, MiB. */
  readonly memoryMiB: Derived;
}

/** @param cpuCores of the proxy beside it @param series of it */
export function exporterSize(cpuCores: number, series: number): ExporterSize {
  const lines = cpuCores * REQUESTS_PER_CORE;
  const { utilization } = EXPORTER_RUNTIME;
  return {
    cpuMillis: derived(
      "CPU of an access log's exporter",
      Math.max(10, Math.ceil(lines * SECONDS_PER_LINE * 1000)),
      "",
      `${number(lines)} lines/s of a full proxy · ${number(SECONDS_PER_LINE * 1e6)} µs, in thousandths of a core`,
      ["cpuCores"],
    ),
    threads: derived(
      "Threads of an access log's exporter",
      Math.max(1, Math.ceil(withoutNoise((lines * SECONDS_PER_LINE) / utilization))),
      "",
      `⌈${number(lines)} lines/s · ${number(SECONDS_PER_LINE * 1e6)} µs ÷ ${percent(utilization)}⌉`,
      ["cpuCores"],
    ),
    memoryMiB: derived(
      "Memory of an access log's exporter",
      Math.ceil(EXPORTER_MIB.base + series * EXPORTER_MIB.perSeries),
      "MiB",
      `${EXPORTER_MIB.base} MiB + ${number(series)} series · ${number(EXPORTER_MIB.perSeries * 1024)} KiB`,
      ["services", "loadBalancer"],
    ),
  };
}
