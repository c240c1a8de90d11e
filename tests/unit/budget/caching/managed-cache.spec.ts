import assert from "node:assert/strict";

import fc from "fast-check";

import {
  ELASTICACHE_NODES,
  elastiCacheMaxClients,
  elastiCacheNode,
  managedCacheNeedMiB,
  memorystoreGiB,
  memorystoreNode,
  usableMiB,
} from "../../../../budget/caching/managed-cache";

describe("managedCacheNeedMiB", () => {
  it("is the working set with its room, and what clients hold", () => {
    // 512 / 0.8 + 16
    assert.equal(managedCacheNeedMiB(512, 157), 656);
    assert.equal(managedCacheNeedMiB(2048, 1000), 2560 + 47);
  });
});

describe("elastiCacheNode", () => {
  it("is the smallest whose memory suffices after what is reserved, and whose cores do", () => {
    const chosen = (neededMiB: number, cores: number): string | undefined =>
      elastiCacheNode(neededMiB, cores)?.nodeType;
    // 536,870,912 bytes are 512 MiB, half of which is reserved on the smallest
    assert.deepEqual(
      [chosen(256, 0.1), chosen(257, 0.1), chosen(256, 0.3), chosen(256, 1)],
      ["cache.t4g.micro", "cache.t4g.small", "cache.t4g.small", "cache.m7g.large"],
    );
    // 6,854,542,746 bytes are 6537 MiB, 4902 without the quarter
    assert.deepEqual([chosen(4902, 1), chosen(4903, 1)], ["cache.m7g.large", "cache.r7g.large"]);
    assert.equal(chosen(4902, 4), "cache.r7g.xlarge");
  });

  it("is none when no node is large enough", () => {
    assert.equal(elastiCacheNode(400_000, 1), undefined);
    assert.equal(elastiCacheNode(1, 65), undefined);
  });

  it("has room for what is needed, and the next smaller one has not", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300_000 }),
        fc.double({ min: 0.05, max: 48, noNaN: true }),
        (neededMiB, cores) => {
          const chosen = elastiCacheNode(neededMiB, cores);
          assert.ok(chosen !== undefined);
          assert.ok(chosen.memoryMiB * (1 - chosen.reservedShare) >= neededMiB);
          const smaller = ELASTICACHE_NODES.slice(0, ELASTICACHE_NODES.indexOf(chosen));
          for (const node of smaller) {
            assert.ok(usableMiB(node) < neededMiB || node.sustainedCores < cores, node.nodeType);
          }
        },
      ),
    );
  });

  it("chooses from nodes that ascend in memory and in cores", () => {
    ELASTICACHE_NODES.slice(1).forEach((node, i) => {
      const before = ELASTICACHE_NODES[i]!;
      assert.ok(usableMiB(node) > usableMiB(before) && node.sustainedCores >= before.sustainedCores);
    });
  });

  it("admits 65,000 connections, and fewer on a burstable node", () => {
    assert.deepEqual(
      [elastiCacheMaxClients("cache.r7g.large"), elastiCacheMaxClients("cache.t4g.micro")],
      [65_000, 20_000],
    );
  });
});

describe("memorystoreGiB", () => {
  it("keeps a fifth free", () => {
    // 819.2 MiB are 80 % of a GiB
    assert.deepEqual([memorystoreGiB(1), memorystoreGiB(819), memorystoreGiB(820)], [1, 1, 2]);
    assert.equal(memorystoreGiB(0.8 * 1024 * 5), 5);
  });

  it("is the smallest whole number that holds what is needed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 240_000 }), (neededMiB) => {
        const gib = memorystoreGiB(neededMiB);
        const usable = (size: number): number => size * 1024 * 0.8;
        assert.ok(usable(gib) >= neededMiB - 1e-6);
        assert.ok(gib === 1 || usable(gib - 1) < neededMiB);
        assert.ok(usableMiB(memorystoreNode(neededMiB)) >= neededMiB - 1);
      }),
    );
  });
});
