import assert from "node:assert/strict";

import { POLICY_NAMES } from "../../budget/core/policies";
import { PolicyPackProcess } from "../helpers/policy-pack";

describe("names of policies that a waiver may name", function () {
  this.timeout(90_000);

  it("are those that the pack judges by, and no others", async () => {
    const pack = await PolicyPackProcess.start();
    try {
      // It judges under the name of objects-equal-plan.
      const names = (await pack.mandatory()).filter((name) => name !== "planned-objects-exist");
      assert.deepEqual(names.sort(), [...POLICY_NAMES].sort());
    } finally {
      await pack.stop();
    }
  });
});
