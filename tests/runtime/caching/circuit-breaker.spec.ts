import assert from "node:assert/strict";

import { CircuitBreaker } from "../../../runtime/caching/circuit-breaker";

describe("the circuit breaker of a cache", () => {
  let now = 0;
  let states: string[];
  let breaker: CircuitBreaker;

  beforeEach(() => {
    now = 1000;
    states = [];
    breaker = new CircuitBreaker({ failures: 3, openMs: 100, longestOpenMs: 400, now: () => now }, (state) =>
      states.push(state),
    );
  });

  function fail(times: number): void {
    for (let i = 0; i < times; i++) breaker.failed();
  }

  it("opens after so many failures in a row, and not when a success is among them", () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    assert.equal(breaker.allows(), true);
    fail(1);
    assert.equal(breaker.state, "open");
    assert.equal(breaker.allows(), false);
  });

  it("lets one command through after its time, and closes when that succeeds", () => {
    fail(3);
    now += 74;
    assert.equal(breaker.allows(), false);
    now += 52;
    assert.equal(breaker.allows(), true);
    assert.equal(breaker.allows(), false);
    // From before it opened.
    assert.equal(breaker.state, "half-open");
    breaker.succeeded();
    assert.equal(breaker.allows(), true);
    assert.deepEqual(states, ["open", "half-open", "closed"]);
  });

  it("stays open twice as long each time that fails, up to a longest", () => {
    fail(3);
    for (const openMs of [100, 200, 400, 400]) {
      now += openMs * 0.74;
      assert.equal(breaker.allows(), false, `before ${openMs}`);
      now += openMs * 0.52;
      assert.equal(breaker.allows(), true, `after ${openMs}`);
      breaker.failed();
    }
  });

  it("does not take the answer to an older command for the one it waits for", () => {
    fail(3);
    breaker.succeeded();
    assert.equal(breaker.state, "open");
    breaker.failed();
    assert.deepEqual(states, ["open"]);
  });
});
