import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  type Registry,
} from "prom-client";

/** The counter of that name in the registry, made on first use: two clients of one kind share it. */
export function counter<L extends string>(
  registry: Registry,
  configuration: CounterConfiguration<L>,
): Counter<L> {
  const existing = registry.getSingleMetric<L>(configuration.name);
  return (existing as Counter<L> | undefined) ?? new Counter({ ...configuration, registers: [registry] });
}

/** The gauge of that name in the registry, made on first use. */
export function gauge<L extends string>(registry: Registry, configuration: GaugeConfiguration<L>): Gauge<L> {
  const existing = registry.getSingleMetric<L>(configuration.name);
  return (existing as Gauge<L> | undefined) ?? new Gauge({ ...configuration, registers: [registry] });
}

/** The histogram of that name in the registry, made on first use. */
export function histogram<L extends string>(
  registry: Registry,
  configuration: HistogramConfiguration<L>,
): Histogram<L> {
  const existing = registry.getSingleMetric<L>(configuration.name);
  return (existing as Histogram<L> | undefined) ?? new Histogram({ ...configuration, registers: [registry] });
}

/** What each counter has still to be told, by counter: several caches share one. */
const outstanding = new WeakMap<object, (() => void)[]>();

/**
 * The counter of that name for one set of labels, for what is counted with every request: adds up in a number, and tells
 * the counter when somebody reads it. `inc` would look its labels up each time.
 *
 * @returns adds to it. @param count @default 1
 */
export function tally<L extends string>(
  registry: Registry,
  configuration: CounterConfiguration<L>,
  labels: Record<L, string>,
): (count?: number) => void {
  const one: Counter<L> = counter(registry, {
    ...configuration,
    collect: () => outstanding.get(one)?.forEach((tell) => tell()),
  });
  one.inc(labels, 0);
  let count = 0;
  const tell = (): void => {
    one.inc(labels, count);
    count = 0;
  };
  outstanding.set(one, [...(outstanding.get(one) ?? []), tell]);
  return (more = 1) => void (count += more);
}
