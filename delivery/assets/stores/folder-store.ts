import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";

import type { AssetObject } from "./store";
import type { AssetStore } from "./store";

/**
 * A folder of this machine, for a look before anything is published and for tests. Headers are beside each file, in
 * `<file>.headers.json`.
 */
export class FolderStore implements AssetStore {
  readonly name: string;
  private readonly root: string;

  constructor(folder: string) {
    this.root = resolve(folder);
    this.name = this.root;
  }

  async read(key: string): Promise<Buffer | undefined> {
    return await readFile(this.place(key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  async put({ key, content, ...headers }: AssetObject): Promise<void> {
    const place = this.place(key);
    await mkdir(dirname(place), { recursive: true });
    // Whole or not at all, as in a bucket.
    await writeFile(`${place}.part`, content);
    await rename(`${place}.part`, place);
    await writeFile(`${place}.headers.json`, `${JSON.stringify(headers)}\n`);
  }

  async remove(key: string): Promise<void> {
    const place = this.place(key);
    await rm(place, { force: true });
    await rm(`${place}.headers.json`, { force: true });
  }

  private place(key: string): string {
    const place = resolve(this.root, key);
    if (!place.startsWith(this.root + sep))
      throw new Error(`${JSON.stringify(key)} is outside of ${this.root}`);
    return place;
  }
}
