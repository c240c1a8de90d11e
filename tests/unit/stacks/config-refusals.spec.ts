import assert from "node:assert/strict";

import { parseStackConfig } from "../../../stacks/stack-file/config";
import { show } from "../../../budget/core/issues";
import { shippedText, stackFile } from "../../helpers/stack-file";
import { mistakes, mistakesOf, service, sound, TODAY } from "./sound-stack";

describe("stack file", () => {
  const cases: [string, (config: Record<string, any>) => void, string[]][] = [
    [
      "a key nobody knows, with the one that was meant",
      (c) => (c["services"].backend.demand.peakRsp = 5),
      [
        'retrofitlink:services.backend.demand.peakRsp: got 5; allowed is one of baseRps, peakRps, growthPerMinute. Did you mean "peakRps"?',
      ],
    ],
    [
      "an unknown key at the top",
      (c) => (c["zzz"] = 1),
      [
        "retrofitlink:zzz: got 1; allowed is one of environment, cluster, budget, services, caches, loadBalancer, database, cdn, autoscaling, monitoring, tracing, waivers. Remove the key.",
      ],
    ],
    [
      "a missing key",
      (c) => delete c["services"].backend.image,
      [
        "retrofitlink:services.backend.image: got nothing; allowed is a reference like registry.example.com/team/app:1.2.3, a digest with 64 hexadecimal digits. Leave https:// out, and write all but the tag in lower case.",
      ],
    ],
    [
      "a wrong type",
      (c) => (c["services"].backend.port = "3000"),
      [
        'retrofitlink:services.backend.port: got "3000"; allowed is a whole number from 1024 to 65,535. Let the application listen above 1023.',
      ],
    ],
    [
      "a secret where a number is needed, without showing it",
      (c) => (c["services"].backend.resources.cpuCores = { secure: "v1:abc" }),
      [
        "retrofitlink:services.backend.resources.cpuCores: got a secret; allowed is a number with 3 digits after the point at most, from 0.01 to 256 (cores). Write the plain value: derived numbers cannot be secret.",
      ],
    ],
    [
      "a name that no workload can have",
      (c) => (c["services"]["Back_End"] = service()),
      [
        'retrofitlink:services.Back_End: got "Back_End"; allowed is a DNS label of at most 52 characters. Use lower-case letters, digits and hyphens, a letter first.',
      ],
    ],
    [
      "a cloud nobody has",
      (c) => (c["cluster"].cloud = "azure"),
      [
        'retrofitlink:cluster.cloud: got "azure"; allowed is "aws", "gcp" or "local". Say where the cluster runs; the other keys depend on it.',
      ],
    ],
    [
      "a key of another cloud",
      (c) => (c["cluster"].vpcId = "vpc-0a1b2c3d"),
      [
        'retrofitlink:cluster.vpcId: got "vpc-0a1b2c3d"; allowed is one of cloud, zones, namespace, kubeContext, nodeStartSeconds, monitoringNamespace, storageClassName, priorityClasses, createNamespace, imagePullSecrets, dns. Remove the key.',
      ],
    ],
    [
      "a stack without services",
      (c) => (c["services"] = {}),
      [
        "retrofitlink:services: got a map, {}; allowed is at least one service. Describe a service; see docs/stack-file.md.",
      ],
    ],
    [
      "an image that moves",
      (c) => (c["services"].backend.image = "backend:latest"),
      [
        'retrofitlink:services.backend.image: got "backend:latest"; allowed is an image with a digest, or with a tag other than "latest". Name the version, so that a restarted pod runs the same code as its neighbours.',
      ],
    ],
    ...(
      [
        ["with a scheme", "https://registry.example.com/app:1.0"],
        ["in upper case", "registry.example.com/App:1.0"],
        ["with a letter that no image has", "app:vé1"],
        ["with half a digest", "app@sha256:abc"],
        ["with a digest of another length", `app@sha256:${"a".repeat(63)}`],
      ] as const
    ).map(([how, image]): [string, (config: Record<string, any>) => void, string[]] => [
      `an image ${how}`,
      (c) => (c["services"].backend.image = image),
      [
        `retrofitlink:services.backend.image: got ${show(image)}; allowed is a reference like registry.example.com/team/app:1.2.3, a digest with 64 hexadecimal digits. Leave https:// out, and write all but the tag in lower case.`,
      ],
    ]),
    [
      "a day that no month has",
      (c) => {
        c["waivers"] = [
          { policy: "memory-within-limits", reason: "because we had to", expires: "2026-02-31" },
        ];
      },
      [
        'retrofitlink:waivers[0].expires: got "2026-02-31"; allowed is a day that there is, YYYY-MM-DD. Say until when.',
      ],
    ],
    [
      "a variable that contradicts what is derived",
      (c) => (c["services"].backend.environment = { PORT: "8080" }),
      [
        'retrofitlink:services.backend.environment.PORT: got "PORT"; allowed is a variable that is not derived. Remove it, and change port, from which it follows.',
      ],
    ],
    [
      "a secret in plain text, without showing it",
      (c) => (c["services"].backend.environment = { SMTP_PASSWORD: "hunter2" }),
      [
        "retrofitlink:services.backend.environment.SMTP_PASSWORD: got what reads like a secret; allowed is what everybody may read. Put it into a Secret of the namespace, and name that in secretEnvironment.SMTP_PASSWORD: { name, key }.",
      ],
    ],
    [
      "a variable that is a value and a Secret",
      (c) => {
        c["services"].backend.environment = { MODE: "a" };
        c["services"].backend.secretEnvironment = { MODE: { name: "a", key: "b" } };
      },
      [
        'retrofitlink:services.backend.secretEnvironment.MODE: got "MODE"; allowed is a variable that environment does not set. Remove it from one of the two.',
      ],
    ],
    [
      "a path with a space or a fragment for a probe",
      (c) => (c["services"].backend.health = { live: "/hea lth", ready: "/ready#a" }),
      [
        'retrofitlink:services.backend.health.live: got "/hea lth"; allowed is a path that begins with "/", without spaces and "#". Give the path of the endpoint.',
        'retrofitlink:services.backend.health.ready: got "/ready#a"; allowed is a path that begins with "/", without spaces and "#". Give the path of the endpoint.',
      ],
    ],
    [
      "a peak below the base",
      (c) => (c["services"].backend.demand.peakRps = 5),
      [
        "retrofitlink:services.backend.demand.peakRps: got 5; allowed is at least demand.baseRps, 10 (requests/s). The peak is the highest rate of the day, and the base the lowest.",
      ],
    ],
    [
      "a service time that breaks the budget with any number of pods",
      (c) => (c["services"].backend.profile.serviceTimeSeconds = 0.1),
      [
        "retrofitlink:services.backend.profile.serviceTimeSeconds: got 0.1; allowed is below 0.0668 (seconds), or no number of pods keeps the response time. Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
      ],
    ],
    [
      "a cache that is not there",
      (c) => (c["services"].backend.caches = { "redis-cache": { callsPerRequest: 1, callSeconds: 0.001 } }),
      [
        'retrofitlink:services.backend.caches.redis-cache: got "redis-cache"; allowed is a cache of this stack, of which there is none. Add retrofitlink:caches.redis-cache, or remove the key.',
      ],
    ],
    [
      "a service and a cache of one name",
      (c) => (c["caches"] = { backend: { purpose: "cache", workingSetMiB: 10 } }),
      [
        'retrofitlink:caches.backend: got "backend"; allowed is a name that nothing else of the stack has. Rename it: the label app: backend is also that of retrofitlink:services.backend.',
      ],
    ],
    [
      "more queries that no cache answers than there are queries",
      (c) => {
        c["services"].backend.database = {
          queriesPerRequest: 1,
          querySeconds: 0.001,
          uncachedQueriesPerRequest: 2,
        };
        c["database"] = {
          kind: "percona",
          shards: 1,
          readReplicas: 0,
          dataGiB: 1,
          workingSetGiB: 1,
          cpuCores: 4,
          storageClassName: "gp3",
          backup: { retentionDays: 7 },
        };
      },
      [
        "retrofitlink:services.backend.database.uncachedQueriesPerRequest: got 2; allowed is at most database.queriesPerRequest, 1. It counts those of the queries that no cache answers.",
      ],
    ],
    [
      "storage for a cache",
      (c) => (c["caches"] = { cache: { purpose: "cache", workingSetMiB: 10, storage: { sizeGiB: 1 } } }),
      [
        'retrofitlink:caches.cache.storage: got a map, {"sizeGiB":1}; allowed is one of purpose, kind, workingSetMiB, cpuCores, memoryLimitMiB, passwordGeneration, standby, entryKiB. Remove the key.',
      ],
    ],
    [
      "a managed cache of another cloud",
      (c) => {
        c["cluster"] = { cloud: "gcp", zones: 3, project: "example", region: "europe-west3" };
        Object.assign(c["cluster"], { network: "main", subnetwork: "nodes" });
        c["caches"] = {
          fast: {
            kind: "elasticache",
            purpose: "cache",
            workingSetMiB: 1,
            securityGroupIds: ["sg-0a1b2c3d"],
          },
        };
      },
      [
        'retrofitlink:caches.fast.kind: got "elasticache"; allowed is "in-cluster" or "memorystore" on gcp. Only aws has it; retrofitlink:cluster.cloud is "gcp".',
      ],
    ],
    [
      "a managed cache on a machine of one's own",
      (c) => (c["caches"] = { fast: { kind: "memorystore", purpose: "session", workingSetMiB: 1 } }),
      [
        'retrofitlink:caches.fast.kind: got "memorystore"; allowed is "in-cluster" on local. Only gcp has it; retrofitlink:cluster.cloud is "local".',
      ],
    ],
    [
      "a kind of cache that nobody knows",
      (c) => (c["caches"] = { fast: { kind: "memcached", purpose: "cache", workingSetMiB: 1 } }),
      [
        'retrofitlink:caches.fast.kind: got "memcached"; allowed is "in-cluster", "elasticache" or "memorystore". Choose who runs it; the other keys depend on it.',
      ],
    ],
    [
      "snapshots of a managed cache, which only a session store has",
      (c) => {
        Object.assign(c["cluster"], {
          cloud: "aws",
          region: "eu-central-1",
          clusterName: "example",
          vpcId: "vpc-0a1b2c3d",
          subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        });
        c["caches"] = {
          fast: {
            kind: "elasticache",
            purpose: "cache",
            workingSetMiB: 1,
            securityGroupIds: ["sg-0a1b2c3d"],
            snapshotRetentionDays: 3,
          },
        };
      },
      [
        "retrofitlink:caches.fast.snapshotRetentionDays: got 3; allowed is one of purpose, kind, workingSetMiB, maintenance, passwordGeneration, cpuCores, nodeType, securityGroupIds, alarmTopicArn. Remove the key.",
      ],
    ],
    [
      "a managed cache that nobody may connect to",
      (c) => {
        Object.assign(c["cluster"], {
          cloud: "aws",
          region: "eu-central-1",
          clusterName: "example",
          vpcId: "vpc-0a1b2c3d",
          subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        });
        c["caches"] = {
          fast: { kind: "elasticache", purpose: "cache", workingSetMiB: 1, securityGroupIds: [] },
        };
      },
      [
        "retrofitlink:caches.fast.securityGroupIds: got a list, []; allowed is at least 1 security group. Name the security group of the cluster's nodes.",
      ],
    ],
    [
      "a proxy in front of nothing",
      (c) => (c["loadBalancer"] = { service: "frontend", clientConnections: 1 }),
      [
        'retrofitlink:loadBalancer.service: got "frontend"; allowed is a service of this stack: backend. Name the service that the proxy stands in front of.',
      ],
    ],
    [
      "routes that overlap",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          routes: [
            { path: "/live", kind: "sse" },
            { path: "/live/chat", kind: "websocket" },
          ],
        }),
      [
        'retrofitlink:loadBalancer.routes[1].path: got "/live/chat"; allowed is a path that does not overlap with /live. Keep one of them: a path belongs to one route.',
      ],
    ],
    [
      "a kind of route that nobody speaks",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          routes: [{ path: "/x", kind: "ws" }],
        }),
      [
        'retrofitlink:loadBalancer.routes[0].kind: got "ws"; allowed is "websocket", "sse" or "grpc". Choose what the path speaks; other paths need no route.',
      ],
    ],
    [
      "a certificate for other hosts",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          hosts: ["app.example.org"],
          tls: { issuer: { name: "letsencrypt" }, hosts: ["www.example.org"] },
        }),
      [
        'retrofitlink:loadBalancer.tls.hosts: got a list, ["www.example.org"]; allowed is names that cover every one of hosts, also app.example.org. Add them to the certificate, or remove them from hosts.',
      ],
    ],
    [
      "two certificates",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          tls: { issuer: { name: "letsencrypt" }, secretName: "tls", hosts: ["app.example.org"] },
        }),
      [
        "retrofitlink:loadBalancer.tls: got a map; allowed is either issuer or secretName. Let cert-manager keep the certificate, or name the Secret with yours.",
      ],
    ],
    [
      "a rate of zero",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          rateLimit: { requestsPerSecond: 0 },
        }),
      [
        "retrofitlink:loadBalancer.rateLimit.requestsPerSecond: got 0; allowed is a number above 0 and at most 1,000,000 (requests/s). Give what one client address may ask.",
      ],
    ],
    [
      "a range that is none",
      (c) => (c["loadBalancer"] = { service: "backend", clientConnections: 1, trustedProxies: ["10.0.0.1"] }),
      [
        'retrofitlink:loadBalancer.trustedProxies[0]: got "10.0.0.1"; allowed is a range in CIDR notation, like 10.0.0.0/8. Give the range that the load balancer or the CDN connects from.',
      ],
    ],
    [
      "ranges that are no addresses or everybody, all of them with their line",
      (c) =>
        (c["loadBalancer"] = {
          service: "backend",
          clientConnections: 1,
          trustedProxies: ["999.1.1.1/8", "10.0.0.0/8", "0.0.0.0/0"],
        }),
      [
        'retrofitlink:loadBalancer.trustedProxies[0]: got "999.1.1.1/8"; allowed is a range in CIDR notation, like 10.0.0.0/8. Give the range that the load balancer or the CDN connects from.',
        'retrofitlink:loadBalancer.trustedProxies[2]: got "0.0.0.0/0"; allowed is a range that is not everybody. With everybody trusted, each client chooses the address that it is limited by.',
      ],
    ],
    [
      "a DNS server by name, which HAProxy could not find",
      (c) => (c["cluster"]["dns"] = { server: "kube-dns.kube-system" }),
      [
        'retrofitlink:cluster.dns.server: got "kube-dns.kube-system"; allowed is an IP address. Give the address of the cluster\'s DNS, or leave it out: pods are told it.',
      ],
    ],
    [
      "a budget that alarms before it warns",
      (c) => (c["budget"] = { errorRatio: { warning: 0.02, critical: 0.015 } }),
      [
        "retrofitlink:budget.errorRatio.critical: got 0.015; allowed is at least the warning, 0.02. Target, warning and critical go from the promise to the alarm.",
      ],
    ],
    [
      "a waiver for good",
      (c) =>
        (c["waivers"] = [
          { policy: "memory-within-limits", reason: "because we have to", expires: "2027-01-01" },
        ]),
      [
        'retrofitlink:waivers[0].expires: got "2027-01-01"; allowed is a date up to 2026-06-30, 180 days from today. Choose a date by which the cause is mended; it can be extended then.',
      ],
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`refuses ${what}`, () => assert.deepEqual(mistakes(change), expected));
  }

  it("misses every key that is needed", () => {
    const needed: (readonly string[])[] = [
      ["environment"],
      ["cluster"],
      ["services"],
      ["cluster", "zones"],
      ...["image", "demand", "profile", "resources"].map((key) => ["services", "backend", key]),
      ...["baseRps", "peakRps", "growthPerMinute"].map((key) => ["services", "backend", "demand", key]),
    ];
    for (const path of needed) {
      const config = sound();
      const parent = path.slice(0, -1).reduce<Record<string, any>>((inner, part) => inner[part], config);
      delete parent[path.at(-1) ?? ""];
      const { issues: problems } = parseStackConfig(config, TODAY);
      assert.deepEqual(
        problems.map((problem) => [problem.path, problem.got]),
        [[path, "nothing"]],
        path.join("."),
      );
    }
  });

  it("says in words of its own what is wrong, whatever stands at whatever key", function () {
    this.timeout(60_000);
    const full = (): Record<string, any> => {
      const config = stackFile(shippedText("production"));
      config["services"].backend.environment = { LOG_LEVEL: "info" };
      config["services"].backend.secretEnvironment = { SMTP_PASSWORD: { name: "smtp", key: "password" } };
      config["waivers"] = [
        { policy: "memory-within-limits", reason: "because we had to", expires: "2026-02-01" },
      ];
      return config;
    };
    const paths = (value: unknown, path: readonly string[]): string[][] =>
      typeof value !== "object" || value === null
        ? []
        : Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...paths(inner, [...path, key])]);
    for (const path of paths(full(), [])) {
      for (const wrong of [null, [], 5]) {
        const config = full();
        const parent = path.slice(0, -1).reduce<Record<string, any>>((inner, part) => inner[part], config);
        parent[path.at(-1) ?? ""] = wrong;
        for (const text of mistakesOf(config)) {
          assert.doesNotMatch(
            text,
            /invalid|expected|undefined|Too (small|big)/i,
            `${path.join(".")} = ${JSON.stringify(wrong)}`,
          );
          assert.doesNotMatch(text, /allowed is \. |\. $/, `${path.join(".")} = ${JSON.stringify(wrong)}`);
        }
      }
    }
  });

  it("shows no number under the name of a secret either", () => {
    const said = mistakes((c) => (c["services"].backend.environment = { SMTP_PASSWORD: 123456 }));
    assert.deepEqual(said, [
      "retrofitlink:services.backend.environment.SMTP_PASSWORD: got a number; allowed is text. Put the value in quotation marks.",
    ]);
  });
});
