import assert from "node:assert/strict";

import { changes, type Properties } from "../../../sandbox/providers/protocol/values";
import { standIn } from "../../helpers/judged";

const TARGET_GROUP = { port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b2c3d" };
const REPLICATION_GROUP = { description: "cache", nodeType: "cache.m7g.large", numCacheClusters: 2 };
const INSTANCE = { memorySizeGb: 4, tier: "STANDARD_HA", region: "europe-west3" };
const ZONE = "0123456789abcdef0123456789abcdef";
const DNS = {
  zoneId: ZONE,
  name: "www.example.com",
  type: "CNAME",
  content: "lb.example.net",
  ttl: 1,
  proxied: true,
};

describe("replacements of the clouds' stand-ins", () => {
  const replacement = (type: string, olds: Properties, news: Properties): [readonly string[], boolean] => {
    const { paths, deleteFirst } = standIn(type.split(":")[0] ?? "").replacement(
      type,
      changes(olds, news),
      news,
      olds,
      `urn:pulumi:test::retrofitlink::${type}::thing`,
    );
    return [paths, deleteFirst];
  };

  it("follow what cannot be changed in place", () => {
    const group = { ...TARGET_GROUP, name: "thing-0123abc", deregistrationDelay: 30 };
    const type = "aws:lb/targetGroup:TargetGroup";
    assert.deepEqual(replacement(type, group, { ...group, deregistrationDelay: 60 }), [[], false]);
    assert.deepEqual(replacement(type, group, { ...group, port: 81 }), [["port"], false]);
    assert.deepEqual(
      replacement(type, { ...group, region: "eu-central-1" }, { ...group, region: "eu-west-1" }),
      [["region"], false],
    );
    const cache = {
      ...REPLICATION_GROUP,
      replicationGroupId: "thing-0123abc",
      atRestEncryptionEnabled: false,
    };
    const caches = "aws:elasticache/replicationGroup:ReplicationGroup";
    assert.deepEqual(replacement(caches, cache, { ...cache, numCacheClusters: 3 }), [[], false]);
    assert.deepEqual(replacement(caches, cache, { ...cache, atRestEncryptionEnabled: true })[0], [
      "atRestEncryptionEnabled",
    ]);
    assert.deepEqual(
      replacement("gcp:redis/instance:Instance", INSTANCE, { ...INSTANCE, tier: "BASIC" })[0],
      ["tier"],
    );
    assert.deepEqual(
      replacement("gcp:redis/instance:Instance", INSTANCE, { ...INSTANCE, memorySizeGb: 5 })[0],
      [],
    );
    assert.deepEqual(replacement("cloudflare:index/dnsRecord:DnsRecord", DNS, { ...DNS, type: "TXT" })[0], [
      "type",
    ]);
    const user = { projectId: "p", username: "u" };
    assert.deepEqual(
      replacement("mongodbatlas:index/databaseUser:DatabaseUser", user, { ...user, username: "v" })[0],
      ["username"],
    );
  });

  it("delete first what has a name that was given and stays", () => {
    const type = "aws:lb/targetGroup:TargetGroup";
    const given = { ...TARGET_GROUP, name: "mine" };
    assert.deepEqual(replacement(type, given, { ...given, port: 81 }), [["port"], true]);
    assert.deepEqual(replacement(type, given, { ...given, name: "other" }), [["name"], false]);
  });

  it("take a changed name for another thing where a type has no table", () => {
    assert.deepEqual(
      replacement("aws:sqs/queue:Queue", { name: "a", delay: 1 }, { name: "b", delay: 2 })[0],
      ["name"],
    );
  });
});
