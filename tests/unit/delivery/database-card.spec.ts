import assert from "node:assert/strict";

import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { previewPage } from "../../../delivery/preview-report/page";
import { stackModel } from "../../../delivery/preview-report/stack-model";
import { databaseSummary, runOf, serviceSummary } from "./fixtures/stack-run";

describe("the database on the page", () => {
  const services = [serviceSummary("backend", { databasePool: 3 })];
  const pageOf = (change: Parameters<typeof databaseSummary>[1]): string =>
    previewPage({
      ...stackModel("test", runOf(services)),
      planned: [
        {
          type: COMPONENT_TYPES.mongoDbCluster,
          name: "mongodb",
          summary: databaseSummary(services, change),
        },
      ],
    });

  it("shows every number and promise of its plan", () => {
    const page = pageOf({});
    const { numbers, proofs } = databaseSummary(services);
    assert.match(page, /<h2>Database<\/h2>/);
    for (const { name } of Object.values(numbers)) assert.ok(page.includes(name), name);
    assert.equal(page.split("badge pass").length > proofs.length, true);
    assert.doesNotMatch(page, /does not hold/);
  });

  it("shows which promise a plan breaks, and the keys that mend it", () => {
    const page = pageOf({ cpuCores: 1 });
    assert.match(page, /does not hold/);
    assert.match(page, /change cpuCores, or shards, or queriesPerCore/);
  });
});
