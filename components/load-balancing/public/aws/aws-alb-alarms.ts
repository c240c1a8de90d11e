import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as pulumi from "@pulumi/pulumi";

import type { PerformanceBudget } from "../../../../budget/core/performance-budget";
import { transformed, type Transform } from "../../../shared/transform";

/** What alarms depend on. */
export interface AlbAlarmsArgs {
  readonly loadBalancer: pulumi.Input<string>;
  readonly targetGroup: pulumi.Input<string>;
  readonly budget: Pick<
    PerformanceBudget,
    "responseTimeP95Seconds" | "responseTimeP99Seconds" | "errorRatio"
  >;
  readonly actions: readonly pulumi.Input<string>[];
  readonly transform?: Transform<cloudwatch.MetricAlarmArgs> | undefined;
}

/** Minutes that are looked at, and how many of them have to be bad: one bad minute wakes nobody. */
const MINUTES = { looked: 5, bad: 3 } as const;

/** What one alarm adds to what all have. */
type Alarm = Partial<cloudwatch.MetricAlarmArgs> & Pick<cloudwatch.MetricAlarmArgs, "comparisonOperator">;

/** Alarms that say when the promise is broken at the load balancer: the budget's `critical` step, and what is never right. */
export function albAlarms(name: string, args: AlbAlarmsArgs, parent: pulumi.Resource): void {
  for (const [suffix, alarm] of Object.entries(alarms(args))) {
    const alarmName = `${name}-alarm-${suffix}`;
    new cloudwatch.MetricAlarm(
      ...transformed<cloudwatch.MetricAlarmArgs>(
        args.transform,
        alarmName,
        {
          evaluationPeriods: MINUTES.looked,
          datapointsToAlarm: MINUTES.bad,
          // Nothing measured is nothing asked.
          treatMissingData: "notBreaching",
          alarmActions: [...args.actions],
          okActions: [...args.actions],
          ...alarm,
        },
        { parent },
      ),
    );
  }
}

function alarms({ loadBalancer, targetGroup, budget }: AlbAlarmsArgs): Record<string, Alarm> {
  const whole = { LoadBalancer: loadBalancer };
  const group = { ...whole, TargetGroup: targetGroup };
  const metric = (
    metricName: string,
    dimensions: Record<string, pulumi.Input<string>>,
  ): Partial<cloudwatch.MetricAlarmArgs> => ({
    namespace: "AWS/ApplicationELB",
    metricName,
    dimensions,
    period: 60,
  });
  const slow = (percentile: string, seconds: number): Alarm => ({
    ...metric("TargetResponseTime", whole),
    extendedStatistic: percentile,
    comparisonOperator: "GreaterThanThreshold",
    threshold: seconds,
    alarmDescription: `${percentile} of the response time is above ${seconds} s`,
  });
  const percent = budget.errorRatio.critical * 100;
  return {
    p95: slow("p95", budget.responseTimeP95Seconds.critical),
    p99: slow("p99", budget.responseTimeP99Seconds.critical),
    errors: {
      comparisonOperator: "GreaterThanThreshold",
      threshold: percent,
      alarmDescription: `more than ${percent} % of the requests fail`,
      metricQueries: [
        ...(["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount"] as const).map(
          (metricName, index) => ({
            id: `m${index}`,
            metric: {
              namespace: "AWS/ApplicationELB",
              metricName,
              dimensions: whole,
              period: 60,
              stat: "Sum",
            },
          }),
        ),
        {
          id: "share",
          label: "failed requests, %",
          // An answer of the load balancer itself is not in RequestCount, which has only what reached a target.
          expression: "100 * (FILL(m0, 0) + FILL(m1, 0)) / (FILL(m2, 0) + FILL(m0, 0) + 0.001)",
          returnData: true,
        },
      ],
    },
    "unhealthy-hosts": {
      ...metric("UnHealthyHostCount", group),
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      alarmDescription: "a pod of the proxy does not answer its health check",
    },
    "no-hosts": {
      ...metric("HealthyHostCount", group),
      statistic: "Maximum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
      alarmDescription: "no pod of the proxy answers its health check",
    },
    "rejected-connections": {
      ...metric("RejectedConnectionCount", whole),
      statistic: "Sum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      alarmDescription: "the load balancer is at its limit of connections",
    },
  };
}
