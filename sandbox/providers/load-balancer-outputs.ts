/** What the clouds add to a load balancer and its neighbours, and what they answer to look-ups on the way to one. */
import type { Properties } from "./protocol/values";

const ACCOUNT = "123456789012";

type Inventor = (id: string, inputs: Properties) => Properties;

function names(...given: unknown[]): string[] {
  return given.flat().filter((name): name is string => typeof name === "string");
}

/** Outputs by type token. */
export const LOAD_BALANCER_OUTPUTS: Readonly<Record<string, Inventor>> = {
  "aws:ec2/securityGroup:SecurityGroup": () => ({ ownerId: ACCOUNT }),
  "aws:lb/loadBalancer:LoadBalancer": (id) => ({ arnSuffix: `app/${id}/0123456789abcdef` }),
  "aws:lb/targetGroup:TargetGroup": (id) => ({ arnSuffix: `targetgroup/${id}/0123456789abcdef` }),
  "aws:acm/certificate:Certificate": (_id, inputs) => ({
    domainValidationOptions: names(inputs["domainName"], inputs["subjectAlternativeNames"]).map(
      (domainName) => ({
        domainName,
        resourceRecordName: `_0a1b2c3d.${domainName}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: "_4e5f6071.acm-validations.aws.",
      }),
    ),
  }),
  "aws:route53/record:Record": (_id, inputs) => ({ fqdn: inputs["name"] }),
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": (_id, inputs) => ({
    dnsResourceRecords: [
      {
        name: `_acme-challenge.${names(inputs["domain"]).join("")}.`,
        type: "CNAME",
        data: "0a1b2c3d.authorize.certificatemanager.goog.",
      },
    ],
  }),
};

/** Answers by token. */
export const LOAD_BALANCER_LOOKUPS: Readonly<Record<string, (args: Properties) => Properties>> = {
  "aws:ec2/getManagedPrefixList:getManagedPrefixList": ({ name }) => ({
    id: "pl-0a1b2c3d4e5f60718",
    arn: "arn:aws:ec2:eu-central-1:aws:prefix-list/pl-0a1b2c3d4e5f60718",
    name,
    addressFamily: "IPv4",
    entries: [],
    maxEntries: 55,
    ownerId: "AWS",
    tags: {},
    version: 1,
  }),
};
