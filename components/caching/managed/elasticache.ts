import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as elasticache from "@pulumi/aws/elasticache";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { expectedClients, maxClients } from "../../../budget/service/connections";
import { elastiCacheMaxClients, usableMiB, type ManagedNode } from "../../../budget/caching/managed-cache";
import type { ManagedCacheSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { ofGeneration } from "../../shared/generations";
import { refuse } from "../../shared/problems";
import { transformed } from "../../shared/transform";
import { CACHE_ENGINES } from "../../shared/versions";
import type { Cache, CacheEndpoint } from "../cache-endpoint";
import {
  elastiCacheNodeOf,
  elastiCacheProblems,
  elastiCacheReplicas,
  type ElastiCacheArgs,
} from "./elasticache-args";
import {
  DEFAULT_MAINTENANCE,
  WEEKDAYS,
  managedNeedMiB,
  passwordSecret,
  type MaintenanceHour,
} from "./managed-cache";
import { EVICTION_POLICY, MIN_REPLICAS, REDIS_PORT } from "../redis/redis-conf";

export { elastiCacheProblems } from "./elasticache-args";
export type { ElastiCacheArgs } from "./elasticache-args";

const DEFAULT_RETENTION_DAYS = 7;

/** An alarm on one metric of each node. */
interface NodeAlarm {
  readonly suffix: string;
  readonly metricName: string;
  readonly threshold: number;
  readonly description: string;
}

/**
 * Redis run by Amazon: a primary and replicas in different zones that replace it, encrypted on the way and at rest, with
 * a password, in the cluster's subnets and open only to the named security groups. The node type follows from the
 * working set.
 *
 * Trap: replication is asynchronous and nothing makes the primary wait: a fail-over may lose the writes of the last moment.
 * Trap: a change of the node type or of the engine's version waits for the maintenance hour.
 *
 * Cost: the node, once for the primary and once for each replica, whatever the load; snapshots of a session store.
 */
export class ElastiCache extends pulumi.ComponentResource implements Cache {
  readonly endpoint: CacheEndpoint;
  readonly url: pulumi.Output<string>;
  readonly maxClients: number;

  constructor(name: string, args: ElastiCacheArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("ElastiCache", name, elastiCacheProblems(name, args), args.configKey);
    const node = elastiCacheNodeOf(args);
    // The problems above say so before.
    if (node === undefined) throw new pulumi.RunError(`ElastiCache "${name}" has no node`);
    const replicas = elastiCacheReplicas(args);
    const summary: ManagedCacheSummary = {
      kind: "elasticache",
      configKey: args.configKey,
      workload: name,
      namespace: args.namespace,
      purpose: args.purpose,
      workingSetMiB: args.workingSetMiB,
      replicas,
      maxMemoryMiB: usableMiB(node),
      expectedClients: expectedClients(args.users),
      maxClients: elastiCacheMaxClients(node.nodeType),
      evictionPolicy: EVICTION_POLICY[args.purpose],
      persistent: args.purpose === "session",
      nodeType: node.nodeType,
      nodeMemoryMiB: node.memoryMiB,
      reservedShare: node.reservedShare,
      neededMemoryMiB: managedNeedMiB(args),
    };
    super(COMPONENT_TYPES.elastiCache, name, summary, opts);
    this.maxClients = summary.maxClients;

    const { transform = {}, region, passwordGeneration = 1 } = args;
    const child = { parent: this };
    const passwordName = ofGeneration(`${name}-password`, passwordGeneration);
    const password = new random.RandomPassword(
      ...transformed(transform.password, passwordName, { length: 40, special: false }, child),
    );

    // No more than the cache's name, for all that is added is missing from the 40 characters that AWS takes.
    const group = new elasticache.ReplicationGroup(
      ...transformed<elasticache.ReplicationGroupArgs>(
        transform.replicationGroup,
        name,
        {
          description: `RetroFitLink ${args.purpose} ${name}`,
          engine: CACHE_ENGINES.elastiCache.engine,
          engineVersion: CACHE_ENGINES.elastiCache.version,
          nodeType: node.nodeType,
          numCacheClusters: replicas + 1,
          automaticFailoverEnabled: true,
          multiAzEnabled: true,
          port: REDIS_PORT,
          parameterGroupName: this.parameterGroup(name, args, node).name,
          subnetGroupName: this.subnetGroup(name, args).name,
          securityGroupIds: [this.securityGroup(name, args).id],
          transitEncryptionEnabled: true,
          atRestEncryptionEnabled: true,
          authToken: password.result,
          // The old password is good until the services have the new one.
          authTokenUpdateStrategy: "ROTATE",
          autoMinorVersionUpgrade: true,
          applyImmediately: false,
          maintenanceWindow: maintenanceWindow(args.maintenance ?? DEFAULT_MAINTENANCE),
          ...(args.purpose === "session"
            ? {
                snapshotRetentionLimit: args.snapshotRetentionDays ?? DEFAULT_RETENTION_DAYS,
                snapshotWindow: snapshotWindow(args.maintenance ?? DEFAULT_MAINTENANCE),
              }
            : { snapshotRetentionLimit: 0 }),
          ...(args.alarmTopicArn === undefined ? {} : { notificationTopicArn: args.alarmTopicArn }),
          region,
        },
        { ...child, protect: args.purpose === "session" },
      ),
    );
    this.alarms(name, args, group.id, replicas);

    const secret = passwordSecret(name, args, password.result, transform.credentials, {
      ...child,
      // Services get a password that the servers take already.
      dependsOn: [group],
    });
    this.endpoint = {
      host: group.primaryEndpointAddress,
      port: REDIS_PORT,
      passwordSecret: secret,
      // The certificate comes from an authority that Node.js knows.
      tls: true,
    };
    this.url = pulumi.interpolate`rediss://${group.primaryEndpointAddress}:${REDIS_PORT}`;
    this.registerOutputs({ url: this.url, maxClients: this.maxClients });
  }

  private subnetGroup(name: string, args: ElastiCacheArgs): elasticache.SubnetGroup {
    const childName = `${name}-subnets`;
    return new elasticache.SubnetGroup(
      ...transformed<elasticache.SubnetGroupArgs>(
        args.transform?.subnetGroup,
        childName,
        {
          description: `Where ${name} of RetroFitLink runs`,
          subnetIds: [...args.network.subnetIds],
          region: args.region,
        },
        { parent: this },
      ),
    );
  }

  /** What the server is told beyond the defaults. `maxmemory` is the node's; of it a share stays free. */
  private parameterGroup(name: string, args: ElastiCacheArgs, node: ManagedNode): elasticache.ParameterGroup {
    const childName = `${name}-parameters`;
    return new elasticache.ParameterGroup(
      ...transformed<elasticache.ParameterGroupArgs>(
        args.transform?.parameterGroup,
        childName,
        {
          description: `RetroFitLink ${args.purpose} ${name}`,
          family: CACHE_ENGINES.elastiCache.family,
          parameters: [
            { name: "maxmemory-policy", value: EVICTION_POLICY[args.purpose] },
            { name: "reserved-memory-percent", value: `${Math.round(node.reservedShare * 100)}` },
            { name: "activedefrag", value: "yes" },
            // Only the client closes an idle connection; peers that died are found by TCP.
            { name: "timeout", value: "0" },
            { name: "tcp-keepalive", value: "60" },
          ],
          region: args.region,
        },
        { parent: this },
      ),
    );
  }

  /** Nothing but the port of the server, and only from the named groups; nothing goes out. */
  private securityGroup(name: string, args: ElastiCacheArgs): ec2.SecurityGroup {
    const { network, region, transform = {} } = args;
    const groupName = `${name}-security-group`;
    const group = new ec2.SecurityGroup(
      ...transformed<ec2.SecurityGroupArgs>(
        transform.securityGroup,
        groupName,
        {
          description: `Who may connect to ${name} of RetroFitLink`,
          vpcId: network.vpcId,
          region,
        },
        { parent: this },
      ),
    );
    network.clientSecurityGroupIds.forEach((client, index) => {
      const ruleName = `${name}-ingress-${index}`;
      new vpc.SecurityGroupIngressRule(
        ...transformed<vpc.SecurityGroupIngressRuleArgs>(
          transform.ingress,
          ruleName,
          {
            description: "Services of RetroFitLink",
            securityGroupId: group.id,
            referencedSecurityGroupId: client,
            ipProtocol: "tcp",
            fromPort: REDIS_PORT,
            toPort: REDIS_PORT,
            region,
          },
          { parent: this },
        ),
      );
    });
    return group;
  }

  /** Alarms for each node: the service has no metrics of a whole group. */
  private alarms(
    name: string,
    args: ElastiCacheArgs,
    groupId: pulumi.Output<string>,
    replicas: number,
  ): void {
    const { region, alarmTopicArn, transform = {} } = args;
    const actions =
      alarmTopicArn === undefined ? {} : { alarmActions: [alarmTopicArn], okActions: [alarmTopicArn] };
    for (let member = 1; member <= replicas + 1; member++) {
      const suffix = String(member).padStart(3, "0");
      for (const alarm of nodeAlarms(args)) {
        const alarmName = `${name}-${alarm.suffix}-${suffix}`;
        new cloudwatch.MetricAlarm(
          ...transformed<cloudwatch.MetricAlarmArgs>(
            transform.alarm,
            alarmName,
            {
              alarmDescription: `${name}: ${alarm.description}`,
              namespace: "AWS/ElastiCache",
              metricName: alarm.metricName,
              dimensions: { CacheClusterId: pulumi.interpolate`${groupId}-${suffix}` },
              statistic: "Maximum",
              period: 60,
              evaluationPeriods: 3,
              comparisonOperator: "GreaterThanThreshold",
              threshold: alarm.threshold,
              treatMissingData: "missing",
              ...actions,
              region,
            },
            { parent: this },
          ),
        );
      }
    }
  }
}

function nodeAlarms({ budget, users }: ElastiCacheArgs): NodeAlarm[] {
  return [
    {
      suffix: "cpu",
      metricName: "EngineCPUUtilization",
      threshold: Math.round(budget.cpuUtilization.critical * 100),
      description: "the thread that runs commands is busy; calls wait",
    },
    {
      suffix: "memory",
      metricName: "DatabaseMemoryUsagePercentage",
      threshold: Math.round(budget.memoryUtilization.critical * 100),
      description: "full soon: a cache evicts, a session store refuses writes",
    },
    {
      suffix: "connections",
      metricName: "CurrConnections",
      threshold: maxClients(users),
      description: "more connections than all services open at their largest",
    },
    {
      suffix: "replication-lag",
      metricName: "ReplicationLag",
      threshold: MIN_REPLICAS.maxLagSeconds,
      description: "a fail-over now would lose writes, seconds behind the primary",
    },
  ];
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `sun:03:00-sun:04:00` */
function maintenanceWindow({ day, hour }: MaintenanceHour): string {
  const next = hour === 23 ? WEEKDAYS[(WEEKDAYS.indexOf(day) + 1) % WEEKDAYS.length] : day;
  return `${day.slice(0, 3)}:${two(hour)}:00-${(next ?? day).slice(0, 3)}:${two((hour + 1) % 24)}:00`;
}

/** `01:00-02:00`: two hours before maintenance, which it must not overlap. */
function snapshotWindow({ hour }: MaintenanceHour): string {
  return `${two((hour + 22) % 24)}:00-${two((hour + 23) % 24)}:00`;
}
