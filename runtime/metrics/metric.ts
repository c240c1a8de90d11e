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
