import assert from "node:assert/strict";

import { HorizontalAutoscaler } from "../../../../components/autoscaling/horizontal-autoscaler";
import { ScaleTarget } from "../../../../components/autoscaling/scale-target";
import { record } from "../../../helpers/pulumi";

describe("replicas of a workload", () => {
  it("have one owner: a second autoscaler is refused with the name of the first", async () => {
    let refused: unknown;
    await record(() => {
      const target = new ScaleTarget("Deployment", "backend", "retrofitlink");
      const metrics = [{ kind: "cpu", container: "backend", utilization: 0.6 }] as const;
      const args = { target, min: 2, max: 4, metrics };
      new HorizontalAutoscaler("backend-autoscaler", args);
      try {
        new HorizontalAutoscaler("other", args);
      } catch (error) {
        refused = error;
      }
    });
    assert.match(
      String(refused),
      /HorizontalAutoscaler "other" cannot be built: the replicas belong to HorizontalAutoscaler "backend-autoscaler"; allowed is one owner/,
    );
  });
});
