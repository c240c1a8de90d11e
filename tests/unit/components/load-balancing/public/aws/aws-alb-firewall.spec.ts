import assert from "node:assert/strict";

import type { AwsAlbArgs } from "../../../../../../components/load-balancing/public/aws/aws-alb";
import { inputsOf, LOCKED, recordAwsAlb } from "../../aws-alb-fixture";

describe("AwsAlb", () => {
  type Rule = { name: string; action?: unknown; overrideAction?: unknown; statement: Record<string, any> };
  const rulesOf = async (change: Partial<AwsAlbArgs>): Promise<Rule[]> =>
    inputsOf(await recordAwsAlb(change), "public-firewall")["rules"] as Rule[];

  it("limits one client by 429 with Retry-After, and asks the rule groups of AWS", async () => {
    const [rate, ...managed] = await rulesOf({});
    assert.deepEqual(rate?.statement, {
      rateBasedStatement: { limit: 6000, evaluationWindowSec: 300, aggregateKeyType: "IP" },
    });
    assert.deepEqual(rate?.action, {
      block: {
        customResponse: { responseCode: 429, responseHeaders: [{ name: "Retry-After", value: "60" }] },
      },
    });
    assert.deepEqual(
      managed.map(({ name }) => name),
      [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
      ],
    );
    assert.ok(managed.every(({ overrideAction }) => JSON.stringify(overrideAction) === '{"none":{}}'));
  });

  it("only counts in count mode", async () => {
    const [rate, ...managed] = await rulesOf({ firewall: { mode: "count", requestsPerFiveMinutes: 100 } });
    assert.deepEqual(rate?.action, { count: {} });
    assert.ok(managed.every(({ overrideAction }) => JSON.stringify(overrideAction) === '{"count":{}}'));
  });

  it("knows a client behind Cloudflare by its header, and behind CloudFront leaves counting to CloudFront", async () => {
    const [rate] = await rulesOf({ ...LOCKED, sources: { kind: "cloudflare" } });
    assert.deepEqual(rate?.statement["rateBasedStatement"].forwardedIpConfig, {
      headerName: "CF-Connecting-IP",
      fallbackBehavior: "NO_MATCH",
    });
    assert.deepEqual(
      (await rulesOf(LOCKED)).map(({ name }) => name),
      ["AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"],
    );
  });

  it("logs what was refused or counted, without credentials and without the origin lock", async () => {
    const recording = await recordAwsAlb(LOCKED);
    assert.deepEqual(inputsOf(recording, "public-firewall-logging")["redactedFields"], [
      { singleHeader: { name: "authorization" } },
      { singleHeader: { name: "cookie" } },
      { singleHeader: { name: "x-origin-verify" } },
    ]);
    assert.deepEqual(inputsOf(recording, "public-firewall-logs"), {
      namePrefix: "aws-waf-logs-public-",
      retentionInDays: 30,
    });
  });
});
