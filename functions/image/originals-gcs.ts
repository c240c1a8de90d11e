import type { Readable } from "node:stream";

import type { Bucket } from "@google-cloud/storage";

import { orAborted } from "./or-aborted";
import type { Original, Originals } from "./originals";

/** Without the right to list, Cloud Storage answers 403 for a file that is not there. The function has no such right. */
const NONE = new Set<unknown>([404, 403]);

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
      if (NONE.has((error as { code?: unknown }).code)) return undefined;
      throw error;
    }
    const { generation = "", size = 0 } = found;
    let content: Readable | undefined;
    return {
      version: String(generation),
      bytes: Number(size),
      // Of the generation whose size was looked at, not of one that came in between.
      read: () => {
        content = this.bucket.file(key, { generation }).createReadStream({ validation: false });
        return content;
      },
      close: () => void content?.on("error", () => undefined).destroy(),
    };
  }
}
