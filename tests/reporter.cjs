// Mocha's "spec" output for people, and the totals as JSON for scripts/run-tests.mjs when TEST_REPORT names a file.
"use strict";
const { writeFileSync } = require("node:fs");
const Mocha = require("mocha");

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const file = process.env.TEST_REPORT;
      if (file) writeFileSync(file, JSON.stringify({ stats: this.stats }));
    });
  }
};
