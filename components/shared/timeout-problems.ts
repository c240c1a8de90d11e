import { chainProblems, type ChainProblem, type TimeoutChain } from "../../budget/timeouts/timeouts";
import type { Problem } from "./problems";

/** What is wrong with the property `timeouts` of a component. An empty list means that the timeout chain holds. */
export function timeoutProblems(timeouts: TimeoutChain): Problem[] {
  return chainProblems(timeouts).map((problem) => asProblem(problem, timeouts));
}

/** A drain is mended at its later end, everything else at the inner one. */
function asProblem({ rule, inner, outer, message }: ChainProblem, timeouts: TimeoutChain): Problem {
  const step = rule === "drain-fits" ? outer : inner;
  const [group = "", field = ""] = step.split(".");
  const steps = timeouts as unknown as Record<string, Record<string, number>>;
  return {
    property: `timeouts.${step}`,
    got: steps[group]?.[field],
    allowed: "a timeout chain that holds",
    fix: `${message}.`,
  };
}
