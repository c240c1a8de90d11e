import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { transformed, type Transform } from "../shared/transform";

/** Where access logs go. */
export interface AlbLogs {
  readonly bucket: pulumi.Output<string>;
  /** What has to be there before a load balancer may be told of the bucket: AWS tries it out. */
  readonly ready: readonly pulumi.Resource[];
}

/** What the bucket depends on. */
export interface AlbLogsArgs {
  readonly region: string;
  /** Account of the load balancer. */
  readonly accountId: pulumi.Input<string>;
  readonly keptDays: number;
  readonly transform?: Transform<s3.BucketArgs> | undefined;
}

/**
 * A private, encrypted bucket for access logs, to which the load balancers of this account and region may write, over
 * TLS, and nobody else. Encrypted with the keys of S3: log delivery can use no others.
 */
export function albLogs(name: string, args: AlbLogsArgs, parent: pulumi.Resource): AlbLogs {
  const child = { parent };
  const bucketName = `${name}-access-logs`;
  const bucket = new s3.Bucket(
    bucketName,
    transformed<s3.BucketArgs>(args.transform, bucketName, { bucketPrefix: "retrofitlink-access-logs-" }),
    child,
  );
  const of = { bucket: bucket.id };
  const closed = new s3.BucketPublicAccessBlock(
    `${bucketName}-private`,
    {
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    child,
  );
  new s3.BucketOwnershipControls(
    `${bucketName}-ownership`,
    { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } },
    child,
  );
  new s3.BucketServerSideEncryptionConfiguration(
    `${bucketName}-encryption`,
    { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    child,
  );
  new s3.BucketLifecycleConfiguration(
    `${bucketName}-lifecycle`,
    {
      ...of,
      rules: [
        {
          id: "access-logs",
          status: "Enabled",
          filter: {},
          expiration: { days: args.keptDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
        },
      ],
    },
    child,
  );
  const policy = new s3.BucketPolicy(
    `${bucketName}-policy`,
    { ...of, policy: logDeliveryPolicy(bucket.arn, args) },
    // A policy that names a service counts as public for S3 until the block is there to judge it.
    { ...child, dependsOn: [closed] },
  );
  return { bucket: bucket.id, ready: [policy] };
}

function logDeliveryPolicy(
  bucketArn: pulumi.Input<string>,
  { accountId, region }: AlbLogsArgs,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "LogDelivery",
        Effect: "Allow",
        Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: pulumi.interpolate`${bucketArn}/AWSLogs/${accountId}/*`,
        Condition: {
          ArnLike: {
            "aws:SourceArn": pulumi.interpolate`arn:aws:elasticloadbalancing:${region}:${accountId}:loadbalancer/*`,
          },
        },
      },
      {
        Sid: "OnlyTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
