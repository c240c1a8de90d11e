import assert from "node:assert/strict";

import { judgeOne } from "../../helpers/judged";

const FIREWALL = { network: "main", sourceRanges: ["130.211.0.0/22"], allows: [{ protocol: "tcp" }] };

/** The made-up name and what was refused. */
function named(type: string, name: string, inputs: object, olds: object = {}): [unknown, string[]] {
  const property = type.endsWith(":Bucket") && type.startsWith("aws:") ? "bucket" : "name";
  const { inputs: checked, problems = [] } = judgeOne(type, name, { ...inputs }, { olds: { ...olds } });
  return [checked[property], problems.map(({ reason }) => reason)];
}

describe("names that the stand-ins of the clouds make up", () => {
  const TARGETS = "aws:lb/targetGroup:TargetGroup";
  const targets = { port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b2c3d" };

  it("are the resource's own and seven hexadecimal digits", () => {
    const [name, refused] = named(TARGETS, "a".repeat(24), targets);
    assert.match(String(name), /^a{24}-[0-9a-f]{7}$/);
    assert.deepEqual(refused, []);
  });

  it("are refused, not cut, where the provider has no room for them", () => {
    assert.deepEqual(named(TARGETS, "public-load-balancer-targets", targets), [
      undefined,
      [
        "could not make instance of 'aws:lb/targetGroup:TargetGroup': name 'public-load-balancer-targets-' plus 7 random chars is longer than maximum length 32",
      ],
    ]);
    const [, refused] = named(TARGETS, "a".repeat(25), targets);
    assert.equal(refused.length, 1);
  });

  it("stay what they were, and are made anew for a replacement", () => {
    const before = "targets-0123abc";
    assert.equal(named(TARGETS, "targets", targets, { ...targets, name: before })[0], before);
    assert.notEqual(named(TARGETS, "targets", targets)[0], before);
    // One that was given once is not kept when it is given no more.
    assert.notEqual(named(TARGETS, "targets", targets, { ...targets, name: "given" })[0], "given");
  });

  it("are lower case where the provider makes them so", () => {
    const [bucket] = named("aws:s3/bucket:Bucket", "Assets", {});
    assert.match(String(bucket), /^assets-[0-9a-f]{7}$/);
    const group = judgeOne("aws:elasticache/replicationGroup:ReplicationGroup", "Cache", {
      description: "-",
    });
    assert.match(group.inputs["replicationGroupId"] as string, /^cache-[0-9a-f]{7}$/);
  });

  it("are none where a name or a prefix is given, or where the provider makes none", () => {
    assert.deepEqual(named(TARGETS, "targets", { ...targets, name: "mine" }), ["mine", []]);
    assert.deepEqual(named("aws:s3/bucket:Bucket", "assets", { bucketPrefix: "assets-" }), [undefined, []]);
    const rule = {
      loadBalancerArn: "arn",
      port: 80,
      defaultActions: [{ type: "forward", targetGroupArn: "arn" }],
    };
    assert.deepEqual(named("aws:lb/listener:Listener", "http", rule), [undefined, []]);
    const [name] = named("cloudflare:index/r2Bucket:R2Bucket", "assets", { accountId: "0".repeat(32) });
    assert.equal(name, undefined);
  });

  it("are held to what the cloud takes for a name", () => {
    const [name, refused] = named("gcp:compute/firewall:Firewall", `From-${"a".repeat(60)}`, FIREWALL);
    assert.equal(String(name).length, 73);
    assert.match(refused.join("\n"), /invalid value for name \(must match .*\), got "From-a/);
    const authorization = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization";
    const [, dots] = named(authorization, "proof-www.example.com", { domain: "www.example.com" });
    assert.match(dots.join("\n"), /invalid value for name .*"proof-www\.example\.com-[0-9a-f]{7}"/);
    const [, long] = named("gcp:redis/instance:Instance", "a".repeat(34), { memorySizeGb: 1 });
    assert.match(long.join("\n"), /must match \^\[a-z\]\[a-z0-9-\]\{0,39\}\[a-z0-9\]\$/);
    const cache = { description: "cache" };
    const group = "aws:elasticache/replicationGroup:ReplicationGroup";
    assert.deepEqual(named(group, "redis-session-replication-group", cache)[1], []);
    assert.match(
      named(group, "redis-session-store-replication-group", cache)[1].join("\n"),
      /plus 7 random chars is longer than maximum length 40/,
    );
  });
});
