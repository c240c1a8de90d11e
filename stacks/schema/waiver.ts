/** A policy that may be broken for now. */
import { z } from "zod";

import { says, text } from "./leaves";

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
    expires: text("a date, YYYY-MM-DD", "Say until when.", /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/),
  },
  says("a map of policy, resource, reason and expires", "See docs/policies.md."),
);
