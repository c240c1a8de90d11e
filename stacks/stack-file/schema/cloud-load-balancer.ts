/** The cloud's load balancer in front of the proxy. */
import { z } from "zod";

import { cidr } from "../../../budget/core/leaves";
import { about, choice, group, list, ruled, text } from "../../../budget/core/settings";
import { PUBLIC_DEFAULTS, firewallSettings, publicSettings } from "../../../budget/load-balancing/settings";

const certificate = about(
  z.union([
    z.literal("managed"),
    z.strictObject({ id: z.string().min(1), names: z.array(z.string().min(1)).min(1) }),
  ]),
  {
    allowed: '"managed", or a map of id and names',
    fix: "Let a certificate be made, or name one that is there and the names it was issued for.",
  },
);

const sources = about(z.union([z.literal("internet"), z.array(cidr).min(1)]), {
  allowed: '"internet", or a list of ranges in CIDR notation',
  fix: "Say who may connect; with a CDN leave the key out.",
});

const { mode, requestsPerFiveMinutes } = PUBLIC_DEFAULTS.firewall;

const firewall = group(
  {
    mode: firewallSettings.mode.default(mode),
    requestsPerFiveMinutes: firewallSettings.requestsPerFiveMinutes.default(requestsPerFiveMinutes),
  },
  { fix: "Leave it out for the defaults." },
);

const aws = group(
  {
    subnetIds: ruled(
      list(
        text(/^subnet-[0-9a-f]{8,17}$/, {
          allowed: "the id of a subnet, like subnet-0a1b2c3d",
          fix: "Give public subnets.",
        }),
        { allowed: "a list of subnet ids", fix: "Give a public subnet for each zone." },
      ),
      (ids) => ids.length >= 2,
      { allowed: "at least 2 subnets, in different zones", fix: "Give a public subnet for each zone." },
    ),
    nodeSecurityGroupId: text(/^sg-[0-9a-f]{8,17}$/, {
      allowed: "the id of a security group, like sg-0a1b2c3d",
      fix: "Give the group of the cluster's nodes: `aws eks describe-cluster`, clusterSecurityGroupId.",
    }),
    controller: choice(["install", "present"], {
      fix: "Say whether the AWS Load Balancer Controller is made here.",
    }).default("install"),
    alarmTopicArn: text(/^arn:[-a-z]+:sns:\S+$/, {
      allowed: "the ARN of an SNS topic",
      fix: "See `aws sns list-topics`, or leave it out.",
    }).optional(),
  },
  { allowed: "a map of subnetIds and nodeSecurityGroupId", fix: "Give where the load balancer stands." },
);

const NODES = "Name the zones of the cluster's nodes.";

const gcp = group(
  {
    zones: ruled(
      list(text(/^[a-z]+-[a-z]+\d+-[a-z]$/, { allowed: "a zone, like europe-west3-a", fix: NODES }), {
        allowed: "a list of zones",
        fix: NODES,
      }),
      (zones) => zones.length > 0,
      { allowed: "at least one zone", fix: NODES },
    ),
  },
  { fix: NODES },
);

export const cloudLoadBalancer = group(
  {
    hosts: ruled(publicSettings.hosts, (hosts) => hosts.length > 0, {
      allowed: "at least one name",
      fix: "Name the host that clients, or the CDN, connect to.",
    }),
    dnsZone: text(/^\S+$/, {
      allowed: "the id of a zone of Route 53, or the name of a zone of Cloud DNS",
      fix: "Name the zone of the hosts.",
    }).optional(),
    certificate: certificate.default("managed"),
    sources: sources.optional(),
    accessLogDays: publicSettings.accessLogDays.default(PUBLIC_DEFAULTS.accessLogDays),
    firewall: firewall.default(PUBLIC_DEFAULTS.firewall),
    aws: aws.optional(),
    gcp: gcp.optional(),
  },
  { allowed: "a map", fix: "Describe the load balancer of the cloud; see docs/stack-file.md." },
);

export type CloudLoadBalancerConfig = z.infer<typeof cloudLoadBalancer>;
