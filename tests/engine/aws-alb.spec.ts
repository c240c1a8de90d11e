import assert from "node:assert/strict";
import { join } from "node:path";

import { ENGINE_TIMEOUT_MS, Project, kubectl, operations } from "../helpers/engine";
import { ROOT } from "../../cli/paths";

/** What a stack says of its load balancer at one time of its life. */
interface Life {
  readonly sources: "cloudfront" | "cloudflare";
  /** Another one is another target group, and another binding: the controller changes none. */
  readonly vpcId: string;
}

/** A stack of one ALB on AWS, with the binding on the API server. */
function withAlb(project: Project, { sources, vpcId }: Life): Project {
  return project.program(`
    import { AwsAlb } from ${JSON.stringify(join(ROOT, "components/load-balancing/public/aws/aws-alb"))};
    import { DEFAULT_BUDGET } from ${JSON.stringify(join(ROOT, "budget/core/performance-budget"))};
    import { timeoutChain } from ${JSON.stringify(join(ROOT, "budget/timeouts/timeouts"))};
    new AwsAlb("public-load-balancer", {
      configKey: "retrofitlink:loadBalancer.public",
      namespace: "default",
      clusterName: "example",
      network: {
        region: "eu-central-1", vpcId: "${vpcId}", subnetIds: ["subnet-0a1b2c31", "subnet-0a1b2c32"],
        nodeSecurityGroupId: "sg-0a1b2c3d",
      },
      deletionProtection: false,
      proxy: {
        serviceName: "nginx-load-balancer", servicePort: 80, podPort: 8080, protocol: "HTTP", healthPath: "/healthz",
      },
      hosts: ["origin.example.com"],
      certificate: {
        kind: "existing", id: "arn:aws:acm:eu-central-1:123456789012:certificate/x", names: ["*.example.com"],
      },
      sources: { kind: "${sources}" },
      originLock: { headerName: "x-origin-verify", headerValue: pulumi.output("s3cret") },
      accessLogDays: 30,
      firewall: { mode: "block", requestsPerFiveMinutes: 6000 },
      budget: DEFAULT_BUDGET,
      timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "${sources}" }),
    });`);
}

/** The binding as the API server has it: which object it is, and the network of its target group. */
const binding = async (): Promise<{ uid: string; vpcId: string }> => {
  const what = ["targetgroupbinding/nginx-load-balancer", "-n", "default"];
  const [uid = "", vpcId = ""] = (
    await kubectl("get", ...what, "-o", "jsonpath={.metadata.uid} {.spec.vpcID}")
  ).split(" ");
  return { uid, vpcId };
};

describe("an ALB through its life on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("comes up, changes its CDN and its network, and goes", async () => {
    const project = new Project("alb-life");
    const first = await withAlb(project, { sources: "cloudfront", vpcId: "vpc-0a1b2c3d" }).run("up");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const before = await binding();

    const switched = await withAlb(project, { sources: "cloudflare", vpcId: "vpc-0a1b2c3d" }).run("up");
    assert.deepEqual([switched.errors, switched.succeeded], [[], true]);
    const changes = operations(switched);
    for (const change of [
      "create public-load-balancer-from-cloudflare",
      "delete public-load-balancer-from-cloudfront",
      "update public-load-balancer",
      "same public-load-balancer-security-group",
      "same public-load-balancer-tg",
      "same public-load-balancer-binding",
    ]) {
      assert.ok(changes.includes(change), `${change} is not among ${changes.join(", ")}`);
    }

    const moved = await withAlb(project, { sources: "cloudflare", vpcId: "vpc-0a1b2c3e" }).run("up");
    assert.deepEqual([moved.errors, moved.succeeded], [[], true]);
    const after = await binding();
    assert.equal(after.vpcId, "vpc-0a1b2c3e");
    assert.notEqual(after.uid, before.uid, "the binding was changed, which the controller refuses");

    const gone = await project.run("destroy");
    assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    await assert.rejects(binding);
  });
});
