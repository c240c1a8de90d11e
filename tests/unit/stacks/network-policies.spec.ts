import assert from "node:assert/strict";

import type { StackConfig } from "../../../stacks/stack-file/config";
import { isAllowed, policiesOf, type Endpoint, type Policy } from "../../helpers/network-policies";
import type { Recording } from "../../helpers/pulumi";
import { STACKS, clusterConfig, recordStack, workloadsOf } from "../../helpers/recorded-stack";

const pod = (name: string, address: string, labels: object, ports: object = {}, namespace = "retrofitlink") =>
  ({ name, address, pod: { namespace, labels, ports } }) as Endpoint;

const MONITORING = pod("monitoring", "10.0.2.1", { app: "prometheus" }, {}, "monitoring");
const STRANGER = pod("a pod of another namespace", "10.0.2.2", { app: "backend" }, {}, "default");
const NEIGHBOUR = pod("a pod nobody knows", "10.0.2.3", { app: "debug" });
const NAMES = pod("names", "10.0.2.4", { "k8s-app": "kube-dns" }, {}, "kube-system");
const OPERATOR = pod("operator", "10.0.2.5", { "app.kubernetes.io/name": "psmdb-operator" });
const INTERNET: Endpoint = { name: "internet", address: "198.51.100.7" };
const BALANCER: Endpoint = { name: "load balancer", address: "10.0.200.7" };
const METADATA: readonly Endpoint[] = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254"].map(
  (address) => ({
    name: "metadata",
    address,
  }),
);

const policiesIn = (recording: Recording): Policy[] =>
  recording
    .ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    .map(({ inputs }) => inputs as unknown as Policy);

/** A pod of each workload, those of the database's operator too. */
function endpoints(recording: Recording, config: StackConfig): Endpoint[] {
  const own = workloadsOf(recording).map(({ name, namespace, template }, index): Endpoint => {
    const ports = template.spec.containers.flatMap(({ ports = [] }) =>
      ports.map(({ name: port, containerPort }) => [port, containerPort] as const),
    );
    const { labels } = template.metadata;
    return { ...pod(name, `10.0.1.${index + 1}`, labels, Object.fromEntries(ports), namespace) };
  });
  if (config.database?.kind !== "percona") return own;
  return [
    ...own,
    pod(
      "mongodb",
      "10.0.1.200",
      { "app.kubernetes.io/instance": "mongodb", "app.kubernetes.io/component": "mongod" },
      { mongodb: 27017, metrics: 9216 },
    ),
  ];
}

/** Whether a cache in the cluster has replicas and Sentinels. */
const isReplicated = (cache: StackConfig["caches"][string]): boolean =>
  cache.purpose === "session" || ("standby" in cache && cache.standby);

/** `from -> to:port` of everything that the stack file asks for between its own pods, and of the metrics. */
function wanted(config: StackConfig): string[] {
  const { services, caches, loadBalancer, database, monitoring } = config;
  const proxy = `${loadBalancer?.proxy ?? ""}-load-balancer`;
  const isMongo = database?.kind === "percona";
  const inCluster = Object.entries(caches).filter(([, { kind }]) => (kind ?? "in-cluster") === "in-cluster");
  const edges = Object.entries(services).flatMap(([name, service]) => [
    `monitoring -> ${name}:${service.port}`,
    ...Object.keys(service.calls).map((callee) => `${name} -> ${callee}:${services[callee]?.port ?? 0}`),
    ...inCluster
      .filter(([cache]) => cache in service.caches)
      .flatMap(([cache, settings]) => [
        `${name} -> ${cache}:6379`,
        ...(isReplicated(settings) ? [`${name} -> ${cache}:26379`] : []),
      ]),
    ...(isMongo && service.database !== undefined ? [`${name} -> mongodb:27017`] : []),
  ]);
  for (const [cache, settings] of inCluster) {
    edges.push(`monitoring -> ${cache}:9121`);
    if (isReplicated(settings)) edges.push(`${cache} -> ${cache}:6379`, `${cache} -> ${cache}:26379`);
  }
  if (isMongo) {
    edges.push("monitoring -> mongodb:9216", "mongodb -> mongodb:27017", "operator -> mongodb:27017");
    edges.push("mongodb-data-model-job -> mongodb:27017");
  }
  if (monitoring?.kind === "install" && (config.cdn ?? loadBalancer?.public) !== undefined) {
    edges.push("monitoring -> blackbox-exporter:9115");
  }
  if (loadBalancer !== undefined) {
    if (database?.kind === "atlas") {
      // Its private endpoint has any address of the network and any port above 1023, and so have the proxy's pods.
      const users = Object.keys(services).filter((name) => services[name]?.database !== undefined);
      for (const from of [...users, "mongodb-data-model-job"]) edges.push(`${from} -> ${proxy}:8080`);
    }
    // The proxy itself, and the exporter of its access log.
    edges.push(`monitoring -> ${proxy}:9113`, `monitoring -> ${proxy}:9114`);
    const behind = Object.entries(services).filter(
      ([name, service]) => name === loadBalancer.service || service.public !== undefined,
    );
    for (const [name, { port }] of behind) edges.push(`${proxy} -> ${name}:${port}`);
    for (const from of [
      "monitoring",
      STRANGER.name,
      NEIGHBOUR.name,
      "operator",
      BALANCER.name,
      INTERNET.name,
    ]) {
      edges.push(`${from} -> ${proxy}:8080`);
    }
  }
  return edges.sort();
}

describe("NetworkPolicies", function () {
  this.timeout(120_000);

  for (const [variant, config] of Object.entries(STACKS)) {
    describe(`of ${variant}`, () => {
      let policies: Policy[];
      let pods: Endpoint[];
      before(async () => {
        const recording = await recordStack(config);
        policies = policiesIn(recording);
        pods = endpoints(recording, config);
      });

      it("select every pod, one for each workload, in both directions", () => {
        assert.ok(pods.length >= 4);
        for (const one of pods) {
          const own = policiesOf(policies, one);
          assert.equal(own.length, 1, one.name);
          assert.deepEqual(own[0]?.spec.policyTypes, ["Ingress", "Egress"], one.name);
        }
        assert.equal(policies.length, pods.length);
      });

      it("let through what the stack file asks for, and nothing else", () => {
        const from = [...pods, MONITORING, STRANGER, NEIGHBOUR, OPERATOR, INTERNET, BALANCER];
        const made = from.flatMap((source) =>
          pods.flatMap((target) =>
            // Ports that a container names, and some that none does.
            [...new Set([...Object.values(target.pod?.ports ?? {}), 22, 443, 8443, 9229])]
              .filter((port) => isAllowed(policies, source, target, port))
              .map((port) => `${source.name} -> ${target.name}:${port}`),
          ),
        );
        assert.deepEqual(made.sort(), wanted(config));
      });

      it("let pods find names, and reach no address at which a node's credentials are", () => {
        for (const one of pods) {
          const cache = config.caches[one.name];
          const isAlone = cache !== undefined && !isReplicated(cache);
          for (const protocol of ["UDP", "TCP"]) {
            assert.equal(isAllowed(policies, one, NAMES, 53, protocol), !isAlone, one.name);
          }
          for (const address of METADATA) {
            for (const port of [80, 443, 988]) {
              assert.ok(!isAllowed(policies, one, address, port), `${one.name} ${address.address}:${port}`);
            }
          }
        }
      });

      it("let services out to port 443, and to what a cloud runs for them", () => {
        const reaches = (name: string, port: number, to = INTERNET): boolean => {
          const one = pods.find((found) => found.name === name);
          assert.ok(one, name);
          return isAllowed(policies, one, to, port);
        };
        const MANAGED: Endpoint = { name: "managed", address: "10.0.90.9" };
        for (const [name, service] of Object.entries(config.services)) {
          assert.ok(reaches(name, 443), name);
          assert.ok(!reaches(name, 25), name);
          for (const cache of Object.keys(service.caches)) {
            const { kind } = config.caches[cache] ?? {};
            if (kind === "elasticache") assert.ok(reaches(name, 6379, MANAGED), `${name} ${cache}`);
            if (kind === "memorystore") assert.ok(reaches(name, 6378, MANAGED), `${name} ${cache}`);
          }
          const isAtlas = config.database?.kind === "atlas" && service.database !== undefined;
          assert.equal(reaches(name, 1025, MANAGED), isAtlas, name);
          assert.equal(reaches(name, 1025), false, name);
        }
        if (config.database?.kind === "percona") {
          assert.equal(reaches("mongodb", 443), config.cluster.cloud !== "local");
          const AGENT: Endpoint = { name: "agent", address: "169.254.170.23" };
          assert.equal(reaches("mongodb", 80, AGENT), config.cluster.cloud === "aws");
        } else if (config.database?.kind === "atlas") {
          assert.ok(reaches("mongodb-data-model-job", 1025, MANAGED));
        }
      });
    });
  }

  it("follow the stack file: who calls whom, from where, what is outside, who monitors", async () => {
    const config = clusterConfig("aws behind CloudFront", (file) => {
      file["cluster"].monitoringNamespace = "observability";
      file["services"].backend.calls = {};
      file["services"].backend.egress = [{ port: 5432, cidr: "203.0.113.0/24" }];
      file["services"].matching.callerNamespaces = ["default"];
      file["loadBalancer"].routes = [{ path: "/socket.io/", kind: "websocket", port: 3001 }];
    });
    const recording = await recordStack(config);
    const policies = policiesIn(recording);
    const pods = endpoints(recording, config);
    const named = (name: string): Endpoint => pods.find((one) => one.name === name) ?? assert.fail(name);
    const [backend, matching, proxy] = ["backend", "matching", "nginx-load-balancer"].map(named) as [
      Endpoint,
      Endpoint,
      Endpoint,
    ];
    const monitoring = pod("monitoring", "10.0.2.1", {}, {}, "observability");
    const seen = {
      call: isAllowed(policies, backend, matching, 3000),
      namespace: isAllowed(policies, STRANGER, matching, 3000),
      https: isAllowed(policies, backend, INTERNET, 443),
      partner: isAllowed(policies, backend, { name: "partner", address: "203.0.113.9" }, 5432),
      other: isAllowed(policies, backend, INTERNET, 5432),
      socket: isAllowed(policies, proxy, backend, 3001),
      requests: isAllowed(policies, proxy, backend, 3000),
    };
    assert.deepEqual(seen, {
      call: false,
      namespace: true,
      https: false,
      partner: true,
      other: false,
      socket: true,
      requests: true,
    });
    const metrics: readonly (readonly [string, number])[] = [
      ["backend", 3000],
      ["nginx-load-balancer", 9113],
      ["redis-cache", 9121],
      ["redis-session", 9121],
      ["mongodb", 9216],
    ];
    for (const [name, port] of metrics) {
      assert.ok(isAllowed(policies, monitoring, named(name), port), name);
      assert.ok(!isAllowed(policies, MONITORING, named(name), port), name);
    }
  });
});
