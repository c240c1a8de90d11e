import type { ResourceValidationPolicy } from "@pulumi/policy";

import { currentReview } from "./review";

/** Not a rule: lets the pack learn waivers and stack-file keys before the others judge. Has to come first. */
export const observe: ResourceValidationPolicy = {
  name: "observe",
  description: "Reads waivers and stack-file keys; reports nothing.",
  enforcementLevel: "advisory",
  validateResource: (args) => currentReview.observe(args),
};
