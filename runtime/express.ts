/** Middleware of Express 5, and the store of its sessions. */
export {
  type ExpressSession,
  type ExpressSessionStore,
  type ExpressSessionStoreOptions,
  expressSessionStore,
} from "./caching/express-session-store";
export { type ResponseCacheOptions, responseCache } from "./caching/http/response-cache";
export { type HttpMetricsOptions, httpMetrics } from "./metrics/http-metrics";
export { requestIds } from "./tracing/request-ids";
export { metricsHandler } from "./metrics/expose";
