import assert from "node:assert/strict";

import { loadProblems } from "../../../../components/database/load-problems";
import { describeProblem } from "../../../../components/shared/problems";

describe("loadProblems", () => {
  const load = { dataGiB: 400, workingSetGiB: 24, users: [{ service: "backend", querySeconds: 0.006 }] };

  it("has nothing against queries within the budget, over a part of the data", () => {
    assert.deepEqual(loadProblems(load, 0.05), []);
    assert.deepEqual(loadProblems({ ...load, workingSetGiB: 400 }, 0.006), []);
  });

  it("refuses more than there is, and queries slower than the budget, by service", () => {
    assert.deepEqual(
      loadProblems({ ...load, workingSetGiB: 401 }, 0.005).map((problem) => describeProblem(problem)),
      [
        "workingSetGiB: got 401; allowed is at most dataGiB, 400. The working set is a part of the data.",
        "users.backend.querySeconds: got 0.006; allowed is at most 0.005 (seconds), the budget's query time. " +
          "Make the queries cheaper, or loosen retrofitlink:budget.databaseQuerySeconds.",
      ],
    );
  });
});
