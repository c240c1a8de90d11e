import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, Project } from "../helpers/engine";

// The engine ends with the first resource that is refused: one has all the mistakes.
const PROGRAM = `
  import { TargetGroup } from "@pulumi/aws/lb";
  new TargetGroup("public-load-balancer-targets", {
    port: 0, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b2c3d",
  });`;

describe("clouds' stand-ins on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("refuse at a preview what the clouds would, with the resource and the place", async () => {
    const run = await new Project("judges").program(PROGRAM).run("preview");
    assert.equal(run.succeeded, false);
    const report = run.errors.join("\n");
    assert.match(
      report,
      /could not make instance of 'aws:lb\/targetGroup:TargetGroup': name 'public-load-balancer-targets-' plus 7 random chars is longer than maximum length 32/,
    );
    assert.match(
      report,
      /expected port to be in the range \(1 - 65535\), got 0\. Examine values at 'public-load-balancer-targets\.port'/,
    );
    assert.doesNotMatch(report, /\n\s+at /);
  });
});
