import assert from "node:assert/strict";

import { previewPage } from "../../../delivery/preview-report/page";
import { planLines } from "../../../delivery/preview-report/terminal";
import { recordedModel, shippedConfig } from "../../helpers/preview";

describe("images in the preview's report", () => {
  for (const stack of ["production", "staging"]) {
    it(`stands below the CDN of the shipped stack ${stack}, and holds`, async () => {
      const model = await recordedModel(shippedConfig(stack));
      assert.equal(model.images.length, 1);
      const page = previewPage(model);
      assert.match(page, /<h3>cdn-images[^]*retrofitlink:cdn\.images[^]*Calls at once/);
      const expected =
        stack === "production" ? "4,000/s from its cache, 780/s" : "400/s from its cache, 78/s";
      assert.ok(planLines(model).some((line) => line.includes(`cdn `) && line.includes(expected)));
    });
  }
});
