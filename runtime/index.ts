/**
 * What RetroFitLink's services import: caches, Express middleware and metrics.
 *
 * What needs packages of its own is a subpath: `@retrofitlink/runtime/database` (mongodb) and `@retrofitlink/runtime/edge`
 * (the AWS SDK, with CloudFront).
 */
export * from "./caching";
export { defaultLogger, jsonLogger, type Logger, type LogFields } from "./shared/logger";
export * from "./metrics";
export * from "./tracing";
export { VariablesError, type Environment } from "./shared/variables";
