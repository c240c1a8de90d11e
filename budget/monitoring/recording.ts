/** Series that Prometheus computes and keeps. */

/** A recording rule of Prometheus. */
export interface RecordingRule {
  /** Name of the new series: level, metric, operations, as Prometheus's documentation has it. */
  readonly record: string;
  /** Labels added to the series. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** PromQL. */
  readonly expr: string;
  /** It makes a series for each of these. @default one in all */
  readonly each?: "service" | "public service" | "objective";
  /** It was written into the stack file, and stands apart from the platform's. @default false */
  readonly own?: boolean;
  /** Between two evaluations, whole seconds. @default Prometheus's own */
  readonly everySeconds?: number;
}
