/** Alerts of an Atlas cluster, from the budget: Atlas watches, and writes to the project's owners. Pure. */
import type { AlertConfigurationArgs } from "@pulumi/mongodbatlas/alertConfiguration";

import type { PerformanceBudget, Threshold } from "../../../budget/core/performance-budget";
import { withoutNoise } from "../../../budget/core/rounding";
import { MAX_STALENESS_SECONDS } from "../database-endpoint";

/** One alert; `name` is unique among those of a cluster. */
export interface AtlasAlert {
  readonly name: string;
  readonly args: Omit<AlertConfigurationArgs, "projectId">;
}

type Severity = "WARNING" | "CRITICAL";

/** Documents looked at for one that is returned; above it a query has no index that fits. Atlas's own default. */
const SCANNED_PER_RETURNED = 1000;

/** A replica that is so far behind is not read any more by some queries, seconds. */
const LAG_SECONDS: Pick<Threshold, "warning" | "critical"> = { warning: 10, critical: MAX_STALENESS_SECONDS };

/** Storage scales at 90 %: above the first it is about to, above the second it has not. Percent. */
const DISK_PERCENT: Pick<Threshold, "warning" | "critical"> = { warning: 85, critical: 95 };

/** A fifth of the connections is the margin of the plan. Percent. */
const CONNECTIONS_PERCENT = 80;

/** A member that was away for a night has to find its place in the oplog. Hours. */
export const OPLOG_HOURS = 24;

function notifications(severity: Severity): AlertConfigurationArgs["notifications"] {
  return [
    {
      typeName: "GROUP",
      roles: ["GROUP_OWNER", "GROUP_CLUSTER_MANAGER"],
      emailEnabled: true,
      smsEnabled: false,
      // A warning that goes away by itself wakes nobody.
      delayMin: severity === "WARNING" ? 15 : 0,
      intervalMin: severity === "WARNING" ? 60 : 15,
    },
  ];
}

/** Everything that is watched. @param clusterName name of the cluster in Atlas */
export function atlasAlerts(clusterName: string, budget: PerformanceBudget): AtlasAlert[] {
  const metric = (
    name: string,
    severity: Severity,
    metricName: string,
    threshold: number,
    units: "RAW" | "SECONDS" | "MILLISECONDS",
  ): AtlasAlert => ({
    name: `${name}-${severity.toLowerCase()}`,
    args: {
      enabled: true,
      eventType: "OUTSIDE_METRIC_THRESHOLD",
      severityOverride: severity,
      // Metrics are a host's, and a host is known by its name, which begins with the cluster's.
      matchers: [{ fieldName: "HOSTNAME", operator: "STARTS_WITH", value: `${clusterName.toLowerCase()}-` }],
      metricThresholdConfig: { metricName, operator: "GREATER_THAN", threshold, units, mode: "AVERAGE" },
      notifications: notifications(severity),
    },
  });
  const both = (
    name: string,
    metricName: string,
    { warning, critical }: Pick<Threshold, "warning" | "critical">,
    units: "RAW" | "SECONDS" | "MILLISECONDS" = "RAW",
  ): AtlasAlert[] => [
    metric(name, "WARNING", metricName, warning, units),
    metric(name, "CRITICAL", metricName, critical, units),
  ];
  const event = (
    name: string,
    eventType: string,
    more: Pick<AlertConfigurationArgs, "thresholdConfig"> = {},
  ): AtlasAlert => ({
    name,
    args: {
      enabled: true,
      eventType,
      severityOverride: "CRITICAL",
      matchers: [{ fieldName: "CLUSTER_NAME", operator: "EQUALS", value: clusterName }],
      ...more,
      notifications: notifications("CRITICAL"),
    },
  });
  const { cpuUtilization, memoryUtilization, databaseQuerySeconds } = budget;
  return [
    ...both("cpu", "NORMALIZED_SYSTEM_CPU_USER", times(100, cpuUtilization)),
    ...both("memory", "SYSTEM_MEMORY_PERCENT_USED", times(100, memoryUtilization)),
    ...both("read-time", "AVG_READ_EXECUTION_TIME", times(1000, databaseQuerySeconds), "MILLISECONDS"),
    ...both("replication-lag", "OPLOG_REPLICATION_LAG_TIME", LAG_SECONDS, "SECONDS"),
    ...both("disk", "DISK_PARTITION_SPACE_USED_DATA", DISK_PERCENT),
    metric("connections", "CRITICAL", "CONNECTIONS_PERCENT", CONNECTIONS_PERCENT, "RAW"),
    metric(
      "query-targeting",
      "WARNING",
      "QUERY_TARGETING_SCANNED_OBJECTS_PER_RETURNED",
      SCANNED_PER_RETURNED,
      "RAW",
    ),
    event("oplog-window", "REPLICATION_OPLOG_WINDOW_RUNNING_OUT", {
      thresholdConfig: { operator: "LESS_THAN", threshold: OPLOG_HOURS, units: "HOURS" },
    }),
    event("no-primary", "NO_PRIMARY"),
    event("router-missing", "CLUSTER_MONGOS_IS_MISSING"),
  ];
}

function times(factor: number, { warning, critical }: Threshold): Pick<Threshold, "warning" | "critical"> {
  return { warning: withoutNoise(warning * factor), critical: withoutNoise(critical * factor) };
}
