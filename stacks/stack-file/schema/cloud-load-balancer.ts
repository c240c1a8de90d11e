/** The cloud's load balancer in front of the proxy. */
import { z } from "zod";

import { gcpZoneNames, NODE_ZONES, securityGroupId, subnetIds } from "../../../budget/core/cloud-leaves";
import { cidr } from "../../../budget/core/leaves";
import { about, choice, group, retold, text } from "../../../budget/core/settings";
import { PUBLIC_DEFAULTS, firewallSettings, publicSettings } from "../../../budget/load-balancing/settings";

const certificate = about(
  z.union([
    z.literal("managed"),
    z.strictObject({ id: z.string().min(1), names: z.array(z.string().min(1)).min(1) }),
  ]),
  {
    allowed: '"managed", or a map of id and names',
    fix: "Let a certificate be made, which needs dnsZone, or name one that is there and the names it was issued for.",
    decides: "certificate",
  },
);

const sources = about(z.union([z.literal("internet"), z.array(cidr).min(1)]), {
  allowed: '"internet", or a list of ranges in CIDR notation',
  fix: "Say who may connect: IPv4 up to /8, IPv6 up to /16.",
  otherwise: "the CDN, without one it is required",
  decides: "who may connect",
});

const { mode, requestsPerFiveMinutes } = PUBLIC_DEFAULTS.firewall;

const firewall = group(
  {
    mode: firewallSettings.mode.default(mode),
    requestsPerFiveMinutes: firewallSettings.requestsPerFiveMinutes.default(requestsPerFiveMinutes),
  },
  { fix: "Leave it out for the defaults." },
);

/** What AWS alone has to know. */
export const aws = group(
  {
    subnetIds: subnetIds("public subnets"),
    nodeSecurityGroupId: securityGroupId(
      "Give the group of the cluster's nodes: `aws eks describe-cluster`, clusterSecurityGroupId.",
    ),
    controller: choice(["install", "present"], {
      fix: "Say whether the AWS Load Balancer Controller is made here.",
    }).default("install"),
    alarmTopicArn: text(/^arn:[-a-z]+:sns:\S+$/, {
      allowed: "the ARN of an SNS topic",
      fix: "See `aws sns list-topics`, or leave it out.",
    }).optional(),
  },
  {
    allowed: "a map of subnetIds and nodeSecurityGroupId",
    fix: "Give the public subnets, and the security group of the cluster's nodes.",
  },
);

const gcp = group(
  { zones: retold(gcpZoneNames, { decides: "network endpoint groups" }) },
  { ...NODE_ZONES, otherwise: "all of the region, where it has as many as cluster.zones" },
);

export const cloudLoadBalancer = group(
  {
    hosts: publicSettings.hosts,
    dnsZone: text(/^\S+$/, {
      allowed: "the id of a zone of Route 53, or the name of a zone of Cloud DNS",
      fix: "Name the zone of the hosts; it is not looked at where Cloudflare has them in cdn.zone.",
      otherwise: "no records are made",
      decides: "DNS records, proof of the certificate",
    }).optional(),
    certificate: certificate.default("managed"),
    sources: sources.optional(),
    accessLogDays: publicSettings.accessLogDays.default(PUBLIC_DEFAULTS.accessLogDays),
    firewall: firewall.default(PUBLIC_DEFAULTS.firewall),
    aws: aws.optional(),
    gcp: gcp.optional(),
  },
  {
    allowed: "a map, see loadBalancer.public",
    fix: "Describe the load balancer of the cloud.",
    otherwise: "nothing is reached from outside the cluster",
  },
);

export type CloudLoadBalancerConfig = z.infer<typeof cloudLoadBalancer>;
