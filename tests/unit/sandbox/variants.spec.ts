import assert from "node:assert/strict";

import { createPlatform } from "../../../stacks/platform";
import { judged } from "../../helpers/judged";
import { VARIANTS, variantConfig } from "../../helpers/variants";
import { TYPES } from "../../../scripts/cloud-models/types";

describe("what the clouds would say of the variants", function () {
  this.timeout(60_000);

  for (const variant of Object.keys(VARIANTS)) {
    // What is not known yet is the same in all: two are enough.
    for (const preview of variant.endsWith("Atlas") ? [false, true] : [false]) {
      it(`${variant}: nothing is refused at ${preview ? "a preview" : "an update"}`, async () => {
        const config = variantConfig(variant);
        const { resources, refusals } = await judged(() => createPlatform(config), { preview });
        assert.ok(resources.length > 20, `${resources.length} resources`);
        assert.deepEqual(refusals, []);
        const without = resources.map(({ type }) => type).filter((type) => !TYPES.includes(type));
        assert.deepEqual([...new Set(without)], [], "types without a table: scripts/cloud-models/types.ts");
      });
    }
  }
});
