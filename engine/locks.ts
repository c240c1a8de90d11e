import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { isAlive } from "../cli/lock";
import { STATE } from "../cli/paths";

interface LockContent {
  readonly pid: number;
  readonly hostname: string;
}

/**
 * Removes locks of the file backend whose owner is dead: a run that was killed must not block the next one.
 *
 * @returns how many were removed
 */
export function removeAbandonedLocks(state = STATE): number {
  const root = join(state, ".pulumi", "locks");
  if (!existsSync(root)) return 0;
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith(".json"),
  );
  let removed = 0;
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    if (isHeld(path)) continue;
    rmSync(path, { force: true });
    removed++;
  }
  return removed;
}

/** A lock that cannot be read, or of another machine, is left alone: its owner may well be alive. */
function isHeld(path: string): boolean {
  try {
    const content = JSON.parse(readFileSync(path, "utf8")) as LockContent;
    return content.hostname !== hostname() || isAlive(content.pid);
  } catch {
    // An empty file is what a full disk leaves of a lock.
    return readFileSync(path, "utf8").length > 0;
  }
}
