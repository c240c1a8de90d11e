import assert from "node:assert/strict";

import { trustPolicy } from "../../../../components/shared/service-role";

describe("trustPolicy", () => {
  it("lets one service of AWS take on the role, and pods tag their sessions", () => {
    assert.deepEqual(JSON.parse(trustPolicy("lambda.amazonaws.com")), {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    });
    assert.deepEqual(JSON.parse(trustPolicy("pods.eks.amazonaws.com")), {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
        },
      ],
    });
  });
});
