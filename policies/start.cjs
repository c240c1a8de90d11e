// Compiles the pack without a type check, which would take most of the time of a start: `make lint` checks types.
// The engine has registered a compiler that does check, and one registered beside it would run as well, not instead.
const { readFileSync } = require("node:fs");
const compiler = require("ts-node").create({ project: require.resolve("../tsconfig.json") });
require.extensions[".ts"] = (module, file) =>
  module._compile(compiler.compile(readFileSync(file, "utf8"), file), file);
require("./index.ts");
