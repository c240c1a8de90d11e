import { createHash } from "node:crypto";

/** Characters of a digest at the end of a name: 32 bits. */
const DIGEST = 8;

/**
 * A name as most clouds take it: at most `longest` lower-case letters, digits and hyphens. `text` itself where that is one;
 * else what is left of it and a digest of the whole, so that different texts have different names.
 *
 * @param text begins with a letter
 * @param longest what the provider takes, at least 16
 */
export function physicalName(text: string, longest: number): string {
  if (text.length <= longest && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(text)) return text;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, DIGEST);
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `${plain.slice(0, longest - DIGEST - 1).replace(/-+$/, "")}-${digest}`;
}
