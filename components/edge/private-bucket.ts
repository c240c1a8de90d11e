/** A bucket of S3 that nobody reads but those whom its policy names. There is no way to ask for a public one. */
import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { transformed, type Transform } from "../shared/transform";

/** What a policy of the bucket allows, and to whom. */
export interface BucketGrant {
  readonly service: string;
  readonly action: string;
  /** The one thing that may do it: the distribution, the source of a log. */
  readonly sourceArn: pulumi.Input<string>;
}

export interface PrivateBucketArgs {
  readonly region: string;
  /** Beginning of the bucket's name, which is unique in the world. */
  readonly prefix: string;
  /** Objects are deleted after so many days. @default never */
  readonly expireDays?: number;
  readonly transform?: Transform<s3.BucketArgs> | undefined;
}

/** An old version can be had back for so long, days. */
const UNDELETE_DAYS = 30;

/** The bucket with everything around it but its policy, which may need what is made of the bucket. */
export function privateBucket(
  name: string,
  { region, prefix, expireDays, transform }: PrivateBucketArgs,
  child: pulumi.CustomResourceOptions,
): s3.Bucket {
  const bucket = new s3.Bucket(name, transformed(transform, name, { bucketPrefix: prefix, region }), child);
  const of = { bucket: bucket.id, region };
  new s3.BucketPublicAccessBlock(
    `${name}-private`,
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
    `${name}-ownership`,
    { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } },
    child,
  );
  // Keys of S3's own: a key of KMS would have to name the distribution, which names the bucket.
  new s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    child,
  );
  const versioning = new s3.BucketVersioning(
    `${name}-versioning`,
    { ...of, versioningConfiguration: { status: "Enabled" } },
    child,
  );
  new s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    {
      ...of,
      rules: [
        {
          id: "old-versions",
          status: "Enabled",
          filter: {},
          ...(expireDays === undefined ? {} : { expiration: { days: expireDays } }),
          noncurrentVersionExpiration: { noncurrentDays: UNDELETE_DAYS },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
        },
      ],
    },
    { ...child, dependsOn: [versioning] },
  );
  return bucket;
}

/** What may be done with the bucket and by whom; without TLS nothing by nobody. */
export function bucketPolicy(
  name: string,
  bucket: s3.Bucket,
  region: string,
  grant: BucketGrant,
  child: pulumi.CustomResourceOptions,
): s3.BucketPolicy {
  const objects = pulumi.interpolate`${bucket.arn}/*`;
  return new s3.BucketPolicy(
    name,
    {
      bucket: bucket.id,
      region,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: grant.service },
            Action: grant.action,
            Resource: objects,
            Condition: { StringEquals: { "AWS:SourceArn": grant.sourceArn } },
          },
          {
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            Resource: [bucket.arn, objects],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
      }),
    },
    child,
  );
}
