import assert from "node:assert/strict";
import { privatePaths } from "../../../../budget/load-balancing/private-paths";

describe("privatePaths", () => {
  it("are the figures and readiness, and not liveness", () => {
    assert.deepEqual(privatePaths(), ["/metrics", "/ready"]);
    assert.deepEqual(privatePaths({ live: "/health", ready: "/internal/ready/?deep=1" }), [
      "/metrics",
      "/internal/ready",
    ]);
  });

  it("are never what everybody asks for", () => {
    assert.deepEqual(privatePaths({ live: "/health", ready: "/" }), ["/metrics"]);
    assert.deepEqual(privatePaths({ live: "/health", ready: "/health" }), ["/metrics"]);
    assert.deepEqual(privatePaths({ live: "/health", ready: "/metrics" }), ["/metrics"]);
  });
});
