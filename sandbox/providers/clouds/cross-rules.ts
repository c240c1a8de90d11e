/** What vendors refuse that no single property shows, and quotas of new accounts. The source stands beside each. */
import { isIPv4 } from "node:net";

import type { CheckProblem } from "../protocol/serve-provider";
import { UNKNOWN, isProperties, type Properties, type Value } from "../protocol/values";
import { isGiven } from "./judge-shape";
import { valuesAt } from "./judge-rules";

type Rule = (inputs: Properties) => readonly (CheckProblem | undefined)[];

function problem(broken: boolean, property: string, reason: string): CheckProblem | undefined {
  return broken ? { property, reason } : undefined;
}

function map(value: Value): Properties {
  return isProperties(value) ? value : {};
}

/** Not switched on, and not to be switched on by a value that is not known yet. */
function isOff(value: Value): boolean {
  return value !== true && value !== UNKNOWN;
}

function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [];
}

/** NaN for what is no number, or not known yet: no comparison holds with it. */
function number(value: Value): number {
  return typeof value === "number" ? value : NaN;
}

/** A value inside a message. */
function show(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** EC2: InvalidParameterValue for a block with bits behind its mask; Compute Engine and Cloud Armor likewise. */
const networks =
  (...paths: readonly string[]): Rule =>
  (inputs) =>
    paths
      .flatMap((path) => valuesAt(inputs, path))
      .map(({ path, value }) =>
        problem(
          typeof value === "string" && hasHostBits(value),
          path,
          `${JSON.stringify(value)} is not a valid CIDR block: bits are set behind the mask`,
        ),
      );

function hasHostBits(block: string): boolean {
  const [address = "", length] = block.split("/");
  if (!isIPv4(address) || length === undefined) return false;
  const bits = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return bits % 2 ** (32 - Number(length)) !== 0;
}

/** Text that has to be a policy: a JSON object with statements of a known effect. */
const policy =
  (property: string, longest: number): Rule =>
  (inputs) => {
    const value = inputs[property];
    if (typeof value !== "string" || value === UNKNOWN || value.includes(UNKNOWN)) return [];
    const statements = statementsOf(value);
    return [
      problem(statements === undefined, property, `"${property}" contains an invalid JSON policy`),
      problem(
        value.length > longest,
        property,
        `expected at most ${longest} characters, got ${value.length}`,
      ),
      ...(statements ?? []).map((statement, index) =>
        problem(
          !["Allow", "Deny"].includes(show(statement["Effect"])),
          property,
          `Statement[${index}].Effect: expected "Allow" or "Deny", got ${JSON.stringify(statement["Effect"])}`,
        ),
      ),
    ];
  };

function statementsOf(text: string): Properties[] | undefined {
  try {
    const parsed = JSON.parse(text) as Value;
    if (!isProperties(parsed)) return undefined;
    const { Statement: given } = parsed;
    return Array.isArray(given)
      ? (given as readonly Value[]).map(map)
      : isProperties(given)
        ? [given]
        : undefined;
  } catch {
    return undefined;
  }
}

/** CloudFront API Reference, DefaultCacheBehavior and CacheBehavior; NoSuchOrigin. */
const distribution: Rule = (inputs) => {
  const origins = [...list(inputs["origins"]), ...list(inputs["originGroups"])].map(
    (origin) => map(origin)["originId"],
  );
  const targets = [
    ...valuesAt(inputs, "defaultCacheBehavior.targetOriginId"),
    ...valuesAt(inputs, "orderedCacheBehaviors[].targetOriginId"),
  ];
  const patterns = valuesAt(inputs, "orderedCacheBehaviors[].pathPattern");
  return [
    ...targets.map(({ path, value }) =>
      problem(
        !origins.includes(value) && !origins.includes(UNKNOWN),
        path,
        `no origin has the id ${show(value)}`,
      ),
    ),
    ...patterns.map(({ path, value }, index) =>
      problem(
        patterns.findIndex((other) => other.value === value) !== index,
        path,
        `two cache behaviours have the path pattern ${show(value)}`,
      ),
    ),
  ];
};

/** CloudFront API Reference, CachePolicyConfig. */
const cachePolicy: Rule = ({ minTtl, defaultTtl, maxTtl }) => [
  problem(
    number(minTtl) > number(maxTtl),
    "minTtl",
    `expected at most maxTtl ${show(maxTtl)}, got ${show(minTtl)}`,
  ),
  problem(
    number(defaultTtl) > number(maxTtl) || number(defaultTtl) < number(minTtl),
    "defaultTtl",
    `expected from minTtl ${show(minTtl)} to maxTtl ${show(maxTtl)}, got ${show(defaultTtl)}`,
  ),
];

/** ELB API Reference, CreateTargetGroup, TargetGroupAttribute slow_start.duration_seconds. */
const targetGroup: Rule = (inputs) => {
  const { healthCheck, slowStart, loadBalancingAlgorithmType: algorithm, targetType, port, vpcId } = inputs;
  const { interval, timeout } = map(healthCheck);
  const start = number(slowStart);
  return [
    problem(
      number(timeout) >= number(interval),
      "healthCheck.timeout",
      `expected less than the interval of ${show(interval)} s, got ${show(timeout)}`,
    ),
    problem(
      (start > 0 && start < 30) || start > 900,
      "slowStart",
      `expected 0 or in the range (30 - 900), got ${start}`,
    ),
    problem(
      start > 0 && isGiven(algorithm) && algorithm !== "round_robin" && algorithm !== UNKNOWN,
      "slowStart",
      `is for round_robin alone, got ${show(algorithm)}`,
    ),
    problem(
      targetType !== "lambda" && !isGiven(port),
      "port",
      "port should be set when target type is not lambda",
    ),
    problem(
      targetType !== "lambda" && !isGiven(vpcId),
      "vpcId",
      "vpc_id should be set when target type is not lambda",
    ),
  ];
};

/** ELB API Reference, CreateLoadBalancer: an Application Load Balancer stands in two zones. */
const loadBalancer: Rule = ({ loadBalancerType: type = "application", subnets }) => [
  problem(
    type === "application" && list(subnets).length === 1,
    "subnets",
    "At least two subnets in two different Availability Zones must be specified, got 1",
  ),
];

/** ELB API Reference, CreateListener. */
const listener: Rule = ({ protocol, certificateArn }) => [
  problem(
    protocol === "HTTPS" && !isGiven(certificateArn),
    "certificateArn",
    "A certificate must be specified for HTTPS listeners",
  ),
];

/** ElastiCache API Reference, CreateReplicationGroup. */
const replicationGroup: Rule = (inputs) => {
  const { automaticFailoverEnabled: failover, multiAzEnabled: zones, numCacheClusters: members } = inputs;
  const { authToken, transitEncryptionEnabled: tls } = inputs;
  return [
    problem(
      failover === true && number(members) < 2,
      "automaticFailoverEnabled",
      "needs at least two numCacheClusters",
    ),
    problem(zones === true && isOff(failover), "multiAzEnabled", "automatic_failover_enabled must be true"),
    problem(isGiven(authToken) && isOff(tls), "authToken", "needs transitEncryptionEnabled"),
  ];
};

/** Lambda quotas: 1,000 at once in an account, of which 100 stay for functions without a reservation. */
const lambda: Rule = ({ reservedConcurrentExecutions: reserved }) => [
  problem(
    number(reserved) > 900,
    "reservedConcurrentExecutions",
    `decreases the account's UnreservedConcurrentExecution below its minimum value of [100]: expected at most 900 with the default quota, got ${show(reserved)}`,
  ),
];

/** The provider's AtLeastOneOf and Route 53's own rule that an alias has no time to live. */
const record: Rule = ({ aliases, ttl, records }) => [
  problem(list(aliases).length > 0 && isGiven(ttl), "ttl", "an alias has no ttl"),
  problem(list(records).length > 0 && !isGiven(ttl), "ttl", "is required with records"),
];

/** Compute Engine API, SecurityPolicyRule: unique priorities, limits where the action limits. */
const securityPolicy: Rule = (inputs) => {
  const rules = list(inputs["rules"]).map(map);
  const priorities = rules.map((rule) => rule["priority"]);
  return rules.flatMap((rule, index) => {
    const { action, priority, rateLimitOptions } = rule;
    const limits = action === "throttle" || action === "rate_based_ban";
    const at = `rules[${index}]`;
    return [
      problem(
        priorities.indexOf(priority) !== index,
        `${at}.priority`,
        `cannot have rules with the same priority (priority: ${show(priority)})`,
      ),
      problem(
        limits && !isGiven(rateLimitOptions),
        `${at}.rateLimitOptions`,
        `is required for ${show(action)}`,
      ),
      problem(
        action === "rate_based_ban" &&
          isGiven(rateLimitOptions) &&
          !isGiven(map(rateLimitOptions)["banDurationSec"]),
        `${at}.rateLimitOptions.banDurationSec`,
        "is required for rate_based_ban",
      ),
    ];
  });
};

/** Compute Engine API, UrlMap: each host rule names a matcher that is there. */
const urlMap: Rule = (inputs) => {
  const matchers = valuesAt(inputs, "pathMatchers[].name").map(({ value }) => value);
  return valuesAt(inputs, "hostRules[].pathMatcher").map(({ path, value }) =>
    problem(!matchers.includes(value), path, `no path matcher has the name ${show(value)}`),
  );
};

/** Compute Engine API, HealthCheck. */
const healthCheck: Rule = ({ timeoutSec: timeout, checkIntervalSec: interval }) => [
  problem(
    number(timeout) > number(interval),
    "timeoutSec",
    `expected at most checkIntervalSec ${show(interval)}, got ${show(timeout)}`,
  ),
];

/** Memorystore for Redis, read replicas. */
const memorystore: Rule = ({ tier, readReplicasMode: mode, memorySizeGb: size }) => [
  problem(
    mode === "READ_REPLICAS_ENABLED" && tier !== "STANDARD_HA" && tier !== UNKNOWN,
    "readReplicasMode",
    "needs the tier STANDARD_HA",
  ),
  problem(
    mode === "READ_REPLICAS_ENABLED" && number(size) < 5,
    "memorySizeGb",
    `expected at least 5 with read replicas, got ${show(size)}`,
  ),
];

/** Cloudflare API, DNS records. */
const dnsRecord: Rule = ({ type, content, proxied, ttl }) => [
  problem(
    type === "A" && typeof content === "string" && content !== UNKNOWN && !isIPv4(content),
    "content",
    `Content for A record must be a valid IPv4 address, got ${JSON.stringify(content)}`,
  ),
  problem(
    proxied === true && type !== UNKNOWN && !["A", "AAAA", "CNAME"].includes(show(type)),
    "proxied",
    `records of the type ${show(type)} cannot be proxied`,
  ),
  problem(
    proxied === true && ttl !== UNKNOWN && ttl !== 1,
    "ttl",
    `must be 1 when the record is proxied, got ${show(ttl)}`,
  ),
  problem(
    number(ttl) > 1 && number(ttl) < 30,
    "ttl",
    `expected 1 or in the range (30 - 86400), got ${show(ttl)}`,
  ),
];

const ON_OFF = ["on", "off"];

/** Cloudflare API, zone settings: values by id, of those that are texts. */
const ZONE_SETTINGS: Readonly<Record<string, readonly string[] | undefined>> = {
  "0rtt": ON_OFF,
  always_use_https: ON_OFF,
  automatic_https_rewrites: ON_OFF,
  brotli: ON_OFF,
  early_hints: ON_OFF,
  http2: ON_OFF,
  http3: ON_OFF,
  image_resizing: ["on", "off", "open"],
  ipv6: ON_OFF,
  min_tls_version: ["1.0", "1.1", "1.2", "1.3"],
  opportunistic_encryption: ON_OFF,
  origin_error_page_pass_thru: ON_OFF,
  polish: ["off", "lossless", "lossy"],
  security_level: ["off", "essentially_off", "low", "medium", "high", "under_attack"],
  ssl: ["off", "flexible", "full", "strict", "origin_pull"],
  tls_1_3: ["on", "off", "zrt"],
  tls_client_auth: ON_OFF,
  webp: ON_OFF,
  websockets: ON_OFF,
};

const zoneSetting: Rule = ({ settingId, value }) => {
  const allowed = ZONE_SETTINGS[show(settingId)];
  return [
    problem(
      allowed !== undefined && value !== UNKNOWN && !allowed.includes(show(value)),
      "value",
      `Invalid value for zone setting ${show(settingId)}: expected one of ${allowed?.join(", ")}, got ${JSON.stringify(value)}`,
    ),
  ];
};

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  "aws:cloudfront/cachePolicy:CachePolicy": [cachePolicy],
  "aws:cloudfront/distribution:Distribution": [distribution],
  "aws:ec2/securityGroup:SecurityGroup": [networks("ingress[].cidrBlocks[]", "egress[].cidrBlocks[]")],
  "aws:elasticache/replicationGroup:ReplicationGroup": [replicationGroup],
  "aws:iam/role:Role": [policy("assumeRolePolicy", 2048)],
  "aws:iam/rolePolicy:RolePolicy": [policy("policy", 10_240)],
  "aws:lambda/function:Function": [lambda],
  "aws:lb/listener:Listener": [listener],
  "aws:lb/loadBalancer:LoadBalancer": [loadBalancer],
  "aws:lb/targetGroup:TargetGroup": [targetGroup],
  "aws:route53/record:Record": [record],
  "aws:s3/bucketPolicy:BucketPolicy": [policy("policy", 20_480)],
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": [networks("cidrIpv4")],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [networks("cidrIpv4")],
  "gcp:compute/firewall:Firewall": [networks("sourceRanges[]", "destinationRanges[]")],
  "gcp:compute/healthCheck:HealthCheck": [healthCheck],
  "gcp:compute/securityPolicy:SecurityPolicy": [
    securityPolicy,
    networks("rules[].match.config.srcIpRanges[]"),
  ],
  "gcp:compute/uRLMap:URLMap": [urlMap],
  "gcp:redis/instance:Instance": [memorystore],
  "cloudflare:index/dnsRecord:DnsRecord": [dnsRecord],
  "cloudflare:index/zoneSetting:ZoneSetting": [zoneSetting],
};

export function crossProblems(type: string, inputs: Properties): CheckProblem[] {
  return (RULES[type] ?? []).flatMap((rule) => rule(inputs)).filter((found) => found !== undefined);
}
