/** A policy that may be broken for now. */
import { z } from "zod";

import { says, text } from "./leaves";

/** There is no 31 February. */
function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

export const waiver = z.strictObject(
  {
    policy: text("the name of a policy", "See docs/policies.md.", /^[a-z][a-z0-9-]*$/),
    resource: text(
      "the name of a workload",
      "Leave it out to waive the policy for the whole stack.",
    ).optional(),
    reason: text(
      "a sentence of at least 10 characters",
      "Say why the policy may be broken for now.",
      /^.{10,}$/s,
    ),
    expires: text("a date, YYYY-MM-DD", "Say until when.", /^\d{4}-\d{2}-\d{2}$/).refine(
      isDate,
      says("a day that there is, YYYY-MM-DD", "Say until when."),
    ),
  },
  says("a map of policy, resource, reason and expires", "See docs/policies.md."),
);
