/** The part of npm's lock file that is read here (version 3). */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** `package.json` and `package-lock.json` of a folder that has some of another folder's packages. */
export interface StandalonePackage {
  readonly manifest: object;
  readonly lock: object;
}

/**
 * Cuts some packages, with all that they need, out of a lock file: the same versions with the same checksums, so that
 * there is one place where a version is pinned. Packages for other systems stay in; npm leaves them out.
 *
 * @throws Error when the lock file does not have a package
 */
export function standalonePackage(
  name: string,
  wanted: readonly string[],
  { packages }: LockFile,
): StandalonePackage {
  const found = new Map<string, LockedPackage>();
  const visit = (dependency: string, from: string, optional: boolean): void => {
    const place = placeOf(dependency, from, packages);
    if (place === undefined) {
      if (optional) return;
      throw new Error(`package-lock.json has no ${dependency}, which ${from === "" ? name : from} needs`);
    }
    if (found.has(place)) return;
    const locked = packages[place] ?? {};
    // What only builds the platform is a dependency of its own here.
    const buildOnly = new Set(["dev", "devOptional"]);
    const kept = Object.fromEntries(Object.entries(locked).filter(([field]) => !buildOnly.has(field)));
    found.set(place, kept);
    for (const next of Object.keys(locked.dependencies ?? {})) visit(next, place, false);
    for (const next of Object.keys(locked.optionalDependencies ?? {})) visit(next, place, true);
  };
  for (const dependency of wanted) visit(dependency, "", false);

  const dependencies = Object.fromEntries(
    wanted.map((dependency) => [dependency, packages[`node_modules/${dependency}`]?.version ?? ""]),
  );
  const manifest = { name, version: "1.0.0", private: true, dependencies };
  const places = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { "": manifest, ...places } };
  return { manifest, lock };
}

/** Where `dependency` of the package at `from` is: the nearest `node_modules` outwards, as Node looks it up. */
function placeOf(dependency: string, from: string, packages: LockFile["packages"]): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    const place = at === "" ? `node_modules/${dependency}` : `${at}/node_modules/${dependency}`;
    if (packages[place] !== undefined) return place;
    if (at === "") return undefined;
  }
}
