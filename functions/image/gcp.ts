/** Entry point on Cloud Run functions: `image`. */
import { Storage } from "@google-cloud/storage";

import { forHttp } from "./gcp-adapter";
import { imageHandler } from "./handler";
import { GcsOriginals } from "./originals-gcs";
import { imageSettings } from "./settings";

const { bucket, prefix, concurrency } = imageSettings(process.env);

export const image = forHttp(
  imageHandler({
    originals: new GcsOriginals(new Storage().bucket(bucket)),
    prefix,
    concurrency,
    log: (record) => void process.stdout.write(`${JSON.stringify(record)}\n`),
  }),
);
