import assert from "node:assert/strict";

import { CloudFront, type CloudFrontArgs } from "../../../../../components/edge/cloudfront/cloudfront";
import { record, type Recording } from "../../../../helpers/pulumi";
import { cloudFront, edgeOutputs } from "../fixtures";
import { opened } from "../normalised";

export const BUCKET_PARTS = [
  "aws:s3/bucket:Bucket",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration -lifecycle",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls -ownership",
  "aws:s3/bucketPolicy:BucketPolicy -policy",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock -private",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration -encryption",
  "aws:s3/bucketVersioning:BucketVersioning -versioning",
];

export const bucketParts = (bucket: string): string[] =>
  BUCKET_PARTS.map((part) => {
    const [type = "", suffix = ""] = part.split(" ");
    return `${type} ${bucket}${suffix}`;
  });

let unchanged: Promise<Recording> | undefined;

/** The component as the fixtures have it, built once. */
export function standard(): Promise<Recording> {
  unchanged ??= build({});
  return unchanged;
}

export async function build(change: Partial<CloudFrontArgs>, options = {}): Promise<Recording> {
  return record(() => new CloudFront("cdn", { ...cloudFront, ...change }), {
    outputs: edgeOutputs,
    ...options,
  });
}

export const inputs = (recording: Recording, type: string, name: string): Record<string, any> => {
  const found = recording.ofType(type).find((resource) => resource.name === name);
  assert.ok(found, `${type} ${name}`);
  return opened(found.inputs) as Record<string, any>;
};

export const distribution = async (change: Partial<CloudFrontArgs> = {}): Promise<Record<string, any>> =>
  inputs(
    Object.keys(change).length === 0 ? await standard() : await build(change),
    "aws:cloudfront/distribution:Distribution",
    "cdn-distribution",
  );
