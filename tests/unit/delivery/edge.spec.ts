import assert from "node:assert/strict";

import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { EdgeSummary } from "../../../budget/edge/summary";
import { completeEdgeArgs, edgeSummary } from "../../../components/edge/edge-args";
import { describeEdge, graphOf } from "../../../delivery/preview-report/graph";
import { previewPage } from "../../../delivery/preview-report/page";
import { stackModel, type StackModel } from "../../../delivery/preview-report/stack-model";
import { edge } from "../components/edge/fixtures";
import { runOf, serviceSummary } from "./fixtures/stack-run";

const summary: EdgeSummary = edgeSummary("cdn", "cloudflare", completeEdgeArgs("cloudflare", edge));

function model(): StackModel {
  const run = runOf([serviceSummary("backend")]);
  const inputs = JSON.parse(JSON.stringify(summary)) as Record<string, unknown>;
  const type = COMPONENT_TYPES.cloudflare;
  const resource = {
    urn: `urn:${type}::cdn`,
    type,
    name: "cdn",
    parent: "",
    inputs,
    operation: "create",
  } as const;
  return {
    ...stackModel("test", { ...run, resources: [...run.resources, resource] }),
    exposedService: "backend",
  };
}

describe("CDN in the preview's report", () => {
  it("stands between clients and the proxy in the picture", () => {
    const { columns, edges } = graphOf(model());
    assert.deepEqual(
      columns[1]?.map(({ title, detail }) => `${title}, ${detail}`),
      ["Cloudflare, 76.5 % from its cache"],
    );
    assert.deepEqual(
      edges.slice(0, 2).map((each) => `${each.from} -> ${each.to}: ${describeEdge(each)}`),
      ["clients of nginx-load-balancer -> cdn: 4,000/s", "cdn -> nginx-load-balancer: 610/s"],
    );
  });

  it("has a card on the page, and none where there is no CDN", () => {
    assert.match(previewPage(model()), /<h2>CDN<\/h2>[\s\S]*www\.example\.com, example\.com/);
    assert.doesNotMatch(previewPage(stackModel("test", runOf([serviceSummary("backend")]))), /<h2>CDN/);
  });
});
