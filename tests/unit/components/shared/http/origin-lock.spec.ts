import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { ORIGIN_LOCK_HEADER, OriginLockSecret } from "../../../../../components/shared/http/origin-lock";
import { record } from "../../../../helpers/pulumi";

describe("OriginLockSecret", () => {
  it("consists of one generated value, in a preview as well", async () => {
    for (const preview of [false, true]) {
      const recording = await record(() => new OriginLockSecret("lock"), { preview });
      assert.deepEqual(recording.typesAndNames(), [
        "random:index/randomPassword:RandomPassword lock-value",
        "retrofitlink:edge:OriginLock lock",
      ]);
      assert.deepEqual(recording.resources.find(({ custom }) => custom)?.inputs, {
        length: 48,
        special: false,
        keepers: { generation: "1" },
      });
    }
  });

  it("keeps its value a secret", async () => {
    let secret: Promise<boolean> | undefined;
    await record(
      () => {
        const lock = new OriginLockSecret("lock");
        secret = pulumi.isSecret(lock.headerValue);
        assert.equal(lock.headerName, ORIGIN_LOCK_HEADER);
      },
      { outputs: { "random:index/randomPassword:RandomPassword": { result: "s3cret" } } },
    );
    assert.equal(await secret, true);
  });

  it("makes a new value for a new generation", async () => {
    const recording = await record(() => new OriginLockSecret("lock", { generation: "2" }));
    assert.deepEqual(recording.only("random:index/randomPassword:RandomPassword").inputs["keepers"], {
      generation: "2",
    });
  });
});
