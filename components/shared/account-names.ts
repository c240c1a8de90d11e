/** Explicit names of what is outside the cluster: they carry the stack, so that two stacks share an account. */
import { createHash } from "node:crypto";

/** Hexadecimal digits of a stack whose own name does not fit. */
const DIGEST_LENGTH = 6;

/**
 * `retrofitlink-<stack>-<what>` of lower-case letters, digits and hyphens. Of a stack with other characters, or with too
 * long a name, it has what can be taken over and a digest, so that two stacks never get one name.
 *
 * @param longest characters that the name may have
 */
export function accountName(stack: string, what: string, longest: number): string {
  const whole = `retrofitlink-${stack}-${what}`;
  if (whole.length <= longest && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(whole)) return whole;
  const digest = createHash("sha256").update(stack).digest("hex").slice(0, DIGEST_LENGTH);
  const end = `-${digest}-${what}`;
  const beginning = `retrofitlink-${stack.toLowerCase()}`.replaceAll(/[^a-z0-9]+/g, "-");
  return beginning.slice(0, longest - end.length).replace(/-$/, "") + end;
}
