import type { Bucket } from "@google-cloud/storage";

import { orAborted } from "./or-aborted";
import type { Original, Originals } from "./originals";

/** Originals in a bucket of Cloud Storage. */
export class GcsOriginals implements Originals {
  constructor(private readonly bucket: Pick<Bucket, "file">) {}

  async open(key: string, signal: AbortSignal): Promise<Original | undefined> {
    const file = this.bucket.file(key);
    let found: { generation?: string | number; size?: string | number };
    try {
      // The client has no way to be called off: the wait ends, the call goes on in vain.
      [found] = await orAborted(file.getMetadata(), signal);
    } catch (error) {
      if ((error as { code?: unknown }).code === 404) return undefined;
      throw error;
    }
    const { generation = "", size = 0 } = found;
    return {
      version: String(generation),
      bytes: Number(size),
      // Of the generation whose size was looked at, not of one that came in between.
      read: () => this.bucket.file(key, { generation }).createReadStream({ validation: false }),
      close: () => undefined,
    };
  }
}
