import assert from "node:assert/strict";

import { CloudProvider } from "../../../sandbox/providers/cloud";
import { UNKNOWN, type Properties } from "../../../sandbox/providers/protocol/values";
import { judgeOne } from "../../helpers/judged";

const TARGET_GROUP = { port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b2c3d" };
const ALB = { subnets: ["subnet-1", "subnet-2"] };
const REPLICATION_GROUP = { description: "cache", nodeType: "cache.m7g.large", numCacheClusters: 2 };
const RECORD = {
  zoneId: "Z0123456789ABC",
  name: "www.example.com",
  type: "A",
  ttl: 60,
  records: ["192.0.2.1"],
};
const INGRESS = {
  securityGroupId: "sg-1",
  ipProtocol: "tcp",
  fromPort: 443,
  toPort: 443,
  cidrIpv4: "192.0.2.0/24",
};
const ENTRY = { map: "map", certificates: ["certificate"], hostname: "www.example.com", name: "entry" };
const INSTANCE = { memorySizeGb: 4, tier: "STANDARD_HA", region: "europe-west3" };
const LIMIT = {
  conformAction: "allow",
  exceedAction: "deny(429)",
  enforceOnKey: "IP",
  banDurationSec: 300,
  rateLimitThreshold: { count: 6000, intervalSec: 300 },
};
const BAN = { action: "rate_based_ban", priority: 1, match: { expr: { expression: "true" } } };
const ZONE = "0123456789abcdef0123456789abcdef";
const DNS = {
  zoneId: ZONE,
  name: "www.example.com",
  type: "CNAME",
  content: "lb.example.net",
  ttl: 1,
  proxied: true,
};

const policy = (limit: object): Properties => ({
  rules: [{ ...BAN, rateLimitOptions: { ...LIMIT, ...limit } }],
});

/** What is refused of one resource: `property: reason` without the place at its end. */
function refused(type: string, inputs: object, by?: CloudProvider, name = "thing"): string[] {
  const { problems = [] } = judgeOne(type, name, { ...inputs }, by === undefined ? {} : { by });
  return problems.map(
    ({ property, reason }) => `${property}: ${reason.replace(/\. Examine values at '.*'\.$/, "")}`,
  );
}

const enumOf = (property: string, type: string): RegExp =>
  new RegExp(`^${property}: expected ${property.replace(/^.*\./, "")} to be one of \\[.*\\], got "${type}"`);

/** Type, sound inputs, the change, what the refusal says. */
const CASES: readonly (readonly [string, object, object, RegExp])[] = [
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { prot: "x" },
    /^prot: Invalid or unknown key: got prot; allowed is one of .*protocol/,
  ],
  ["aws:lb/targetGroup:TargetGroup", TARGET_GROUP, { protocol: "GOPHER" }, enumOf("protocol", "GOPHER")],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { port: 0 },
    /^port: expected port to be in the range \(1 - 65535\), got 0/,
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { name: "a".repeat(33) },
    /^name: expected length of name to be in the range \(1 - 32\), got 33/,
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { name: "a.b" },
    /^name: invalid value for name \(must match/,
  ],
  ["aws:lb/targetGroup:TargetGroup", TARGET_GROUP, { vpcId: undefined }, /^vpcId: vpc_id should be set/],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { healthCheck: { interval: 5, timeout: 5 } },
    /^healthCheck\.timeout: expected less than the interval/,
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { healthCheck: { interval: 5, timeout: 4, pth: "/" } },
    /^healthCheck\.pth: Invalid or unknown key/,
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { slowStart: 30, loadBalancingAlgorithmType: "least_outstanding_requests" },
    /^slowStart: is for round_robin alone/,
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    TARGET_GROUP,
    { region: "eu-centra-1" },
    /^region: invalid AWS Region: eu-centra-1/,
  ],
  ["aws:lb/targetGroup:TargetGroup", TARGET_GROUP, { tags: ["a"] }, /^tags: expected a map, got a list/],
  ["aws:lb/loadBalancer:LoadBalancer", ALB, { subnets: ["subnet-1"] }, /^subnets: At least two subnets/],
  ["aws:lb/loadBalancer:LoadBalancer", ALB, { name: "internal-api" }, /^name: invalid value for name/],
  [
    "aws:lb/loadBalancer:LoadBalancer",
    ALB,
    { subnetMappings: [{ subnetId: "subnet-1" }] },
    /^subnets: Invalid combination of arguments: only one of/,
  ],
  [
    "aws:lb/loadBalancer:LoadBalancer",
    ALB,
    { idleTimeout: 4001 },
    /^idleTimeout: expected idleTimeout to be in the range \(1 - 4000\)/,
  ],
  [
    "aws:acm/certificate:Certificate",
    { domainName: "example.com" },
    { subjectAlternativeNames: Array.from({ length: 100 }, (_, i) => `h${i}.example.com`) },
    /^subjectAlternativeNames: expected subjectAlternativeNames to have 0 - 99 items, got 100/,
  ],
  [
    "aws:elasticache/replicationGroup:ReplicationGroup",
    REPLICATION_GROUP,
    { multiAzEnabled: true },
    /^multiAzEnabled: automatic_failover_enabled must be true/,
  ],
  [
    "aws:elasticache/replicationGroup:ReplicationGroup",
    REPLICATION_GROUP,
    { authToken: "0123456789abcdef" },
    /^authToken: needs transitEncryptionEnabled/,
  ],
  [
    "aws:elasticache/replicationGroup:ReplicationGroup",
    REPLICATION_GROUP,
    { description: undefined },
    /^description: Missing required property/,
  ],
  ["aws:route53/record:Record", RECORD, { ttl: undefined }, /^ttl: is required with records/],
  [
    "aws:route53/record:Record",
    RECORD,
    { records: undefined },
    /^aliases: Invalid combination of arguments: one of "aliases, records" must be specified/,
  ],
  ["aws:route53/record:Record", RECORD, { type: "CNAMES" }, enumOf("type", "CNAMES")],
  ["aws:s3/bucket:Bucket", {}, { bucket: "Assets" }, /^bucket: invalid value for bucket/],
  [
    "aws:s3/bucket:Bucket",
    {},
    { bucketPrefix: "a".repeat(38) },
    /^bucketPrefix: expected length of bucketPrefix to be in the range \(1 - 37\)/,
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    INGRESS,
    { cidrIpv4: "192.0.2.1/24" },
    /^cidrIpv4: "192\.0\.2\.1\/24" is not a valid CIDR block: bits are set behind the mask/,
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    INGRESS,
    { prefixListId: "pl-1" },
    /^cidrIpv4: Invalid combination of arguments: only one of/,
  ],
  [
    "aws:iam/rolePolicy:RolePolicy",
    { role: "role", policy: '{"Statement":[]}' },
    { policy: "{" },
    /^policy: "policy" contains an invalid JSON policy/,
  ],
  [
    "aws:lambda/function:Function",
    { role: "arn:aws:iam::123456789012:role/r" },
    { reservedConcurrentExecutions: 901 },
    /^reservedConcurrentExecutions: decreases the account's/,
  ],
  [
    "aws:lambda/function:Function",
    { role: "arn:aws:iam::123456789012:role/r" },
    { runtime: "nodejs99.x" },
    enumOf("runtime", "nodejs99.x"),
  ],
  [
    "aws:cloudwatch/logGroup:LogGroup",
    {},
    { retentionInDays: 31 },
    /^retentionInDays: expected retentionInDays to be one of/,
  ],
  [
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
    ENTRY,
    { name: "www.example.com" },
    /^name: invalid value for name/,
  ],
  [
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
    ENTRY,
    { matcher: "PRIMARY" },
    /^hostname: Invalid combination of arguments: only one of "hostname, matcher"/,
  ],
  [
    "gcp:compute/securityPolicy:SecurityPolicy",
    policy({}),
    policy({ rateLimitThreshold: { count: 10_001, intervalSec: 300 } }),
    /^rules\[0\]\.rateLimitOptions\.rateLimitThreshold\.count: expected count to be in the range \(1 - 10000\), got 10001/,
  ],
  [
    "gcp:compute/securityPolicy:SecurityPolicy",
    policy({}),
    policy({ banDurationSec: undefined }),
    /^rules\[0\]\.rateLimitOptions\.banDurationSec: is required for rate_based_ban/,
  ],
  [
    "gcp:compute/securityPolicy:SecurityPolicy",
    policy({}),
    { rules: [BAN] },
    /^rules\[0\]\.rateLimitOptions: is required for rate_based_ban/,
  ],
  [
    "gcp:compute/securityPolicy:SecurityPolicy",
    policy({}),
    policy({ enforceOnKey: "COUNTRY" }),
    /^rules\[0\]\.rateLimitOptions\.enforceOnKey: expected enforceOnKey to be one of/,
  ],
  [
    "gcp:compute/backendService:BackendService",
    {},
    { backends: [{ group: "projects/p/zones/europe-west1-a/networkEndpointGroups/g" }] },
    /^backends\[0\]\.group: there is no zone "europe-west1-a"; allowed is europe-west1-b, europe-west1-c, europe-west1-d/,
  ],
  [
    "gcp:redis/instance:Instance",
    INSTANCE,
    { readReplicasMode: "READ_REPLICAS_ENABLED" },
    /^memorySizeGb: expected at least 5 with read replicas, got 4/,
  ],
  [
    "gcp:redis/instance:Instance",
    INSTANCE,
    { region: "europe-west33" },
    /^region: unknown region: got "europe-west33"/,
  ],
  ["gcp:redis/instance:Instance", INSTANCE, { tier: "PREMIUM" }, enumOf("tier", "PREMIUM")],
  [
    "gcp:storage/bucket:Bucket",
    { location: "EU" },
    { location: undefined },
    /^location: Missing required property/,
  ],
  ["cloudflare:index/dnsRecord:DnsRecord", DNS, { ttl: 300 }, /^ttl: must be 1 when the record is proxied/],
  ["cloudflare:index/dnsRecord:DnsRecord", DNS, { type: "TXTS", proxied: false }, enumOf("type", "TXTS")],
  [
    "cloudflare:index/dnsRecord:DnsRecord",
    DNS,
    { data: { flags: "0" } },
    /^content: Conflicting configuration: "content": conflicts with data/,
  ],
  [
    "cloudflare:index/zoneSetting:ZoneSetting",
    { zoneId: ZONE, settingId: "ssl", value: "strict" },
    { value: "stric" },
    /^value: Invalid value for zone setting ssl: expected one of .*strict/,
  ],
  [
    "cloudflare:index/ruleset:Ruleset",
    { zoneId: ZONE, kind: "zone", name: "n", phase: "http_ratelimit" },
    { phase: "http_rate" },
    enumOf("phase", "http_rate"),
  ],
  [
    "cloudflare:index/r2Bucket:R2Bucket",
    { accountId: ZONE, name: "assets" },
    { location: "mars" },
    enumOf("location", "mars"),
  ],
  [
    "mongodbatlas:index/privateLinkEndpoint:PrivateLinkEndpoint",
    { projectId: "0".repeat(24), providerName: "AWS", region: "EU_CENTRAL_1" },
    { region: undefined },
    /^region: Missing required property/,
  ],
  [
    "mongodbatlas:index/databaseUser:DatabaseUser",
    { projectId: "0".repeat(24), username: "u", authDatabaseName: "admin", roles: [] },
    { projectId: "project" },
    /^projectId: invalid value for projectId/,
  ],
];

describe("stand-ins of the clouds", () => {
  for (const [type, sound, change, expected] of CASES) {
    const title = JSON.stringify(change).slice(0, 90);
    it(`refuse ${type.split(":").pop() ?? ""} with ${title}`, () => {
      assert.deepEqual(refused(type, sound), []);
      const found = refused(type, { ...sound, ...change });
      assert.match(found[0] ?? "nothing was refused", expected);
    });
  }

  it("say where to look, and judge all that is wrong at once", () => {
    const inputs = { ...TARGET_GROUP, port: 0, protocol: "X" };
    const { problems = [] } = judgeOne("aws:lb/targetGroup:TargetGroup", "targets", inputs);
    assert.deepEqual(
      problems.map(({ property }) => property),
      ["port", "protocol"],
    );
    assert.match(problems[0]?.reason ?? "", /\. Examine values at 'targets\.port'\.$/);
  });

  it("do not repeat what may be a secret", () => {
    const tls = { ...REPLICATION_GROUP, transitEncryptionEnabled: true };
    const found = [
      ...refused("aws:elasticache/replicationGroup:ReplicationGroup", { ...tls, authToken: "sesame/open" }),
      ...refused("gcp:compute/securityPolicy:SecurityPolicy", {
        rules: [{ ...BAN, action: "allow", match: { expr: { expression: "sesame".repeat(400) } } }],
      }),
    ];
    assert.equal(found.length, 3, found.join("\n"));
    assert.doesNotMatch(found.join("\n"), /sesame/);
  });

  it("do not judge what is not known yet", () => {
    for (const [type, sound, change] of CASES) {
      const unknown = Object.fromEntries(Object.keys({ ...sound, ...change }).map((key) => [key, UNKNOWN]));
      const found = refused(type, unknown).filter(
        (line) =>
          !/Invalid or unknown key|Invalid combination|Conflicting configuration|needs transitEncryption/.test(
            line,
          ),
      );
      assert.deepEqual(found, [], type);
    }
  });

  it("have one thing once", () => {
    const cases = [
      ["aws:route53/record:Record", RECORD, { name: "other.example.com" }],
      [
        "cloudflare:index/ruleset:Ruleset",
        { zoneId: ZONE, kind: "zone", name: "a", phase: "http_ratelimit" },
        { zoneId: "f".repeat(32) },
      ],
      [
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        { project: "p", location: "global", bucketId: "logs" },
        { project: "q" },
      ],
      ["aws:lb/loadBalancer:LoadBalancer", { ...ALB, name: "front" }, { region: "eu-west-1" }],
    ] as const;
    for (const [type, inputs, elsewhere] of cases) {
      const by = new CloudProvider(type.split(":")[0] ?? "");
      assert.deepEqual(refused(type, inputs, by, "first"), []);
      // A deployment judges one resource more than once.
      assert.deepEqual(refused(type, inputs, by, "first"), []);
      assert.match(
        refused(type, inputs, by, "second").join("\n"),
        /already exists: urn:pulumi:.*::first has /,
        type,
      );
      assert.deepEqual(refused(type, { ...inputs, ...elsewhere }, by, "third"), []);
    }
  });
});
