import assert from "node:assert/strict";

import { describeOutcome, runMatrix } from "../../../simulation/plan/matrix";
import { serviceModels } from "../../../simulation/plan/scenarios";
import { shippedConfig } from "../../helpers/preview";

/** A short form of tests/nightly/simulation.spec.ts. */
const SIZE = { loads: 3, seeds: 2, spreads: 2 };

for (const stack of ["production", "staging", "local"]) {
  describe(`services of the shipped stack ${stack}, simulated with a zone lost, a drain and a rollout`, function () {
    this.timeout(120_000);
    for (const service of serviceModels(shippedConfig(stack))) {
      it(`${service.name} is not out of its budget for a second`, () => {
        const outcomes = [...runMatrix(service, SIZE)];
        const faults = service.scenario.zones > 1 ? 3 : 2;
        assert.equal(outcomes.length, faults * SIZE.loads * SIZE.spreads * SIZE.seeds);
        assert.deepEqual(outcomes.filter(({ verdict }) => verdict.outOfBudget > 0).map(describeOutcome), []);
      });
    }
  });
}
