import assert from "node:assert/strict";

import { CATALOGUE } from "../../product/data-model/catalogue";
import { describeOutcome, runMatrix } from "../../simulation/plan/matrix";
import { faultsOf, serviceModels } from "../../simulation/plan/scenarios";
import { shippedConfig } from "../helpers/preview";

const SIZE = { loads: 10, seeds: 20, spreads: 4 };

for (const stack of ["production", "staging", "local"]) {
  describe(`services of the shipped stack ${stack}: every fault, 10 loads, 4 spreads, 20 seeds`, function () {
    this.timeout(7_200_000);
    for (const service of serviceModels({ ...shippedConfig(stack), dataModel: CATALOGUE })) {
      it(`${service.name} is not out of its budget for a second`, () => {
        const broken: string[] = [];
        let runs = 0;
        for (const outcome of runMatrix(service, SIZE)) {
          runs++;
          if (outcome.verdict.outOfBudget > 0) broken.push(describeOutcome(outcome));
        }
        const faults = faultsOf(service).length;
        assert.equal(runs, faults * SIZE.loads * SIZE.spreads * SIZE.seeds);
        assert.deepEqual(broken, []);
      });
    }
  });
}
