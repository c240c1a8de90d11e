/** Bounds that the vendors' models do not carry, with where they are written. Same form as the generated tables. */
import type { ResourceRules } from "./rules";

/** Without groups where there are none. */
type Limits = Pick<ResourceRules, "source" | "paths"> & Partial<Pick<ResourceRules, "groups">>;

/** Letters, digits, hyphens; no hyphen at either end. */
const ELB_NAME = { length: [1, 32], pattern: "^(?!-)(?!internal-)[a-zA-Z0-9-]+(?<!-)$" } as const;

const CERTIFICATE_MANAGER_ID = { length: [1, 64], pattern: "^[a-zA-Z][a-zA-Z0-9_-]*$" } as const;

/** RFC 1035, as Compute Engine has it for everything with a name. */
const GCE_NAME = { pattern: "^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$" } as const;

const CERTIFICATE_MANAGER =
  "descriptions of `name` in terraform-provider-google-beta resource_certificate_manager_*.go";

const SERVER_OF_BUCKETS = "S3 User Guide, bucket naming rules";

export const LIMITS: Readonly<Record<string, Limits>> = {
  "aws:acm/certificate:Certificate": {
    source: "botocore acm DomainNameString; ACM quotas, domain names per certificate",
    paths: { subjectAlternativeNames: { items: [0, 99] }, domainName: { length: [1, 253] } },
  },
  "aws:cloudfront/distribution:Distribution": {
    source: "CloudFront Developer Guide, quotas on distributions and origin settings",
    paths: {
      aliases: { items: [0, 100] },
      origins: { items: [1, 100] },
      orderedCacheBehaviors: { items: [0, 75] },
      httpVersion: { enum: ["http1.1", "http2", "http2and3", "http3"] },
      priceClass: { enum: ["PriceClass_All", "PriceClass_200", "PriceClass_100"] },
      "origins[].connectionAttempts": { range: [1, 3] },
      "origins[].connectionTimeout": { range: [1, 10] },
      "origins[].customOriginConfig.originReadTimeout": { range: [1, 120] },
      "origins[].customOriginConfig.originKeepaliveTimeout": { range: [1, 120] },
    },
  },
  "aws:cloudfront/function:Function": {
    source: "CloudFront Developer Guide, quotas on functions: 10 KB",
    paths: { code: { length: [1, 10_240] } },
  },
  "aws:cloudfront/cachePolicy:CachePolicy": {
    source: "CloudFront API Reference, CachePolicyConfig",
    paths: { name: { length: [1, 128] } },
  },
  "aws:cloudfront/originAccessControl:OriginAccessControl": {
    source: "CloudFront API Reference, OriginAccessControlConfig",
    paths: { name: { length: [1, 64] } },
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    source: "CloudWatch Logs API Reference, PutRetentionPolicy",
    paths: {
      retentionInDays: {
        enum: [
          0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
          3288, 3653,
        ],
      },
    },
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    source: "EC2 API Reference, CreateSecurityGroup",
    paths: {
      name: { length: [1, 255], pattern: "^(?!sg-)" },
      description: { length: [0, 255], pattern: "^[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]*$" },
    },
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    source: "EC2 API Reference, CreateVpcEndpoint",
    paths: { vpcId: { pattern: "^vpc-" } },
  },
  "aws:elasticache/parameterGroup:ParameterGroup": {
    source: "ElastiCache API Reference, CreateCacheParameterGroup",
    paths: {
      name: { length: [1, 255], pattern: "^[a-z](?:-?[a-z0-9])*$" },
      family: {
        enum: [
          "memcached1.4",
          "memcached1.5",
          "memcached1.6",
          "redis2.6",
          "redis2.8",
          "redis3.2",
          "redis4.0",
          "redis5.0",
          "redis6.x",
          "redis7",
          "valkey7",
          "valkey8",
        ],
      },
    },
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    source: "ElastiCache API Reference, CreateReplicationGroup",
    paths: {
      replicationGroupId: { length: [1, 40], pattern: "^[a-z](?:-?[a-z0-9])*$" },
      description: { length: [1, 255] },
      engine: { enum: ["redis", "valkey"] },
      numCacheClusters: { range: [1, 6] },
      replicasPerNodeGroup: { range: [0, 5] },
      numNodeGroups: { range: [1, 500] },
      snapshotRetentionLimit: { range: [0, 35] },
      nodeType: { pattern: "^cache\\.[a-z0-9]+\\.[a-z0-9]+$" },
      authToken: { length: [16, 128], pattern: '^[^/"@]+$' },
      authTokenUpdateStrategy: { enum: ["SET", "ROTATE", "DELETE"] },
    },
    groups: [["conflicts", ["numCacheClusters", "numNodeGroups"]]],
  },
  "aws:elasticache/subnetGroup:SubnetGroup": {
    source: "ElastiCache API Reference, CreateCacheSubnetGroup",
    paths: { name: { length: [1, 255], pattern: "^[a-z0-9-]+$" }, subnetIds: { items: [1, null] } },
  },
  "aws:iam/role:Role": {
    source: "IAM API Reference, CreateRole; the provider's name_prefix leaves 26 characters",
    paths: { namePrefix: { length: [1, 38] } },
    groups: [["conflicts", ["name", "namePrefix"]]],
  },
  "aws:lambda/function:Function": {
    source: "Lambda API Reference, CreateFunction; quotas of the account",
    paths: {
      memorySize: { range: [128, 10_240] },
      timeout: { range: [1, 900] },
      reservedConcurrentExecutions: { range: [-1, null] },
      architectures: { items: [1, 1] },
      "ephemeralStorage.size": { range: [512, 10_240] },
    },
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    source: "ELB API Reference, CreateLoadBalancer and LoadBalancerAttribute",
    paths: {
      name: ELB_NAME,
      namePrefix: { length: [1, 6] },
      idleTimeout: { range: [1, 4000] },
      clientKeepAlive: { range: [60, 604_800] },
      desyncMitigationMode: { enum: ["monitor", "defensive", "strictest"] },
      xffHeaderProcessingMode: { enum: ["append", "preserve", "remove"] },
    },
    groups: [
      ["conflicts", ["name", "namePrefix"]],
      ["exactlyOneOf", ["subnets", "subnetMappings"]],
    ],
  },
  "aws:lb/listener:Listener": {
    source: "ELB API Reference, CreateListener",
    paths: { defaultActions: { items: [1, 50] } },
  },
  "aws:lb/listenerRule:ListenerRule": {
    source: "ELB API Reference, CreateRule; quotas: five condition values a rule",
    paths: {
      priority: { range: [1, 50_000] },
      actions: { items: [1, null] },
      conditions: { items: [1, null] },
    },
  },
  "aws:lb/targetGroup:TargetGroup": {
    source: "ELB API Reference, CreateTargetGroup and TargetGroupAttribute",
    paths: {
      name: ELB_NAME,
      namePrefix: { length: [1, 6] },
      protocolVersion: { enum: ["GRPC", "HTTP1", "HTTP2"] },
      deregistrationDelay: { range: [0, 3600] },
      loadBalancingAlgorithmType: {
        enum: ["round_robin", "least_outstanding_requests", "weighted_random"],
      },
      "healthCheck.interval": { range: [5, 300] },
      "healthCheck.timeout": { range: [2, 120] },
      "healthCheck.healthyThreshold": { range: [2, 10] },
      "healthCheck.unhealthyThreshold": { range: [2, 10] },
      "healthCheck.path": { length: [1, 1024], pattern: "^/" },
      "healthCheck.protocol": { enum: ["HTTP", "HTTPS", "TCP"] },
    },
    groups: [["conflicts", ["name", "namePrefix"]]],
  },
  "aws:route53/record:Record": {
    source: "Route 53 API Reference, ResourceRecordSet; the provider's ExactlyOneOf",
    paths: { name: { length: [1, 255] }, ttl: { range: [0, 2_147_483_647] } },
    groups: [["exactlyOneOf", ["aliases", "records"]]],
  },
  "aws:s3/bucket:Bucket": {
    source: `${SERVER_OF_BUCKETS}; the provider's bucket_prefix leaves 26 characters`,
    paths: {
      bucket: { length: [3, 63], pattern: "^(?!xn--)(?!sthree-)[a-z0-9][a-z0-9.-]*[a-z0-9]$" },
      bucketPrefix: { length: [1, 37], pattern: "^[a-z0-9][a-z0-9.-]*$" },
    },
    groups: [["conflicts", ["bucket", "bucketPrefix"]]],
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    source: "the provider's ExactlyOneOf; EC2 API Reference, IpPermission",
    paths: { fromPort: { range: [-1, 65_535] }, toPort: { range: [-1, 65_535] } },
    groups: [["exactlyOneOf", ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"]]],
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    source: "the provider's ExactlyOneOf; EC2 API Reference, IpPermission",
    paths: { fromPort: { range: [-1, 65_535] }, toPort: { range: [-1, 65_535] } },
    groups: [["exactlyOneOf", ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"]]],
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    source: "WAF Developer Guide, logging destinations",
    paths: { logDestinationConfigs: { items: [1, 1] } },
  },

  "gcp:certificatemanager/certificate:Certificate": {
    source: `${CERTIFICATE_MANAGER}; Certificate Manager quotas`,
    paths: { name: CERTIFICATE_MANAGER_ID, "managed.domains": { items: [1, 100] } },
    groups: [["exactlyOneOf", ["managed", "selfManaged"]]],
  },
  "gcp:certificatemanager/certificateMap:CertificateMap": {
    source: CERTIFICATE_MANAGER,
    paths: { name: CERTIFICATE_MANAGER_ID },
  },
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": {
    source: CERTIFICATE_MANAGER,
    paths: { name: CERTIFICATE_MANAGER_ID, certificates: { items: [1, 15] } },
  },
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": {
    source: CERTIFICATE_MANAGER,
    paths: { name: CERTIFICATE_MANAGER_ID, domain: { length: [1, 253], pattern: "^[^*.]" } },
  },
  "gcp:cloudfunctionsv2/function:Function": {
    source: "Cloud Run functions, resource names",
    paths: { name: { pattern: "^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$" } },
  },
  "gcp:compute/backendService:BackendService": {
    source: "Compute Engine API, BackendService",
    paths: { "logConfig.sampleRate": { range: [0, 1] }, portName: GCE_NAME },
  },
  "gcp:compute/healthCheck:HealthCheck": {
    source: "Compute Engine API, HealthCheck",
    paths: {
      checkIntervalSec: { range: [1, 300] },
      timeoutSec: { range: [1, 300] },
      healthyThreshold: { range: [1, 10] },
      unhealthyThreshold: { range: [1, 10] },
    },
  },
  "gcp:compute/securityPolicy:SecurityPolicy": {
    source: "Cloud Armor, rate limiting overview; Compute Engine API, SecurityPolicyRule",
    paths: {
      "rules[].priority": { range: [0, 2_147_483_647] },
      "rules[].action": { pattern: "^(?:allow|deny\\((?:403|404|502)\\)|rate_based_ban|throttle|redirect)$" },
      "rules[].rateLimitOptions.rateLimitThreshold.count": { range: [1, 10_000] },
      "rules[].rateLimitOptions.rateLimitThreshold.intervalSec": {
        enum: [10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600],
      },
      "rules[].rateLimitOptions.banThreshold.count": { range: [1, 10_000] },
      "rules[].match.expr.expression": { length: [1, 2048] },
    },
  },
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy": {
    source: "Compute Engine API, TargetHttpsProxy.httpKeepAliveTimeoutSec",
    paths: { httpKeepAliveTimeoutSec: { range: [5, 1200] } },
  },
  "gcp:compute/targetHttpProxy:TargetHttpProxy": {
    source: "Compute Engine API, TargetHttpProxy.httpKeepAliveTimeoutSec",
    paths: { httpKeepAliveTimeoutSec: { range: [5, 1200] } },
  },
  "gcp:dns/recordSet:RecordSet": {
    source: "Cloud DNS API, ResourceRecordSet: a name ends with a dot",
    paths: { name: { length: [1, 254], pattern: "\\.$" }, ttl: { range: [0, 2_147_483_647] } },
  },
  "gcp:logging/projectBucketConfig:ProjectBucketConfig": {
    source: "Cloud Logging, ids of log buckets",
    paths: {
      bucketId: { length: [1, 100], pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$" },
      retentionDays: { range: [1, 3650] },
    },
  },
  "gcp:logging/projectSink:ProjectSink": {
    source: "Cloud Logging API, LogSink.name",
    paths: { name: { length: [1, 100], pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$" } },
  },
  "gcp:redis/instance:Instance": {
    source: "Memorystore for Redis, scaling limits",
    paths: { memorySizeGb: { range: [1, 300] }, replicaCount: { range: [0, 5] } },
  },
  "gcp:storage/bucket:Bucket": {
    source: "Cloud Storage, bucket naming",
    paths: { name: { length: [3, 222], pattern: "^(?!goog)[a-z0-9][a-z0-9._-]*[a-z0-9]$" } },
  },
  "gcp:storage/bucketIAMMember:BucketIAMMember": {
    source: "Cloud Storage API, BucketAccessControl; terraform-provider-google-beta tpgiamresource",
    paths: {
      bucket: { immutable: true },
      role: { immutable: true, pattern: "^(?:roles|projects|organizations)/" },
      member: { immutable: true, pattern: "^(?:allUsers|allAuthenticatedUsers|[a-zA-Z]+:.+)$" },
    },
  },

  "cloudflare:index/dnsRecord:DnsRecord": {
    source: "Cloudflare API, DNS records: 1 is automatic, else at least 30 s",
    paths: { name: { length: [1, 255] }, ttl: { range: [1, 86_400] } },
  },
  "cloudflare:index/r2Bucket:R2Bucket": {
    source: "Cloudflare R2, bucket naming",
    paths: { name: { length: [3, 63], pattern: "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])$" } },
  },
  "cloudflare:index/ruleset:Ruleset": {
    source: "Cloudflare, rate limiting rules, availability by plan",
    paths: {
      "rules[].ratelimit.period": { enum: [10, 60, 120, 300, 600, 3600] },
      "rules[].expression": { length: [1, 4096] },
    },
  },
  "cloudflare:index/zoneSetting:ZoneSetting": {
    source: "Cloudflare API, zone settings",
    paths: {
      zoneId: { pattern: "^[0-9a-f]{32}$" },
    },
  },

  "mongodbatlas:index/advancedCluster:AdvancedCluster": {
    source: "Atlas Administration API, ClusterDescription20240805.name",
    paths: {
      name: { length: [1, 64], pattern: "^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$" },
      projectId: { pattern: "^[0-9a-f]{24}$" },
      clusterType: { enum: ["REPLICASET", "SHARDED", "GEOSHARDED"] },
    },
  },
  "mongodbatlas:index/databaseUser:DatabaseUser": {
    source: "Atlas Administration API, CloudDatabaseUser",
    paths: { username: { length: [1, 1024] }, projectId: { pattern: "^[0-9a-f]{24}$" } },
  },
};
