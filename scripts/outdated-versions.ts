import semver from "semver";

export interface Pin {
  readonly kind: string;
  readonly name: string;
  readonly pinned: string;
}

/** A pin beside what its registry has. */
export interface Standing extends Pin {
  /** Newest release of the same major version. */
  readonly inLine: string;
  readonly newest: string;
}

/** Three numbers, with the `v` and the suffix that the pin has: another suffix is another build. */
const VERSION = /^(v?)(\d+)\.(\d+)\.(\d+)(-\d+)?$/;

/** Comparable form of a tag of the pin's shape. */
function comparable(tag: string, pinned: string): semver.SemVer | undefined {
  const [have, want] = [VERSION.exec(tag), VERSION.exec(pinned)];
  if (have === null || want === null || have[1] !== want[1]) return undefined;
  if ((have[5] === undefined) !== (want[5] === undefined)) return undefined;
  // A build number counts up, where semver takes it for a version before the release.
  return semver.parse(`${have[2]}.${have[3]}.${have[4]}${have[5] ?? ""}`) ?? undefined;
}

/**
 * Newest of the tags that have the pin's shape: in its major version, and at all.
 *
 * @returns the pin itself where nothing is newer
 */
export function newestOf(pinned: string, tags: readonly string[]): { inLine: string; newest: string } {
  const own = comparable(pinned, pinned);
  let [inLine, newest] = [pinned, pinned];
  let [inLineVersion, newestVersion] = [own, own];
  for (const tag of tags) {
    const version = comparable(tag, pinned);
    if (version === undefined || own === undefined) continue;
    if (newestVersion !== undefined && semver.gt(version, newestVersion))
      [newest, newestVersion] = [tag, version];
    if (version.major === own.major && inLineVersion !== undefined && semver.gt(version, inLineVersion)) {
      [inLine, inLineVersion] = [tag, version];
    }
  }
  return { inLine, newest };
}

/** What is behind, one a line, in columns; a single sentence when nothing is. */
export function table(standings: readonly Standing[]): string[] {
  const behind = standings.filter(({ pinned, newest }) => pinned !== newest);
  if (behind.length === 0) return [`${standings.length} versions asked for, none behind`];
  const rows = [
    ["kind", "name", "pinned", "in its line", "newest"],
    ...behind.map(({ kind, name, pinned, inLine, newest }) => [kind, name, pinned, inLine, newest]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
