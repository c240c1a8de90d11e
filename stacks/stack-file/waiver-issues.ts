/** Waivers that waive nothing, or for good. */
import { issue, nearest, type Issue } from "../../budget/core/issues";
import { POLICY_NAMES } from "../../budget/core/policies";
import { dateOf, isExpired, type Waiver } from "../../budget/core/waivers";

/** A waiver is for now, not for good. */
const LONGEST_DAYS = 180;

/**
 * @param workloads names of everything that the stack makes
 * @param today for their dates
 */
export function waiverIssues(waivers: readonly Waiver[], workloads: readonly string[], today: Date): Issue[] {
  const last = dateOf(new Date(today.getTime() + LONGEST_DAYS * 86_400_000));
  return waivers.flatMap((waiver, index) => {
    const { policy, resource, expires } = waiver;
    const at = ["waivers", index];
    return [
      ...unknownName([...at, "policy"], policy, POLICY_NAMES, "a policy"),
      ...(resource === undefined
        ? []
        : unknownName([...at, "resource"], resource, workloads, "a workload of this stack")),
      ...(isExpired(waiver, dateOf(today))
        ? [
            issue([...at, "expires"], expires, {
              allowed: `a date from today, ${dateOf(today)}, on`,
              fix: "It waives nothing any more: remove the waiver, or say until when it is needed.",
            }),
          ]
        : []),
      ...(expires > last
        ? [
            issue([...at, "expires"], expires, {
              allowed: `a date up to ${last}, ${LONGEST_DAYS} days from today`,
              fix: "Choose a date by which the cause is mended; it can be extended then.",
            }),
          ]
        : []),
    ];
  });
}

function unknownName(path: Issue["path"], name: string, known: readonly string[], what: string): Issue[] {
  if (known.includes(name)) return [];
  const near = nearest(name, known);
  return [
    issue(path, name, {
      allowed: `${what}: ${known.join(", ")}`,
      fix: near === undefined ? "Remove the waiver, which waives nothing." : `Did you mean "${near}"?`,
    }),
  ];
}
