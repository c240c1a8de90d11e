/** Middleware of Express 5. */
export { type ResponseCacheOptions, responseCache } from "./caching/http/response-cache";
export { type HttpMetricsOptions, httpMetrics } from "./metrics/http-metrics";
export { metricsHandler } from "./metrics/expose";
