/** Other clouds, databases and proxies are in tests/nightly; the life of the local stack is beside this file. */
import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS } from "../helpers/engine";
import { everyRoute, mandatory, runPlatform as run } from "../helpers/platform";
import { edited, only } from "../helpers/stack-file";
import { twoPublic } from "../helpers/recorded-stack";

describe("platform on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  for (const stack of ["production", "staging"]) {
    it(`previews ${stack} with every policy kept`, async () => {
      const result = await run("preview", stack);
      assert.deepEqual([result.errors, result.policyEvents, result.succeeded], [[], [], true]);
      const components = result.resources
        .filter(
          ({ type }) => type.startsWith("retrofitlink:") && !/:autoscaling:|:PrometheusRules$/.test(type),
        )
        .map(({ name }) => name);
      assert.deepEqual(components.sort(), [
        "alert-routing",
        "aws-load-balancer-controller",
        "backend",
        "blackbox-exporter",
        "cdn",
        "cdn-images",
        "dashboards",
        "matching",
        "mongodb",
        "mongodb-backup",
        "mongodb-data-model",
        "monitoring",
        "monitors",
        "nginx-load-balancer",
        "origin-lock",
        "platform",
        "public-load-balancer",
        "redis-cache",
        "redis-session",
      ]);
    });
  }

  it("exits with the key of the stack file when a policy is broken", async () => {
    const result = await run("preview", "production", (text) =>
      text.replace("peakRps: 1200", "peakRps: 900"),
    );
    assert.equal(result.succeeded, false);
    assert.match(
      mandatory(result).join("\n"),
      /900\/s planned ≥ 1,000\/s promised does not hold\s+change: retrofitlink:services\.backend\.demand\.peakRps/,
    );
  });

  it("reports every mistake of the stack file, without a stack trace", async () => {
    const result = await run("preview", "production", (text) =>
      text
        .replace("peakRps: 1200", "peakRps: many")
        .replace("zones: 3", "zones: 30")
        .replace("proxy: nginx", "proxi: nginx"),
    );
    const report = result.errors.join("\n");
    assert.match(report, /has 3 mistakes:/);
    for (const key of ["services.backend.demand.peakRps", "cluster.zones", "loadBalancer.proxi"]) {
      assert.ok(report.includes(`retrofitlink:${key}\n`), key);
    }
    assert.match(report, /Did you mean "proxy"\?/);
    assert.doesNotMatch(report, /\n\s+at /);
  });

  it("previews two public services behind one proxy with every policy kept", async () => {
    const withoutDatabase = edited(only("loadBalancer", "caches"), twoPublic, (file) => {
      delete file["services"].backend.database;
    });
    const result = await run("preview", "local", withoutDatabase);
    assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
    assert.ok(result.resources.some(({ name }) => name === "matching-network-policy"));
  });

  it("previews nginx with a certificate of cert-manager and every kind of route", async () => {
    const result = await run("preview", "local", everyRoute("nginx"));
    assert.deepEqual([result.errors, mandatory(result), result.succeeded], [[], [], true]);
    const certificate = result.resources.find(({ type }) => type.endsWith(":Certificate"));
    assert.equal(certificate?.name, "nginx-load-balancer-certificate");
  });
});
