/** Room that a stack keeps while nodes start, as its pause pods are rendered, in a replay. */
import assert from "node:assert/strict";

import { NO_SCRIPT } from "../../../../simulation/replay/faults";
import { ROOMY } from "../../../../simulation/replay/nodes";
import { replay } from "../../../../simulation/replay/replay";
import type { ReplaySums } from "../../../../simulation/replay/recorder";
import { ResponseTimes } from "../../../../simulation/replay/service";
import { stackService, type StackService } from "../../../../simulation/replay/stack";
import { parseStackConfig } from "../../../../stacks/stack-file/config";
import { shippedText, stackFile, type StackFile } from "../../../helpers/stack-file";
import { traceOf } from "./fixtures";

/** From a pod that waits to a node that takes it, seconds. */
const NODE_SECONDS = 240;

/** Grows by half within every minute for eight minutes, from the base to 7,689/s, the peak and a quarter: beyond what the fewest pods carry. */
const RISE = traceOf(60, (minute) => 300 * 1.5 ** Math.min(8, Math.max(0, minute - 20)), "rise");

describe("headroom in a replay", function () {
  this.timeout(60_000);
  let known: StackService;

  before(async () => {
    const file = stackFile(shippedText("production"));
    file["cluster"].nodeStartSeconds = NODE_SECONDS;
    file["autoscaling"] = { headroom: "pause-pods" };
    Object.assign(file["services"].backend.demand, { growthPerMinute: 0.5, peakRps: 6000 });
    for (const block of ["cdn", "loadBalancer", "database", "caches"]) delete file[block];
    for (const service of Object.values<StackFile>(file["services"])) {
      for (const key of ["database", "resilience", "caches"]) delete service[key];
    }
    const parsed = parseStackConfig(file);
    const { config } = parsed;
    assert.ok(config !== undefined, JSON.stringify(parsed.issues));
    known = await stackService(config, "backend");
  });

  function sums(headroomPods: number): ReplaySums {
    const { service, objects, labels } = known;
    const nodes = { ...ROOMY, podsPerNode: 4, startSeconds: NODE_SECONDS, headroomPods };
    return replay({
      service,
      autoscaler: objects.autoscaler,
      trace: RISE,
      script: { ...NO_SCRIPT, nodes },
      labels,
      seed: 0,
      judgedFrom: 0,
      times: new ResponseTimes(service),
    }).sums;
  }

  it("of the rendered pause pods gives room while a node starts; without it a promise is broken", () => {
    const { headroomPods } = known.objects;
    assert.ok(headroomPods > 0);
    const [kept, none] = [sums(headroomPods), sums(0)];
    assert.equal(kept.violations.any, 0, JSON.stringify(kept));
    assert.ok(none.violations.any > 0, JSON.stringify(none));
    assert.ok(none.worstWaitSeconds > kept.worstWaitSeconds);
    // Room costs nodes, and no pods of the service.
    assert.ok(kept.nodeHours > none.nodeHours);
  });
});
