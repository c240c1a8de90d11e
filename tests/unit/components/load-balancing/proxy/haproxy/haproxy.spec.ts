import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_BUDGET } from "../../../../../../budget/core/performance-budget";
import { valuesOf } from "../../../../../../budget/core/derived";
import type { ProxyNumbers } from "../../../../../../budget/load-balancing/proxy-plan";
import { timeoutChain } from "../../../../../../budget/timeouts/timeouts";
import { HaProxy } from "../../../../../../components/load-balancing/proxy/haproxy/haproxy";
import { Nginx } from "../../../../../../components/load-balancing/proxy/nginx/nginx";
import { Proxy } from "../../../../../../components/load-balancing/proxy/proxy";
import type { ProxyArgs } from "../../../../../../components/load-balancing/proxy/proxy-args";
import { ROUTE_KINDS } from "../../../../../../components/load-balancing/proxy/proxy-routes";
import { record, type RecordedResource, type Recording } from "../../../../../helpers/pulumi";
import { judgedObjects } from "../../../../../helpers/witnesses";

const args: ProxyArgs = {
  configKey: "retrofitlink:loadBalancer",
  namespace: "retrofitlink",
  upstream: {
    host: "backend-pods.retrofitlink.svc",
    port: 3000,
    addresses: 12,
    demand: { baseRps: 400, peakRps: 1000, growthPerMinute: 0.2 },
    serviceTimeSeconds: 0.03,
    concurrency: 8,
  },
  clientConnections: 20_000,
  rateLimit: { requestsPerSecond: 20, burst: 40, connections: 50 },
  trustedProxies: ["10.0.0.0/8"],
  maxBodyMiB: 10,
  cpuCores: 1,
  zones: 3,
  budget: DEFAULT_BUDGET,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
};

const ISSUED = {
  issuer: { kind: "ClusterIssuer", name: "letsencrypt" },
  hosts: ["app.example.org"],
} as const;

type Fields = Record<string, unknown>;

const CLASSES = { nginx: Nginx, haproxy: HaProxy } as const;

function build(
  proxy: keyof typeof CLASSES,
  change: Partial<ProxyArgs> = {},
  options = {},
): Promise<Recording> {
  return record(() => new CLASSES[proxy]("edge", { ...args, ...change }), options);
}

function specOf(resource: RecordedResource): Fields {
  return resource.inputs["spec"] as Fields;
}

function pod(recording: Recording): Fields & { containers: Fields[]; volumes: Fields[] } {
  const { template } = specOf(recording.only("kubernetes:apps/v1:Deployment")) as {
    template: { spec: never };
  };
  return template.spec;
}

function portsOf(recording: Recording): unknown[] {
  const front = recording.ofType("kubernetes:core/v1:Service").find(({ name }) => name === "edge-service");
  assert.ok(front);
  return (specOf(front)["ports"] as { port: number }[]).map(({ port }) => port);
}

async function conf(change: Partial<ProxyArgs> = {}): Promise<string> {
  const data = (await build("haproxy", change)).only("kubernetes:core/v1:ConfigMap").inputs["data"] as Fields;
  assert.deepEqual(Object.keys(data), ["access.mtail", "haproxy.cfg"]);
  return String(data["haproxy.cfg"]);
}

describe("HaProxy", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const expected = [
      "kubernetes:apps/v1:Deployment edge-deployment",
      "kubernetes:autoscaling/v2:HorizontalPodAutoscaler edge-autoscaler",
      "kubernetes:core/v1:ConfigMap edge-config",
      "kubernetes:core/v1:Service edge-fleet",
      "kubernetes:core/v1:Service edge-service",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy edge-network-policy",
      "kubernetes:policy/v1:PodDisruptionBudget edge-disruption-budget",
      "retrofitlink:autoscaling:DisruptionBudget edge-disruption-budget",
      "retrofitlink:autoscaling:HorizontalAutoscaler edge-autoscaler",
      "retrofitlink:load-balancing:HaProxy edge",
    ];
    assert.deepEqual((await build("haproxy")).typesAndNames(), expected);
    assert.deepEqual((await build("haproxy", {}, { preview: true })).typesAndNames(), expected);
  });

  it("is called haproxy-load-balancer, and tells policies the numbers that nginx tells", async () => {
    const [haproxy, nginx] = [await build("haproxy"), await build("nginx")];
    const { workload, proxy, ...numbers } = haproxy.only("retrofitlink:load-balancing:HaProxy").inputs;
    assert.deepEqual([workload, proxy], ["haproxy-load-balancer", "haproxy"]);
    const other = nginx.only("retrofitlink:load-balancing:Nginx").inputs;
    assert.deepEqual(Object.keys({ workload, proxy, ...numbers }).sort(), Object.keys(other).sort());
    const [values, others] = [numbers["numbers"], other["numbers"]].map((all) =>
      valuesOf(all as ProxyNumbers),
    );
    for (const field of ["minReplicas", "maxReplicas", "clientsPerPod", "targetConnections"]) {
      assert.equal(values?.[field], others?.[field], field);
    }
  });

  it("scales on its own CPU, and on the sessions of its frontend for clients where they are served", async () => {
    const { metrics } = specOf(
      (await build("haproxy", { connectionsMetric: true })).only(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
      ),
    );
    assert.deepEqual(metrics, [
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: "haproxy",
          target: { type: "Utilization", averageUtilization: 70 },
        },
      },
      {
        type: "Pods",
        pods: {
          metric: {
            name: "haproxy_frontend_current_sessions",
            selector: { matchLabels: { proxy: "clients" } },
          },
          target: { type: "AverageValue", averageValue: "5734" },
        },
      },
    ]);
  });

  it("is what was planned, with every kind of route", async () => {
    const routes = ROUTE_KINDS.map((kind, index) => ({ path: `/${kind}/`, kind, port: 3000 + index }));
    for (const change of [{}, { routes }, { tls: ISSUED, hosts: ISSUED.hosts, routes }]) {
      assert.deepEqual(judgedObjects(await build("haproxy", change)), { witnesses: 16, wrong: [] });
    }
  });

  it("finds its own pods by a headless Service that shows nothing but its status", async () => {
    const fleet = (await build("haproxy"))
      .ofType("kubernetes:core/v1:Service")
      .find(({ name }) => name === "edge-fleet");
    assert.ok(fleet);
    assert.equal((fleet.inputs["metadata"] as Fields)["name"], "haproxy-load-balancer-pods");
    assert.deepEqual(specOf(fleet), {
      type: "ClusterIP",
      clusterIP: "None",
      selector: { app: "haproxy-load-balancer" },
      ports: [{ name: "status", port: 8081, targetPort: "status" }],
    });
  });

  it("runs a master that can reload, as a user without rights, with one writable directory", async () => {
    const { containers, securityContext, volumes, shareProcessNamespace } = pod(await build("haproxy"));
    const [server] = containers;
    assert.deepEqual(
      containers.map(({ name }) => name),
      ["haproxy", "access-exporter"],
    );
    assert.deepEqual(server?.["command"], [
      "haproxy",
      "-W",
      "-db",
      "-p",
      "/tmp/haproxy.pid",
      "-f",
      "/usr/local/etc/haproxy/haproxy.cfg",
    ]);
    assert.deepEqual(server["ports"], [
      { name: "http", containerPort: 8080 },
      { name: "status", containerPort: 8081 },
      { name: "metrics", containerPort: 9113 },
    ]);
    assert.equal((securityContext as Fields)["runAsUser"], 99);
    assert.equal(shareProcessNamespace, undefined);
    assert.deepEqual(server["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(
      volumes.map(({ name }) => name),
      ["config", "scratch"],
    );
  });

  it("refuses arguments with problems, before anything is created", async () => {
    await assert.rejects(build("haproxy", { zones: 0 }), {
      message:
        'HaProxy "edge" cannot be built:\n' +
        "  - retrofitlink:loadBalancer.zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
    });
  });
});

describe("haproxy.cfg of a HaProxy", () => {
  it("is rendered from the plan, the timeout chain, the budget and the rate limit of all pods", async () => {
    const lines = (await conf()).split("\n").map((line) => line.trim());
    for (const line of [
      "nbthread 1",
      "maxconn 8192",
      "hard-stop-after 16s",
      "timeout http-keep-alive 75s",
      "timeout server 12s",
      "timeout connect 1s",
      // The critical p99 of the budget.
      "timeout queue 1s",
      "option redispatch 1",
      "http-check send meth GET uri /ready ver HTTP/1.1 hdr Host backend-pods.retrofitlink.svc.cluster.local",
      // A window of 40 * 7 / 20 = 14 s, of 20/s.
      "stick-table type ipv6 size 81920 expire 28s store gpc0_rate(14s),conn_cur",
      "acl too_many_requests var(txn.requests) -m int gt 280",
      "acl too_many_connections var(txn.connections) -m int gt 50",
      "acl from_trusted_now src 10.0.0.0/8",
      // (8 * 1 s / 30 ms - 2 * 8) * 12 / 5
      "acl queue_full queue(application) ge 602",
      "server-template pod 1-7 haproxy-load-balancer-pods.retrofitlink.svc.cluster.local:8080 resolvers cluster resolve-prefer ipv4 init-addr none",
      "server-template pod1- 1-12 backend-pods.retrofitlink.svc.cluster.local:3000 resolvers cluster resolve-prefer ipv4 init-addr libc,none",
      "parse-resolv-conf",
    ]) {
      assert.ok(lines.includes(line), line);
    }
    // 2 * 8 / 5
    assert.ok(lines.some((line) => /^default-server check .* maxconn 4 pool-max-conn 128$/.test(line)));
  });

  it("asks the DNS server that it is given", async () => {
    const text = await conf({ clusterDns: { server: "169.254.20.10", domain: "prod.example" } });
    assert.ok(text.includes("nameserver dns 169.254.20.10:53"));
    assert.ok(text.includes("backend-pods.retrofitlink.svc.prod.example:3000"));
    assert.ok(
      (await conf({ clusterDns: { server: "2001:db8::a" } })).includes("nameserver dns [2001:db8::a]:53"),
    );
  });

  it("trusts nobody when no range is given", async () => {
    const text = await conf({ trustedProxies: [] });
    assert.ok(!text.includes("set-src") && !text.includes("from_trusted"));
  });

  it("waits longer for silent clients where gRPC may pause, and nowhere else", async () => {
    assert.match(await conf(), /timeout client 10s/);
    assert.match(await conf({ routes: [{ path: "/quotes", kind: "grpc" }] }), /timeout client 75s/);
  });
});

for (const proxy of ["nginx", "haproxy"] as const) {
  describe(`TLS of a proxy that is ${proxy}`, () => {
    it("asks cert-manager for the certificate, and mounts what it writes", async () => {
      const recording = await build(proxy, { tls: ISSUED });
      const certificate = recording.only("kubernetes:cert-manager.io/v1:Certificate");
      assert.equal(certificate.name, "edge-certificate");
      assert.deepEqual(specOf(certificate), {
        secretName: `${proxy}-load-balancer-tls`,
        dnsNames: ["app.example.org"],
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "letsencrypt" },
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        usages: ["digital signature", "server auth"],
      });
      assert.deepEqual(pod(recording).volumes.at(-1), {
        name: "tls",
        secret: { secretName: `${proxy}-load-balancer-tls`, defaultMode: 0o440 },
      });
      assert.deepEqual(portsOf(recording), [80, 443]);
      assert.equal(
        recording.ofType(`retrofitlink:load-balancing:${CLASSES[proxy].name}`)[0]?.inputs["tls"],
        true,
      );
    });

    it("takes a Secret that is given instead, and makes none", async () => {
      const tls = { secretName: pulumi.output("own-tls"), plainPort: "off" } as const;
      const recording = await build(proxy, { tls });
      assert.equal(recording.ofType("kubernetes:cert-manager.io/v1:Certificate").length, 0);
      assert.deepEqual((pod(recording).volumes.at(-1) as { secret: Fields }).secret["secretName"], "own-tls");
      assert.deepEqual(portsOf(recording), [443]);
      const [server] = pod(recording).containers;
      assert.ok(!(server?.["ports"] as { name: string }[]).some(({ name }) => name === "http"));
    });

    it("is ready when a handshake succeeds, and has a container beside it that takes renewed certificates", async () => {
      const { containers, shareProcessNamespace } = pod(await build(proxy, { tls: ISSUED }));
      const [server] = containers;
      const reloader = containers.at(-1);
      assert.deepEqual((server?.["readinessProbe"] as Fields)["httpGet"], {
        path: "/healthz",
        port: "https",
        scheme: "HTTPS",
      });
      assert.equal(shareProcessNamespace, true);
      assert.deepEqual([reloader?.["name"], reloader?.["image"]], ["reloader", server?.["image"]]);
      const [, , script = ""] = reloader?.["command"] as string[];
      assert.match(script, /cat \/tls\/tls\.crt \/tls\/tls\.key \| sha256sum/);
      assert.match(script, proxy === "nginx" ? /nginx -t -q/ : /haproxy -c -q -f/);
      for (const container of [server, reloader]) {
        assert.ok(
          (container?.["volumeMounts"] as Fields[]).some(
            ({ mountPath, readOnly }) => mountPath === "/tls" && readOnly,
          ),
        );
        assert.deepEqual((container?.["securityContext"] as Fields)["readOnlyRootFilesystem"], true);
      }
    });

    it("needs more memory, and tells clients to come back over TLS", async () => {
      const memory = async (change: Partial<ProxyArgs>): Promise<number> =>
        (
          (await build(proxy, change)).resources.find(({ inputs }) => inputs["numbers"] !== undefined)
            ?.inputs["numbers"] as ProxyNumbers
        ).memoryLimitMiB.value;
      assert.ok((await memory({ tls: ISSUED })) > (await memory({})));
      const text = async (change: Partial<ProxyArgs>): Promise<string> =>
        JSON.stringify((await build(proxy, change)).only("kubernetes:core/v1:ConfigMap").inputs["data"]);
      assert.match(await text({ tls: ISSUED }), /max-age=31536000; includeSubDomains/);
      assert.doesNotMatch(await text({}), /max-age/);
      assert.doesNotMatch(await text({ tls: ISSUED, headers: { owner: "edge" } }), /max-age/);
    });

    it("says where it is reached", async () => {
      const built: Proxy[] = [];
      await record(() => built.push(new CLASSES[proxy]("edge", { ...args, tls: ISSUED })));
      const [found] = built;
      assert.ok(found instanceof Proxy);
      const known = await new Promise((resolve) => pulumi.all([found.url, found.serviceName]).apply(resolve));
      assert.deepEqual(known, [`https://${proxy}-load-balancer.retrofitlink.svc`, `${proxy}-load-balancer`]);
      assert.equal(found.port, 443);
    });
  });
}
