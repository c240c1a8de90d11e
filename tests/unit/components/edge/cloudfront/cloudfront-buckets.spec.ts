import assert from "node:assert/strict";

import { edgeOutputs } from "../fixtures";
import { standard, build, inputs } from "./cloudfront-fixture";

describe("CloudFront, its buckets", () => {
  it("are private, encrypted and versioned, and TLS is the only way in", async () => {
    const recording = await standard();
    for (const bucket of ["cdn-assets", "cdn-logs"]) {
      const closed = inputs(
        recording,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        `${bucket}-private`,
      );
      for (const field of [
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
      ]) {
        assert.equal(closed[field], true, field);
      }
      const { versioningConfiguration } = inputs(
        recording,
        "aws:s3/bucketVersioning:BucketVersioning",
        `${bucket}-versioning`,
      );
      assert.deepEqual(versioningConfiguration, { status: "Enabled" });
      const { rules } = inputs(
        recording,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        `${bucket}-encryption`,
      );
      assert.deepEqual(rules, [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
      const made = inputs(recording, "aws:s3/bucket:Bucket", bucket);
      const { forceDestroy, ...rest } = made;
      assert.deepEqual(Object.keys(rest).sort(), ["bucketPrefix", "region"]);
      assert.equal(forceDestroy, bucket === "cdn-logs" ? true : undefined);
    }
  });

  it("are opened to this distribution, and to the log of this distribution, and to nobody else", async () => {
    const arns = (type: string): object =>
      type.startsWith("aws:") ? { arn: `arn:${type.split(":").pop() ?? ""}` } : {};
    const recording = await build(
      {},
      {
        outputs: (type: string, given: Record<string, unknown>, name: string): object => ({
          ...edgeOutputs(type, given, name),
          ...arns(type),
        }),
      },
    );
    const statements = (bucket: string): any[] =>
      JSON.parse(
        inputs(recording, "aws:s3/bucketPolicy:BucketPolicy", `${bucket}-policy`)["policy"] as string,
      ).Statement;
    assert.deepEqual(statements("cdn-assets")[0], {
      Effect: "Allow",
      Principal: { Service: "cloudfront.amazonaws.com" },
      Action: "s3:GetObject",
      Resource: "arn:Bucket/*",
      Condition: { StringEquals: { "aws:SourceArn": "arn:Distribution" } },
    });
    assert.deepEqual(statements("cdn-logs")[0], {
      Effect: "Allow",
      Principal: { Service: "delivery.logs.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:Bucket/*",
      Condition: { StringEquals: { "aws:SourceArn": "arn:LogDeliverySource" } },
    });
    for (const bucket of ["cdn-assets", "cdn-logs"]) {
      const [, denied, ...more] = statements(bucket);
      assert.deepEqual(more, []);
      assert.deepEqual(
        [denied.Effect, denied.Condition],
        ["Deny", { Bool: { "aws:SecureTransport": "false" } }],
      );
    }
  });

  it("lose logs after their time, and what was deleted a month later", async () => {
    const recording = await standard();
    const type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    const [logs] = inputs(recording, type, "cdn-logs-lifecycle")["rules"];
    assert.deepEqual(logs.expiration, { days: 90 });
    const [assets] = inputs(recording, type, "cdn-assets-lifecycle")["rules"];
    assert.equal(assets.expiration, undefined);
    assert.deepEqual(assets.noncurrentVersionExpiration, { noncurrentDays: 30 });
  });

  it("are read with signed requests only", async () => {
    const control = inputs(
      await standard(),
      "aws:cloudfront/originAccessControl:OriginAccessControl",
      "cdn-assets-access",
    );
    assert.deepEqual(control, {
      originAccessControlOriginType: "s3",
      signingBehavior: "always",
      signingProtocol: "sigv4",
    });
  });
});
