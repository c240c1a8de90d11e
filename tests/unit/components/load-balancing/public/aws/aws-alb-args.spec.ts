import assert from "node:assert/strict";

import {
  awsAlbIssues,
  type AwsAlbArgs,
} from "../../../../../../components/load-balancing/public/aws/aws-alb-args";
import { describeIssue } from "../../../../../../components/shared/issues";
import { AWS_ALB, recordAwsAlb } from "../../aws-alb-fixture";

describe("awsAlbIssues", () => {
  const cases: [string, Partial<AwsAlbArgs>, string][] = [
    [
      "one subnet",
      { network: { ...AWS_ALB.network, subnetIds: ["subnet-1"] } },
      'network.subnetIds: got a list, ["subnet-1"]; allowed is at least 2 subnets, in different zones. Give a subnet for each zone.',
    ],
    [
      "a slow start that AWS does not know",
      { slowStartSeconds: 10 },
      "slowStartSeconds: got 10; allowed is 0, or a whole number from 30 to 900 (seconds). Leave it out: the proxy is warm when it starts.",
    ],
    [
      "a certificate of another cloud",
      { certificate: { kind: "existing", id: "projects/p/x", names: ["*.example.com"] } },
      'certificate.id: got "projects/p/x"; allowed is an ARN of AWS Certificate Manager. See `aws acm list-certificates`, in the region of the load balancer.',
    ],
    [
      "ranges of IPv6",
      { sources: { kind: "ranges", ranges: ["2001:db8::/32"] } },
      'sources.ranges: got "2001:db8::/32"; allowed is ranges of IPv4, for the load balancer has no IPv6 address. Remove the range.',
    ],
    [
      "more ranges than a security group holds",
      {
        sources: { kind: "ranges", ranges: Array.from({ length: 31 }, (_, index) => `203.0.${index}.0/24`) },
      },
      "sources.ranges: got 31 ranges; allowed is at most 30, for a security group holds 60 rules. Join neighbouring ranges.",
    ],
  ];
  for (const [what, change, message] of cases) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(
        awsAlbIssues({ ...AWS_ALB, ...change }).map((found) => describeIssue(found)),
        [message],
      );
    });
  }

  it("names the key of the stack file, and creates nothing", async () => {
    await assert.rejects(
      async () => await recordAwsAlb({ hosts: [] }),
      /AwsAlb "public" cannot be built:\n {2}- retrofitlink:loadBalancer\.public\.hosts: got a list, \[\]/,
    );
  });
});
