import type { PrivateBucketArgs } from "../../shared/private-bucket";
import type { CompleteCloudFrontArgs } from "./cloudfront-args";

/** A file that was overwritten or deleted can be had back for so long, days. */
const UNDELETE_DAYS = 30;

/** What is the same for both buckets. */
export function bucketArgs({ site, transform }: CompleteCloudFrontArgs): Omit<PrivateBucketArgs, "prefix"> {
  // Keys of S3's own: a key of KMS would have to name the distribution, which names the bucket.
  return {
    region: site.region,
    encryption: "AES256",
    undeleteDays: UNDELETE_DAYS,
    transform: transform?.bucket,
    transforms: transform?.bucketParts,
  };
}
