import assert from "node:assert/strict";

import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import { type RedisArgs } from "../../../../../components/caching/redis/redis";
import { buildCache, deployment } from "./redis-fixture";

describe("Redis, its passwords", () => {
  const PASSWORDS = "random:index/randomPassword:RandomPassword";

  /** Another secret for each resource, and what the Secret makes of them. */
  async function secretOf(change: Partial<RedisArgs> = {}): Promise<Record<string, string>> {
    const outputs = (type: string, _: unknown, name: string): object =>
      type === PASSWORDS ? { result: `secret of ${name}` } : {};
    const recording = await buildCache(change, { outputs });
    // A secret, as the engine is told.
    const { value } = recording.only("kubernetes:core/v1:Secret").inputs["stringData"] as {
      readonly value: Record<string, string>;
    };
    return value;
  }

  it("are long, random, and need no quoting", async () => {
    for (const { inputs } of (await buildCache()).ofType(PASSWORDS)) {
      assert.deepEqual(inputs, { length: 40, special: false });
    }
  });

  it("are those of the generation before, the current and the next one, each made once", async () => {
    const names = async (passwordGeneration: number): Promise<string[]> =>
      (await buildCache({ passwordGeneration })).ofType(PASSWORDS).map(({ name }) => name);
    assert.deepEqual((await names(1)).length, 4);
    const third = ["redis-cache-password-2", "redis-cache-password-3", "redis-cache-password-4"];
    assert.deepEqual(
      (await names(3)).filter((name) => !name.includes("internal")),
      third,
    );
    // What stays accepted in a rotation is what was there before it.
    assert.equal((await names(4)).filter((name) => third.includes(name)).length, 2);
  });

  it("are used one generation at a time, and accepted for two more", async () => {
    const [second, third] = [
      await secretOf({ passwordGeneration: 2 }),
      await secretOf({ passwordGeneration: 3 }),
    ];
    assert.equal(second["password"], "secret of redis-cache-password-2");
    assert.equal(third["password"], "secret of redis-cache-password-3");
    const hashes = (secret: Record<string, string>): string[] =>
      [...(/^user default on (.*?) ~/m.exec(secret["users.conf"] ?? "")?.[1] ?? "").split(" ")].sort();
    const hashOf = (generation: string): string =>
      `#${createHash("sha256").update(`secret of redis-cache-password${generation}`).digest("hex")}`;
    assert.deepEqual(hashes(second), ["", "-2", "-3"].map(hashOf).sort());
    assert.deepEqual(hashes(third), ["-2", "-3", "-4"].map(hashOf).sort());
  });

  it("are in the Secret only, where those of the operator and the exporter do not follow from the services'", async () => {
    const secret = await secretOf();
    assert.deepEqual(Object.keys(secret).sort(), [
      "exporter-password",
      "operator-password",
      "password",
      "users.conf",
    ]);
    assert.match(secret["operator-password"] ?? "", /^[0-9a-f]{64}$/);
    assert.equal(new Set(Object.values(secret)).size, 4);
    const values = Object.values(secret);
    const recording = await buildCache();
    for (const { inputs, type } of recording.resources) {
      if (type === "kubernetes:core/v1:Secret") continue;
      for (const value of values) assert.ok(!JSON.stringify(inputs).includes(value), type);
    }
  });

  it("reach the server, redis-cli and the exporter without a command line", async () => {
    const { template } = await deployment();
    const [server, exporter] = template.spec.containers;
    const fromSecret = (key: string): unknown => ({ secretKeyRef: { name: "redis-cache-credentials", key } });
    assert.deepEqual(server.env, [
      { name: "REDISCLI_AUTH", valueFrom: fromSecret("operator-password") },
      { name: "PATH", value: "/etc/redis:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    ]);
    assert.deepEqual(exporter.env, [
      { name: "REDIS_ADDR", value: "redis://localhost:6379" },
      { name: "REDIS_USER", value: "exporter" },
      { name: "REDIS_PASSWORD", valueFrom: fromSecret("exporter-password") },
      { name: "REDIS_EXPORTER_CONFIG_COMMAND", value: "-" },
    ]);
    assert.deepEqual(template.spec["volumes"], [
      { name: "config", configMap: { name: "redis-cache-config", defaultMode: 0o555 } },
      {
        name: "credentials",
        secret: {
          secretName: "redis-cache-credentials",
          items: [{ key: "users.conf", path: "users.conf" }],
          defaultMode: 0o440,
        },
      },
    ]);
  });

  it("replaces the pod when it or redis.conf changes", async () => {
    const checksums = async (change: Partial<RedisArgs>): Promise<Record<string, string>> =>
      (await deployment(change)).template.metadata.annotations;
    const digest = (data: unknown): string => createHash("sha256").update(JSON.stringify(data)).digest("hex");

    const credentials = { password: "one", "users.conf": "user default on nopass\n" };
    const data = { "redis.conf": "port 6379\n" };
    const annotations = await checksums({
      transform: {
        credentials: (args) => ({ ...args, stringData: credentials }),
        config: (args) => ({ ...args, data }),
      },
    });
    assert.deepEqual(annotations, {
      "checksum/config": digest(data),
      "checksum/credentials": digest(credentials),
      "kubectl.kubernetes.io/default-container": "redis",
    });
    const [base, larger] = [await checksums({}), await checksums({ workingSetMiB: 600 })];
    assert.notEqual(base["checksum/config"], larger["checksum/config"]);
    assert.equal(base["checksum/credentials"], larger["checksum/credentials"]);
  });

  it("does not make the pod a secret, although its digest is in it", async () => {
    const transform = { credentials: { stringData: pulumi.secret({ password: "one" }) } };
    const { annotations } = (await deployment({ transform })).template.metadata;
    assert.match(annotations["checksum/credentials"] ?? "", /^[0-9a-f]{64}$/);
  });
});
