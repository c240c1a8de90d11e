import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { UserError } from "../../cli/user-error";

/** A file of a folder that is published. */
export interface SourceFile {
  /** Path below the folder, with slashes: `css/site.css`. */
  readonly path: string;
  readonly content: Buffer;
}

/** What was found. */
export interface SourceFolder {
  readonly files: readonly SourceFile[];
  /** Left out: hidden files, which are rarely meant for everybody. */
  readonly skipped: readonly string[];
}

/** More than any build makes; a folder given by mistake has more. */
const MOST_FILES = 20_000;

/** Objects of this size belong into a bucket by themselves, not through the memory of a build. */
const LARGEST_FILE = 200 * 2 ** 20;

/** Published although it begins with a dot, as RFC 8615 has it. */
const WELL_KNOWN = ".well-known";

/** One spelling in a URL, without escapes. A space would be, too, but `%20` in a reference then has to be read. */
const PLAIN = /^[A-Za-z0-9@+~_.,=() -]+$/;

/**
 * Reads what is to be published. Nothing outside of the folder is: a symbolic link is refused, wherever it leads.
 *
 * @throws UserError that names the file and what to do
 */
export function readFolder(folder: string): SourceFolder {
  const root = resolve(folder);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`there is no folder ${folder}`, "build the assets first, or give another FOLDER");
  }
  const files: SourceFile[] = [];
  const skipped: string[] = [];
  const visit = (below: string): void => {
    const names = readdirSync(join(root, below)).sort();
    for (const name of names) {
      const path = below === "" ? name : `${below}/${name}`;
      const found = lstatSync(join(root, path));
      if (found.isSymbolicLink()) {
        throw new UserError(`${path} is a symbolic link`, "put the file itself into the folder");
      }
      if (name.startsWith(".") && path !== WELL_KNOWN) {
        skipped.push(path);
      } else if (!PLAIN.test(name)) {
        throw new UserError(
          `${JSON.stringify(path)} cannot be published under this name`,
          "use letters, digits, spaces and -_.,+=~@()",
        );
      } else if (found.isDirectory()) {
        visit(path);
      } else if (found.isFile()) {
        if (found.size > LARGEST_FILE) {
          throw new UserError(
            `${path} has ${found.size} bytes`,
            `upload files above ${LARGEST_FILE} by themselves`,
          );
        }
        files.push({ path, content: readFileSync(join(root, path)) });
        if (files.length > MOST_FILES) {
          throw new UserError(`${folder} has more than ${MOST_FILES} files`, "give the folder of the build");
        }
      } else {
        throw new UserError(`${path} is neither a file nor a folder`, "remove it");
      }
    }
  };
  visit("");
  if (files.length === 0) throw new UserError(`${folder} is empty`, "build the assets first");
  return { files, skipped };
}
