// The transpiler of ts-node (tsconfig.json): swc, and what it has made of a file is kept until the file changes. A program of
// 300 files starts half a second sooner; swc itself is loaded only where something is new.
"use strict";
const { createHash, randomUUID } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");

const FOLDER = join(__dirname, "..", "node_modules", ".cache", "retrofitlink-transpiled");

/** What decides about the output besides the file. */
const VERSIONS = ["@swc/core", "ts-node"].map((name) => require(`${name}/package.json`).version);

/** @returns what was kept, or nothing when it is missing or was cut off by a full disk */
function kept(path) {
  try {
    const { outputText, sourceMapText } = JSON.parse(readFileSync(path, "utf8"));
    return typeof outputText === "string" ? { outputText, sourceMapText } : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all: several processes start at once. A folder that cannot be written only costs time. */
function keep(path, output) {
  const draft = `${path}.${randomUUID()}`;
  try {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(draft, JSON.stringify(output));
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}

exports.create = (options) => {
  const settings = JSON.stringify([VERSIONS, options.service.config.options, options.nodeModuleEmitKind]);
  let swc;
  return {
    transpile(input, { fileName }) {
      const hash = createHash("sha256")
        .update(settings)
        .update(`\0${fileName}\0`)
        .update(input)
        .digest("hex");
      const path = join(FOLDER, `${basename(fileName)}-${hash.slice(0, 32)}.json`);
      const before = kept(path);
      if (before !== undefined) return before;
      swc ??= require("ts-node/transpilers/swc").create(options);
      const output = swc.transpile(input, { fileName });
      keep(path, output);
      return output;
    },
  };
};
