/** What may exist once: two resources of a program that are one thing in the cloud are refused, as the cloud would. */
import { UNKNOWN, type Properties, type Value } from "../protocol/values";
import type { CheckProblem } from "../protocol/serve-provider";
import { autoNameOf } from "./auto-naming";

/** Properties that together are the identity of a thing, where it is not its name and its place. */
const IDENTITIES: Readonly<Record<string, readonly string[]>> = {
  "aws:route53/record:Record": ["zoneId", "name", "type", "setIdentifier"],
  "aws:lb/listener:Listener": ["loadBalancerArn", "port"],
  "aws:lb/listenerRule:ListenerRule": ["listenerArn", "priority"],
  "aws:iam/rolePolicy:RolePolicy": ["role", "name"],
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": ["clusterName", "namespace", "serviceAccount"],
  "aws:wafv2/webAcl:WebAcl": ["region", "scope", "name"],
  "aws:wafv2/webAclAssociation:WebAclAssociation": ["resourceArn"],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [
    "securityGroupId",
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
  ],
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": ["project", "map", "name"],
  "gcp:dns/recordSet:RecordSet": ["project", "managedZone", "name", "type"],
  "gcp:logging/projectBucketConfig:ProjectBucketConfig": ["project", "location", "bucketId"],
  "gcp:serviceaccount/account:Account": ["project", "accountId"],
  "gcp:storage/bucket:Bucket": ["name"],
  "cloudflare:index/dnsRecord:DnsRecord": ["zoneId", "name", "type", "content"],
  "cloudflare:index/r2Bucket:R2Bucket": ["accountId", "name"],
  "cloudflare:index/r2CustomDomain:R2CustomDomain": ["zoneId", "domain"],
  // One entry point for each phase of a zone.
  "cloudflare:index/ruleset:Ruleset": ["zoneId", "kind", "phase"],
  "cloudflare:index/tieredCache:TieredCache": ["zoneId"],
  "cloudflare:index/argoTieredCaching:ArgoTieredCaching": ["zoneId"],
  "cloudflare:index/zoneCacheReserve:ZoneCacheReserve": ["zoneId"],
  "cloudflare:index/zoneCacheVariants:ZoneCacheVariants": ["zoneId"],
  "cloudflare:index/zoneSetting:ZoneSetting": ["zoneId", "settingId"],
  "mongodbatlas:index/advancedCluster:AdvancedCluster": ["projectId", "name"],
  "mongodbatlas:index/customDbRole:CustomDbRole": ["projectId", "roleName"],
  "mongodbatlas:index/databaseUser:DatabaseUser": ["projectId", "authDatabaseName", "username"],
  "aws:s3/bucket:Bucket": ["bucket"],
};

/** Where a name holds. */
const PLACES = ["project", "region", "location", "projectId", "accountId", "zoneId"] as const;

/** Identities that the resources of one provider have taken. */
export class Identities {
  private readonly holders = new Map<string, string>();

  /** @param urn of the resource, which may ask again: a deployment judges one resource more than once */
  take(urn: string, type: string, inputs: Properties): CheckProblem[] {
    const properties = IDENTITIES[type] ?? named(type);
    if (properties === undefined) return [];
    const values = properties.map((property) => inputs[property]);
    if (values.includes(UNKNOWN) || values.every((value) => value === undefined)) return [];
    const given = properties.filter((property) => inputs[property] !== undefined);
    const thing = given.map((property) => `${property} ${written(inputs[property])}`).join(", ");
    const holder = this.holders.get(`${type} ${thing}`);
    if (holder === undefined || holder === urn) {
      this.holders.set(`${type} ${thing}`, urn);
      return [];
    }
    return [{ property: given.at(-1) ?? "", reason: `already exists: ${holder} has ${thing}` }];
  }
}

function named(type: string): readonly string[] | undefined {
  const rule = autoNameOf(type);
  return rule === undefined ? undefined : [...PLACES, rule.property];
}

function written(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
