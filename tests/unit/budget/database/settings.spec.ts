import assert from "node:assert/strict";

import { z } from "zod";

import { issuesOf, pathText } from "../../../../budget/core/issues";
import { storageClassName } from "../../../../budget/core/leaves";
import {
  atlasClientCidrs,
  atlasClusterName,
  atlasProjectId,
  atlasSizes,
  databaseSizes,
  databaseUseSettings,
  diskSettings,
  instanceSizes,
  perconaSizes,
  profilerLevel,
  retentionDays,
  routerSettings,
} from "../../../../budget/database/settings";

const SETTINGS = z.strictObject({
  ...databaseSizes,
  ...perconaSizes,
  ...atlasSizes,
  use: databaseUseSettings,
  disk: diskSettings,
  routers: routerSettings,
  instanceSizes,
  retentionDays,
  profilerLevel,
  storageClassName,
  projectId: atlasProjectId,
  clusterName: atlasClusterName,
  clientCidrs: atlasClientCidrs,
});

const SOUND = {
  shards: 2,
  readReplicas: 1,
  dataGiB: 400,
  workingSetGiB: 24,
  cpuCores: 2,
  queriesPerCore: 1000,
  analyticsNodes: 0,
  use: { queriesPerRequest: 1.5, querySeconds: 0.006 },
  disk: { iops: 3000, mibPerSecond: 125 },
  routers: { cpuCores: 1, queriesPerCore: 2000 },
  instanceSizes: { min: "M60", max: "M80" },
  retentionDays: 30,
  profilerLevel: 1,
  storageClassName: "gp3",
  projectId: "0123456789abcdef01234567",
  clusterName: "retrofitlink-production",
  clientCidrs: ["10.0.0.0/16"],
};

const wrong = (change: object): string[] =>
  issuesOf(SETTINGS, { ...SOUND, ...change }).map(({ path, got }) => `${pathText(path)}: ${got}`);

describe("settings of a database", () => {
  it("take what is sound, and the bounds themselves", () => {
    assert.deepEqual(wrong({}), []);
    assert.deepEqual(
      wrong({ shards: 100, readReplicas: 47, dataGiB: 1_000_000, workingSetGiB: 100_000, cpuCores: 256 }),
      [],
    );
  });

  // Typing errors: units, powers of ten, shares.
  for (const [change, text] of [
    [{ dataGiB: 1e12 }, "dataGiB: 1000000000000"],
    [{ workingSetGiB: 1e12 }, "workingSetGiB: 1000000000000"],
    [{ cpuCores: 500 }, "cpuCores: 500"],
    [{ cpuCores: 1e-9 }, "cpuCores: 1e-9"],
    [{ shards: 1.5 }, "shards: 1.5"],
    [{ shards: 101 }, "shards: 101"],
    [{ queriesPerCore: 1e9 }, "queriesPerCore: 1000000000"],
    [{ use: { queriesPerRequest: 1e9, querySeconds: 0.006 } }, "use.queriesPerRequest: 1000000000"],
    [{ use: { queriesPerRequest: 1, querySeconds: 6000 } }, "use.querySeconds: 6000"],
    [{ disk: { iops: 0, mibPerSecond: 125 } }, "disk.iops: 0"],
    [{ disk: { iops: 3000, mibPerSecond: "125" } }, 'disk.mibPerSecond: "125"'],
    [{ retentionDays: 3650 }, "retentionDays: 3650"],
    [{ profilerLevel: 3 }, "profilerLevel: 3"],
    [{ storageClassName: "GP3 fast" }, 'storageClassName: "GP3 fast"'],
    [{ clientCidrs: ["0.0.0.0/0"] }, 'clientCidrs[0]: "0.0.0.0/0"'],
    [{ instanceSizes: { min: "large" } }, 'instanceSizes.min: "large"'],
  ] as const) {
    it(`refuse ${text}`, () => {
      assert.deepEqual(wrong(change), [text]);
    });
  }
});
