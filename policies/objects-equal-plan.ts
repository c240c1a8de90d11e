/** The witness: what is registered is what was proven, whoever changed it. */
import type {
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";

import { contradiction } from "../budget/core/witness";
import { OBJECT_POLICIES, type ObjectPolicy } from "../budget/core/policies";
import { currentReview, type Review } from "./review";

const NAME: ObjectPolicy = "objects-equal-plan";
const CHANGE = "the transform or the variable that changes it, or the key that the number follows from";

/** Compares an object with what the plan of its component says of it. */
export function checkObject(
  args: Pick<ResourceValidationArgs, "type" | "name" | "urn" | "props">,
  report: ReportViolation,
  review: Review,
): void {
  for (const { witness, owner } of review.witnessesOf(args.type, args.name)) {
    review.prove(NAME, args.urn, () => {
      const wrong = contradiction(witness, args.props);
      if (wrong === undefined) return;
      review.judge(
        NAME,
        {
          workload: owner.workload,
          message: `${args.type.split(":").pop() ?? ""} "${args.name}" is not what was proven\n${wrong}`,
          change: `${CHANGE}: ${owner.configKey}`,
          urn: args.urn,
        },
        report,
      );
    });
  }
}

/** Objects that a plan speaks of, and that nobody registered. */
export function checkMissing(report: ReportViolation, review: Review): void {
  for (const { witness, owner } of review.unseenWitnesses()) {
    review.judge(
      NAME,
      {
        workload: owner.workload,
        message: `${witness.type} "${witness.name}" is in the plan and not in the program`,
        change: `what removes it: ${owner.configKey}`,
      },
      report,
    );
  }
}

/** A resource policy: it sees the inputs of one object, with every transform applied. */
export const objectsEqualPlan: ResourceValidationPolicy = {
  name: NAME,
  description: OBJECT_POLICIES[NAME],
  enforcementLevel: "mandatory",
  validateResource: (args, report) => checkObject(args, report, currentReview),
};

/** A stack policy: only when everything is registered shows what is not. */
export const plannedObjectsExist: StackValidationPolicy = {
  name: "planned-objects-exist",
  description: "Every object that a plan speaks of is registered.",
  enforcementLevel: "mandatory",
  validateStack: (_args, report) => checkMissing(report, currentReview),
};
