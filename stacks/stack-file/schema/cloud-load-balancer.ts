/** The cloud's load balancer in front of the proxy. */
import { z } from "zod";

import { isHost } from "../../../components/load-balancing/public/public-load-balancer-args";
import { CIDR, says, text, number, whole } from "./leaves";

const host = z
  .string(says("a DNS name like api.example.com", "Name the host that clients, or the CDN, connect to."))
  .refine(isHost, says("a DNS name like api.example.com, no wildcard", "Write it in lower case."));

const MANAGED_OR_EXISTING = says(
  '"managed", or a map of id and names',
  "Let a certificate be made, or name one that is there and the names it was issued for.",
);

const certificate = z.union(
  [z.literal("managed"), z.strictObject({ id: z.string().min(1), names: z.array(z.string().min(1)).min(1) })],
  MANAGED_OR_EXISTING,
);

const INTERNET_OR_RANGES = says(
  '"internet", or a list of ranges in CIDR notation',
  "Say who may connect; with a CDN leave the key out.",
);

const sources = z.union([z.literal("internet"), z.array(z.string().regex(CIDR)).min(1)], INTERNET_OR_RANGES);

const firewall = z.strictObject(
  {
    mode: z
      .enum(
        ["block", "count"],
        says('"block" or "count"', "Count first, and block when nobody honest is counted."),
      )
      .default("block"),
    requestsPerFiveMinutes: number(
      "a whole number from 10 to 2000000000 (requests in five minutes)",
      "Give what the busiest honest client asks, several times over.",
      whole(10, 2_000_000_000),
    ).default(6000),
  },
  says("a map of mode and requestsPerFiveMinutes", "Leave it out for the defaults."),
);

const aws = z.strictObject(
  {
    subnetIds: z
      .array(
        text("the id of a subnet, like subnet-0a1b2c3d", "Give public subnets.", /^subnet-[0-9a-f]{8,17}$/),
        says("a list of subnet ids", "Give a public subnet for each zone."),
      )
      .min(2, says("at least 2 subnets, in different zones", "Give a public subnet for each zone.")),
    nodeSecurityGroupId: text(
      "the id of a security group, like sg-0a1b2c3d",
      "Give the group of the cluster's nodes: `aws eks describe-cluster`, clusterSecurityGroupId.",
      /^sg-[0-9a-f]{8,17}$/,
    ),
    controller: z
      .enum(
        ["install", "present"],
        says('"install" or "present"', "Say whether the AWS Load Balancer Controller is made here."),
      )
      .default("install"),
    alarmTopicArn: text(
      "the ARN of an SNS topic",
      "See `aws sns list-topics`, or leave it out.",
      /^arn:[-a-z]+:sns:\S+$/,
    ).optional(),
  },
  says("a map of subnetIds and nodeSecurityGroupId", "Give where the load balancer stands."),
);

const gcp = z.strictObject(
  {
    zones: z
      .array(
        text(
          "a zone, like europe-west3-a",
          "Name the zones of the cluster's nodes.",
          /^[a-z]+-[a-z]+\d+-[a-z]$/,
        ),
        says("a list of zones", "Name the zones of the cluster's nodes."),
      )
      .min(1, says("at least one zone", "Name the zones of the cluster's nodes.")),
  },
  says("a map of zones", "Name the zones of the cluster's nodes."),
);

export const cloudLoadBalancer = z.strictObject(
  {
    hosts: z
      .array(host, says("a list of names", "Name the hosts that clients, or the CDN, connect to."))
      .min(1, says("at least one name", "Name the host that clients, or the CDN, connect to.")),
    dnsZone: text(
      "the id of a zone of Route 53, or the name of a zone of Cloud DNS",
      "Name the zone of the hosts.",
      /^\S+$/,
    ).optional(),
    certificate: certificate.default("managed"),
    sources: sources.optional(),
    accessLogDays: number(
      "a whole number from 1 to 3653 (days)",
      "Say how long access logs are kept.",
      whole(1, 3653),
    ).default(30),
    firewall: firewall.default({ mode: "block", requestsPerFiveMinutes: 6000 }),
    aws: aws.optional(),
    gcp: gcp.optional(),
  },
  says("a map", "Describe the load balancer of the cloud; see docs/stack-file.md."),
);

export type CloudLoadBalancerConfig = z.infer<typeof cloudLoadBalancer>;
