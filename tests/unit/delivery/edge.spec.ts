import assert from "node:assert/strict";

import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { EdgeSummary } from "../../../budget/edge/summary";
import type { ServiceSummary } from "../../../budget/service/summary";
import { edgeSummary } from "../../../components/edge/edge-args";
import { edgeDerivations } from "../../../delivery/preview-report/edge-derivations";
import { describeEdge, graphOf } from "../../../delivery/preview-report/graph";
import { previewPage } from "../../../delivery/preview-report/page";
import { stackModel, type StackModel } from "../../../delivery/preview-report/stack-model";
import { edge } from "../components/edge/fixtures";
import { runOf, serviceSummary } from "./fixtures/stack-run";

const summary: EdgeSummary = edgeSummary("cdn", "cloudflare", edge);

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

const lines = (upstream?: ServiceSummary, of = summary): string[] =>
  edgeDerivations(of, upstream).map(
    ({ name, value, formula, holds }) => `${holds ? "" : "BROKEN "}${name}: ${value}: ${formula}`,
  );

describe("CDN in the preview's report", () => {
  it("shows how its numbers follow from what clients ask", () => {
    const backend = serviceSummary("backend");
    const upstream = { ...backend, demand: { ...backend.demand, peakRps: 1200 } };
    assert.deepEqual(lines(upstream), [
      "Hit rate: 76.5 %: assets 50 % · 85 % + images 20 % · 85 % + media 5 % · 85 % + publicApi 5 % · 85 % + html 10 % · 85 % = 76.5 %",
      "Reaches the service: 610/s: misses: images 120 + publicApi 30 + api 400 + html 60 = 610/s ≤ 1,200/s planned for backend",
      "When the hit rate pages: 820/s: the same with the critical hit rate of the budget, 0.68 of what is planned",
      "With nothing in the cache: 1,800/s: images 800 + publicApi 200 + api 400 + html 400 = 1,800/s, 1.5 of what is planned",
      "One client address: 1,200/min: what the proxy lets through in a minute ÷ 15.3 % of the requests, which are all that it sees",
      `Waits for an answer: 62 s: 62 s > ${upstream.timeouts.request.loadBalancer} s of the load balancer`,
      `Keeps a connection: 55 s: 55 s < ${upstream.timeouts.idle.loadBalancer} s of the load balancer`,
    ]);
  });

  it("says when more is expected than the service is planned for", () => {
    const backend = serviceSummary("backend");
    const upstream = { ...backend, demand: { ...backend.demand, peakRps: 600 } };
    assert.deepEqual(
      lines(upstream)
        .filter((line) => line.startsWith("BROKEN"))
        .map((line) => line.split(":")[0]),
      ["BROKEN Reaches the service"],
    );
  });

  it("says when a wait breaks the ladder, and when a number is not the formula's", () => {
    const wrong = { ...summary, originReadSeconds: 5, originKeepAliveSeconds: 600, hitRatio: 0.9 };
    const broken = lines(serviceSummary("backend"), wrong).filter((line) => line.startsWith("BROKEN"));
    assert.deepEqual(
      broken.map((line) => line.split(":")[0]),
      ["BROKEN Hit rate", "BROKEN Waits for an answer", "BROKEN Keeps a connection"],
    );
  });

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
