import assert from "node:assert/strict";

import { parseStackConfig } from "../../../../stacks/stack-file/config";
import { shippedText, stackFile } from "../../../helpers/stack-file";
import { accepted } from "../sound-stack";

describe("stack file", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`accepts the shipped stack ${stack}, from which everything is built`, () => {
      const { config, issues: problems } = parseStackConfig(stackFile(shippedText(stack)));
      assert.deepEqual(problems, []);
      assert.equal(config?.environment, stack);
    });
  }

  for (const stack of ["production", "staging"]) {
    it(`accepts the shipped stack ${stack} with the other CDN as well`, () => {
      const file = stackFile(shippedText(stack));
      file["cdn"].provider = "cloudflare";
      const { config, issues: problems } = parseStackConfig(file);
      assert.deepEqual(problems, []);
      assert.equal(config?.cdn?.provider, "cloudflare");
    });
  }

  it("gives staging the shape of production", () => {
    const shape = (stack: string): unknown => {
      const { config } = parseStackConfig(stackFile(shippedText(stack)));
      return [
        config?.cluster.cloud,
        Object.keys(config?.services ?? {}),
        Object.keys(config?.caches ?? {}),
        config?.database?.kind,
        config?.loadBalancer?.proxy,
        config?.cdn?.provider,
        Object.keys(config?.cdn?.behaviors ?? {}),
        config?.cdn?.images !== undefined,
      ];
    };
    assert.deepEqual(shape("staging"), shape("production"));
  });

  it("fills in the documented defaults", () => {
    const config = accepted((c) => {
      c["loadBalancer"] = { service: "backend", clientConnections: 100 };
    });
    const { port, maxRequestSeconds, health, processesPerPod, caches, environment } =
      config.services["backend"]!;
    assert.deepEqual(
      { port, maxRequestSeconds, health, processesPerPod, caches, environment },
      {
        port: 3000,
        maxRequestSeconds: 10,
        health: { live: "/health", ready: "/ready" },
        processesPerPod: 1,
        caches: {},
        environment: {},
      },
    );
    assert.equal(config.cluster.namespace, "retrofitlink");
    assert.deepEqual(config.loadBalancer, {
      proxy: "nginx",
      service: "backend",
      clientConnections: 100,
      cpuCores: 1,
      rateLimit: { requestsPerSecond: 20, burst: 40, connections: 50 },
      trustedProxies: [],
      maxBodyMiB: 10,
      routes: [],
      hosts: [],
      headers: { tlsInFront: false },
    });
  });
});
