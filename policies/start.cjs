// Compiles the pack without a type check, which would take most of the time of a start: `make lint` checks types.
require("ts-node").register({ project: require.resolve("../tsconfig.json") });
require("./index.ts");
