import { createHash } from "node:crypto";

/** Longest key that is kept as it is, characters. */
const LONGEST_KEY = 200;

/** What is left of a longer one before its hash, so that a pattern still finds it. */
const KEPT = 120;

/** Characters that stand for themselves: printable ASCII without what patterns and this encoding use. */
const PLAIN = /^[\w!#$&'()+,\-./:;<=>?@^`{|}~"]*$/;
const SPECIAL = /[^\w!#$&'()+,\-./:;<=>?@^`{|}~"]/g;

/**
 * A key as it is in Redis: whatever characters the caller's has, this one can be read in a log and typed in redis-cli,
 * and different keys stay different. Others become `%` and their UTF-16 code; after {@link LONGEST_KEY} characters the
 * rest becomes a SHA-256.
 */
export function safeKey(key: string): string {
  const plain = PLAIN.test(key) ? key : key.replace(SPECIAL, escaped);
  if (plain.length <= LONGEST_KEY) return plain;
  // "%~" is no escape, so no short key looks like this one.
  return `${plain.slice(0, KEPT)}%~${createHash("sha256").update(plain).digest("base64url")}`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256
    ? `%${code.toString(16).padStart(2, "0").toUpperCase()}`
    : `%u${code.toString(16).padStart(4, "0").toUpperCase()}`;
}

/**
 * A pattern for SCAN that finds safe keys: `*` stays any characters, everything else stands for itself.
 *
 * @param prefix in front of the key, literally
 */
export function scanPattern(prefix: string, pattern: string): string {
  const parts = pattern
    .split("*")
    .map((part) => part.replace(SPECIAL, escaped).replace(/[?[\]\\^]/g, "\\$&"));
  return `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}${parts.join("*")}`;
}

/** Where the keys of one cache are: `<namespace>:<cache>:<version>:`. */
export interface KeySpace {
  /** In front of everything: two products or environments share a Redis without meeting. @default "retrofitlink" */
  readonly namespace?: string;
  /** Of the values' shape. A release that changes it raises it, and meets no value of the one before. @default 1 */
  readonly version?: number;
}

/** Keys of tags that are remembered: a few of them are asked for with every request. */
const MOST_TAG_KEYS = 1000;

/** Makes the keys of one cache: of its entries, its tags and its locks, which cannot be mistaken for each other. */
export class Keys {
  readonly entries: string;
  readonly tags: string;
  readonly locks: string;
  private readonly tagKeys = new Map<string, string>();

  constructor(cache: string, { namespace = "retrofitlink", version = 1 }: KeySpace = {}) {
    const prefix = `${safeKey(namespace)}:${safeKey(cache)}:v${version}`;
    this.entries = `${prefix}:e:`;
    this.tags = `${prefix}:t:`;
    this.locks = `${prefix}:l:`;
  }

  entry(key: string): string {
    return this.entries + safeKey(key);
  }

  tag(tag: string): string {
    const known = this.tagKeys.get(tag);
    if (known !== undefined) return known;
    if (this.tagKeys.size >= MOST_TAG_KEYS) this.tagKeys.clear();
    const key = this.tags + safeKey(tag);
    this.tagKeys.set(tag, key);
    return key;
  }

  lock(key: string): string {
    return this.locks + safeKey(key);
  }
}
