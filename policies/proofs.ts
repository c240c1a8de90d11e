/** One policy for each kind of promise: it reads the proofs of every plan, and judges those that do not hold. */
import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

import { PROOF_POLICIES, wholeKey, type Proof, type ProofPolicy } from "../budget/core/proof";
import type { Planned } from "../budget/core/summary";
import { currentReview, type Review } from "./review";

const OWN_TYPE = "retrofitlink:";

/** What a component says of its plan, if it says anything. */
function plannedOf({ type, props }: Pick<ResourceValidationArgs, "type" | "props">): Planned | undefined {
  return type.startsWith(OWN_TYPE) && props["proofs"] !== undefined
    ? (props as unknown as Planned)
    : undefined;
}

export function checkProofs(
  policy: ProofPolicy,
  args: Pick<ResourceValidationArgs, "type" | "props" | "urn">,
  report: ReportViolation,
  review: Review,
): void {
  review.prove(policy, args.urn, () => {
    const planned = plannedOf(args);
    for (const proof of planned?.proofs ?? []) {
      if (proof.policy !== policy || proof.holds) continue;
      const { workload, configKey } = planned as Planned;
      const finding = {
        workload,
        message: messageOf(proof),
        change: changeOf(proof, configKey),
        urn: args.urn,
      };
      review.judge(policy, finding, report);
    }
  });
}

function messageOf({ statement, inequality }: Proof): string {
  return `${statement}: not kept\n${inequality} does not hold`;
}

function changeOf({ mend }: Proof, configKey: string): string {
  return mend.map((key) => wholeKey(configKey, key)).join(", or ");
}

/** Component policies: they judge plans, before there is a single object. */
export const proofPolicies: readonly ResourceValidationPolicy[] = Object.entries(PROOF_POLICIES).map(
  ([name, description]) => ({
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => checkProofs(name as ProofPolicy, args, report, currentReview),
  }),
);
