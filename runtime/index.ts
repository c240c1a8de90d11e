/** What RetroFitLink's services import. */
export * from "./caching";
export * from "./database";
export * from "./edge";
export { defaultLogger, jsonLogger, type Logger, type LogFields } from "./logger";
export * from "./metrics";
export { VariablesError, type Environment } from "./variables";
