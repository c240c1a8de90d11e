/** Inputs that once were accepted, hung a preview, or were refused in words that helped nobody. */
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";

import { show } from "../../../budget/core/issues";
import { dateOf } from "../../../budget/core/waivers";
import { clusterConfig, recordStack } from "../../helpers/recorded-stack";
import { edited, shippedText, stackFile } from "../../helpers/stack-file";
import { accepted, mistakes, mistakesOf, service } from "./sound-stack";

type Change = (config: Record<string, any>) => void;

const backend = (c: Record<string, any>): Record<string, any> => c["services"].backend as Record<string, any>;
const waiver = { policy: "memory-within-limits", reason: "because we had to", expires: "2026-02-01" };

/** What is given, what changes, the key that is named, and what is said of it. */
const REFUSED: readonly (readonly [what: string, change: Change, key: string, says: RegExp])[] = [
  [
    "memory in bytes",
    (c) => (backend(c)["resources"].memoryMiB = 536_870_912),
    "services.backend.resources.memoryMiB",
    /from 128 to 1,048,576 \(MiB\)/,
  ],
  [
    "memory with a unit",
    (c) => (backend(c)["resources"].memoryMiB = "512Mi"),
    "services.backend.resources.memoryMiB",
    /from 128/,
  ],
  [
    "millicores",
    (c) => (backend(c)["resources"].cpuCores = 500),
    "services.backend.resources.cpuCores",
    /to 256 \(cores\)\. .*500m is 0\.5/,
  ],
  [
    "cores that nothing divides",
    (c) => (backend(c)["resources"].cpuCores = 1e-9),
    "services.backend.resources.cpuCores",
    /from 0\.01/,
  ],
  [
    "a third of a core",
    (c) => (backend(c)["resources"].cpuCores = 1 / 3),
    "services.backend.resources.cpuCores",
    /3 digits after the point/,
  ],
  [
    "a thousand million requests/s",
    (c) => (backend(c)["demand"].peakRps = 1e9),
    "services.backend.demand.peakRps",
    /at most 10,000,000/,
  ],
  [
    "1e308 requests/s",
    (c) => (backend(c)["demand"].peakRps = 1e308),
    "services.backend.demand.peakRps",
    /at most 10,000,000/,
  ],
  [
    "a fleet that no cluster holds",
    (c) => (backend(c)["demand"].peakRps = 9e6),
    "services.backend.demand.peakRps",
    /which 10,000 pods carry/,
  ],
  [
    "growth of a million",
    (c) => (backend(c)["demand"].growthPerMinute = 1e6),
    "services.backend.demand.growthPerMinute",
    /from 0 to 20/,
  ],
  [
    "growth that only a fleet keeps up with",
    (c) => Object.assign(backend(c)["demand"], { peakRps: 500_000, growthPerMinute: 20 }),
    "services.backend.demand.growthPerMinute",
    /no number of pods up to 10,000 keeps/,
  ],
  [
    "1e9 calls of a cache",
    (c) => {
      c["caches"] = { fast: { purpose: "cache", workingSetMiB: 1 } };
      backend(c)["caches"] = { fast: { callsPerRequest: 1e9, callSeconds: 0.001 } };
    },
    "services.backend.caches.fast.callsPerRequest",
    /at most 10,000/,
  ],
  [
    "a request of a millisecond",
    (c) => (backend(c)["maxRequestSeconds"] = 0.001),
    "services.backend.maxRequestSeconds",
    /from 0\.1 to 600 \(seconds\)/,
  ],
  [
    "no variables at all",
    (c) => (backend(c)["environment"] = null),
    "services.backend.environment",
    /^got null; allowed is a map of text\. Give names/,
  ],
  [
    "a variable that JSON would lose",
    (c) => (backend(c)["environment"] = JSON.parse('{"__proto__":"x"}')),
    "services.backend.environment.__proto__",
    /a name of letters, digits and underscores/,
  ],
  [
    "a service that every object has",
    (c) => (c["services"] = JSON.parse(`{"__proto__":{},"backend":${JSON.stringify(service())}}`)),
    "services.__proto__",
    /DNS label/,
  ],
  [
    "an annotation whose key no API server takes",
    (c) => (backend(c)["annotations"] = { "example com/team": "shop" }),
    "services.backend.annotations.example com/team",
    /a key like example\.com\/team/,
  ],
  [
    "an annotation that is no text",
    (c) => (backend(c)["annotations"] = { "sidecar.istio.io/inject": true }),
    "services.backend.annotations.sidecar.istio.io/inject",
    /Put the value in quotation marks/,
  ],
  [
    "a probe with a line break",
    (c) => (backend(c)["health"] = { live: "/re\nady" }),
    "services.backend.health.live",
    /a path that begins with "\/"/,
  ],
  [
    "an image with a scheme",
    (c) => (backend(c)["image"] = "https://registry.example.com/app:1.0"),
    "services.backend.image",
    /Leave https:\/\/ out/,
  ],
  [
    "a policy that there is not, with the one that was meant",
    (c) => (c["waivers"] = [{ ...waiver, policy: "memory-within-limit" }]),
    "waivers[0].policy",
    /Did you mean "memory-within-limits"\?/,
  ],
  [
    "a waiver for a workload that there is not",
    (c) => (c["waivers"] = [{ ...waiver, resource: "nosuch" }]),
    "waivers[0].resource",
    /a workload of this stack: backend\. Remove the waiver/,
  ],
  [
    "a waiver that has expired",
    (c) => (c["waivers"] = [{ ...waiver, expires: "2025-12-31" }]),
    "waivers[0].expires",
    /a date from today, 2026-01-01, on/,
  ],
  [
    "31 February",
    (c) => (c["waivers"] = [{ ...waiver, expires: "2026-02-31" }]),
    "waivers[0].expires",
    /a day that there is/,
  ],
  [
    "the namespace of Kubernetes",
    (c) => (c["cluster"].namespace = "kube-system"),
    "cluster.namespace",
    /a namespace of its own/,
  ],
  [
    "the namespace of everybody",
    (c) => (c["cluster"].namespace = "default"),
    "cluster.namespace",
    /a namespace of its own/,
  ],
  [
    "a node that takes a day",
    (c) => (c["cluster"].nodeStartSeconds = 86_400),
    "cluster.nodeStartSeconds",
    /from 0 to 1,800 \(seconds\)/,
  ],
  [
    "a margin in percent",
    (c) => (backend(c)["margin"] = 20),
    "services.backend.margin",
    /from 0 to 10 \(share of the peak\)/,
  ],
  [
    "a budget in milliseconds",
    (c) => (c["budget"] = { responseTimeP99Seconds: { critical: 5000 } }),
    "budget.responseTimeP99Seconds.critical",
    /at most 3,600 \(seconds\)/,
  ],
];

/** The same of the shipped file of production. */
const REFUSED_IN_PRODUCTION: readonly (readonly [what: string, change: Change, key: string, says: RegExp])[] =
  [
    [
      "a name of the load balancer twice",
      (c) => c["loadBalancer"].public.hosts.push(c["loadBalancer"].public.hosts[0]),
      "loadBalancer.public.hosts",
      /each name once/,
    ],
    ["a name of the CDN twice", (c) => c["cdn"].hosts.push(c["cdn"].hosts[0]), "cdn.hosts", /each name once/],
    [
      "more names of the load balancer than a certificate holds",
      (c) => (c["loadBalancer"].public.hosts = names(101, "origin.example")),
      "loadBalancer.public.hosts",
      /at most 100 names/,
    ],
    [
      "more names of the CDN than a certificate holds",
      (c) => (c["cdn"].hosts = names(101, c["cdn"].zone as string)),
      "cdn.hosts",
      /^got 101 names; allowed is at most 100/,
    ],
    [
      "a name of a zone instead of its id",
      (c) => (c["loadBalancer"].public.dnsZone = "retrofitlink.example"),
      "loadBalancer.public.dnsZone",
      /like Z0123456789ABC/,
    ],
    [
      "an address instead of a bucket",
      (c) => (c["cdn"].images = { originalsBucket: "192.168.1.1" }),
      "cdn.images.originalsBucket",
      /the name of a private bucket of S3/,
    ],
    [
      "a trusted range that is none, once",
      (c) => (c["loadBalancer"].trustedProxies = ["999.1.1.1/8"]),
      "loadBalancer.trustedProxies[0]",
      /a range in CIDR notation/,
    ],
  ];

function names(count: number, zone: string): string[] {
  return Array.from({ length: count }, (_, index) => `a${index}.${zone}`);
}

describe("the stack file of production with a typing error", () => {
  for (const [what, change, key, says] of REFUSED_IN_PRODUCTION) {
    it(`is refused: ${what}`, () => {
      const [first = "", ...more] = mistakesOf(stackFile(edited(change)(shippedText("production"))));
      assert.deepEqual(more, []);
      assert.ok(first.startsWith(`retrofitlink:${key}: `), first);
      assert.match(first.slice(`retrofitlink:${key}: `.length), says);
    });
  }

  it("is refused with a certificate for one name twice", () => {
    const tls = { issuer: { name: "letsencrypt" }, hosts: ["app.example.com", "app.example.com"] };
    assert.deepEqual(
      mistakes((c) => (c["loadBalancer"] = { service: "backend", clientConnections: 10, tls })),
      [
        `retrofitlink:loadBalancer.tls.hosts: got ${show(tls.hosts)}; allowed is each name once. Remove the second.`,
      ],
    );
  });
});

describe("a stack file with a typing error", () => {
  for (const [what, change, key, says] of REFUSED) {
    it(`is refused at once: ${what}`, () => {
      const before = performance.now();
      const said = mistakes(change);
      assert.ok(performance.now() - before < 2000, "the refusal takes no time");
      const [first = "", ...more] = said;
      assert.deepEqual(more, []);
      assert.ok(first.startsWith(`retrofitlink:${key}: `), first);
      assert.match(first.slice(`retrofitlink:${key}: `.length), says);
    });
  }

  for (const variant of ["aws behind CloudFront", "gcp behind Cloudflare"]) {
    it(`is none where a waiver names a component of the stack ${variant}`, async function () {
      this.timeout(60_000);
      const { resources } = await recordStack(clusterConfig(variant));
      const made = resources.flatMap(({ type, inputs }) =>
        type.startsWith("retrofitlink:") && typeof inputs["workload"] === "string"
          ? [inputs["workload"]]
          : [],
      );
      assert.ok(made.length > 6, made.join());
      const expires = dateOf(new Date(Date.now() + 30 * 86_400_000));
      // Its file is parsed again, and has to be sound.
      clusterConfig(variant, (file) => {
        file["waivers"] = [...new Set(made)].map((resource) => ({ ...waiver, expires, resource }));
      });
    });
  }

  it("is none at the bounds", () => {
    accepted((c) => {
      Object.assign(backend(c)["resources"], { cpuCores: 0.01, memoryMiB: 128 });
      Object.assign(backend(c), { maxRequestSeconds: 0.1, margin: 0 });
      c["cluster"].nodeStartSeconds = 1800;
    });
  });
});
