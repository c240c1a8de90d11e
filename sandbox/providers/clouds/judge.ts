/**
 * Judges the inputs of a resource as the official providers and the clouds behind them do, from tables of their own models. Values that are not known yet
 * are not judged; a type that the tables do not have is judged by what holds for every type.
 */
import type { CheckProblem } from "../protocol/serve-provider";
import type { Properties } from "../protocol/values";
import { crossProblems } from "./cross-rules";
import { ruleProblems } from "./judge-rules";
import { shapeProblems } from "./judge-shape";
import { placeProblems } from "./places";

/** @param name of the resource in the program, for the messages */
export function judge(type: string, name: string, inputs: Properties): CheckProblem[] {
  const found = [shapeProblems, ruleProblems, crossProblems, placeProblems].flatMap((judged) =>
    judged(type, inputs),
  );
  return found.map(({ property, reason }) => ({ property, reason: examine(reason, name, property) }));
}

/** The bridge ends its messages with the place. */
export function examine(reason: string, name: string, property: string): string {
  return property === "" ? reason : `${reason}. Examine values at '${name}.${property}'.`;
}
