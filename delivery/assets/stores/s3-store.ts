import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from "@aws-sdk/client-s3";

import type { AssetObject } from "./store";
import type { AssetStore } from "./store";

/** A bucket of S3. The bucket's own settings decide encryption and access. */
export class S3Store implements AssetStore {
  readonly name: string;

  /** @param prefix folder in the bucket, empty or with a slash at its end */
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
    private readonly prefix: string,
  ) {
    this.name = `s3://${bucket}/${prefix}`;
  }

  async read(key: string): Promise<Buffer | undefined> {
    try {
      const object = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + key }),
      );
      return Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === "NoSuchKey") return undefined;
      throw error;
    }
  }

  async put({ key, content, contentType, cacheControl, contentEncoding }: AssetObject): Promise<void> {
    await this.client.send(
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: this.prefix + key,
        Body: content,
        ContentType: contentType,
        CacheControl: cacheControl,
        ...(contentEncoding === undefined ? {} : { ContentEncoding: contentEncoding }),
      }),
    );
  }

  async remove(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.prefix + key }));
  }
}
