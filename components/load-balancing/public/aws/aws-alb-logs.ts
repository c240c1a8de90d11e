import type * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { bucketPolicy, privateBucket, type BucketPartTransforms } from "../../../shared/private-bucket";
import type { Transform } from "../../../shared/transform";

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
  /** Of what is around the bucket. */
  readonly transforms?: BucketPartTransforms | undefined;
}

/**
 * A private, encrypted bucket for access logs, to which the load balancers of this account and region may write, over
 * TLS, and nobody else. Encrypted with the keys of S3: log delivery can use no others.
 */
export function albLogs(
  name: string,
  { region, accountId, keptDays, transform, transforms }: AlbLogsArgs,
  parent: pulumi.Resource,
): AlbLogs {
  const child = { parent };
  const bucketName = `${name}-access-logs`;
  const made = privateBucket(
    bucketName,
    {
      prefix: `${name.toLowerCase()}-access-logs-`,
      encryption: "AES256",
      expireDays: keptDays,
      // Logs end with what they are about; nobody could delete the stack otherwise.
      onRemoval: "emptied",
      transform,
      transforms,
    },
    child,
  );
  const write = {
    service: "logdelivery.elasticloadbalancing.amazonaws.com",
    action: "s3:PutObject",
    objects: pulumi.interpolate`AWSLogs/${accountId}/*`,
    source: {
      arnLike: pulumi.interpolate`arn:aws:elasticloadbalancing:${region}:${accountId}:loadbalancer/*`,
    },
  };
  const policy = bucketPolicy(`${bucketName}-policy`, made, [write], child, transforms?.policy);
  return { bucket: made.bucket.id, ready: [policy] };
}
