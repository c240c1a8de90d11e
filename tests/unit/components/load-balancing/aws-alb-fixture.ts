import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { AwsAlb, type AwsAlbArgs } from "../../../../components/load-balancing/public/aws/aws-alb";
import { record, type Recording } from "../../../helpers/pulumi";

export const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudfront" });

/** Open to the internet, with a certificate of its own and a firewall that blocks. */
export const AWS_ALB: AwsAlbArgs = {
  configKey: "retrofitlink:loadBalancer.public",
  namespace: "retrofitlink",
  clusterName: "retrofitlink-test",
  network: {
    region: "eu-central-1",
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c31", "subnet-0a1b2c32"],
    nodeSecurityGroupId: "sg-0a1b2c3d",
  },
  deletionProtection: true,
  proxy: {
    serviceName: "nginx-load-balancer",
    servicePort: 80,
    podPort: 8080,
    protocol: "HTTP",
    healthPath: "/healthz",
  },
  hosts: ["app.example.com", "www.example.com"],
  dnsZone: "Z1",
  certificate: { kind: "managed" },
  sources: { kind: "internet" },
  accessLogDays: 30,
  firewall: { mode: "block", requestsPerFiveMinutes: 6000 },
  budget: DEFAULT_BUDGET,
  timeouts,
};

export const AWS_ALB_OUTPUTS = {
  "aws:acm/certificate:Certificate": {
    arn: "arn:aws:acm:eu-central-1:123456789012:certificate/made",
    domainValidationOptions: ["app.example.com", "www.example.com"].map((domainName) => ({
      domainName,
      resourceRecordName: `_proof.${domainName}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: `_value.${domainName}.`,
    })),
  },
  "aws:ec2/securityGroup:SecurityGroup": { ownerId: "123456789012" },
  "aws:s3/bucket:Bucket": { arn: "arn:aws:s3:::logs" },
  "aws:lb/loadBalancer:LoadBalancer": { arn: "arn:lb", dnsName: "x.elb.amazonaws.com", zoneId: "ZLB" },
  "aws:lb/targetGroup:TargetGroup": { arn: "arn:tg" },
};
const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

/** What stands behind CloudFront, and takes nothing without the secret header. */
export const LOCKED: Partial<AwsAlbArgs> = {
  sources: { kind: "cloudfront" },
  originLock: { headerName: "x-origin-verify", headerValue: pulumi.secret("s3cret") },
};

let standard: Promise<Recording> | undefined;

/** Recorded once where nothing is changed, for that takes most of the time. */
export function recordAwsAlb(change?: Partial<AwsAlbArgs>, preview = false): Promise<Recording> {
  if (change !== undefined) return recorded(change, preview);
  standard ??= recorded({}, false);
  return standard;
}

function recorded(change: Partial<AwsAlbArgs>, preview: boolean): Promise<Recording> {
  return record(() => new AwsAlb("public", { ...AWS_ALB, ...change }), {
    preview,
    outputs: AWS_ALB_OUTPUTS,
    invokes: INVOKES,
  });
}

export const inputsOf = (recording: Recording, name: string): Record<string, any> =>
  recording.resources.find((resource) => resource.custom && resource.name === name)?.inputs as Record<
    string,
    any
  >;
