/** A bucket of S3 that nobody reads but those whom its policy names. There is no way to ask for a public one. */
import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { transformed, type Transform } from "./transform";

export interface PrivateBucketArgs {
  /** Beginning of the bucket's name, which is unique in the world. */
  readonly prefix: string;
  /** @default the region of the provider */
  readonly region?: string;
  /**
   * `AES256` for keys of S3 itself, which services of AWS can write with; `aws:kms` for the account's own key for S3,
   * whose every use is in CloudTrail.
   */
  readonly encryption: "AES256" | "aws:kms";
  /** Objects are deleted after so many days. @default never */
  readonly expireDays?: number;
  /** What was deleted or overwritten can be had back for so many days, for versions are kept. @default not at all */
  readonly undeleteDays?: number;
  /** True refuses to delete the bucket until somebody says that it may go. @default false */
  readonly protect?: boolean;
  /**
   * What becomes of the objects when the bucket leaves the stack: `emptied` deletes them with it, `kept` leaves both in
   * the account, where the stack knows nothing of them any more. @default S3 refuses to delete a bucket that holds
   * anything
   */
  readonly onRemoval?: "emptied" | "kept";
  readonly transform?: Transform<s3.BucketArgs> | undefined;
  /** Of what is around the bucket. */
  readonly transforms?: BucketTransforms | undefined;
}

/** Of what is around a bucket, one for each. */
export interface BucketTransforms {
  readonly publicAccess?: Transform<s3.BucketPublicAccessBlockArgs>;
  readonly ownership?: Transform<s3.BucketOwnershipControlsArgs>;
  readonly encryption?: Transform<s3.BucketServerSideEncryptionConfigurationArgs>;
  readonly versioning?: Transform<s3.BucketVersioningArgs>;
  readonly lifecycle?: Transform<s3.BucketLifecycleConfigurationArgs>;
}

/** The same, and the bucket's policy. */
export interface BucketPartTransforms extends BucketTransforms {
  readonly policy?: Transform<s3.BucketPolicyArgs>;
}

export interface PrivateBucket {
  readonly bucket: s3.Bucket;
  /** What closes it to the public. */
  readonly closed: s3.BucketPublicAccessBlock;
  readonly region: string | undefined;
  /** True when all of it stays in the account after the stack has gone. */
  readonly kept: boolean;
}

/** What a service of AWS may do with objects of the bucket. */
export interface BucketGrant {
  /** `cloudfront.amazonaws.com`. */
  readonly service: string;
  /** `s3:GetObject`. */
  readonly action: string;
  /** Names of the objects, `*` for any characters. @default all of them */
  readonly objects?: pulumi.Input<string>;
  /** On whose behalf: the one thing by its ARN, or every thing whose ARN is like it, `*` for any characters. */
  readonly source: { readonly arn: pulumi.Input<string> } | { readonly arnLike: pulumi.Input<string> };
}

/** The bucket with everything around it but its policy, which may need what is made of the bucket: see `bucketPolicy`. */
export function privateBucket(
  name: string,
  args: PrivateBucketArgs,
  options: pulumi.CustomResourceOptions,
): PrivateBucket {
  const { region, expireDays, undeleteDays, encryption, protect = false, onRemoval, transforms = {} } = args;
  const kept = onRemoval === "kept";
  const child = retained(options, kept);
  const inRegion = region === undefined ? {} : { region };
  const bucket = new s3.Bucket(
    ...transformed<s3.BucketArgs>(
      args.transform,
      name,
      {
        bucketPrefix: args.prefix,
        ...(onRemoval === "emptied" ? { forceDestroy: true } : {}),
        ...inRegion,
      },
      protect ? { ...child, protect } : child,
    ),
  );
  const of = { bucket: bucket.id, ...inRegion };
  const closed = new s3.BucketPublicAccessBlock(
    ...transformed<s3.BucketPublicAccessBlockArgs>(
      transforms.publicAccess,
      `${name}-private`,
      {
        ...of,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    ),
  );
  new s3.BucketOwnershipControls(
    ...transformed<s3.BucketOwnershipControlsArgs>(
      transforms.ownership,
      `${name}-ownership`,
      { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    ),
  );
  new s3.BucketServerSideEncryptionConfiguration(
    ...transformed<s3.BucketServerSideEncryptionConfigurationArgs>(
      transforms.encryption,
      `${name}-encryption`,
      {
        ...of,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: encryption },
            // One call to KMS for many objects.
            ...(encryption === "aws:kms" ? { bucketKeyEnabled: true } : {}),
          },
        ],
      },
      child,
    ),
  );
  const versions =
    undeleteDays === undefined
      ? []
      : [
          new s3.BucketVersioning(
            ...transformed<s3.BucketVersioningArgs>(
              transforms.versioning,
              `${name}-versioning`,
              { ...of, versioningConfiguration: { status: "Enabled" } },
              child,
            ),
          ),
        ];
  new s3.BucketLifecycleConfiguration(
    ...transformed<s3.BucketLifecycleConfigurationArgs>(
      transforms.lifecycle,
      `${name}-lifecycle`,
      {
        ...of,
        rules: [
          {
            id: "retention",
            status: "Enabled",
            filter: {},
            ...(expireDays === undefined ? {} : { expiration: { days: expireDays } }),
            ...(undeleteDays === undefined
              ? {}
              : { noncurrentVersionExpiration: { noncurrentDays: undeleteDays } }),
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      { ...child, dependsOn: versions },
    ),
  );
  return { bucket, closed, region, kept };
}

/** Of a bucket that is kept everything stays, or it would be open to the public one day. */
function retained(options: pulumi.CustomResourceOptions, kept: boolean): pulumi.CustomResourceOptions {
  return kept ? { ...options, retainOnDelete: true } : options;
}

/**
 * What may be done with the bucket and by whom; without TLS nothing by nobody. Every bucket has one, if only for the
 * latter.
 *
 * @param grants nobody but these services; rights of the account's own roles are with the roles
 */
export function bucketPolicy(
  name: string,
  { bucket, closed, region, kept }: PrivateBucket,
  grants: readonly BucketGrant[],
  child: pulumi.CustomResourceOptions,
  transform?: Transform<s3.BucketPolicyArgs>,
): s3.BucketPolicy {
  const allowed = grants.map(({ service, action, objects = "*", source }) => ({
    Effect: "Allow",
    Principal: { Service: service },
    Action: action,
    Resource: pulumi.interpolate`${bucket.arn}/${objects}`,
    Condition:
      "arn" in source
        ? { StringEquals: { "aws:SourceArn": source.arn } }
        : { ArnLike: { "aws:SourceArn": source.arnLike } },
  }));
  const onlyTls = {
    Sid: "OnlyTls",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return new s3.BucketPolicy(
    ...transformed<s3.BucketPolicyArgs>(
      transform,
      name,
      {
        bucket: bucket.id,
        ...(region === undefined ? {} : { region }),
        policy: pulumi.jsonStringify({ Version: "2012-10-17", Statement: [...allowed, onlyTls] }),
      },
      // Both write the bucket's policy settings; S3 refuses two at a time, and judges a policy by the block that is there.
      { ...retained(child, kept), dependsOn: [closed] },
    ),
  );
}
