export { DEFAULT_BUCKETS_SECONDS, bucketsFrom, parseBuckets } from "./buckets";
export { metricsHandler, processMetrics } from "./expose";
export { httpMetrics, type HttpMetricsOptions } from "./http-metrics";
