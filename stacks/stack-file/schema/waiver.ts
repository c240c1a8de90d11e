/** A policy that may be broken for now. */
import { z } from "zod";

import { about, group, text } from "../../../budget/core/settings";

export const waiver = group(
  {
    policy: text(/^[a-z][a-z0-9-]*$/, { allowed: "the name of a policy", fix: "See docs/policies.md." }),
    resource: text(/./, {
      allowed: "the name of a workload",
      fix: "Leave it out to waive the policy for the whole stack.",
    }).optional(),
    reason: text(/^.{10,}$/s, {
      allowed: "a sentence of at least 10 characters",
      fix: "Say why the policy may be broken for now.",
    }),
    // There is no 31 February.
    expires: about(z.iso.date(), { allowed: "a day that there is, YYYY-MM-DD", fix: "Say until when." }),
  },
  { fix: "See docs/policies.md." },
);
