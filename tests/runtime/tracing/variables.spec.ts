/** The variables that services get, as OpenTelemetry's own SDK reads them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

import { tracingVariables } from "../../../budget/service/tracing";
import { ROOT } from "../../../cli/paths";

const ATTRIBUTES = { "service.version": "1.4.2", "k8s.namespace.name": "shop", odd: "a,b=c %d" };

/** What the SDK makes of the variables: attributes of every span, and whether a trace that begins here is kept. */
function read(sampleRatio: number): { attributes: Record<string, string>; kept: number } {
  const script = `
    const { NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
    const { detectResources, envDetector } = require("@opentelemetry/resources");
    const tracer = new NodeTracerProvider().getTracer("test");
    const kept = Array.from({ length: 2000 }, () => tracer.startSpan("one").isRecording()).filter(Boolean).length;
    console.log(JSON.stringify({ kept, attributes: detectResources({ detectors: [envDetector] }).attributes }));
  `;
  const env = tracingVariables(
    "backend",
    { endpoint: "http://otel.watch.svc:4318", sampleRatio },
    ATTRIBUTES,
  );
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
    cwd: ROOT,
    env,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout) as ReturnType<typeof read>;
}

describe("variables of tracing", function () {
  this.timeout(60_000);

  it("name the service and say what is known of it, whatever is in the values", () => {
    assert.deepEqual(read(1).attributes, { ...ATTRIBUTES, "service.name": "backend" });
  });

  it("keep the share of traces that was asked for", () => {
    assert.equal(read(1).kept, 2000);
    assert.equal(read(0).kept, 0);
    const { kept } = read(0.1);
    // Seven standard deviations of 200.
    assert.ok(kept > 100 && kept < 300, String(kept));
  });
});
