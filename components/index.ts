/** Every component, for programs of their own. An area alone is beside this file: `components/caching`. */
export * from "./autoscaling";
export * from "./caching";
export * from "./database";
export * from "./edge";
export * from "./load-balancing";
export * from "./monitoring";
export * from "./workload";

export type { Transform } from "./shared/transform";
