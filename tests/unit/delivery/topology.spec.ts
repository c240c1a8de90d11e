import assert from "node:assert/strict";

import fc from "fast-check";

import { podsLost } from "../../../budget/capacity";
import { MOST_BOXES, describeEdge, graphOf, podsPerZone } from "../../../delivery/preview-report/graph";
import { stackModel } from "../../../delivery/preview-report/stack-model";
import { topology } from "../../../delivery/preview-report/topology";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import { runOf, serviceSummary } from "./fixtures/stack-run";

describe("picture of the system", () => {
  it("says who calls whom with the numbers that were derived", async () => {
    const { edges } = graphOf(await recordedModel(shippedConfig("production")));
    assert.deepEqual(
      edges.map((edge) => `${edge.from} -> ${edge.to}: ${describeEdge(edge)}`),
      [
        "clients of nginx-load-balancer -> nginx-load-balancer: 20,000 connections",
        "nginx-load-balancer -> backend: 1,200/s, 192 connections",
        "backend -> redis-cache: 36 connections",
        "matching -> redis-cache: 20 connections",
        "backend -> redis-session: 36 connections",
      ],
    );
  });

  it("draws every box once, from the outside inwards", async () => {
    const model = await recordedModel(shippedConfig("production"));
    const { text } = topology(model);
    assert.deepEqual(
      [...text.matchAll(/<text class="title"[^>]*>([^<]*)</g)].map(([, title]) => title),
      ["Clients", "nginx-load-balancer", "backend", "matching", "redis-cache", "redis-session"],
    );
    assert.deepEqual(
      [...text.matchAll(/<text class="pods"[^>]*>([^<]*)</g)].map(([, pods]) => Number(pods)),
      [1, 1, 1, 5, 5, 4, 3, 3, 2],
    );
  });

  it("puts what does not fit into one box, and its connections into one arrow", () => {
    const services = Array.from({ length: 50 }, (_, i) => serviceSummary(`service-${i}`));
    const model = { ...stackModel("test", runOf(services)), exposedService: "service-49" };
    const { columns, edges } = graphOf(model);
    const boxes = columns[2]?.map(({ title }) => title) ?? [];
    assert.equal(boxes.length, MOST_BOXES);
    assert.deepEqual([boxes[0], boxes.at(-1)], ["service-49", "44 more"]);
    assert.equal(edges.find(({ from }) => from === "more of service")?.connections, 44 * 36);
    const total = edges
      .filter(({ to }) => to === "redis-cache")
      .reduce((sum, edge) => sum + edge.connections, 0);
    assert.equal(total, 50 * 36);
  });

  it("spreads pods so that the largest zone is what the plan can lose", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 2, max: 6 }), (pods, zones) => {
        const spread = podsPerZone(pods, zones);
        assert.equal(spread.length, zones);
        assert.equal(
          spread.reduce((sum, count) => sum + count, 0),
          pods,
        );
        assert.equal(Math.max(...spread), podsLost(pods, { zones, maxUnavailable: 0 }));
      }),
    );
  });
});
