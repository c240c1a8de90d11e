/**
 * Functions of PromQL: what each takes and what comes of it. Source: Prometheus 3, promql/parser/functions.go. Functions that
 * a server knows only with a switch of its own are named apart.
 */

/** What an expression comes to. */
export type ValueType = "scalar" | "instant vector" | "range vector" | "string";

/** What a function takes. */
export interface Signature {
  readonly takes: readonly ValueType[];
  /** How many of the last may be left out (with -1 repeated as well): Prometheus calls it variadic. @default 0, none */
  readonly variadic?: number;
  /** @default "instant vector" */
  readonly gives?: ValueType;
}

const S = "scalar" as const;
const V = "instant vector" as const;
const R = "range vector" as const;
const T = "string" as const;

const of = (names: string, signature: Signature): [string, Signature][] =>
  names.split(" ").map((name) => [name, signature]);

/** Functions of every Prometheus 3. */
export const FUNCTIONS: ReadonlyMap<string, Signature> = new Map([
  ...of(
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh",
    {
      takes: [V],
    },
  ),
  ...of("sort sort_desc sqrt tan tanh timestamp", { takes: [V] }),
  ...of("histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum", { takes: [V] }),
  ...of("day_of_month day_of_week day_of_year days_in_month hour minute month year", {
    takes: [V],
    variadic: 1,
  }),
  ...of("changes delta deriv idelta increase irate rate resets", { takes: [R] }),
  ...of("absent_over_time avg_over_time count_over_time last_over_time max_over_time min_over_time", {
    takes: [R],
  }),
  ...of("present_over_time stddev_over_time stdvar_over_time sum_over_time", { takes: [R] }),
  ...of("predict_linear", { takes: [R, S] }),
  ...of("quantile_over_time", { takes: [S, R] }),
  ...of("clamp", { takes: [V, S, S] }),
  ...of("clamp_max clamp_min", { takes: [V, S] }),
  ...of("round", { takes: [V, S], variadic: 1 }),
  ...of("histogram_fraction", { takes: [S, S, V] }),
  ...of("histogram_quantile", { takes: [S, V] }),
  ...of("label_replace", { takes: [V, T, T, T, T] }),
  ...of("label_join", { takes: [V, T, T, T], variadic: -1 }),
  ...of("pi time", { takes: [], gives: S }),
  ...of("scalar", { takes: [V], gives: S }),
  ...of("vector", { takes: [S] }),
]);

/** Functions and operators that Prometheus refuses without `--enable-feature=promql-experimental-functions`. */
export const EXPERIMENTAL: ReadonlySet<string> = new Set(
  (
    "double_exponential_smoothing end first_over_time histogram_quantiles info limit_ratio limitk mad_over_time max_of min_of " +
    "range sort_by_label sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time " +
    "ts_of_max_over_time ts_of_min_over_time"
  ).split(" "),
);

/** Operators that aggregate, with what stands before the vector. */
export const AGGREGATIONS: ReadonlyMap<string, ValueType | undefined> = new Map([
  ...["avg", "count", "group", "max", "min", "stddev", "stdvar", "sum"].map(
    (name) => [name, undefined] as const,
  ),
  ...["bottomk", "quantile", "topk"].map((name) => [name, S] as const),
  ["count_values", T] as const,
]);
