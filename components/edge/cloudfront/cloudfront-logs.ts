import type * as cloudfront from "@pulumi/aws/cloudfront";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { physicalName } from "../../shared/physical-name";
import { bucketPolicy, privateBucket } from "../../shared/private-bucket";
import { transformed } from "../../shared/transform";
import type { CompleteCloudFrontArgs } from "./cloudfront-args";
import { bucketArgs } from "./cloudfront-buckets";

/** Characters of the name of a log delivery. Source: CloudWatch Logs, PutDeliverySource. */
const LONGEST_LOG_NAME = 60;

/**
 * Every request as a line of JSON in a private bucket, through the log delivery of CloudWatch.
 *
 * @param place where CloudFront delivers logs from
 * @returns the bucket
 */
export function accessLogs(
  name: string,
  args: CompleteCloudFrontArgs,
  place: { readonly region: string },
  distribution: cloudfront.Distribution,
  child: pulumi.CustomResourceOptions,
): s3.Bucket {
  const { transform = {} } = args;
  const made = privateBucket(
    `${name}-logs`,
    {
      ...bucketArgs(args),
      prefix: `${name.toLowerCase()}-edge-logs-`,
      expireDays: args.site.logDays,
      onRemoval: "emptied",
    },
    child,
  );
  const source = new cloudwatch.LogDeliverySource(
    ...transformed<cloudwatch.LogDeliverySourceArgs>(
      transform.logSource,
      `${name}-log-source`,
      {
        ...place,
        name: physicalName(`${pulumi.getStack()}-${name}`, LONGEST_LOG_NAME),
        logType: "ACCESS_LOGS",
        resourceArn: distribution.arn,
      },
      child,
    ),
  );
  const write = {
    service: "delivery.logs.amazonaws.com",
    action: "s3:PutObject",
    source: { arn: source.arn },
  };
  const policy = bucketPolicy(`${name}-logs-policy`, made, [write], child, transform.bucketParts?.policy);
  const destination = new cloudwatch.LogDeliveryDestination(
    ...transformed<cloudwatch.LogDeliveryDestinationArgs>(
      transform.logDestination,
      `${name}-log-destination`,
      {
        ...place,
        name: physicalName(`${pulumi.getStack()}-${name}`, LONGEST_LOG_NAME),
        outputFormat: "json",
        deliveryDestinationConfiguration: { destinationResourceArn: made.bucket.arn },
      },
      child,
    ),
  );
  new cloudwatch.LogDelivery(
    ...transformed<cloudwatch.LogDeliveryArgs>(
      transform.logDelivery,
      `${name}-log-delivery`,
      { ...place, deliverySourceName: source.name, deliveryDestinationArn: destination.arn },
      { ...child, dependsOn: [policy] },
    ),
  );
  return made.bucket;
}
