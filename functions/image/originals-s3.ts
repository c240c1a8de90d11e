import type { Readable } from "node:stream";

import { GetObjectCommand, S3ServiceException, type S3Client } from "@aws-sdk/client-s3";

import type { Original, Originals } from "./originals";

/**
 * Without the right to list, S3 answers AccessDenied for a file that is not there. The function has no such right, so
 * both are "none".
 */
const NONE = new Set(["NoSuchKey", "NotFound", "AccessDenied"]);

/** Originals in a bucket of S3. */
export class S3Originals implements Originals {
  constructor(
    private readonly client: Pick<S3Client, "send">,
    private readonly bucket: string,
  ) {}

  async open(key: string, signal: AbortSignal): Promise<Original | undefined> {
    try {
      const command = new GetObjectCommand({ Bucket: this.bucket, Key: key });
      const object = await this.client.send(command, { abortSignal: signal });
      const body = object.Body as Readable;
      return {
        version: object.ETag ?? "",
        bytes: object.ContentLength ?? 0,
        read: () => body,
        close: () => {
          // A body cut off in the middle reports an error that nobody waits for.
          body.on("error", () => undefined).destroy();
        },
      };
    } catch (error) {
      if (error instanceof S3ServiceException && NONE.has(error.name)) return undefined;
      throw error;
    }
  }
}
