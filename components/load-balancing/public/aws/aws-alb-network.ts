/** Security groups of an ALB: towards the pods, and who may connect. */
import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import type * as pulumi from "@pulumi/pulumi";

import { CLOUDFLARE_RANGES } from "../../../shared/http/cloudflare-ranges";
import { transformed } from "../../../shared/transform";
import { isBehindCdn } from "../public-load-balancer-args";
import type { CompleteAlbArgs } from "./aws-alb-args";

/** AWS's own list of the addresses from which CloudFront connects to origins. */
const CLOUDFRONT_PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing";

/** Open towards the pods at the proxy's port, both ways named by group. */
export function podsGroup(
  name: string,
  { network, proxy, transform = {} }: CompleteAlbArgs,
  parent: pulumi.Resource,
): ec2.SecurityGroup {
  const child = { parent };
  const groupName = `${name}-security-group`;
  const group = new ec2.SecurityGroup(
    ...transformed<ec2.SecurityGroupArgs>(
      transform.securityGroup,
      groupName,
      { vpcId: network.vpcId, description: "Load balancer in front of the proxy" },
      child,
    ),
  );
  const toPods = { ipProtocol: "tcp", fromPort: proxy.podPort, toPort: proxy.podPort };
  new vpc.SecurityGroupEgressRule(
    ...transformed<vpc.SecurityGroupEgressRuleArgs>(
      transform.egressRule,
      `${groupName}-to-pods`,
      { securityGroupId: group.id, referencedSecurityGroupId: network.nodeSecurityGroupId, ...toPods },
      child,
    ),
  );
  new vpc.SecurityGroupIngressRule(
    ...transformed<vpc.SecurityGroupIngressRuleArgs>(
      transform.ingressRule,
      `${groupName}-into-pods`,
      { securityGroupId: network.nodeSecurityGroupId, referencedSecurityGroupId: group.id, ...toPods },
      child,
    ),
  );
  return group;
}

/**
 * Open to the sources at the listeners' ports. A group for each kind of source: when another CDN comes, its rules are
 * made beside the old ones, and one group does not hold both.
 */
export function connectionsGroup(
  name: string,
  { network, sources, transform = {} }: CompleteAlbArgs,
  parent: pulumi.Resource,
): ec2.SecurityGroup {
  const child = { parent };
  const groupName = `${name}-from-${sources.kind}`;
  const group = new ec2.SecurityGroup(
    ...transformed<ec2.SecurityGroupArgs>(
      transform.sourcesGroup,
      groupName,
      { vpcId: network.vpcId, description: "Who may connect to the load balancer" },
      child,
    ),
  );
  // A CDN connects by TLS only, so that nothing has to be redirected.
  const ports = isBehindCdn(sources) ? [443] : [443, 80];
  for (const [label, source] of Object.entries(sourceRules(sources, network.region, parent))) {
    for (const port of ports) {
      new vpc.SecurityGroupIngressRule(
        ...transformed<vpc.SecurityGroupIngressRuleArgs>(
          transform.ingressRule,
          `${groupName}-${label}-${port}`,
          { securityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, ...source },
          child,
        ),
      );
    }
  }
  return group;
}

/** Who may connect, by a name for the rule. */
function sourceRules(
  sources: CompleteAlbArgs["sources"],
  region: string,
  parent: pulumi.Resource,
): Record<string, { readonly cidrIpv4: string } | { readonly prefixListId: pulumi.Input<string> }> {
  const named = (ranges: readonly string[]): Record<string, { cidrIpv4: string }> =>
    Object.fromEntries(ranges.map((range) => [range.replace("/", "-"), { cidrIpv4: range }]));
  switch (sources.kind) {
    case "internet":
      return { internet: { cidrIpv4: "0.0.0.0/0" } };
    case "ranges":
      return named(sources.ranges);
    case "cloudflare":
      return named(CLOUDFLARE_RANGES.v4);
    case "cloudfront":
      return {
        cloudfront: {
          prefixListId: ec2.getManagedPrefixListOutput({ name: CLOUDFRONT_PREFIX_LIST, region }, { parent })
            .id,
        },
      };
  }
}
