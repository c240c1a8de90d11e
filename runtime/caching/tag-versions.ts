import { randomBytes } from "node:crypto";
import { VERSION_BYTES } from "./envelope";
import type { Gate } from "./gate";
import type { Keys } from "./keys";
import type { RedisLink } from "./redis-link";

/** A tag outlives what carries it by a day. When one is gone, what carries it is a miss. */
const TAG_MARGIN_MS = 86_400_000;

/**
 * Gives numbers to tags that have none. Of all who need one for the same tag at the same time, one asks: a number that is
 * older than the load is safe, for what is invalidated in between makes it a wrong one.
 */
export class TagVersions {
  private readonly asked = new Map<string, Promise<Buffer>>();

  constructor(
    private readonly link: RedisLink,
    private readonly keys: Keys,
    private readonly gate: Gate,
  ) {}

  /** @param goodForMs what carries them @returns the versions, and those of tags that had none @throws CacheUnavailable */
  async complete(
    tags: readonly string[],
    versions: ReadonlyMap<string, Buffer>,
    goodForMs: number,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const missing = tags.filter((tag) => !versions.has(tag));
    if (missing.length === 0) return versions;
    const all = new Map(versions);
    await Promise.all(missing.map(async (tag) => all.set(tag, await this.numberOf(tag, goodForMs))));
    return all;
  }

  /** Lets a tag live as long as what begins to carry it now. @throws CacheUnavailable */
  async prolong(tag: string, goodForMs: number): Promise<void> {
    const command = ["PEXPIRE", this.keys.tag(tag), String(TAG_MARGIN_MS + goodForMs)];
    await this.gate.through(1, () => this.link.write(command));
  }

  /** What is asked now is from before. */
  forget(): void {
    this.asked.clear();
  }

  private numberOf(tag: string, goodForMs: number): Promise<Buffer> {
    const asked = this.asked.get(tag);
    if (asked !== undefined) return asked;
    const asking = this.ask(tag, goodForMs).finally(() => {
      if (this.asked.get(tag) === asking) this.asked.delete(tag);
    });
    this.asked.set(tag, asking);
    return asking;
  }

  private async ask(tag: string, goodForMs: number): Promise<Buffer> {
    const { link, keys, gate } = this;
    const fresh = randomBytes(VERSION_BYTES);
    const px = String(TAG_MARGIN_MS + goodForMs);
    const before = await gate.through(1, () =>
      link.write(["SET", keys.tag(tag), fresh, "NX", "GET", "PX", px]),
    );
    return Buffer.isBuffer(before) ? before : fresh;
  }
}

/** @param numbers of the tags, in their order */
export function versionsOf(
  tags: readonly string[],
  numbers: readonly (Buffer | null | undefined)[],
): ReadonlyMap<string, Buffer> {
  const versions = new Map<string, Buffer>();
  for (let index = 0; index < tags.length; index++) {
    const number = numbers[index];
    if (number?.length === VERSION_BYTES) versions.set(tags[index] ?? "", number);
  }
  return versions;
}
