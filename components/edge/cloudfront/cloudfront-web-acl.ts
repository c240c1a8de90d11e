/** What AWS WAF refuses at the edge. */
import type { input as aws } from "@pulumi/aws/types";
import type * as wafv2 from "@pulumi/aws/wafv2";

/** AWS's rule groups, in the order in which they are asked. */
const MANAGED_GROUPS = [
  { name: "AWSManagedRulesAmazonIpReputationList", counted: [] },
  { name: "AWSManagedRulesKnownBadInputsRuleSet", counted: [] },
  // A body above 8 KiB is an upload here, not an attack; the load balancer and the proxy limit its size.
  { name: "AWSManagedRulesCommonRuleSet", counted: ["SizeRestrictions_BODY"] },
] as const;

/** Seconds over which requests are counted. */
const WINDOW_SECONDS = 60;

function visible(metricName: string): aws.wafv2.WebAclVisibilityConfig {
  return { cloudwatchMetricsEnabled: true, metricName, sampledRequestsEnabled: true };
}

/** @param clientRequestsPerMinute what one address may ask */
export function webAclArgs(clientRequestsPerMinute: number): wafv2.WebAclArgs {
  return {
    scope: "CLOUDFRONT",
    description: "Limits and rules at the edge",
    defaultAction: { allow: {} },
    visibilityConfig: visible("edge"),
    rules: [
      {
        name: "client-rate",
        priority: 0,
        action: {
          block: {
            customResponse: {
              responseCode: 429,
              responseHeaders: [{ name: "Retry-After", value: `${WINDOW_SECONDS}` }],
            },
          },
        },
        statement: {
          rateBasedStatement: {
            aggregateKeyType: "IP",
            limit: clientRequestsPerMinute,
            evaluationWindowSec: WINDOW_SECONDS,
          },
        },
        visibilityConfig: visible("client-rate"),
      },
      ...MANAGED_GROUPS.map(({ name, counted }, index) => ({
        name,
        priority: index + 1,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name,
            ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
          },
        },
        visibilityConfig: visible(name),
      })),
    ],
  };
}
