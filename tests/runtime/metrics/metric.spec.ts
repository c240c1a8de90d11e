import assert from "node:assert/strict";
import { Registry } from "prom-client";

import { counter, tally } from "../../../runtime/metrics/metric";

describe("a tally", () => {
  const configuration = { name: "reads_total", help: "Reads", labelNames: ["cache"] as const };
  const value = async (registry: Registry, cache: string): Promise<string | undefined> =>
    new RegExp(`reads_total{cache="${cache}"} (\\d+)`).exec(await registry.metrics())?.[1];

  it("is in the registry from the beginning, and right whenever it is read", async () => {
    const registry = new Registry();
    const add = tally(registry, configuration, { cache: "api" });
    assert.equal(await value(registry, "api"), "0");
    add();
    add(41);
    assert.equal(await value(registry, "api"), "42");
    assert.equal(await value(registry, "api"), "42");
    add();
    assert.equal((await counter(registry, configuration).get()).values[0]?.value, 43);
  });

  it("adds up with others of the same name, with the same labels and with their own", async () => {
    const registry = new Registry();
    const [first, second, other] = ["api", "api", "data"].map((cache) =>
      tally(registry, configuration, { cache }),
    );
    first?.();
    second?.(2);
    other?.(5);
    assert.equal(await value(registry, "api"), "3");
    assert.equal(await value(registry, "data"), "5");
  });
});
