import assert from "node:assert/strict";

import fc from "fast-check";

import { podsLost } from "../../../budget/service/capacity";
import { MOST_BOXES, describeEdge, graphOf, podsPerZone } from "../../../delivery/preview-report/graph";
import { stackModel } from "../../../delivery/preview-report/stack-model";
import { topology } from "../../../delivery/preview-report/topology";
import { AtlasCluster } from "../../../components/database/atlas/atlas-cluster";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import type { AtlasSummary } from "../../../budget/database/summary";
import {
  databaseSummary,
  managedCacheSummary,
  redisSummary,
  runOf,
  serviceSummary,
  sessionSummary,
} from "./fixtures/stack-run";
import { ATLAS } from "../components/database/atlas-fixture";
import { record } from "../../helpers/pulumi";

describe("picture of the system", () => {
  it("says who calls whom with the numbers that were derived", async () => {
    const { edges } = graphOf(await recordedModel(shippedConfig("production")));
    assert.deepEqual(
      edges.map((edge) => `${edge.from} -> ${edge.to}: ${describeEdge(edge)}`),
      [
        "clients of nginx-load-balancer -> cdn: 4,000/s",
        "cdn -> public-load-balancer: 780/s",
        "public-load-balancer -> nginx-load-balancer: 780/s",
        "nginx-load-balancer -> backend: 780/s, 768 connections",
        "backend -> matching: 79.2/s",
        "backend -> redis-cache: 60 connections",
        "matching -> redis-cache: 28 connections",
        "backend -> redis-session: 60 connections",
        "backend -> mongodb: 210 connections",
        "mongodb -> mongodb-optimized: 60 connections",
        "mongodb -> mongodb-shard-2: 60 connections",
      ],
    );
  });

  it("draws every box once, from the outside inwards", async () => {
    const model = await recordedModel(shippedConfig("production"));
    const { text } = topology(model);
    assert.deepEqual(
      [...text.matchAll(/<text class="title"[^>]*>([^<]*)</g)].map(([, title]) => title),
      [
        "Clients",
        "CloudFront",
        "ALB",
        "nginx-load-balancer",
        "backend",
        "matching",
        "mongodb",
        "redis-cache",
        "redis-session",
        "mongodb-optimized",
        "mongodb-shard-2",
      ],
    );
    assert.deepEqual(
      [...text.matchAll(/<text class="pods"[^>]*>([^<]*)</g)].map(([, pods]) => Number(pods)),
      // After the pods of proxy and services: routers, members of the cache and of the session store, members of the shards.
      [2, 1, 1, 5, 5, 5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1],
    );
    assert.ok(text.includes("3 routers, 2 shards"));
    assert.ok(text.includes("3 voters + 1 for reading"));
  });

  it("says what a cache is: alone, replicated over zones, or managed with a node type", () => {
    const services = [serviceSummary("backend")];
    const [, , , caches] = graphOf({
      ...stackModel("test", runOf(services)),
      caches: [
        redisSummary("cache", services),
        sessionSummary("sessions", services),
        managedCacheSummary("managed", services),
      ],
    }).columns;
    assert.deepEqual(
      caches?.map(({ detail, zones }) => [detail, zones]),
      [
        ["cache, 656 MiB", []],
        ["1 + 2 replicas, 720 MiB", [1, 1, 1]],
        ["cache.m7g.large, 2 nodes", [1, 1, 0]],
      ],
    );
  });

  it("draws a managed database without routers of its own, and its shards by number", async () => {
    const recording = await record(() => new AtlasCluster("mongodb", ATLAS), {
      preview: true,
      invokes: {
        "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters": {
          projectId: ATLAS.projectId,
          results: [],
        },
      },
    });
    const atlas = {
      ...(recording.only("retrofitlink:database:AtlasCluster").inputs as unknown as AtlasSummary),
      workload: "atlas",
    };
    const services = [serviceSummary("backend", { databasePool: 3 })];
    const { columns, edges } = graphOf({ ...stackModel("test", runOf(services)), databases: [atlas] });
    assert.deepEqual(
      columns.flat().filter(({ kind }) => kind === "database" || kind === "shard"),
      [
        { id: "atlas", title: "atlas", detail: "M60 to M80, 2 shards", kind: "database", zones: [] },
        ...[1, 2].map((shard) => ({
          id: `atlas, shard ${shard}`,
          title: `atlas, shard ${shard}`,
          detail: "3 voters + 1 for reading",
          kind: "shard" as const,
          zones: [],
        })),
      ],
    );
    assert.deepEqual(
      edges.filter(({ to }) => to.startsWith("atlas")).map((edge) => `${edge.from} ${describeEdge(edge)}`),
      ["backend 140 connections", "atlas ", "atlas "],
    );
  });

  it("leaves room for the database when there are many caches", () => {
    const summary = databaseSummary([serviceSummary("backend")]);
    const services = [serviceSummary("backend")];
    const model = stackModel("test", runOf(services));
    const caches = Array.from({ length: 20 }, (_, i) => redisSummary(`cache-${i}`, services));
    const { columns } = graphOf({ ...model, caches, databases: [summary] });
    const column = columns.find((boxes) => boxes.some(({ kind }) => kind === "database")) ?? [];
    assert.deepEqual(
      [column.length, column[0]?.title, column.at(-1)?.title],
      [MOST_BOXES, "mongodb", "15 more"],
    );
    assert.equal(column.at(-1)?.kind, "cache");
  });

  it("puts what does not fit into one box, and its connections into one arrow", () => {
    const services = Array.from({ length: 50 }, (_, i) => serviceSummary(`service-${i}`));
    const model = { ...stackModel("test", runOf(services)), exposedService: "service-49" };
    const { columns, edges } = graphOf(model);
    const boxes = columns[2]?.map(({ title }) => title) ?? [];
    assert.equal(boxes.length, MOST_BOXES);
    assert.deepEqual([boxes[0], boxes.at(-1)], ["service-49", "44 more"]);
    assert.equal(edges.find(({ from }) => from === "more of service")?.connections, 44 * 56);
    const total = edges
      .filter(({ to }) => to === "redis-cache")
      .reduce((sum, edge) => sum + edge.connections, 0);
    assert.equal(total, 50 * 56);
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
