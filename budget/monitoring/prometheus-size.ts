/** What a Prometheus takes, from how many series it has and how long it keeps them. */
import { derived, type Derived } from "../core/derived";
import { gibibytes, number, plural } from "../core/format";

/** What decides it. */
export interface PrometheusLoad {
  /** Series at a time, `prometheus_tsdb_head_series`. */
  readonly series: number;
  /** From one scrape to the next, seconds. */
  readonly scrapeSeconds: number;
  readonly retentionDays: number;
  /** Size of the volume, GiB. @default what the retention takes */
  readonly volumeGiB?: number;
}

/** Sizes of each replica: both scrape everything. */
export interface PrometheusSize {
  readonly memory: Derived;
  readonly cpu: Derived;
  readonly volume: Derived;
  /** Blocks older than what fits into this go, whatever their age. */
  readonly retentionSize: Derived;
  /** Days that fit into it: fewer than were asked for when the volume is small. */
  readonly kept: Derived;
}

/**
 * KiB of memory that a series takes, with the queries and the churn of a rollout. The head alone takes 2 KiB (Robust Perception,
 * "How much RAM does Prometheus 2.x need"); sizing guides come to 7 to 9 with all the rest.
 */
const KIB_PER_SERIES = 8;

/** A core for each of so many GiB: the same guides. */
const GIB_PER_CORE = 4;

const LEAST = { memoryGiB: 1, cores: 0.5, volumeGiB: 10 } as const;

/** Bytes on disk of a sample with its share of the index; Prometheus's documentation, "Storage", has 1 to 2. */
const BYTES_PER_SAMPLE = 2;

/**
 * Share of the volume for what is kept. The same documentation has 80 to 85 %: the write-ahead log and a block that is being
 * compacted have to fit beside it.
 */
const SHARE_OF_VOLUME = 0.85;

const DAY_SECONDS = 86_400;
const GIB = 1024 ** 3;

/** How it is sized. */
export function prometheusSize({
  series,
  scrapeSeconds,
  retentionDays,
  volumeGiB,
}: PrometheusLoad): PrometheusSize {
  const of = number(series);
  const memoryGiB = Math.max(LEAST.memoryGiB, Math.ceil((series * KIB_PER_SERIES) / 1024 ** 2));
  const cores = Math.max(LEAST.cores, Math.ceil((memoryGiB / GIB_PER_CORE) * 2) / 2);
  const gibPerDay = ((series / scrapeSeconds) * DAY_SECONDS * BYTES_PER_SAMPLE) / GIB;
  const needed = Math.max(LEAST.volumeGiB, Math.ceil((retentionDays * gibPerDay) / SHARE_OF_VOLUME));
  const volume = volumeGiB ?? needed;
  // Whole MiB: the operator's pattern has no exponent.
  const retentionMiB = Math.floor(volume * SHARE_OF_VOLUME * 1024);
  const kept = Math.min(retentionDays, Math.floor((retentionMiB / 1024 / gibPerDay) * 10) / 10);
  const samples = `${of} series ÷ ${scrapeSeconds} s × ${BYTES_PER_SAMPLE} B`;
  return {
    memory: derived(
      "Memory of a Prometheus",
      memoryGiB,
      "GiB",
      `⌈${of} series × ${KIB_PER_SERIES} KiB⌉, at least ${gibibytes(LEAST.memoryGiB)}`,
      ["series"],
    ),
    cpu: derived(
      "CPU of a Prometheus",
      cores,
      "cores",
      `${gibibytes(memoryGiB)} ÷ ${GIB_PER_CORE}, in halves, at least ${LEAST.cores}`,
      ["series"],
    ),
    volume: derived(
      "Volume of a Prometheus",
      volume,
      "GiB",
      volumeGiB === undefined
        ? `⌈${plural(retentionDays, "day")} × ${samples} ÷ ${SHARE_OF_VOLUME}⌉, at least ${gibibytes(LEAST.volumeGiB)}`
        : "as given",
      volumeGiB === undefined ? ["series", "retentionDays"] : ["volumeGiB"],
    ),
    retentionSize: derived(
      "Retention by size",
      retentionMiB,
      "MiB",
      `${SHARE_OF_VOLUME} × ${gibibytes(volume)}`,
      ["volumeGiB"],
    ),
    kept: derived(
      "Days that Prometheus keeps",
      kept,
      "days",
      `min(${plural(retentionDays, "day")}, ${gibibytes(retentionMiB / 1024)} ÷ (${samples}))`,
      ["retentionDays", "volumeGiB", "series"],
    ),
  };
}
