import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as elasticache from "@pulumi/aws/elasticache";
import * as vpc from "@pulumi/aws/vpc";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { assertValid } from "../../shared/issues";
import { planElastiCache, type ManagedCachePlan } from "../../../budget/caching/plan-managed";
import { DEFAULT_MAINTENANCE, type MaintenanceHour } from "../../../budget/caching/settings";
import { WEEKDAYS } from "../../../budget/core/weekdays";
import type { ManagedCacheSummary } from "../../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { plannedPart } from "../../../budget/core/summary";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../../budget/core/performance-budget";
import type { Witness } from "../../../budget/core/witness";
import { ofGeneration } from "../../shared/generations";
import { transformed } from "../../shared/transform";
import { CACHE_ENGINES } from "../../shared/versions";
import { DEFAULT_NAMESPACE, type Cache, type CacheEndpoint } from "../cache-endpoint";
import { MIN_REPLICAS, REDIS_PORT } from "../redis/redis-conf";
import { elastiCacheArgsIssues, elastiCacheInputs, type ElastiCacheArgs } from "./elasticache-args";
import { passwordEntry, passwordSecret } from "./managed-cache";

export { elastiCacheArgsIssues } from "./elasticache-args";
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
  readonly plan: ManagedCachePlan;
  readonly password: random.RandomPassword;
  readonly subnetGroup: elasticache.SubnetGroup;
  readonly parameterGroup: elasticache.ParameterGroup;
  readonly securityGroup: ec2.SecurityGroup;
  readonly ingress: readonly vpc.SecurityGroupIngressRule[];
  readonly replicationGroup: elasticache.ReplicationGroup;
  readonly alarms: readonly cloudwatch.MetricAlarm[];
  readonly credentials: k8s.core.v1.Secret;

  constructor(name: string, args: ElastiCacheArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("ElastiCache", name, elastiCacheArgsIssues(name, args), args.configKey);
    const { namespace = DEFAULT_NAMESPACE } = args;
    const plan = args.plan ?? planElastiCache(elastiCacheInputs(name, args));
    const { numbers } = plan;
    super(
      COMPONENT_TYPES.elastiCache,
      name,
      {
        kind: "elasticache",
        configKey: args.configKey ?? name,
        workload: name,
        ...(typeof namespace === "string" ? { namespace } : {}),
        purpose: args.purpose,
        ...plannedPart(plan, witnesses(name, plan)),
      } satisfies ManagedCacheSummary,
      opts,
    );
    this.plan = plan;
    this.maxClients = numbers.maxClients.value;

    const { transform = {}, passwordGeneration = 1 } = args;
    const region = args.region === undefined ? {} : { region: args.region };
    const child = { parent: this };
    this.password = new random.RandomPassword(
      ...transformed<random.RandomPasswordArgs>(
        transform.password,
        ofGeneration(`${name}-password`, passwordGeneration),
        { length: 40, special: false },
        child,
      ),
    );
    this.subnetGroup = this.makeSubnetGroup(name, args, region);
    this.parameterGroup = this.makeParameterGroup(name, args, region);
    this.securityGroup = this.makeSecurityGroup(name, args, region);
    this.ingress = this.makeIngress(name, args, region);

    // No more than the cache's name, for all that is added is missing from the 40 characters that AWS takes.
    this.replicationGroup = new elasticache.ReplicationGroup(
      ...transformed<elasticache.ReplicationGroupArgs>(
        transform.replicationGroup,
        name,
        {
          description: `${args.purpose} ${name}`,
          engine: CACHE_ENGINES.elastiCache.engine,
          engineVersion: CACHE_ENGINES.elastiCache.version,
          nodeType: numbers.node.value,
          numCacheClusters: numbers.members.value,
          automaticFailoverEnabled: true,
          multiAzEnabled: true,
          port: REDIS_PORT,
          parameterGroupName: this.parameterGroup.name,
          subnetGroupName: this.subnetGroup.name,
          securityGroupIds: [this.securityGroup.id],
          transitEncryptionEnabled: true,
          atRestEncryptionEnabled: true,
          authToken: this.password.result,
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
          ...region,
        },
        { ...child, protect: args.purpose === "session" },
      ),
    );
    this.alarms = this.makeAlarms(name, args, region);

    this.credentials = passwordSecret(name, args, this.password.result, transform.credentials, {
      ...child,
      // Services get a password that the servers take already.
      dependsOn: [this.replicationGroup],
    });
    this.endpoint = {
      host: this.replicationGroup.primaryEndpointAddress,
      port: REDIS_PORT,
      passwordSecret: passwordEntry(this.credentials),
      // The certificate comes from an authority that Node.js knows.
      tls: true,
    };
    this.url = pulumi.interpolate`rediss://${this.replicationGroup.primaryEndpointAddress}:${REDIS_PORT}`;
    this.registerOutputs({ url: this.url, maxClients: this.maxClients });
  }

  private makeSubnetGroup(name: string, args: ElastiCacheArgs, region: Region): elasticache.SubnetGroup {
    return new elasticache.SubnetGroup(
      ...transformed<elasticache.SubnetGroupArgs>(
        args.transform?.subnetGroup,
        `${name}-subnets`,
        {
          description: `Where ${name} runs`,
          subnetIds: pulumi.output(args.network.subnetIds).apply((ids) => [...ids]),
          ...region,
        },
        { parent: this },
      ),
    );
  }

  /** What the server is told beyond the defaults. `maxmemory` is the node's; of it a share stays free. */
  private makeParameterGroup(
    name: string,
    args: ElastiCacheArgs,
    region: Region,
  ): elasticache.ParameterGroup {
    const { eviction } = this.plan.numbers;
    return new elasticache.ParameterGroup(
      ...transformed<elasticache.ParameterGroupArgs>(
        args.transform?.parameterGroup,
        `${name}-parameters`,
        {
          description: `${args.purpose} ${name}`,
          family: CACHE_ENGINES.elastiCache.family,
          parameters: [
            { name: "maxmemory-policy", value: eviction.value },
            { name: "reserved-memory-percent", value: reservedPercent(this.plan) },
            { name: "activedefrag", value: "yes" },
            // Only the client closes an idle connection; peers that died are found by TCP.
            { name: "timeout", value: "0" },
            { name: "tcp-keepalive", value: "60" },
          ],
          ...region,
        },
        { parent: this },
      ),
    );
  }

  /** Nothing but the port of the server, and only from the named groups; nothing goes out. */
  private makeSecurityGroup(
    name: string,
    { network, transform = {} }: ElastiCacheArgs,
    region: Region,
  ): ec2.SecurityGroup {
    return new ec2.SecurityGroup(
      ...transformed<ec2.SecurityGroupArgs>(
        transform.securityGroup,
        `${name}-security-group`,
        { description: `Who may connect to ${name}`, vpcId: network.vpcId, ...region },
        { parent: this },
      ),
    );
  }

  private makeIngress(
    name: string,
    { network, transform = {} }: ElastiCacheArgs,
    region: Region,
  ): vpc.SecurityGroupIngressRule[] {
    return network.clientSecurityGroupIds.map(
      (client, index) =>
        new vpc.SecurityGroupIngressRule(
          ...transformed<vpc.SecurityGroupIngressRuleArgs>(
            transform.ingress,
            `${name}-ingress-${index}`,
            {
              description: "Services of the cluster",
              securityGroupId: this.securityGroup.id,
              referencedSecurityGroupId: client,
              ipProtocol: "tcp",
              fromPort: REDIS_PORT,
              toPort: REDIS_PORT,
              ...region,
            },
            { parent: this },
          ),
        ),
    );
  }

  /** Alarms for each node: the service has no metrics of a whole group. */
  private makeAlarms(
    name: string,
    { alarmTopicArn, budget = DEFAULT_BUDGET, transform = {} }: ElastiCacheArgs,
    region: Region,
  ): cloudwatch.MetricAlarm[] {
    const { members, neededClients } = this.plan.numbers;
    const actions =
      alarmTopicArn === undefined ? {} : { alarmActions: [alarmTopicArn], okActions: [alarmTopicArn] };
    return Array.from({ length: members.value }, (_, index) => String(index + 1).padStart(3, "0")).flatMap(
      (suffix) =>
        nodeAlarms(budget, neededClients.value).map(
          (alarm) =>
            new cloudwatch.MetricAlarm(
              ...transformed<cloudwatch.MetricAlarmArgs>(
                transform.alarm,
                `${name}-${alarm.suffix}-${suffix}`,
                {
                  alarmDescription: `${name}: ${alarm.description}`,
                  namespace: "AWS/ElastiCache",
                  metricName: alarm.metricName,
                  dimensions: { CacheClusterId: pulumi.interpolate`${this.replicationGroup.id}-${suffix}` },
                  statistic: "Maximum",
                  period: 60,
                  evaluationPeriods: 3,
                  comparisonOperator: "GreaterThanThreshold",
                  threshold: alarm.threshold,
                  treatMissingData: "missing",
                  ...actions,
                  ...region,
                },
                { parent: this },
              ),
            ),
        ),
    );
  }
}

/** Where it is, when that is not left to the provider. */
type Region = { readonly region?: pulumi.Input<string> };

function reservedPercent({ numbers }: ManagedCachePlan): string {
  return `${Math.round(numbers.reserved.value * 100)}`;
}

/** What the objects have to hold so that the proofs are about what is rented. */
function witnesses(name: string, plan: ManagedCachePlan): Witness[] {
  const { node, members, eviction } = plan.numbers;
  const group = (key: string, is: string | number): Witness => ({
    type: "aws:elasticache/replicationGroup:ReplicationGroup",
    name,
    at: [key],
    is,
  });
  const parameter = (key: string, is: string): Witness => ({
    type: "aws:elasticache/parameterGroup:ParameterGroup",
    name: `${name}-parameters`,
    at: ["parameters", key, "value"],
    is,
  });
  return [
    group("nodeType", node.value),
    group("numCacheClusters", members.value),
    parameter("maxmemory-policy", eviction.value),
    parameter("reserved-memory-percent", reservedPercent(plan)),
  ];
}

function nodeAlarms(budget: PerformanceBudget, clients: number): NodeAlarm[] {
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
      threshold: clients,
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
