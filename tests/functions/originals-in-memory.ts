import { createHash } from "node:crypto";
import { Readable } from "node:stream";

import type { Original, Originals } from "../../functions/image/originals";

/** A bucket in memory that counts what is done with it. */
export class OriginalsInMemory implements Originals {
  opened: string[] = [];
  reads = 0;
  closed = 0;

  /** @param stated size that the bucket states, where it lies. @default the size */
  constructor(
    private readonly files: Readonly<Record<string, Buffer>>,
    private readonly stated?: number,
  ) {}

  open(key: string): Promise<Original | undefined> {
    this.opened.push(key);
    const content = this.files[key];
    if (content === undefined) return Promise.resolve(undefined);
    return Promise.resolve({
      version: createHash("sha256").update(content).digest("hex"),
      bytes: this.stated ?? content.length,
      read: () => {
        this.reads += 1;
        const pieces = Array.from({ length: Math.ceil(content.length / 65_536) }, (_, index) =>
          content.subarray(index * 65_536, (index + 1) * 65_536),
        );
        return Readable.from(pieces);
      },
      close: () => {
        this.closed += 1;
      },
    });
  }
}
