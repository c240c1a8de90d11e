import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import {
  accessExporter,
  accessExporterArgs,
  accessProgramOf,
  countedRoutes,
} from "../../../../../components/load-balancing/proxy/access-exporter";
import { completeProxyArgs, type ProxyArgs } from "../../../../../components/load-balancing/proxy/proxy-args";
import { PROXY_PORTS } from "../../../../../components/load-balancing/proxy/proxy-conf-args";

const demand = { baseRps: 100, peakRps: 400, growthPerMinute: 0.2 };
const upstream = { host: "backend-pods", port: 3000, demand, serviceTimeSeconds: 0.03, concurrency: 8 };

const args = (change: Partial<ProxyArgs> = {}): ReturnType<typeof completeProxyArgs> =>
  completeProxyArgs({ upstream, clientConnections: 1000, ...change });

const SEVERAL = args({
  upstream: { ...upstream, name: "backend" },
  routes: [{ path: "/socket.io/", kind: "websocket" }],
  services: [
    { name: "api", upstream, paths: ["/api", "/v2"], hosts: ["app.example.org"] },
    { name: "admin", upstream, hosts: ["admin.example.org"], routes: [{ path: "/live", kind: "sse" }] },
  ],
});

describe("the exporter of a proxy's access log", () => {
  it("tells paths apart that the stack names, each once", () => {
    assert.deepEqual(countedRoutes(args()), [{ service: "application", route: "/", open: false }]);
    const found = countedRoutes(SEVERAL).map(
      ({ service, route, open }) => `${service}${route}${open ? "…" : ""}`,
    );
    assert.deepEqual(found.sort(), [
      "admin/",
      "admin/live…",
      "api/api",
      "api/v2",
      "backend/",
      "backend/socket.io…",
    ]);
  });

  it("has the steps of every budget as bounds", () => {
    const [own, other] = [0.07, 0.09].map((target) => ({
      ...DEFAULT_BUDGET,
      responseTimeP95Seconds: { target, warning: 0.2, critical: 0.5 },
    }));
    assert.ok(own !== undefined && other !== undefined);
    const program = accessProgramOf(
      "nginx",
      args({ budget: own, services: [{ name: "api", upstream, paths: ["/api"], budget: other }] }),
    );
    const [, buckets = ""] = /buckets (.*)$/m.exec(program) ?? [];
    assert.ok(buckets.includes(" 0.07,") && buckets.includes(" 0.09,"), buckets);
  });

  it("may neither write, nor become more than it is, nor take the proxy with it", () => {
    const container = accessExporter(args({ cpuCores: 2 }));
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.ok(!("readinessProbe" in container) && !("startupProbe" in container));
    const { requests, limits } = container.resources as Record<"requests" | "limits", Record<string, string>>;
    assert.deepEqual([requests["cpu"], requests["memory"] === limits["memory"]], ["300m", true]);
  });

  it("listens to its own pod alone, and tells nothing of itself but metrics", () => {
    const found = accessExporterArgs();
    assert.ok(found.includes(`--logs=udp://127.0.0.1:${PROXY_PORTS.accessLog}`));
    assert.ok(
      found.includes("--http_debugging_endpoint=false") && found.includes("--http_info_endpoint=false"),
    );
  });

  it("stays the same program for the same stack, and is another one for each proxy", () => {
    assert.equal(accessProgramOf("nginx", SEVERAL), accessProgramOf("nginx", SEVERAL));
    assert.notEqual(accessProgramOf("nginx", SEVERAL), accessProgramOf("haproxy", SEVERAL));
    for (const line of accessProgramOf("haproxy", SEVERAL).split("\n")) {
      // mtail refuses longer expressions.
      for (const [, expression = ""] of line.matchAll(/\/(.*)\/ \{$/g))
        assert.ok(expression.length < 1024, line);
    }
  });
});
