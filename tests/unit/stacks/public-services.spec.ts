/** Several public services of one stack: what the stack file may say, and what follows from it. */
import assert from "node:assert/strict";

import { broken } from "../../../budget/core/plan";
import { planStack } from "../../../plan/plan-stack";
import { createPlatform } from "../../../stacks/platform";
import { shippedConfig } from "../../helpers/preview";
import { record } from "../../helpers/pulumi";
import { twoPublic } from "../../helpers/recorded-stack";
import { judgedObjects } from "../../helpers/witnesses";
import { mistakes, service } from "./sound-stack";

describe("public services of a stack file", () => {
  const two = (
    place: object | undefined,
    more: (config: Record<string, any>) => void = () => undefined,
  ): string[] =>
    mistakes((config) => {
      config["loadBalancer"] = { service: "backend", clientConnections: 100, hosts: ["app.example.org"] };
      config["services"].api = { ...service(), ...(place === undefined ? {} : { public: place }) };
      more(config);
    });

  it("may be reached at hosts, at paths, or both, and be called from inside as well", () => {
    assert.deepEqual(two({ paths: ["/api"] }), []);
    assert.deepEqual(two({ hosts: ["app.example.org"], paths: ["/api"] }), []);
    assert.deepEqual(
      two({ paths: ["/api"] }, (config) => {
        config["services"].backend.calls = { api: { callsPerRequest: 1 } };
        config["services"].api.demand = { baseRps: 50, peakRps: 60, growthPerMinute: 0.1 };
      }),
      [],
    );
    assert.deepEqual(
      two({ hosts: ["admin.example.org"] }, (config) => (config["loadBalancer"].hosts = ["*.example.org"])),
      [],
    );
  });

  it("are refused in one sentence where two of them meet, or nobody reaches them", () => {
    const key = "retrofitlink:services.api.public";
    assert.deepEqual(two({}), [
      `${key}: got no hosts and no paths; allowed is hosts, paths, or both. Say which hosts or paths are the service's.`,
    ]);
    assert.deepEqual(two({ hosts: ["other.example.org"] }), [
      `${key}.hosts[0]: got "other.example.org"; allowed is one of loadBalancer.hosts: app.example.org. ` +
        "Add it to loadBalancer.hosts: by no other name do clients reach the proxy.",
    ]);
    assert.deepEqual(
      two(
        { paths: ["/api"] },
        (config) => (config["services"].copy = { ...service(), public: { paths: ["/api/"] } }),
      ),
      [
        'retrofitlink:services.copy.public.paths[0]: got "/api/"; allowed is a host and path that api has not: ' +
          "/api of every host. Give it to one of the two services, or one of them a longer path.",
      ],
    );
    assert.deepEqual(
      two({ paths: ["/api"] }, (config) => delete config["loadBalancer"]),
      [`${key}: got a map; allowed is nothing without a load balancer. Add loadBalancer, or remove the key.`],
    );
    assert.equal(
      two(undefined, (config) => (config["services"].backend.public = { paths: ["/"] })).length,
      1,
    );
    assert.match(
      two(undefined, (config) => (config["services"].backend.public = { paths: ["/x"] })).join(),
      /^retrofitlink:services\.backend\.public: got a map; allowed is nothing for the service of loadBalancer\.service/,
    );
    assert.match(
      two({ paths: ["/api/*"] }).join(),
      /paths\[0\]: got "\/api\/\*"; allowed is the first segments/,
    );
  });

  it("have names of the CDN where there is one, which passes the host on, and paths that it passes on", () => {
    const found = shippedMistakes((file) => {
      file["services"].matching.public = {
        hosts: ["app.retrofitlink.example", "matching.example.org"],
        routes: [
          { path: "/socket.io/matches", kind: "sse" },
          { path: "/live", kind: "sse" },
        ],
      };
    });
    const keys = found.join().match(/"path":\[[^\]]*\]/g);
    assert.deepEqual(keys, [
      '"path":["services","matching","public","routes",1,"path"]',
      '"path":["services","matching","public","hosts",1]',
    ]);
  });
});

function shippedMistakes(change: (file: Record<string, any>) => void): string[] {
  try {
    shippedConfig("production", change);
    return [];
  } catch (error) {
    return String(error).split("\n");
  }
}

describe("plan of several public services", () => {
  const plan = planStack(shippedConfig("local", twoPublic));
  const alone = planStack(shippedConfig("local"));

  it("has in front what the longest request needs, and behind it what each service needs", () => {
    const { backend, matching } = plan.services;
    assert.ok(backend && matching && plan.front);
    assert.deepEqual([backend.timeouts.request.proxy, matching.timeouts.request.proxy], [33, 7]);
    assert.equal(plan.front.request.proxy, 33);
    for (const { timeouts } of [backend, matching]) {
      assert.equal(timeouts.request.loadBalancer, plan.front.request.loadBalancer);
      assert.equal(timeouts.idle.proxyClient, plan.front.idle.proxyClient);
    }
    // Each ends by its own longest request.
    assert.ok(matching.timeouts.drain.terminationGrace < backend.timeouts.drain.terminationGrace);
    assert.equal(plan.front.drain.terminationGrace, backend.timeouts.drain.terminationGrace);
  });

  it("sizes the proxy for the sum, keeps a pool to each, and proves each timeout chain", () => {
    const { proxy } = plan;
    assert.ok(proxy && alone.proxy);
    const peak = proxy.proofs.find(({ statement }) => statement.includes("carries the peak"));
    assert.match(peak?.inequality ?? "", /≥ 600\/s$/);
    assert.equal(proxy.numbers["upstreamKeepAlive of matching"]?.value, 128);
    assert.equal(proxy.numbers["rateLimit of matching"]?.value, 5);
    assert.ok(Number(proxy.numbers["mostInFlight of matching"]?.value) >= 1);
    const chains = proxy.proofs.filter(({ policy }) => policy === "timeouts-in-order");
    assert.equal(chains.length, 10);
    assert.equal(chains.filter(({ statement }) => statement.startsWith('to "matching": ')).length, 5);
    assert.ok(proxy.proofs.some(({ statement }) => statement.includes("keeps to 2 services")));
    assert.ok(proxy.numbers.neededMiB.value > alone.proxy.numbers.neededMiB.value);
    assert.deepEqual(
      [...proxy.proofs, ...Object.values(plan.services).flatMap((one) => one.plan.proofs)].filter(
        ({ holds }) => !holds,
      ),
      [],
    );
    assert.deepEqual(broken(proxy), []);
  });
});

describe("objects of several public services", () => {
  for (const proxy of ["nginx", "haproxy"] as const) {
    it(`are what was planned behind ${proxy}, and only the proxy's own change`, async () => {
      const built = async (...changes: Parameters<typeof shippedConfig>[1][]): ReturnType<typeof record> =>
        record(() =>
          createPlatform(
            shippedConfig("local", ...changes.filter((one) => one !== undefined), (file) => {
              file["loadBalancer"] = { ...file["loadBalancer"], proxy, trustedProxies: ["10.0.0.0/8"] };
            }),
          ),
        );
      const [one, both] = [await built(), await built(twoPublic)];
      const { witnesses, wrong } = judgedObjects(both);
      assert.deepEqual(wrong, []);
      assert.ok(witnesses > judgedObjects(one).witnesses);
      const names = ({ resources }: typeof one): string[] =>
        resources.map(({ type, name }) => `${type} ${name}`);
      const kept = new Set(names(both));
      assert.deepEqual(
        names(one).filter((name) => !kept.has(name)),
        [],
      );
      assert.ok(
        names(both)
          .filter((name) => !names(one).includes(name))
          .every((name) => name.includes("matching")),
      );
    });
  }
});
