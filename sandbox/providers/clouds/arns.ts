/** Ids and ARNs as AWS gives them, so that what is made of them is judged at an update like the real ones. */
import { createHash } from "node:crypto";

import type { Properties } from "../protocol/values";

export const ACCOUNT = "123456789012";

function digits(of: string, length: number): string {
  return createHash("sha256").update(of).digest("hex").slice(0, length);
}

/** Types whose id is no name. */
const ID_PREFIXES: Readonly<Record<string, string>> = {
  "aws:ec2/securityGroup:SecurityGroup": "sg-",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr-",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr-",
};

/** @returns undefined where the id is the name */
export function awsId(type: string, urn: string): string | undefined {
  const prefix = ID_PREFIXES[type];
  return prefix === undefined ? undefined : `${prefix}${digits(urn, 17)}`;
}

type Arn = (id: string, region: string) => string;

const ARNS: Readonly<Record<string, Arn>> = {
  "aws:cloudwatch/logGroup:LogGroup": (id, region) => `arn:aws:logs:${region}:${ACCOUNT}:log-group:${id}`,
  "aws:iam/role:Role": (id) => `arn:aws:iam::${ACCOUNT}:role/${id}`,
  "aws:lambda/function:Function": (id, region) => `arn:aws:lambda:${region}:${ACCOUNT}:function:${id}`,
  "aws:lb/listener:Listener": (id, region) =>
    `arn:aws:elasticloadbalancing:${region}:${ACCOUNT}:listener/app/${id}/${digits(id, 16)}/${digits(id, 16)}`,
  "aws:lb/loadBalancer:LoadBalancer": (id, region) =>
    `arn:aws:elasticloadbalancing:${region}:${ACCOUNT}:loadbalancer/app/${id}/${digits(id, 16)}`,
  "aws:lb/targetGroup:TargetGroup": (id, region) =>
    `arn:aws:elasticloadbalancing:${region}:${ACCOUNT}:targetgroup/${id}/${digits(id, 16)}`,
  "aws:wafv2/webAcl:WebAcl": (id, region) =>
    `arn:aws:wafv2:${region}:${ACCOUNT}:regional/webacl/${id}/${digits(id, 32)}`,
};

/** @returns undefined where nothing is known of the type's ARN */
export function arnOf(type: string, id: string, { region }: Properties): string | undefined {
  return ARNS[type]?.(id, typeof region === "string" ? region : "eu-central-1");
}
