import type { ReportViolation, StackValidationPolicy } from "@pulumi/policy";

import { currentReview, type Review } from "./review";

/** Reports every waiver that was needed, with its reason and date. */
export function reportWaivers({ waived }: Review, report: ReportViolation): void {
  for (const { message, waiver, urn } of waived) {
    report(`waived until ${waiver.expires}: ${waiver.policy}\nreason: ${waiver.reason}\n${message}`, urn);
  }
}

/** Reports every proof that met a value which is only known after the deployment. */
export function reportNotProvable({ notProvable }: Review, report: ReportViolation): void {
  for (const { policy, reason, urn } of notProvable) {
    report(`not provable at preview: ${policy}\n${reason}`, urn);
  }
}

/** Runs after the mandatory policies: a waived violation shows in the report, it does not disappear. */
export const waiversInUse: StackValidationPolicy = {
  name: "waivers-in-use",
  description: "Violations that a waiver allows for now, with its reason and its last day.",
  enforcementLevel: "advisory",
  validateStack: (_args, report) => reportWaivers(currentReview, report),
};

/** Runs last. What is not known is neither kept nor broken. */
export const notProvable: StackValidationPolicy = {
  name: "not-provable",
  description: "Policies that met a value which is only known after the deployment.",
  enforcementLevel: "advisory",
  validateStack: (_args, report) => reportNotProvable(currentReview, report),
};
