/** Can the promise be kept? The same answer for the page, the terminal and the exit code. */
import { plural } from "../../budget/core/format";
import type { PolicyKind, StackModel } from "./stack-model";

export interface Verdict {
  /** `failed`: there is no whole plan. `broken`: a mandatory policy is. `open`: a proof met an unknown value. */
  readonly kind: "kept" | "open" | "broken" | "failed";
  readonly sentence: string;
  readonly detail: string;
}

export function verdictOf(model: StackModel): Verdict {
  const count = (kind: PolicyKind): number => model.policies.filter((result) => result.kind === kind).length;
  const violations = count("violation");
  const open = count("not-provable") + model.unknown.length;
  const waived = count("waived");
  const also = waived > 0 ? ` ${plural(waived, "violation")} waived for now.` : "";
  if (violations > 0) {
    return {
      kind: "broken",
      sentence: "The promise cannot be kept.",
      detail: `${plural(violations, "mandatory violation")}, listed under policies with the key to change.${also}`,
    };
  }
  if (!model.succeeded) {
    return {
      kind: "failed",
      sentence: "The preview failed.",
      detail: `What follows may be incomplete; the errors are listed under policies.${also}`,
    };
  }
  if (open > 0) {
    return {
      kind: "open",
      sentence: "The promise is not fully provable.",
      detail: `${plural(open, "proof")} met a value that is only known after the deployment.${also}`,
    };
  }
  return {
    kind: "kept",
    sentence: "The promise can be kept.",
    detail: `Every mandatory policy holds for this plan.${also}`,
  };
}

/** `38 to create`, `2 to replace`, `5 unchanged` */
export function describeChange(operation: string): string {
  return operation === "same" ? "unchanged" : `to ${operation}`;
}
