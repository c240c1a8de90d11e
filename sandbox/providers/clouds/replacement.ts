/** Which changes make another resource, and whether the old one goes first. */
import type { Replacement } from "../protocol/serve-provider";
import type { Change, Properties } from "../protocol/values";
import { autoNameOf, isAutoNamed } from "./auto-naming";
import { isGiven } from "./judge-shape";
import { rulesOf, shapeOf } from "./tables";

/** `rules[2].action` as the tables write it. */
function asInTables(path: string): string {
  return path.replace(/\[\d+\]/g, "[]");
}

function immutable(type: string): readonly string[] {
  // A changed name is a new thing in every cloud, also of a type that the tables do not have.
  if (shapeOf(type) === undefined) return ["name"];
  return Object.entries(rulesOf(type).paths)
    .filter(([, facts]) => facts.immutable === true)
    .map(([path]) => path);
}

function isWithin(path: string, of: string): boolean {
  return path === of || (path.startsWith(of) && [".", "["].includes(path.charAt(of.length)));
}

/** @param logicalName name of the resource in the program */
export function replacementOf(
  type: string,
  logicalName: string,
  differences: readonly Change[],
  inputs: Properties,
  olds: Properties,
): Replacement {
  const fixed = immutable(type);
  const paths = differences
    .map(({ path }) => path)
    // Where none was named it was the provider's, which is not known here; to name the same one later replaces nothing.
    .filter((path) => path !== "region" || isGiven(olds["region"]))
    .filter((path) => fixed.some((of) => isWithin(asInTables(path), of)));
  if (paths.length === 0) return { paths, deleteFirst: false };
  const property = autoNameOf(type)?.property;
  // Two things of one name cannot exist side by side; a name that was made up is made up anew.
  const sameName =
    property !== undefined &&
    isGiven(inputs[property]) &&
    inputs[property] === olds[property] &&
    !isAutoNamed(type, logicalName, inputs);
  return { paths, deleteFirst: sameName };
}
