/** Where images are, when the CDN makes their variants: one folder, which is the same in URLs and among the originals. */
import { issue, type Issue } from "../../../budget/core/issues";
import type { EdgeBehavior } from "../../../budget/edge/behaviors";

/** `/images/*`, letters that have one spelling in a URL only. */
const FOLDER = /^\/((?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)+)\*$/;

/** Folder of the originals, `images/`; undefined when the images are not in exactly one folder. */
export function imagePrefix(behaviors: readonly EdgeBehavior[]): string | undefined {
  const [pattern = "", ...more] = behaviors.find((behavior) => behavior.class === "images")?.paths ?? [];
  if (more.length > 0 || pattern.includes("..")) return undefined;
  return FOLDER.exec(pattern)?.[1];
}

/** What keeps a CDN from making the variants of images, whichever it is. */
export function imageVariantIssues(behaviors: readonly EdgeBehavior[]): Issue[] {
  if (imagePrefix(behaviors) !== undefined) return [];
  return [
    issue("behaviors.images.paths", behaviors.find((behavior) => behavior.class === "images")?.paths ?? [], {
      allowed: "exactly one folder, like /images/*, where images is given",
      fix: "Give the folder with the images, or remove images from the CDN.",
    }),
  ];
}
