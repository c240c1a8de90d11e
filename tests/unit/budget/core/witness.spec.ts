import assert from "node:assert/strict";

import { contradiction, type Witness } from "../../../../budget/core/witness";

const object = {
  spec: {
    maxReplicas: 14,
    metrics: [{ type: "Resource", resource: { target: { averageUtilization: 62 } } }],
    containers: [
      { name: "sidecar", env: [] },
      { name: "backend", env: [{ name: "POOL_SIZE", value: "4" }] },
    ],
  },
  data: { "redis.conf": "maxmemory 656mb\n  maxclients 100\nmaxmemory-policy allkeys-lfu\n" },
};

const at = (path: string, is: Witness["is"]): string | undefined =>
  contradiction({ type: "t", name: "n", at: path.split("/"), is }, object);

describe("a witness", () => {
  it("finds a value by keys, by the place in a list and by the name of an item", () => {
    assert.equal(at("spec/maxReplicas", 14), undefined);
    assert.equal(at("spec/metrics/0/resource/target/averageUtilization", 62), undefined);
    assert.equal(at("spec/containers/backend/env/POOL_SIZE/value", "4"), undefined);
  });

  it("says what is there and what the plan has", () => {
    assert.equal(at("spec/maxReplicas", 2), "spec.maxReplicas is 14; the plan has 2");
    assert.equal(
      at("spec/containers/backend/env/POOL_SIZE/value", 4),
      'spec.containers.backend.env.POOL_SIZE.value is "4"; the plan has 4',
    );
    assert.equal(at("spec/minReplicas", 3), "spec.minReplicas is not there; the plan has 3");
    assert.equal(at("spec/constructor/name", "x"), 'spec.constructor.name is not there; the plan has "x"');
  });

  it("looks for the one line of a text that begins with the same word", () => {
    assert.equal(at("data/redis.conf", { line: "maxmemory 656mb" }), undefined);
    assert.equal(
      at("data/redis.conf", { line: "maxclients 84" }),
      'data.redis.conf has "maxclients 100"; the plan has "maxclients 84"',
    );
    assert.equal(
      at("data/redis.conf", { line: "io-threads 4" }),
      'data.redis.conf has no line "io-threads …"; the plan has "io-threads 4"',
    );
    const twice = { data: { conf: "maxclients 84\nmaxclients 9" } };
    assert.match(
      contradiction({ type: "t", name: "n", at: ["data", "conf"], is: { line: "maxclients 84" } }, twice) ??
        "",
      /has "maxclients 84; maxclients 9"/,
    );
  });

  it("looks for all lines that begin with the same words", () => {
    const conf = "defaults\n  timeout server 12s\n  timeout connect 1s\nbackend ws\n  timeout server 75s\n";
    const lines = (wanted: readonly string[]): string | undefined =>
      contradiction(
        { type: "t", name: "n", at: ["data"], is: { begin: "timeout server", lines: wanted } },
        { data: conf },
      );
    assert.equal(lines(["timeout server 12s", "timeout server 75s"]), undefined);
    assert.equal(
      lines(["timeout server 12s"]),
      'data has "timeout server 12s; timeout server 75s"; the plan has "timeout server 12s"',
    );
  });
});
