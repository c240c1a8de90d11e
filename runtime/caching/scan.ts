import { type Keys, scanPattern } from "./keys";
import type { RedisLink } from "./redis-link";

/** Bounds of a scan. */
export interface ScanBounds {
  /** Keys that Redis looks at for one answer, 1..10,000. @default 500 */
  readonly batch?: number;
  /** Entries removed at most. @default 100,000 */
  readonly most?: number;
}

/** Keys of the entries that match a pattern, as they are in Redis, some at a time; one may come twice. @throws CacheUnavailable */
export async function* scan(
  link: RedisLink,
  keys: Keys,
  pattern: string,
  batch: number,
): AsyncGenerator<readonly Buffer[]> {
  const match = scanPattern(keys.entries, pattern);
  let cursor = "0";
  do {
    const reply = await link.read(["SCAN", cursor, "MATCH", match, "COUNT", String(batch)]);
    const [next, found] = reply as unknown as [Buffer, Buffer[]];
    if (found.length > 0) yield found;
    cursor = next.toString();
  } while (cursor !== "0");
}

/** Removes the entries that match a pattern. @returns how many @throws CacheUnavailable */
export async function removeMatching(
  link: RedisLink,
  keys: Keys,
  pattern: string,
  { batch = 500, most = 100_000 }: ScanBounds = {},
): Promise<number> {
  let removed = 0;
  for await (const found of scan(link, keys, pattern, batch)) {
    removed += (await link.remove(["UNLINK", ...found])) as number;
    if (removed >= most) break;
  }
  return removed;
}
