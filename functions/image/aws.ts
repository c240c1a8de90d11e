/** Entry point on Lambda: `aws.handler`. */
import { S3Client } from "@aws-sdk/client-s3";

import { forFunctionUrl } from "./aws-adapter";
import { imageHandler } from "./handler";
import { S3Originals } from "./originals-s3";
import { imageSettings } from "./settings";

const { bucket, prefix, concurrency } = imageSettings(process.env);

export const handler = forFunctionUrl(
  imageHandler({
    originals: new S3Originals(new S3Client({ maxAttempts: 2 }), bucket),
    prefix,
    concurrency,
    log: (record) => void process.stdout.write(`${JSON.stringify(record)}\n`),
  }),
);
