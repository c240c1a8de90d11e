/** What is asked of a CDN to forget, put in order: no path twice, none that another covers, in as few calls as allowed. */

/** What may have changed. */
export interface Purge {
  /** Paths from "/", each with at most one "*", at its end: `/`, `/index.html`, `/offers/*`. @default none */
  readonly paths?: readonly string[];
  /** Tags that the origin put on its answers. @default none */
  readonly tags?: readonly string[];
}

/** What one call to a CDN may carry. */
export interface PurgeLimits {
  /** Paths and tags of one call. */
  readonly items: number;
  /** Wildcards that may be under way at the same time. */
  readonly wildcards: number;
}

/** One call. */
export interface PurgeBatch {
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

/** What stands between a purge of everything and the origin. */
export interface OriginGuard {
  /** Requests/s that the CDN answers now, or at peak. */
  readonly requestsPerSecond: number;
  /** Requests/s that the origin serves within the budget. */
  readonly originCapacityRps: number;
}

const LONGEST_PATH = 4000;

/** CloudFront and Cloudflare both take visible ASCII without commas, since tags stand in one header. */
const TAG = /^[!-+\--~]{1,256}$/;

/** Everything that is wrong with a purge, a sentence each. */
export function purgeProblems({ paths = [], tags = [] }: Purge): string[] {
  return [
    ...paths
      .filter((path) => !isPath(path))
      .map(
        (path) =>
          `path ${shown(path)}; allowed is one that begins with "/", is encoded, and has a "*" only at its end`,
      ),
    ...tags
      .filter((tag) => !TAG.test(tag))
      .map((tag) => `tag ${shown(tag)}; allowed are 1 to 256 visible ASCII characters without commas`),
  ];
}

function isPath(path: string): boolean {
  return path.length <= LONGEST_PATH && /^\/[!-)+-~]*\*?$/.test(path) && !path.includes("#");
}

/** Text of somebody else's, short and on one line. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** True when a purge takes everything there is. */
export function isEverything({ paths = [] }: Purge): boolean {
  return paths.includes("/*");
}

/**
 * Why everything must not be purged now; undefined when the origin can bear it. With an empty cache every request
 * reaches the origin until the first answers are back.
 */
export function everythingRefused({ requestsPerSecond, originCapacityRps }: OriginGuard): string | undefined {
  if (requestsPerSecond <= originCapacityRps) return undefined;
  return (
    `"/*" is refused: ${requestsPerSecond} requests/s would reach an origin that serves ${originCapacityRps}; ` +
    "purge the paths or tags that changed"
  );
}

/** In calls, wildcards last: what they cover is left out, and a call holds as many as may be under way. */
export function purgeBatches({ paths = [], tags = [] }: Purge, limits: PurgeLimits): PurgeBatch[] {
  const wildcards = withoutCovered([...new Set(paths.filter((path) => path.endsWith("*")))]);
  const covered = (path: string): boolean => wildcards.some((wildcard) => covers(wildcard, path));
  const single = [...new Set(paths.filter((path) => !path.endsWith("*")))]
    .filter((path) => !covered(path))
    .sort();
  const items = [
    ...single.map((path) => ({ path })),
    ...[...new Set(tags.map((tag) => tag.toLowerCase()))].sort().map((tag) => ({ tag })),
  ];
  return [
    ...chunks(items, limits.items).map((chunk) => ({
      paths: chunk.flatMap((item) => ("path" in item ? [item.path] : [])),
      tags: chunk.flatMap((item) => ("tag" in item ? [item.tag] : [])),
    })),
    ...chunks(wildcards.sort(), Math.min(limits.items, limits.wildcards)).map((chunk) => ({
      paths: chunk,
      tags: [],
    })),
  ];
}

function withoutCovered(wildcards: readonly string[]): string[] {
  return wildcards.filter(
    (wildcard) => !wildcards.some((other) => other !== wildcard && covers(other, wildcard.slice(0, -1))),
  );
}

function covers(wildcard: string, path: string): boolean {
  return path.startsWith(wildcard.slice(0, -1));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
