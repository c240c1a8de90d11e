import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** True when a process with this number exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Runs `work` while holding a lock that other processes respect. The lock is a folder, since making one is atomic
 * everywhere; a lock whose owner is dead is taken over.
 *
 * @param waiting called once when the lock is held by someone else
 */
export async function withLock<T>(path: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  let told = false;
  while (!take(path)) {
    if (!told) waiting();
    told = true;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function take(path: string): boolean {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (isAbandoned(path)) rmSync(path, { recursive: true, force: true });
    return false;
  }
  try {
    writeFileSync(join(path, "pid"), String(process.pid));
  } catch (error) {
    // On a full disk the folder could be made and the file could not: nobody would ever take such a lock over.
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
  return true;
}

/** A lock without a readable owner is only given up on after a moment: its owner may be between the two writes. */
function isAbandoned(path: string): boolean {
  try {
    const pid = Number(readFileSync(join(path, "pid"), "utf8"));
    if (!Number.isInteger(pid) || pid <= 0) throw new Error("an empty file");
    return !isAlive(pid);
  } catch {
    try {
      return Date.now() - statSync(path).mtimeMs > 5_000;
    } catch {
      return false;
    }
  }
}
