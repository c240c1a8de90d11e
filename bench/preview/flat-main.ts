import { registerFlat } from "./flat-program";

// As in index.ts.
Error.stackTraceLimit = 3;

registerFlat(process.env["BENCH_RESOURCES"] ?? "");
