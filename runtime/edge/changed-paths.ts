/** What a deploy changed under a path that stays the same: the only thing a cache can be wrong about. */

/** A deployed file. */
export interface DeployedFile {
  /** Hash of its content. */
  readonly hash: string;
  /** Its name holds the hash, so that a new content is a new path and nothing has to be purged. */
  readonly fingerprinted: boolean;
}

/** Files of a deploy by their path from "/". */
export type Deployed = Readonly<Record<string, DeployedFile>>;

/** Paths whose content changed or went, sorted. `/offers/index.html` is also known as `/offers/`. */
export function changedPaths(before: Deployed, after: Deployed): string[] {
  const changed = Object.entries(before)
    .filter(([path, { hash, fingerprinted }]) => !fingerprinted && after[path]?.hash !== hash)
    .flatMap(([path]) => [
      path,
      ...(path.endsWith("/index.html") ? [path.slice(0, -"index.html".length)] : []),
    ]);
  return [...new Set(changed)].sort();
}
