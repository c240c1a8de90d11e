import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { timeoutChain } from "../../../../../../budget/timeouts/timeouts";
import { valuesOf } from "../../../../../../budget/core/derived";
import { broken } from "../../../../../../budget/core/plan";
import type { Proof } from "../../../../../../budget/core/proof";
import type { PublicLoadBalancerNumbers } from "../../../../../../budget/load-balancing/public-plan";
import { judgedObjects } from "../../../../../helpers/witnesses";
import { CLOUDFLARE_RANGES } from "../../../../../../components/shared/http/cloudflare-ranges";
import { AwsAlb, type AwsAlbArgs } from "../../../../../../components/load-balancing/public/aws/aws-alb";
import { record } from "../../../../../helpers/pulumi";
import { AWS_ALB, AWS_ALB_OUTPUTS, inputsOf, LOCKED, recordAwsAlb, timeouts } from "../../aws-alb-fixture";

const RESOURCES = [
  "aws:acm/certificate:Certificate public-certificate",
  "aws:acm/certificateValidation:CertificateValidation public-certificate-validation",
  "aws:cloudwatch/logGroup:LogGroup public-firewall-logs",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-errors",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-no-hosts",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-p95",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-p99",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-rejected-connections",
  "aws:cloudwatch/metricAlarm:MetricAlarm public-alarm-unhealthy-hosts",
  "aws:ec2/securityGroup:SecurityGroup public-from-internet",
  "aws:ec2/securityGroup:SecurityGroup public-security-group",
  "aws:lb/listener:Listener public-http",
  "aws:lb/listener:Listener public-https",
  "aws:lb/listenerRule:ListenerRule public-https-forward-0",
  "aws:lb/loadBalancer:LoadBalancer public",
  "aws:lb/targetGroup:TargetGroup public-tg",
  "aws:route53/record:Record public-certificate-proof-app.example.com",
  "aws:route53/record:Record public-certificate-proof-www.example.com",
  "aws:route53/record:Record public-record-app.example.com",
  "aws:route53/record:Record public-record-www.example.com",
  "aws:s3/bucket:Bucket public-access-logs",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration public-access-logs-lifecycle",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls public-access-logs-ownership",
  "aws:s3/bucketPolicy:BucketPolicy public-access-logs-policy",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock public-access-logs-private",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration public-access-logs-encryption",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule public-security-group-to-pods",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule public-from-internet-internet-443",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule public-from-internet-internet-80",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule public-security-group-into-pods",
  "aws:wafv2/webAcl:WebAcl public-firewall",
  "aws:wafv2/webAclAssociation:WebAclAssociation public-firewall-association",
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration public-firewall-logging",
  "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding public-binding",
  "retrofitlink:load-balancing:AwsAlb public",
];

describe("AwsAlb", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await recordAwsAlb()).typesAndNames(), RESOURCES);
    assert.deepEqual((await recordAwsAlb({}, true)).typesAndNames(), RESOURCES);
  });

  it("tells policies what it was derived from", async () => {
    const { numbers, order, proofs, witnesses, ...rest } = (await recordAwsAlb()).only(
      "retrofitlink:load-balancing:AwsAlb",
    ).inputs;
    assert.deepEqual(rest, {
      configKey: "retrofitlink:loadBalancer.public",
      workload: "public",
      namespace: "retrofitlink",
      cloud: "aws",
      hosts: ["app.example.com", "www.example.com"],
      originLocked: false,
      firewallMode: "block",
      timeouts,
    });
    const { sources, requestsPerFiveMinutes, accessLogDays } = valuesOf(numbers as PublicLoadBalancerNumbers);
    assert.deepEqual([sources, requestsPerFiveMinutes, accessLogDays], ["everybody", 6000, 30]);
    assert.equal((proofs as Proof[]).length, 4);
    assert.deepEqual([...(order as string[])].sort(), Object.keys(numbers as object).sort());
    assert.deepEqual(broken({ proofs: proofs as Proof[] }), []);
    assert.ok(Array.isArray(witnesses));
  });

  it("is what was planned", async () => {
    assert.deepEqual(judgedObjects(await recordAwsAlb()), { witnesses: 2, wrong: [] });
  });

  it("takes its idle timeout from the timeout chain, and refuses what two parsers could read in two ways", async () => {
    const found = inputsOf(await recordAwsAlb(), "public");
    assert.deepEqual(
      [found["idleTimeout"], found["desyncMitigationMode"], found["dropInvalidHeaderFields"]],
      [60, "strictest", true],
    );
    assert.deepEqual(
      [
        found["internal"],
        found["loadBalancerType"],
        found["enableDeletionProtection"],
        found["enableWafFailOpen"],
      ],
      [false, "application", true, false],
    );
    assert.deepEqual(found["accessLogs"], { bucket: "public-access-logs-id", enabled: true });
    const cloudflare = timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudflare" });
    assert.equal(inputsOf(await recordAwsAlb({ timeouts: cloudflare }), "public")["idleTimeout"], 915);
  });

  it("drains targets as long as the timeout chain says, and gives each request to the idlest", async () => {
    const found = inputsOf(await recordAwsAlb(), "public-tg");
    assert.deepEqual(
      [found["deregistrationDelay"], found["slowStart"], found["loadBalancingAlgorithmType"]],
      [30, 0, "least_outstanding_requests"],
    );
    assert.deepEqual([found["targetType"], found["port"], found["protocol"]], ["ip", 8080, "HTTP"]);
    assert.deepEqual(found["healthCheck"], {
      enabled: true,
      protocol: "HTTP",
      path: "/healthz",
      matcher: "200",
      interval: 5,
      timeout: 4,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
    });
    assert.deepEqual(found["tags"], { "kubernetes-cluster": "retrofitlink-test" });
  });

  it("goes round robin with a slow start, which AWS takes with nothing else", async () => {
    const found = inputsOf(await recordAwsAlb({ slowStartSeconds: 60 }), "public-tg");
    assert.deepEqual([found["slowStart"], found["loadBalancingAlgorithmType"]], [60, "round_robin"]);
  });

  it("speaks TLS 1.3 and 1.2, redirects port 80, and answers only to its own hosts", async () => {
    const recording = await recordAwsAlb();
    const https = inputsOf(recording, "public-https");
    assert.deepEqual(
      [https["port"], https["protocol"], https["sslPolicy"]],
      [443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"],
    );
    assert.equal(https["defaultActions"][0].fixedResponse.statusCode, "404");
    assert.deepEqual(inputsOf(recording, "public-https-forward-0")["conditions"], [
      { hostHeader: { values: ["app.example.com", "www.example.com"] } },
    ]);
    assert.deepEqual(inputsOf(recording, "public-http")["defaultActions"], [
      { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } },
    ]);
  });

  it("spreads more hosts than a rule takes over several rules", async () => {
    const hosts = Array.from({ length: 6 }, (_, index) => `a${index}.example.com`);
    const certificate = {
      kind: "existing",
      id: "arn:aws:acm:eu-central-1:123456789012:certificate/x",
      names: ["*.example.com"],
    } as const;
    const rules = (await recordAwsAlb({ hosts, certificate })).ofType("aws:lb/listenerRule:ListenerRule");
    rules.sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(
      rules.map(({ inputs }) => [
        inputs["priority"],
        (inputs["conditions"] as { hostHeader: { values: string[] } }[])[0]?.hostHeader.values.length,
      ]),
      [
        [1, 5],
        [2, 1],
      ],
    );
  });

  it("behind a CDN forwards only with the secret header, and says 403 to everybody else", async () => {
    const recording = await recordAwsAlb(LOCKED);
    assert.equal(inputsOf(recording, "public-https")["defaultActions"][0].fixedResponse.statusCode, "403");
    const { conditions } = inputsOf(recording, "public-https-forward-0");
    assert.ok(pulumi.runtime.isRpcSecret(conditions));
    assert.deepEqual(pulumi.runtime.unwrapRpcSecret(conditions), [
      { httpHeader: { httpHeaderName: "x-origin-verify", values: ["s3cret"] } },
    ]);
    assert.ok(!recording.typesAndNames().includes("aws:lb/listener:Listener public-http"));
    assert.ok(
      !JSON.stringify(recording.only("retrofitlink:load-balancing:AwsAlb").inputs).includes("s3cret"),
    );
  });

  it("takes X-Forwarded-For as the CDN wrote it, and adds the client where there is none", async () => {
    assert.equal(inputsOf(await recordAwsAlb(LOCKED), "public")["xffHeaderProcessingMode"], "preserve");
    assert.equal(inputsOf(await recordAwsAlb(), "public")["xffHeaderProcessingMode"], "append");
  });

  const opened = async (change: Partial<AwsAlbArgs>): Promise<unknown[]> =>
    (await recordAwsAlb(change))
      .ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
      .filter(({ name }) => !name.endsWith("into-pods"))
      .map(({ inputs }) => [
        inputs["cidrIpv4"] ?? inputs["prefixListId"],
        inputs["fromPort"],
        inputs["toPort"],
      ]);

  it("is open to everybody only when told so, on named ports", async () => {
    assert.deepEqual(await opened({}), [
      ["0.0.0.0/0", 443, 443],
      ["0.0.0.0/0", 80, 80],
    ]);
  });

  it("is open to named ranges, to CloudFront's list or to Cloudflare's ranges, and then to nobody else", async () => {
    assert.deepEqual(await opened({ sources: { kind: "ranges", ranges: ["203.0.113.0/24"] } }), [
      ["203.0.113.0/24", 443, 443],
      ["203.0.113.0/24", 80, 80],
    ]);
    assert.deepEqual(await opened(LOCKED), [["pl-0a1b2c3d", 443, 443]]);
    assert.deepEqual(
      await opened({ ...LOCKED, sources: { kind: "cloudflare" } }),
      CLOUDFLARE_RANGES.v4.map((range) => [range, 443, 443]),
    );
  });

  it("reaches the pods at the proxy's port and nothing else", async () => {
    const recording = await recordAwsAlb();
    const port = { ipProtocol: "tcp", fromPort: 8080, toPort: 8080 };
    assert.deepEqual(inputsOf(recording, "public-security-group-to-pods"), {
      securityGroupId: "public-security-group-id",
      referencedSecurityGroupId: "sg-0a1b2c3d",
      ...port,
    });
    assert.deepEqual(inputsOf(recording, "public-security-group-into-pods"), {
      securityGroupId: "sg-0a1b2c3d",
      referencedSecurityGroupId: "public-security-group-id",
      ...port,
    });
    assert.deepEqual(Object.keys(inputsOf(recording, "public-security-group")).sort(), [
      "description",
      "vpcId",
    ]);
  });

  it("has rules for its sources in a group of their own, so that those of another CDN come before they go", async () => {
    const groups = async (change: Partial<AwsAlbArgs>): Promise<unknown> =>
      inputsOf(await recordAwsAlb(change), "public")["securityGroups"];
    assert.deepEqual(await groups(LOCKED), ["public-security-group-id", "public-from-cloudfront-id"]);
    const cloudflare: Partial<AwsAlbArgs> = { ...LOCKED, sources: { kind: "cloudflare" } };
    assert.deepEqual(await groups(cloudflare), ["public-security-group-id", "public-from-cloudflare-id"]);
  });

  it("is followed by another binding when its target group is another: the controller changes none", async () => {
    let binding: pulumi.CustomResourceOptions | undefined;
    await record(
      () =>
        new AwsAlb("public", AWS_ALB, {
          transformations: [
            ({ name, opts }) => {
              if (name === "public-binding") binding = opts;
              return undefined;
            },
          ],
        }),
      { outputs: AWS_ALB_OUTPUTS },
    );
    assert.deepEqual(binding?.replaceOnChanges, ["spec.targetGroupARN", "spec.targetType", "spec.vpcID"]);
    assert.equal(binding.deleteBeforeReplace, true);
  });

  it("refuses a name of which AWS's own would get too long", async () => {
    await assert.rejects(
      record(() => new AwsAlb("public-load-balancer-2", AWS_ALB), { outputs: AWS_ALB_OUTPUTS }),
      /name: got "public-load-balancer-2"; allowed is at most 21 letters, digits and hyphens, a letter first\. Shorten the name of the component\./,
    );
  });

  it("binds the proxy's pods by their addresses", async () => {
    assert.deepEqual(inputsOf(await recordAwsAlb(), "public-binding")["spec"], {
      serviceRef: { name: "nginx-load-balancer", port: 80 },
      targetGroupARN: "arn:tg",
      targetType: "ip",
      vpcID: "vpc-0a1b2c3d",
    });
  });

  it("keeps access logs in a private, encrypted bucket, to which only log delivery writes", async () => {
    const recording = await recordAwsAlb();
    assert.deepEqual(inputsOf(recording, "public-access-logs-private"), {
      bucket: "public-access-logs-id",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    assert.equal(
      inputsOf(recording, "public-access-logs-encryption")["rules"][0].applyServerSideEncryptionByDefault
        .sseAlgorithm,
      "AES256",
    );
    assert.deepEqual(inputsOf(recording, "public-access-logs-lifecycle")["rules"][0].expiration, {
      days: 30,
    });
    const policy = JSON.parse(inputsOf(recording, "public-access-logs-policy")["policy"]) as {
      Statement: Record<string, unknown>[];
    };
    assert.deepEqual(policy.Statement[0], {
      Effect: "Allow",
      Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::logs/AWSLogs/123456789012/*",
      Condition: {
        ArnLike: {
          "aws:SourceArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/*",
        },
      },
    });
    assert.deepEqual(
      policy.Statement.slice(1).map(({ Effect }) => Effect),
      ["Deny"],
    );
  });

  it("raises alarms at the critical step of the budget", async () => {
    const recording = await recordAwsAlb({ alarmActions: ["arn:aws:sns:eu-central-1:123456789012:on-call"] });
    const threshold = (name: string): unknown => inputsOf(recording, `public-alarm-${name}`)["threshold"];
    assert.deepEqual(
      ["p95", "p99", "errors", "unhealthy-hosts", "no-hosts", "rejected-connections"].map(threshold),
      [0.5, 1, 5, 0, 1, 0],
    );
    for (const { inputs } of recording.ofType("aws:cloudwatch/metricAlarm:MetricAlarm")) {
      assert.deepEqual(inputs["alarmActions"], ["arn:aws:sns:eu-central-1:123456789012:on-call"]);
    }
  });

  it("proves a managed certificate in the hosts' zone, and makes the hosts' records there", async () => {
    const recording = await recordAwsAlb();
    assert.deepEqual(inputsOf(recording, "public-certificate-proof-www.example.com"), {
      zoneId: "Z1",
      name: "_proof.www.example.com.",
      type: "CNAME",
      records: ["_value.www.example.com."],
      ttl: 300,
      allowOverwrite: true,
    });
    assert.deepEqual(inputsOf(recording, "public-record-app.example.com"), {
      zoneId: "Z1",
      name: "app.example.com",
      type: "A",
      aliases: [{ name: "x.elb.amazonaws.com", zoneId: "ZLB", evaluateTargetHealth: false }],
    });
  });

  it("lets a caller change each child, last of all", async () => {
    const recording = await recordAwsAlb({
      transform: { loadBalancer: { idleTimeout: 99 }, targetGroup: (given) => ({ ...given, port: 9 }) },
    });
    assert.deepEqual(
      [inputsOf(recording, "public")["idleTimeout"], inputsOf(recording, "public-tg")["port"]],
      [99, 9],
    );
  });

  it("gives a CDN what it needs", async () => {
    let outputs: pulumi.Output<unknown> | undefined;
    await record(
      () => {
        const { hostname, dnsName, zoneId, arn } = new AwsAlb("public", AWS_ALB);
        outputs = pulumi.output({ hostname, dnsName, zoneId, arn });
      },
      { outputs: AWS_ALB_OUTPUTS },
    );
    const found = await new Promise((resolve) => outputs?.apply(resolve));
    assert.deepEqual(found, {
      hostname: "app.example.com",
      dnsName: "x.elb.amazonaws.com",
      zoneId: "ZLB",
      arn: "arn:lb",
    });
  });
});
