import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import { atlasAlerts } from "../../../../../components/database/atlas/atlas-alerts";

interface Bound {
  operator: string;
  threshold: number;
  units: string;
}

describe("alerts of Atlas", () => {
  const alerts = atlasAlerts("Main", DEFAULT_BUDGET);

  it("follow from the budget", () => {
    const lines = alerts.map(({ name, args }) => {
      const {
        metricThresholdConfig: metric,
        thresholdConfig: threshold,
        eventType,
      } = args as unknown as {
        metricThresholdConfig?: Bound & { metricName: string };
        thresholdConfig?: Bound;
        eventType: string;
      };
      const at = metric ?? threshold;
      const what = metric?.metricName ?? eventType;
      return at === undefined
        ? `${name}: ${what}`
        : `${name}: ${what} ${at.operator} ${at.threshold} ${at.units}`;
    });
    assert.deepEqual(lines, [
      "cpu-warning: NORMALIZED_SYSTEM_CPU_USER GREATER_THAN 70 RAW",
      "cpu-critical: NORMALIZED_SYSTEM_CPU_USER GREATER_THAN 85 RAW",
      "memory-warning: SYSTEM_MEMORY_PERCENT_USED GREATER_THAN 80 RAW",
      "memory-critical: SYSTEM_MEMORY_PERCENT_USED GREATER_THAN 90 RAW",
      "read-time-warning: AVG_READ_EXECUTION_TIME GREATER_THAN 50 MILLISECONDS",
      "read-time-critical: AVG_READ_EXECUTION_TIME GREATER_THAN 100 MILLISECONDS",
      "replication-lag-warning: OPLOG_REPLICATION_LAG_TIME GREATER_THAN 10 SECONDS",
      "replication-lag-critical: OPLOG_REPLICATION_LAG_TIME GREATER_THAN 90 SECONDS",
      "disk-warning: DISK_PARTITION_SPACE_USED_DATA GREATER_THAN 85 RAW",
      "disk-critical: DISK_PARTITION_SPACE_USED_DATA GREATER_THAN 95 RAW",
      "connections-critical: CONNECTIONS_PERCENT GREATER_THAN 80 RAW",
      "query-targeting-warning: QUERY_TARGETING_SCANNED_OBJECTS_PER_RETURNED GREATER_THAN 1000 RAW",
      "oplog-window: REPLICATION_OPLOG_WINDOW_RUNNING_OUT LESS_THAN 24 HOURS",
      "no-primary: NO_PRIMARY",
      "router-missing: CLUSTER_MONGOS_IS_MISSING",
    ]);
  });

  it("are of this cluster alone, on, and reach somebody", () => {
    for (const { name, args } of alerts) {
      const metric = args.metricThresholdConfig !== undefined;
      assert.deepEqual(
        args.matchers,
        metric
          ? [{ fieldName: "HOSTNAME", operator: "STARTS_WITH", value: "main-" }]
          : [{ fieldName: "CLUSTER_NAME", operator: "EQUALS", value: "Main" }],
        name,
      );
      assert.equal(args.enabled, true);
      assert.equal((args.notifications as unknown[]).length, 1);
    }
  });
});
