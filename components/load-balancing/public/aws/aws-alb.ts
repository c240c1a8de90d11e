import type * as ec2 from "@pulumi/aws/ec2";
import * as lb from "@pulumi/aws/lb";
import * as route53 from "@pulumi/aws/route53";
import type * as wafv2 from "@pulumi/aws/wafv2";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { assertValid } from "../../../shared/issues";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import type { Witness } from "../../../../budget/core/witness";
import type { PublicLoadBalancerPlan } from "../../../../budget/load-balancing/public-plan";
import { commonLabels } from "../../../shared/kubernetes";
import { transformed } from "../../../shared/transform";
import { albAlarms } from "./aws-alb-alarms";
import {
  awsAlbNameIssues,
  awsAlbIssues,
  CLUSTER_TAG,
  type AwsAlbArgs,
  type CompleteAlbArgs,
} from "./aws-alb-args";
import { albCertificate } from "./aws-alb-certificate";
import { albFirewall } from "./aws-alb-firewall";
import { albLogs } from "./aws-alb-logs";
import { connectionsGroup, podsGroup } from "./aws-alb-network";
import { completePublicArgs, isBehindCdn, publicLoadBalancerSummary } from "../public-load-balancer-args";

export { awsAlbIssues } from "./aws-alb-args";
export type { AwsAlbArgs, AwsAlbNetwork } from "./aws-alb-args";

/** TLS 1.3 and 1.2, of the latter only what is authenticated and forward secret. */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

/** Host names in one rule: AWS takes five values over all conditions. */
const HOSTS_OF_RULE = 5;

/**
 * An Application Load Balancer that belongs to this program, in front of the proxy's pods. A `TargetGroupBinding` tells
 * the controller which pods those are, so the load balancer outlives the cluster, and the cluster can change nothing of it.
 *
 * With a CDN as the source it listens on 443 only, takes X-Forwarded-For as the CDN wrote it, and answers 403 to whoever
 * does not send the origin lock. Without one it redirects port 80 and answers 404 to other hosts than its own.
 *
 * Trap: pods get their readiness gate when they are created, and only if the binding is there. Make the proxy depend on
 * this component.
 *
 * Cost: the load balancer by hour and capacity, the firewall by rule and request, logs by size.
 */
export class AwsAlb extends pulumi.ComponentResource {
  /** What a CDN connects to: the first host, for which the certificate is good. */
  readonly hostname: pulumi.Output<string>;
  /** The name that AWS gave it. */
  readonly dnsName: pulumi.Output<string>;
  /** Route 53 zone of `dnsName`, for alias records. */
  readonly zoneId: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly targetGroupArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly firewallArn: pulumi.Output<string>;

  readonly plan: PublicLoadBalancerPlan;
  readonly loadBalancer: lb.LoadBalancer;
  readonly targetGroup: lb.TargetGroup;
  /** Of port 443. */
  readonly listener: lb.Listener;
  readonly firewall: wafv2.WebAcl;
  /** Open towards the pods, and the one that says who may connect. */
  readonly securityGroup: ec2.SecurityGroup;
  readonly sourcesGroup: ec2.SecurityGroup;
  readonly binding: k8s.apiextensions.CustomResource;

  constructor(name: string, given: AwsAlbArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("AwsAlb", name, [...awsAlbNameIssues(name), ...awsAlbIssues(given)], given.configKey);
    const args = completePublicArgs("aws", given);
    const { plan } = args;
    super(
      COMPONENT_TYPES.awsAlb,
      name,
      publicLoadBalancerSummary(name, "aws", args, albWitnesses(name, plan)),
      opts,
    );
    const child = { parent: this };
    const { network, proxy, transform = {} } = args;
    const plainName = typeof proxy.serviceName === "string" ? proxy.serviceName : name;
    this.plan = plan;

    const securityGroup = podsGroup(name, args, this);
    const sourcesGroup = connectionsGroup(name, args, this);
    this.securityGroup = securityGroup;
    this.sourcesGroup = sourcesGroup;
    const logs = albLogs(
      name,
      {
        region: network.region,
        accountId: securityGroup.ownerId,
        keptDays: args.accessLogDays,
        transform: transform.accessLogs,
        transforms: transform.accessLogsParts,
      },
      this,
    );
    const loadBalancer = new lb.LoadBalancer(
      ...transformed<lb.LoadBalancerArgs>(
        transform.loadBalancer,
        name,
        {
          loadBalancerType: "application",
          internal: false,
          ipAddressType: "ipv4",
          subnets: pulumi.output(network.subnetIds).apply((ids) => [...ids]),
          securityGroups: [securityGroup.id, sourcesGroup.id],
          enableDeletionProtection: args.deletionProtection ?? true,
          dropInvalidHeaderFields: true,
          desyncMitigationMode: args.desyncMitigation ?? "strictest",
          enableHttp2: true,
          // Fails closed: a firewall that cannot be asked lets nobody past it.
          enableWafFailOpen: false,
          enableZonalShift: true,
          preserveHostHeader: true,
          // A CDN's last entry is the client; this hop would only add the CDN.
          xffHeaderProcessingMode: isBehindCdn(args.sources) ? "preserve" : "append",
          // One setting for waiting and for idleness.
          idleTimeout: plan.numbers.proxyIdle.value,
          accessLogs: { bucket: logs.bucket, enabled: true },
        },
        { ...child, dependsOn: [...logs.ready] },
      ),
    );

    // Short, for AWS takes 32 characters and 8 are the engine's: a new one is there before the old one goes.
    const targetGroupName = `${name}-tg`;
    const slowStart = args.slowStartSeconds ?? 0;
    const targetGroup = new lb.TargetGroup(
      ...transformed<lb.TargetGroupArgs>(
        transform.targetGroup,
        targetGroupName,
        {
          targetType: "ip",
          vpcId: network.vpcId,
          port: proxy.podPort,
          protocol: proxy.protocol,
          protocolVersion: "HTTP1",
          deregistrationDelay: plan.numbers.deregistration.value,
          slowStart,
          // AWS takes slow start with round robin only.
          loadBalancingAlgorithmType: slowStart > 0 ? "round_robin" : "least_outstanding_requests",
          healthCheck: {
            enabled: true,
            protocol: proxy.protocol,
            path: proxy.healthPath,
            matcher: "200",
            // Noticed within 10 s, less than what the drain chain waits for it.
            interval: 5,
            timeout: 4,
            healthyThreshold: 2,
            unhealthyThreshold: 2,
          },
          tags: { [CLUSTER_TAG]: args.clusterName },
        },
        child,
      ),
    );
    this.loadBalancer = loadBalancer;
    this.targetGroup = targetGroup;
    const listeners = this.listeners(name, args, loadBalancer.arn, targetGroup.arn);
    this.listener = listeners.https;
    const firewall = albFirewall(
      name,
      {
        loadBalancerArn: loadBalancer.arn,
        sources: args.sources,
        firewall: {
          ...args.firewall,
          requestsPerFiveMinutes: plan.numbers.requestsPerFiveMinutes.value,
        },
        secretHeaders: [
          "authorization",
          "cookie",
          ...(args.originLock === undefined ? [] : [args.originLock.headerName]),
        ],
        keptDays: args.accessLogDays,
        transform,
      },
      this,
    );
    this.firewall = firewall;
    this.binding = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.binding,
        `${name}-binding`,
        {
          apiVersion: "elbv2.k8s.aws/v1beta1",
          kind: "TargetGroupBinding",
          metadata: {
            name: proxy.serviceName,
            namespace: args.namespace,
            labels: commonLabels(plainName, "load-balancer"),
          },
          spec: {
            serviceRef: { name: proxy.serviceName, port: proxy.servicePort },
            targetGroupARN: targetGroup.arn,
            targetType: "ip",
            vpcID: network.vpcId,
          },
        },
        {
          ...child,
          // Targets of a group that no listener uses never get healthy, and their pods never ready.
          dependsOn: listeners.all,
          // The controller refuses to change them; and two bindings cannot have the name of one Service.
          replaceOnChanges: ["spec.targetGroupARN", "spec.targetType", "spec.vpcID"],
          deleteBeforeReplace: true,
        },
      ),
    );
    albAlarms(
      name,
      {
        loadBalancer: loadBalancer.arnSuffix,
        targetGroup: targetGroup.arnSuffix,
        budget: args.budget,
        actions: args.alarmActions ?? [],
        transform: transform.alarm,
      },
      this,
    );
    this.records(name, args, loadBalancer);

    this.hostname = pulumi.output(args.hosts[0] ?? "");
    this.dnsName = loadBalancer.dnsName;
    this.zoneId = loadBalancer.zoneId;
    this.arn = loadBalancer.arn;
    this.targetGroupArn = targetGroup.arn;
    this.securityGroupId = securityGroup.id;
    this.firewallArn = firewall.arn;
    this.registerOutputs({
      hostname: this.hostname,
      dnsName: this.dnsName,
      zoneId: this.zoneId,
      arn: this.arn,
      targetGroupArn: this.targetGroupArn,
      securityGroupId: this.securityGroupId,
      firewallArn: this.firewallArn,
    });
  }

  private listeners(
    name: string,
    args: CompleteAlbArgs,
    loadBalancerArn: pulumi.Output<string>,
    targetGroupArn: pulumi.Output<string>,
  ): { readonly https: lb.Listener; readonly all: pulumi.Resource[] } {
    const child = { parent: this };
    const { certificate, hosts, originLock, sources, transform = {} } = args;
    const certificateArn =
      certificate.kind === "existing" ? certificate.id : albCertificate(name, args, this);
    const answer = (statusCode: string, messageBody: string): lb.ListenerArgs["defaultActions"] => [
      { type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode, messageBody } },
    ];
    const listenerName = `${name}-https`;
    const https = new lb.Listener(
      ...transformed<lb.ListenerArgs>(
        transform.listener,
        listenerName,
        {
          loadBalancerArn,
          port: 443,
          protocol: "HTTPS",
          sslPolicy: TLS_POLICY,
          certificateArn,
          routingHttpResponseServerEnabled: false,
          defaultActions:
            originLock === undefined ? answer("404", "no such host") : answer("403", "not through the CDN"),
        },
        child,
      ),
    );
    const forward = { type: "forward", targetGroupArn };
    const conditions =
      originLock === undefined
        ? chunks(hosts, HOSTS_OF_RULE).map((values) => ({ hostHeader: { values } }))
        : [
            {
              httpHeader: { httpHeaderName: originLock.headerName, values: [originLock.headerValue] },
            },
          ];
    const rules = conditions.map(
      (condition, index) =>
        new lb.ListenerRule(
          ...transformed<lb.ListenerRuleArgs>(
            transform.listenerRule,
            `${listenerName}-forward-${index}`,
            { listenerArn: https.arn, priority: index + 1, actions: [forward], conditions: [condition] },
            child,
          ),
        ),
    );
    if (isBehindCdn(sources)) return { https, all: [https, ...rules] };
    const redirect = new lb.Listener(
      ...transformed<lb.ListenerArgs>(
        transform.redirect,
        `${name}-http`,
        {
          loadBalancerArn,
          port: 80,
          protocol: "HTTP",
          routingHttpResponseServerEnabled: false,
          defaultActions: [
            { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } },
          ],
        },
        child,
      ),
    );
    return { https, all: [https, ...rules, redirect] };
  }

  private records(
    name: string,
    { hosts, dnsZone, records, transform = {} }: CompleteAlbArgs,
    loadBalancer: lb.LoadBalancer,
  ): void {
    const { dnsName, zoneId } = loadBalancer;
    for (const host of hosts) {
      const recordName = `${name}-record-${host}`;
      if (records !== undefined) {
        records(recordName, { name: host, type: "CNAME", value: dnsName }, { parent: this });
        continue;
      }
      if (dnsZone === undefined) return;
      new route53.Record(
        ...transformed<route53.RecordArgs>(
          transform.record,
          recordName,
          {
            zoneId: dnsZone,
            name: host,
            type: "A",
            aliases: [{ name: dnsName, zoneId, evaluateTargetHealth: false }],
          },
          { parent: this },
        ),
      );
    }
  }
}

/** What the objects have to hold so that the proofs are about what runs. */
function albWitnesses(name: string, { numbers }: PublicLoadBalancerPlan): Witness[] {
  return [
    {
      type: "aws:lb/loadBalancer:LoadBalancer",
      name,
      at: ["idleTimeout"],
      is: numbers.proxyIdle.value,
    },
    {
      type: "aws:lb/targetGroup:TargetGroup",
      name: `${name}-tg`,
      at: ["deregistrationDelay"],
      is: numbers.deregistration.value,
    },
  ];
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
