import assert from "node:assert/strict";

import { Project } from "../helpers/engine";

const PROGRAM = `
  import { TargetGroup } from "@pulumi/aws/lb";
  import { DnsAuthorization } from "@pulumi/gcp/certificatemanager";
  const args = { port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-0a1b2c3d" };
  new TargetGroup("public-load-balancer-targets", args);
  new TargetGroup("targets", { ...args, port: 0 });
  new DnsAuthorization("proof-www.example.com", { domain: "www.example.com" });`;

describe("clouds' stand-ins on the real engine", function () {
  this.timeout(300_000);

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
      /expected port to be in the range \(1 - 65535\), got 0\. Examine values at 'targets\.port'/,
    );
    assert.match(report, /invalid value for name .*"proof-www\.example\.com-[0-9a-f]{7}"/);
    assert.doesNotMatch(report, /\n\s+at /);
  });
});
