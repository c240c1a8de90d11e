import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import type { Recording } from "../../helpers/pulumi";
import { clusterConfig, recordStack } from "../../helpers/recorded-stack";

/** `user:password` pairs that a store takes, and those that its clients use. */
interface Access {
  readonly taken: readonly string[];
  readonly used: readonly string[];
}

const block = (recording: Recording, kind: string, name: string): Record<string, any> =>
  recording.resources.find((one) => one.type.endsWith(`:${kind}`) && one.name === name)?.inputs ??
  assert.fail(`${kind} ${name}`);

const accountOf = (uri: string): string =>
  /^mongodb(?:\+srv)?:\/\/([^@]+)@/.exec(uri)?.[1] ?? assert.fail(uri);

/** A value that is recorded as a secret. */
const revealed = (held: any): any => (held?.[pulumi.runtime.specialSigKey] === undefined ? held : held.value);

const entriesOf = (secret: Record<string, any>): Record<string, string> => revealed(secret["stringData"]);

const usedOf = (secret: Record<string, any>): string[] =>
  ["uri", "data-model-uri"].map((key) => accountOf(entriesOf(secret)[key] ?? ""));

/** Of the database in the cluster: what its operator is told, and what the Secret holds. */
function inCluster(recording: Recording): Access {
  const secret = block(recording, "Secret", "mongodb-application");
  const { spec } = block(recording, "PerconaServerMongoDB", "mongodb-cluster");
  const users = spec["users"] as { name: string; passwordSecretRef: { key: string } }[];
  return {
    taken: users.map(({ name, passwordSecretRef: { key } }) => `${name}:${entriesOf(secret)[key] ?? ""}`),
    used: usedOf(secret),
  };
}

function atlas(recording: Recording): Access {
  const users = recording.ofType("mongodbatlas:index/databaseUser:DatabaseUser");
  return {
    taken: users.map(({ inputs }) => `${String(inputs["username"])}:${String(revealed(inputs["password"]))}`),
    used: usedOf(block(recording, "Secret", "mongodb-application")),
  };
}

const KINDS: readonly (readonly [variant: string, access: (recording: Recording) => Access])[] = [
  ["aws behind CloudFront", inCluster],
  ["gcp with Atlas", atlas],
];

describe("new passwords of the database", function () {
  this.timeout(240_000);

  for (const [variant, accessOf] of KINDS) {
    describe(variant, () => {
      const generations: Access[] = [];
      before(async () => {
        for (const passwordGeneration of [1, 2, 3, 4]) {
          const config = clusterConfig(variant, (file) =>
            Object.assign(file["database"], { passwordGeneration }),
          );
          generations.push(accessOf(await recordStack(config)));
        }
      });

      it("are taken before anybody uses them, and the former ones for as long as somebody may", () => {
        for (const [index, { used, taken }] of generations.entries()) {
          const next = generations[index + 1]?.taken ?? used;
          for (const account of used) {
            assert.ok(taken.includes(account), `generation ${index + 1}: ${account}`);
            assert.ok(next.includes(account), `after generation ${index + 1}: ${account}`);
          }
          assert.equal(new Set([...used, ...(generations[index + 1]?.used ?? [])]).size, index === 3 ? 2 : 4);
        }
      });

      it("end with the second change", () => {
        for (const [index, { used }] of generations.slice(0, -2).entries()) {
          for (const account of used) assert.ok(!generations[index + 2]?.taken.includes(account), account);
        }
      });

      it("need no more than two accounts each, and keep the first one's name", () => {
        assert.deepEqual(
          generations.map(({ taken }) => taken.length),
          [2, 4, 4, 4],
        );
        const names = generations.map(({ used }) => used.map((account) => account.split(":")[0] ?? ""));
        assert.deepEqual(names[0], names[2]);
        assert.deepEqual(names[1], names[3]);
      });
    });
  }

  it("reach the services after the Job of the data model has signed in with its own, which are set last", async () => {
    for (const [variant] of KINDS) {
      const { resources } = await recordStack(
        clusterConfig(variant, (file) => (file["database"].passwordGeneration = 2)),
      );
      const at = (name: string): number => {
        const index = resources.findIndex((one) => one.name === name);
        assert.ok(index >= 0, name);
        return index;
      };
      assert.ok(at("mongodb-application") < at("mongodb-data-model-job"), variant);
      assert.ok(at("mongodb-data-model-job") < at("backend-deployment"), variant);
    }
    const { spec } = block(
      await recordStack(
        clusterConfig("aws behind CloudFront", (file) => (file["database"].passwordGeneration = 2)),
      ),
      "PerconaServerMongoDB",
      "mongodb-cluster",
    );
    assert.deepEqual(
      (spec["users"] as { name: string }[]).map(({ name }) => name),
      ["application", "application-2", "data-model", "data-model-2"],
    );
  });
});

describe("a new password of ElastiCache", function () {
  this.timeout(240_000);

  it("is another one, which the servers take beside the former before the services are told", async () => {
    const of = (generation: number): Promise<Recording> =>
      recordStack(
        clusterConfig(
          "aws with ElastiCache",
          (file) => (file["caches"]["redis-session"].passwordGeneration = generation),
        ),
      );
    const [first, second] = [await of(1), await of(2)];
    const tokens = [first, second].map((one) => block(one, "ReplicationGroup", "redis-session"));
    assert.notEqual(revealed(tokens[0]?.["authToken"]), revealed(tokens[1]?.["authToken"]));
    assert.equal(tokens[1]?.["authTokenUpdateStrategy"], "ROTATE");
    const order = second.resources.map(({ name, type }) => `${type.split(":").pop() ?? ""} ${name}`);
    const group = order.indexOf("ReplicationGroup redis-session");
    assert.ok(group >= 0 && group < order.indexOf("Secret redis-session-credentials"));
    assert.ok(
      order.indexOf("Secret redis-session-credentials") < order.indexOf("Deployment backend-deployment"),
    );
  });
});
