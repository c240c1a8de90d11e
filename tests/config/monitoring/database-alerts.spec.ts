import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { planDatabase } from "../../../budget/database/plan";
import { watchDatabase } from "../../../budget/database/watched";
import { CONNECTIONS_SHARE } from "../../../budget/monitoring/conditions";
import { describeAlerts } from "../../helpers/alert-tests";

const plan = planDatabase({
  database: "mongodb",
  shards: 2,
  readReplicas: 1,
  dataGiB: 400,
  workingSetGiB: 24,
  cpuCores: 2,
  routers: { cpuCores: 1, queriesPerCore: 2000 },
  users: [],
  zones: 3,
  budget: DEFAULT_BUDGET,
  backupDays: 30,
});

const CLIENTS = {
  workload: { namespace: "retrofitlink", job: "mongodb" },
  name: "mongodb",
  budget: DEFAULT_BUDGET,
};

const IN_CLUSTER = { ...CLIENTS, plan, restores: true };

describeAlerts("alerts of the database", watchDatabase(IN_CLUSTER));

describe("the watch of the database", () => {
  it("sees of Atlas what its clients see", () => {
    const { alerts, panels } = watchDatabase(CLIENTS);
    assert.deepEqual(
      alerts.map(({ name }) => name),
      [
        "DatabaseQueriesSlow",
        "DatabaseQueriesSlow",
        "DatabaseSlowQueries",
        "DatabaseUnavailable",
        "DatabasePoolExhausted",
      ],
    );
    assert.ok(panels.every(({ queries }) => queries.every(({ expr }) => !expr.includes("mongodb_ss_"))));
  });

  it("says nothing of backups where there are none, and of restores where nobody can know of one", () => {
    const names = (watch: Parameters<typeof watchDatabase>[0]): string[] =>
      watchDatabase(watch).alerts.map(({ name }) => name);
    const none = { ...plan.numbers, backups: { ...plan.numbers.backups, value: 0 } };
    assert.ok(
      !names({ ...IN_CLUSTER, plan: { ...plan, numbers: none } }).some((name) => /Backup|Restore/.test(name)),
    );
    assert.ok(!names({ ...IN_CLUSTER, restores: false }).includes("DatabaseRestoreUntested"));
  });

  it("takes its bounds from the plan", () => {
    const bounds = watchDatabase(IN_CLUSTER).alerts.flatMap(({ name, condition }) =>
      name === "DatabaseConnectionsHigh" && condition.kind === "threshold" ? [condition.threshold] : [],
    );
    const { maxClients, memberConnections } = plan.numbers;
    assert.deepEqual(bounds, [
      CONNECTIONS_SHARE * maxClients.value,
      CONNECTIONS_SHARE * memberConnections.value,
    ]);
  });
});
