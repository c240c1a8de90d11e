/** Where images are, when the CDN makes their variants: one folder, which is the same in URLs and among the originals. */
import type { Problem } from "../../shared/problems";
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
export function imageVariantProblems(behaviors: readonly EdgeBehavior[]): Problem[] {
  if (imagePrefix(behaviors) !== undefined) return [];
  return [
    {
      property: "behaviors.images.paths",
      got: behaviors.find((behavior) => behavior.class === "images")?.paths ?? [],
      allowed: "exactly one folder, like /images/*, where images is given",
      fix: "Give the folder with the images, or remove images from the CDN.",
    },
  ];
}
