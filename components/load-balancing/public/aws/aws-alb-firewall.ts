import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type { input } from "@pulumi/aws/types";
import * as wafv2 from "@pulumi/aws/wafv2";
import type * as pulumi from "@pulumi/pulumi";

import { transformed, type Transform } from "../../../shared/transform";
import { isBehindCdn, type FirewallSettings, type TrafficSources } from "../public-load-balancer-args";

/** What the firewall depends on. */
export interface AlbFirewallArgs {
  readonly loadBalancerArn: pulumi.Input<string>;
  readonly sources: TrafficSources;
  /** With 0 where the load balancer cannot tell clients apart. */
  readonly firewall: FirewallSettings;
  /** Headers whose values no log may hold. */
  readonly secretHeaders: readonly string[];
  readonly keptDays: number;
  readonly transform?: AlbFirewallTransforms | undefined;
}

/** Escape hatches, one for each child. */
export interface AlbFirewallTransforms {
  readonly firewall?: Transform<wafv2.WebAclArgs>;
  readonly firewallLogs?: Transform<cloudwatch.LogGroupArgs>;
  readonly firewallLogging?: Transform<wafv2.WebAclLoggingConfigurationArgs>;
  readonly firewallAssociation?: Transform<wafv2.WebAclAssociationArgs>;
}

/** Days for which CloudWatch can keep logs; what lies between is rounded up. */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Seconds after which a client that asked too much may ask again: AWS counts anew every few seconds. */
const RETRY_AFTER_SECONDS = 60;

/** Rule groups that AWS keeps, with what they cost in capacity units. One that looks at addresses sees nothing behind a CDN. */
const MANAGED: readonly { readonly name: string; readonly looksAtAddresses: boolean }[] = [
  { name: "AWSManagedRulesAmazonIpReputationList", looksAtAddresses: true },
  { name: "AWSManagedRulesKnownBadInputsRuleSet", looksAtAddresses: false },
  { name: "AWSManagedRulesCommonRuleSet", looksAtAddresses: false },
];

/** WAFv2 in front of the load balancer: a rate for each client, rule groups of AWS, and a log of what was refused or counted. */
export function albFirewall(name: string, args: AlbFirewallArgs, parent: pulumi.Resource): wafv2.WebAcl {
  const child = { parent };
  const { transform = {} } = args;
  const firewallName = `${name}-firewall`;
  const acl = new wafv2.WebAcl(
    ...transformed<wafv2.WebAclArgs>(
      transform.firewall,
      firewallName,
      {
        scope: "REGIONAL",
        defaultAction: { allow: {} },
        rules: firewallRules(args),
        visibilityConfig: visibility("firewall"),
      },
      child,
    ),
  );
  const logs = new cloudwatch.LogGroup(
    ...transformed<cloudwatch.LogGroupArgs>(
      transform.firewallLogs,
      `${firewallName}-logs`,
      {
        // WAF writes to no group of another name.
        namePrefix: `aws-waf-logs-${name}-`,
        retentionInDays: RETENTIONS.find((days) => days >= args.keptDays) ?? 3653,
      },
      child,
    ),
  );
  new wafv2.WebAclLoggingConfiguration(
    ...transformed<wafv2.WebAclLoggingConfigurationArgs>(
      transform.firewallLogging,
      `${firewallName}-logging`,
      {
        resourceArn: acl.arn,
        logDestinationConfigs: [logs.arn],
        redactedFields: args.secretHeaders.map((header) => ({ singleHeader: { name: header } })),
        loggingFilter: {
          defaultBehavior: "DROP",
          filters: [
            {
              behavior: "KEEP",
              requirement: "MEETS_ANY",
              conditions: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"].map((action) => ({
                actionCondition: { action },
              })),
            },
          ],
        },
      },
      child,
    ),
  );
  new wafv2.WebAclAssociation(
    ...transformed<wafv2.WebAclAssociationArgs>(
      transform.firewallAssociation,
      `${firewallName}-association`,
      { resourceArn: args.loadBalancerArn, webAclArn: acl.arn },
      child,
    ),
  );
  return acl;
}

function firewallRules(args: AlbFirewallArgs): input.wafv2.WebAclRule[] {
  const { mode } = args.firewall;
  const limit = args.firewall.requestsPerFiveMinutes;
  const groups = MANAGED.filter(({ looksAtAddresses }) => !(looksAtAddresses && isBehindCdn(args.sources)));
  const managed = groups.map((group, index) => ({
    name: group.name,
    priority: index + 1,
    overrideAction: mode === "count" ? { count: {} } : { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: "AWS",
        name: group.name,
        // It refuses bodies above 8 KiB; how large an upload may be is the proxy's to say.
        ...(group.name === "AWSManagedRulesCommonRuleSet"
          ? { ruleActionOverrides: [{ name: "SizeRestrictions_BODY", actionToUse: { count: {} } }] }
          : {}),
      },
    },
    visibilityConfig: visibility(group.name),
  }));
  return limit === 0 ? managed : [rateRule(args, limit), ...managed];
}

function rateRule({ firewall, sources }: AlbFirewallArgs, limit: number): input.wafv2.WebAclRule {
  const key =
    sources.kind === "cloudflare"
      ? {
          aggregateKeyType: "FORWARDED_IP",
          forwardedIpConfig: { headerName: "CF-Connecting-IP", fallbackBehavior: "NO_MATCH" },
        }
      : { aggregateKeyType: "IP" };
  const refuse = {
    block: {
      customResponse: {
        responseCode: 429,
        responseHeaders: [{ name: "Retry-After", value: String(RETRY_AFTER_SECONDS) }],
      },
    },
  };
  return {
    name: "requests-of-one-client",
    priority: 0,
    action: firewall.mode === "count" ? { count: {} } : refuse,
    statement: { rateBasedStatement: { limit, evaluationWindowSec: 300, ...key } },
    visibilityConfig: visibility("requests-of-one-client"),
  };
}

function visibility(metricName: string): input.wafv2.WebAclVisibilityConfig {
  // Samples hold whole requests, headers of clients included.
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}
