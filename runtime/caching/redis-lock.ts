import { randomBytes } from "node:crypto";
import type { RedisLink } from "./redis-link";

/** Removes the lock of whoever holds this token, and nobody else's. */
const RELEASE =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("unlink", KEYS[1]) end return 0';

/**
 * A short lock across processes: of those that miss the same key one loads, and the others look again. It saves work
 * and promises nothing: when Redis is away, or the lock has run out, everybody loads.
 *
 * @returns what gives it back; undefined when somebody else has it
 */
export async function tryLock(
  link: RedisLink,
  key: string,
  longestMs: number,
): Promise<(() => Promise<void>) | undefined> {
  const token = randomBytes(12).toString("base64url");
  if ((await link.write(["SET", key, token, "NX", "PX", String(longestMs)])) === null) return undefined;
  return async () => {
    // It runs out by itself.
    await link.remove(["EVAL", RELEASE, "1", key, token]).catch(() => undefined);
  };
}
