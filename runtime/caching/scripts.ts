import { HEAD_BYTES } from "./envelope";

/**
 * What has to happen in Redis at once. Each has one key. An entry is known by its head: when it was stored, for how long,
 * and its checksum.
 */
const HEAD = `redis.call("getrange", KEYS[1], 0, ${HEAD_BYTES - 1})`;

/**
 * Stores unless something else has been stored meanwhile. What is no text at all is replaced: nobody can read it.
 * ARGV: head that was there, or nothing; entry; milliseconds.
 */
export const REPLACE = `
if redis.call("type", KEYS[1]).ok == "string" then
  local head = ${HEAD}
  if head ~= "" and head ~= ARGV[1] then return 0 end
end
redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

/** Changes an entry that is still the one that was read. ARGV: its head; entry; milliseconds. */
export const CHANGE = `
if ${HEAD} ~= ARGV[1] then return 0 end
redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

/** Stores unless an entry is there that says that there is none. ARGV: its byte of the encoding; entry; milliseconds. */
export const UNLESS_ENDED = `
if redis.call("getrange", KEYS[1], 2, 2) == ARGV[1] then return 0 end
redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

/** Changes the end of an entry that is still the one that was read. ARGV: its head; the new one; milliseconds. */
export const PROLONG = `
if ${HEAD} ~= ARGV[1] then return 0 end
redis.call("setrange", KEYS[1], 0, ARGV[2])
return redis.call("pexpire", KEYS[1], ARGV[3])`;
