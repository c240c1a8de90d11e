import assert from "node:assert/strict";

import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { describeIssue } from "../../../../components/shared/problems";
import { timeoutProblems } from "../../../../components/shared/timeout-problems";

describe("timeoutProblems", () => {
  const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "aws" });

  it("has nothing against a timeout chain that holds", () => {
    assert.deepEqual(timeoutProblems(timeouts), []);
  });

  it("names the step to change: of a drain the later one, of everything else the inner one", () => {
    const broken = {
      ...timeouts,
      request: { ...timeouts.request, database: 11 },
      drain: { ...timeouts.drain, terminationGrace: 20 },
    };
    assert.deepEqual(
      timeoutProblems(broken).map((problem) => describeIssue(problem)),
      [
        "timeouts.request.database: got 11; allowed is a timeout chain that holds. request.database is 11 s; it has to be below request.application, 10 s, or the outer hop gives up before the inner one can report what failed.",
        "timeouts.drain.terminationGrace: got 20; allowed is a timeout chain that holds. drain.terminationGrace is 20 s; it has to be above drain.preStop + request.proxy, 62 s, or the last requests are killed.",
      ],
    );
  });
});
