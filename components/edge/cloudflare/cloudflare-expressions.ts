/** Conditions in the language of Cloudflare's rules. Every rule applies to the hosts of the stack only. */
import { exceptionsOf, type EdgeBehavior } from "../../../budget/edge/behaviors";
import { EVERY_PATH } from "../../../budget/edge/path-patterns";

/** Seconds that a signature is good for, and the secrets that make one. */
export interface SignatureCheck {
  readonly lifetimeSeconds: number;
  readonly secrets: readonly string[];
}

/** Query parameter of a signature; with its "?" or "&" and "=" eight bytes stand between the message and the time. */
const SIGNATURE_SEPARATOR_BYTES = "?verify=".length;

/** Cookie of a signature: `<prefix>:<timestamp>-<mac>`, one byte between message and time. */
export const SIGNATURE_COOKIE = "cdn-access";

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** `{"a" "b"}` */
export function setOf(values: readonly string[]): string {
  return `{${values.map(quoted).join(" ")}}`;
}

/** One of the conditions, in parentheses. */
export function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(" or ")})`;
}

/** The hosts of the stack: a zone may have others. */
export function hostCondition(hosts: readonly string[]): string {
  return `http.host in ${setOf(hosts)}`;
}

/** A path that matches one of the patterns. `strict` compares case, as CloudFront does. */
function pathCondition(patterns: readonly string[]): string {
  return anyOf(
    patterns.map((pattern) =>
      pattern.includes("*")
        ? `http.request.uri.path strict wildcard r${quoted(pattern)}`
        : `http.request.uri.path eq ${quoted(pattern)}`,
    ),
  );
}

/**
 * The requests of one class and of no other: its own patterns, less those of other classes within them. So the rules do
 * not depend on their order, and two of them never apply to one request.
 */
export function classCondition(
  hosts: readonly string[],
  behavior: EdgeBehavior,
  behaviors: readonly EdgeBehavior[],
): string {
  const exceptions = exceptionsOf(behavior, behaviors);
  const own = behavior.paths.includes(EVERY_PATH) ? [] : [pathCondition(behavior.paths)];
  const others = exceptions.length === 0 ? [] : [`not ${pathCondition(exceptions)}`];
  return [hostCondition(hosts), ...own, ...others].join(" and ");
}

/** True while the query, or a cookie for the whole class, carries a signature that one of the secrets made. */
export function signatureCondition({ paths }: EdgeBehavior, check: SignatureCheck): string {
  const now = "http.request.timestamp.sec";
  const cookie = `http.request.cookies[${quoted(SIGNATURE_COOKIE)}][0]`;
  // A cookie is for a folder: what it says of the folder is compared with the class's own, which the MAC then proves.
  const folders = paths
    .filter((pattern) => /^[^*]*\/\*$/.test(pattern))
    .map((pattern) => pattern.slice(0, -1));
  return anyOf(
    check.secrets.flatMap((secret) => {
      const key = quoted(secret);
      const inQuery = `is_timed_hmac_valid_v0(${key}, http.request.uri, ${check.lifetimeSeconds}, ${now}, ${SIGNATURE_SEPARATOR_BYTES})`;
      const inCookie = `is_timed_hmac_valid_v0(${key}, ${cookie}, ${check.lifetimeSeconds}, ${now}, 1, "s")`;
      return [
        inQuery,
        ...folders.map(
          (folder) =>
            `(starts_with(${cookie}, ${quoted(`${folder}:`)}) and starts_with(http.request.uri.path, ${quoted(folder)}) and ${inCookie})`,
        ),
      ];
    }),
  );
}

/** Requests with a query parameter that the class does not know: each would be a cache entry of its own. */
export function unknownQueryCondition(names: readonly string[]): string {
  return `not all(http.request.uri.args.names[*] in ${setOf(names)})`;
}
