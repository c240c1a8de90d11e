import assert from "node:assert/strict";

import { CATALOGUE } from "../../../product/data-model/catalogue";
import { describeOutcome, runMatrix } from "../../../simulation/plan/matrix";
import { faultsOf, serviceModels } from "../../../simulation/plan/scenarios";
import { shippedConfig } from "../../helpers/preview";

/** A short form of tests/nightly/simulation.spec.ts. */
const SIZE = { loads: 3, seeds: 2, spreads: 2 };

for (const stack of ["production", "staging", "local"]) {
  describe(`services of the shipped stack ${stack}, simulated with a zone or a cache lost, a drain and a rollout`, function () {
    this.timeout(240_000);
    for (const service of serviceModels({ ...shippedConfig(stack), dataModel: CATALOGUE })) {
      it(`${service.name} is not out of its budget for a second`, () => {
        const outcomes = [...runMatrix(service, SIZE)];
        const faults = faultsOf(service).length;
        assert.equal(outcomes.length, faults * SIZE.loads * SIZE.spreads * SIZE.seeds);
        assert.deepEqual(outcomes.filter(({ verdict }) => verdict.outOfBudget > 0).map(describeOutcome), []);
      });
    }
  });
}
