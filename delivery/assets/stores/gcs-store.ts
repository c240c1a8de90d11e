import type { Bucket } from "@google-cloud/storage";

import type { AssetObject } from "./store";
import type { AssetStore } from "./store";

/** A bucket of Cloud Storage. */
export class GcsStore implements AssetStore {
  readonly name: string;

  /** @param prefix folder in the bucket, empty or with a slash at its end */
  constructor(
    private readonly bucket: Bucket,
    private readonly prefix: string,
  ) {
    this.name = `gs://${bucket.name}/${prefix}`;
  }

  async read(key: string): Promise<Buffer | undefined> {
    try {
      const [content] = await this.bucket.file(this.prefix + key).download();
      return content;
    } catch (error) {
      if ((error as { code?: unknown }).code === 404) return undefined;
      throw error;
    }
  }

  async put({ key, content, contentType, cacheControl, contentEncoding }: AssetObject): Promise<void> {
    await this.bucket.file(this.prefix + key).save(content, {
      // One request, and checked by its checksum.
      resumable: false,
      validation: "crc32c",
      metadata: {
        contentType,
        cacheControl,
        ...(contentEncoding === undefined ? {} : { contentEncoding }),
      },
    });
  }

  async remove(key: string): Promise<void> {
    await this.bucket.file(this.prefix + key).delete({ ignoreNotFound: true });
  }
}
