import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import type { ProxyKind } from "../../../../../budget/load-balancing/proxy";
import { timeoutChain } from "../../../../../budget/timeouts/timeouts";
import {
  completeProxyArgs,
  qualifiedHost,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "../../../../../components/load-balancing/proxy/proxy-args";
import { proxyIssues } from "../../../../../components/load-balancing/proxy/proxy-issues";
import { describeIssue } from "../../../../../components/shared/issues";

const args: CompleteProxyArgs = completeProxyArgs({
  configKey: "retrofitlink:loadBalancer",
  namespace: "retrofitlink",
  upstream: {
    host: "backend-service",
    port: 3000,
    demand: { baseRps: 400, peakRps: 1000, growthPerMinute: 0.2 },
    serviceTimeSeconds: 0.03,
  },
  clientConnections: 20_000,
  rateLimit: { requestsPerSecond: 20, burst: 40, connections: 50 },
  trustedProxies: ["10.0.0.0/8", "2001:db8::/32"],
  maxBodyMiB: 10,
  cpuCores: 1,
  zones: 3,
  budget: DEFAULT_BUDGET,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
});

function messages(change: Partial<ProxyArgs>, proxy: ProxyKind = "nginx"): string[] {
  return proxyIssues(proxy, { ...args, ...change }).map((found) => describeIssue(found));
}

function withUpstream(change: Partial<ProxyArgs["upstream"]>): string[] {
  return messages({ upstream: { ...args.upstream, ...change } });
}

function withLimit(change: Partial<CompleteProxyArgs["rateLimit"]>): string[] {
  return messages({ rateLimit: { ...args.rateLimit, ...change } });
}

describe("proxyIssues", () => {
  it("has nothing against the example, or against what is not known yet", () => {
    assert.deepEqual(messages({}), []);
    assert.deepEqual(withUpstream({ host: pulumi.output("backend"), port: pulumi.output(3000) }), []);
  });

  it("judges each service beside its own by itself, and then what two of them want", () => {
    const { upstream } = args;
    const api = { name: "api", upstream, paths: ["/api"] };
    assert.deepEqual(
      messages({ services: [api, { name: "admin", upstream, hosts: ["admin.example.org"] }] }),
      [],
    );
    const tight = { requestsPerSecond: 0.01, burst: 0, connections: 50 };
    assert.deepEqual(
      [
        messages({ services: [{ ...api, name: "Api", maxBodyMiB: 0 }] }),
        messages({ services: [api, { ...api, paths: ["/other"] }] }),
        messages({ services: [api, { ...api, name: "copy" }] }),
        messages({ services: [{ name: "api", upstream }] }),
        messages({ services: [{ ...api, rateLimit: tight }] }),
      ].map((found) => found.map((message) => message.split(";")[0])),
      [
        ['services[0].name: got "Api"', "services[0].maxBodyMiB: got 0"],
        ['services[1].name: got "api"'],
        ['services[1].paths[0]: got "/api"'],
        ["services[0]: got no hosts and no paths"],
        ["services[0].rateLimit.requestsPerSecond: got 0.01"],
      ],
    );
  });

  it("refuses a name that is no DNS label", () => {
    assert.deepEqual(messages({ name: "Nginx_1" }), [
      'name: got "Nginx_1"; allowed is a DNS label of at most 52 characters. Use lower-case letters, digits and hyphens, a letter first.',
    ]);
  });

  it("refuses a demand that cannot be one", () => {
    const demand = { baseRps: 0, peakRps: -1, growthPerMinute: -0.1 };
    assert.deepEqual(withUpstream({ demand, serviceTimeSeconds: 0 }), [
      "upstream.demand.baseRps: got 0; allowed is a number above 0 and at most 10,000,000 (requests/s). Give the quiet-hour rate.",
      "upstream.demand.peakRps: got -1; allowed is a number above 0 and at most 10,000,000 (requests/s). Give the highest rate the platform must serve.",
      "upstream.demand.growthPerMinute: got -0.1; allowed is a number from 0 to 20 (share of the rate, per minute). 0.2 means 20 % more within a minute.",
      "upstream.serviceTimeSeconds: got 0; allowed is a number above 0 and at most 600 (seconds). Give the mean time of one request in an idle pod.",
    ]);
  });

  it("refuses an upstream that nobody can reach", () => {
    assert.deepEqual(withUpstream({ port: 65_536, addresses: 0 }), [
      "upstream.addresses: got 0; allowed is a whole number from 1 to 100,000 (pods). Give the service's largest fleet, or leave it out.",
      "upstream.port: got 65536; allowed is a whole number from 1 to 65,535. Give the port the service listens on.",
    ]);
  });

  it("refuses limits that let nobody in", () => {
    assert.deepEqual(withLimit({ requestsPerSecond: 0, burst: -1, connections: 0 }), [
      "rateLimit.requestsPerSecond: got 0; allowed is a number above 0 and at most 1,000,000 (requests/s). Give what one client address may ask.",
      "rateLimit.burst: got -1; allowed is a whole number from 0 to 1,000,000 (requests). Give the requests that may come at once.",
      "rateLimit.connections: got 0; allowed is a whole number from 1 to 100,000,000 (requests in flight). Give the requests of one client that may be under way.",
    ]);
  });

  it("refuses limits that nothing is left of when they are divided among the pods", () => {
    assert.deepEqual(withLimit({ requestsPerSecond: 0.05, connections: 4 }), [
      "rateLimit.requestsPerSecond: got 0.05; allowed is at least 7 requests/minute, for each of up to 7 pods counts by itself. Raise it, or use fewer and larger pods.",
      "rateLimit.connections: got 4; allowed is at least 7, for each of up to 7 pods counts by itself. Raise it, or use fewer and larger pods.",
    ]);
    assert.deepEqual(withLimit({ requestsPerSecond: 7 / 60, connections: 7 }), []);
  });

  it("refuses sizes that are none", () => {
    const change = { clientConnections: 0.5, maxBodyMiB: 0, cpuCores: NaN, zones: 0, maxUnavailable: 0 };
    assert.deepEqual(messages(change), [
      "clientConnections: got 0.5; allowed is a whole number from 1 to 10,000,000 (connections). Give the clients that are connected at the same time at peak.",
      "maxBodyMiB: got 0; allowed is a whole number from 1 to 1,024 (MiB). Give the largest request body.",
      "cpuCores: got NaN; allowed is a number from 0.01 to 256 (cores). One worker is started for each core; 500m is 0.5.",
      "zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
      "maxUnavailable: got 0; allowed is a whole number from 1 to 1,000 (pods). With 0 no node could be drained.",
    ]);
  });

  it("refuses ranges that are none, and everybody", () => {
    const malformed = [
      "10.0.0.0",
      "10.0.0.0/33",
      "10.0.0/8",
      "2001:db8::/129",
      "10.0.0.0/8/8",
      "cdn/8",
      "10.0.0.0/",
    ];
    assert.deepEqual(
      messages({ trustedProxies: malformed }),
      malformed.map(
        (range, index) =>
          `trustedProxies[${index}]: got "${range}"; allowed is a range in CIDR notation, like 10.0.0.0/8. ` +
          "Give the range that the load balancer or the CDN connects from.",
      ),
    );
    assert.deepEqual(
      messages({ trustedProxies: ["0.0.0.0/0", "10.0.0.0/8", "::/0"] }),
      ['trustedProxies[0]: got "0.0.0.0/0"', 'trustedProxies[2]: got "::/0"'].map(
        (start) =>
          `${start}; allowed is a range that is not everybody. ` +
          "With everybody trusted, each client chooses the address that it is limited by.",
      ),
    );
  });

  it("lets HAProxy count less than a request a minute, for its window is as long as that takes", () => {
    const rateLimit = { requestsPerSecond: 0.05, burst: 0, connections: 50 };
    assert.deepEqual(messages({ rateLimit }, "haproxy"), []);
    assert.equal(messages({ rateLimit }, "nginx").length, 1);
  });

  it("refuses routes whose path is none or is taken, and ports that are none", () => {
    const paths = ["/live", "live", "/", "/a b", "/healthz", "/healthz/"];
    const routes = paths.map((path) => ({ path, kind: "websocket" as const }));
    const fix = "Give the first segments that the paths of the route share.";
    const path = "a path like /socket.io/, other than /healthz";
    const wrong = [1, 2, 3, 4, 5].map(
      (i) => `routes[${i}].path: got "${paths[i]}"; allowed is ${path}. ${fix}`,
    );
    const found = messages({ routes });
    assert.deepEqual(
      found.filter((message) => !message.includes("overlap")),
      wrong,
    );
    assert.deepEqual(messages({ routes: [{ path: "/quotes", kind: "grpc", port: 0 }] }), [
      "routes[0].port: got 0; allowed is a whole number from 1 to 65535. Give the port of the service's pods that answers the route, or leave it out.",
    ]);
  });

  it("refuses routes that overlap, by whole segments", () => {
    const routes = ["/live", "/lively", "/live/chat/", "/events", "/events/"].map((path) => ({
      path,
      kind: "sse" as const,
    }));
    const fix = "Keep one of them: a path belongs to one route.";
    assert.deepEqual(messages({ routes }), [
      `routes[2].path: got "/live/chat/"; allowed is a path that does not overlap with /live. ${fix}`,
      `routes[4].path: got "/events/"; allowed is a path that does not overlap with /events. ${fix}`,
    ]);
  });

  it("refuses a certificate that does not cover the hosts, and one for nobody", () => {
    const issuer = { kind: "ClusterIssuer", name: "letsencrypt" } as const;
    const hosts = ["app.example.org", "api.example.org", "a.b.example.org"];
    assert.deepEqual(messages({ hosts, tls: { issuer, hosts: ["*.example.org"] } }), [
      'tls.hosts: got a list, ["*.example.org"]; allowed is names that cover every one of hosts, also a.b.example.org. Add them to the certificate, or remove them from hosts.',
    ]);
    assert.deepEqual(messages({ hosts, tls: { issuer, hosts: ["*.example.org", "a.b.example.org"] } }), []);
    assert.deepEqual(messages({ hosts, tls: { secretName: "tls", hosts: ["app.example.org"] } }), [
      'tls.hosts: got a list, ["app.example.org"]; allowed is names that cover every one of hosts, also api.example.org, a.b.example.org. Add them to the certificate, or remove them from hosts.',
    ]);
    assert.deepEqual(messages({ hosts, tls: { secretName: "tls" } }), []);
    assert.deepEqual(messages({ tls: { issuer, hosts: [] } }), [
      "tls.hosts: got a list, []; allowed is at least one host name. Name the hosts that clients use.",
    ]);
    assert.deepEqual(messages({ hosts: ["https://app.example.org"] }), [
      'hosts[0]: got "https://app.example.org"; allowed is a host name in lower case, like app.example.org, or *.example.org for one label below. Write the name as DNS has it, without scheme, port or path.',
    ]);
  });

  it("refuses two places where TLS ends", () => {
    assert.deepEqual(messages({ tls: { secretName: "tls" }, headers: { tlsInFront: true } }), [
      "headers.tlsInFront: got true; allowed is false where tls is given. Leave one of them out: with tls the header is sent anyway.",
    ]);
  });

  it("refuses a DNS server that HAProxy would have to look up", () => {
    const clusterDns = { server: "kube-dns.kube-system.svc.cluster.local" };
    assert.deepEqual(messages({ clusterDns }), []);
    assert.deepEqual(messages({ clusterDns }, "haproxy"), [
      'clusterDns.server: got "kube-dns.kube-system.svc.cluster.local"; allowed is an address. Leave it out for the servers of /etc/resolv.conf.',
    ]);
  });

  it("refuses a health check that asks for nothing, and a service that works on nothing", () => {
    assert.deepEqual(withUpstream({ healthPath: "ready", concurrency: 0 }), [
      "upstream.concurrency: got 0; allowed is a whole number from 1 to 10,000. Give the requests a pod works on at the same time.",
      'upstream.healthPath: got "ready"; allowed is a path that begins with "/". Give the path that a ready pod answers.',
    ]);
  });

  it("refuses a timeout chain that does not hold, at the step to mend", () => {
    const { timeouts } = args;
    assert.deepEqual(messages({ timeouts: { ...timeouts, idle: { ...timeouts.idle, proxyClient: 60 } } }), [
      "timeouts.idle.proxyClient: got 60; allowed is a timeout chain that holds. idle.proxyClient is 60 s; it has to be above " +
        "idle.loadBalancer, 60 s, or a listener closes a connection on which the next request is already under way.",
    ]);
    assert.deepEqual(messages({ timeouts: { ...timeouts, drain: { ...timeouts.drain, preStop: 45 } } }), [
      "timeouts.drain.preStop: got 45; allowed is a timeout chain that holds. drain.preStop is 45 s; it has to be above " +
        "drain.deregistration + 15 s, 45 s, or the pod stops while new requests still arrive.",
    ]);
  });

  it("refuses less memory than the proof needs", () => {
    assert.deepEqual(messages({ memoryLimitMiB: 239 }), [
      "memoryLimitMiB: got 239; allowed is at least 242 = processes 32 + connection tables 8 + address zones 20 + " +
        "clients 160 + responses 22 (MiB). Raise it, or leave it out and it becomes 242.",
    ]);
    assert.deepEqual(messages({ memoryLimitMiB: 242 }), []);
  });
});

describe("qualifiedHost", () => {
  it("spells out the names of Services, and leaves other names and addresses alone", () => {
    const qualified = (host: string): string => qualifiedHost(host, "retrofitlink", "cluster.local");
    assert.equal(qualified("backend-service"), "backend-service.retrofitlink.svc.cluster.local");
    assert.equal(qualified("backend.other.svc"), "backend.other.svc.cluster.local");
    assert.equal(qualified("backend.other.svc.cluster.local"), "backend.other.svc.cluster.local");
    assert.equal(qualified("api.example.org"), "api.example.org");
    assert.equal(qualified("10.0.0.7"), "10.0.0.7");
    assert.equal(qualified("2001:db8::7"), "2001:db8::7");
  });
});
