import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_BUDGET } from "../../../../../../budget/core/performance-budget";
import { valuesOf } from "../../../../../../budget/core/derived";
import { broken } from "../../../../../../budget/core/plan";
import type { Proof } from "../../../../../../budget/core/proof";
import type { PublicLoadBalancerNumbers } from "../../../../../../budget/load-balancing/public-plan";
import { judgedObjects } from "../../../../../helpers/witnesses";
import { timeoutChain } from "../../../../../../budget/timeouts/timeouts";
import { CLOUDFLARE_RANGES } from "../../../../../../components/shared/http/cloudflare-ranges";
import {
  GcpLoadBalancer,
  gcpLoadBalancerIssues,
  negAnnotation,
  type GcpLoadBalancerArgs,
} from "../../../../../../components/load-balancing/public/gcp/gcp-load-balancer";
import { describeIssue } from "../../../../../../components/shared/issues";
import { record, type Recording } from "../../../../../helpers/pulumi";

const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "gcp", cdn: "cloudfront" });

const args: GcpLoadBalancerArgs = {
  configKey: "retrofitlink:loadBalancer.public",
  namespace: "retrofitlink",
  location: {
    project: "example-project",
    region: "europe-west3",
    network: "main",
    zones: ["europe-west3-a", "europe-west3-b"],
  },
  address: "203.0.113.10",
  prefix: "retrofitlink-test",
  negName: "retrofitlink-test-proxy",
  longLivedPaths: ["/socket.io/", "/events"],
  proxy: {
    serviceName: "nginx-load-balancer",
    servicePort: 80,
    podPort: 8080,
    protocol: "HTTP",
    healthPath: "/healthz",
  },
  hosts: ["app.example.com"],
  dnsZone: "example-zone",
  certificate: { kind: "managed" },
  sources: { kind: "internet" },
  accessLogDays: 30,
  firewall: { mode: "block", requestsPerFiveMinutes: 6000 },
  budget: DEFAULT_BUDGET,
  timeouts,
};

const LINK = (name: string): { selfLink: string } => ({ selfLink: `https://compute/${name}` });
const OUTPUTS = {
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": {
    dnsResourceRecords: [{ name: "_acme.app.example.com.", type: "CNAME", data: "x.authorize.goog." }],
  },
  "gcp:certificatemanager/certificateMap:CertificateMap": { name: "map" },
  "gcp:compute/backendService:BackendService": LINK("backend"),
  "gcp:compute/healthCheck:HealthCheck": LINK("health"),
  "gcp:compute/securityPolicy:SecurityPolicy": LINK("policy"),
  "gcp:compute/sSLPolicy:SSLPolicy": LINK("tls"),
  "gcp:compute/targetHttpProxy:TargetHttpProxy": LINK("http"),
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy": LINK("https"),
  "gcp:compute/uRLMap:URLMap": { ...LINK("map"), name: "routes" },
};

const LOCKED: Partial<GcpLoadBalancerArgs> = {
  sources: { kind: "cloudflare" },
  originLock: { headerName: "x-origin-verify", headerValue: pulumi.secret("s3cret") },
};

let standard: Promise<Recording> | undefined;

/** Recorded once where nothing is changed, for that takes most of the time. */
function build(change?: Partial<GcpLoadBalancerArgs>, preview = false): Promise<Recording> {
  if (change !== undefined) return recorded(change, preview);
  standard ??= recorded({}, false);
  return standard;
}

function recorded(change: Partial<GcpLoadBalancerArgs>, preview: boolean): Promise<Recording> {
  return record(() => new GcpLoadBalancer("public", { ...args, ...change }), { preview, outputs: OUTPUTS });
}

const RESOURCES = [
  "gcp:certificatemanager/certificate:Certificate public-certificate",
  "gcp:certificatemanager/certificateMap:CertificateMap public-certificates",
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry public-certificates-app.example.com",
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization public-proof-app.example.com",
  "gcp:compute/backendService:BackendService public-backend",
  "gcp:compute/backendService:BackendService public-tunnels",
  "gcp:compute/firewall:Firewall public-from-google",
  "gcp:compute/globalForwardingRule:GlobalForwardingRule public-http-rule",
  "gcp:compute/globalForwardingRule:GlobalForwardingRule public-https-rule",
  "gcp:compute/healthCheck:HealthCheck public-health",
  "gcp:compute/sSLPolicy:SSLPolicy public-tls",
  "gcp:compute/securityPolicy:SecurityPolicy public-firewall",
  "gcp:compute/targetHttpProxy:TargetHttpProxy public-http",
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy public-https",
  "gcp:compute/uRLMap:URLMap public-redirect",
  "gcp:compute/uRLMap:URLMap public-routes",
  "gcp:dns/recordSet:RecordSet public-proof-record-app.example.com",
  "gcp:dns/recordSet:RecordSet public-record-app.example.com",
  "gcp:logging/projectBucketConfig:ProjectBucketConfig public-access-logs",
  "gcp:logging/projectSink:ProjectSink public-access-logs-sink",
  "retrofitlink:load-balancing:GcpLoadBalancer public",
];

const named = (recording: Recording, name: string): Record<string, any> =>
  recording.resources.find((resource) => resource.custom && resource.name === name)?.inputs as Record<
    string,
    any
  >;

describe("GcpLoadBalancer", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), RESOURCES);
    assert.deepEqual((await build({}, true)).typesAndNames(), RESOURCES);
  });

  it("tells policies what it was derived from", async () => {
    const { numbers, order, proofs, witnesses, ...rest } = (await build()).only(
      "retrofitlink:load-balancing:GcpLoadBalancer",
    ).inputs;
    assert.deepEqual(rest, {
      configKey: "retrofitlink:loadBalancer.public",
      workload: "public",
      namespace: "retrofitlink",
      cloud: "gcp",
      hosts: ["app.example.com"],
      originLocked: false,
      firewallMode: "block",
      timeouts,
    });
    const { sources, requestsPerFiveMinutes, accessLogDays } = valuesOf(numbers as PublicLoadBalancerNumbers);
    assert.deepEqual([sources, requestsPerFiveMinutes, accessLogDays], ["everybody", 6000, 30]);
    assert.equal((proofs as Proof[]).length, 4);
    assert.deepEqual([...(order as string[])].sort(), Object.keys(numbers as object).sort());
    assert.deepEqual(broken({ proofs: proofs as Proof[] }), []);
    assert.ok(Array.isArray(witnesses));
  });

  it("is what was planned", async () => {
    assert.deepEqual(judgedObjects(await build()), { witnesses: 4, wrong: [] });
  });

  it("reaches the pods of each zone through its endpoint group, whose link follows from its name", async () => {
    const { backends, protocol, loadBalancingScheme } = named(await build(), "public-backend");
    assert.deepEqual(
      backends,
      ["europe-west3-a", "europe-west3-b"].map((zone) => ({
        group: `https://www.googleapis.com/compute/v1/projects/example-project/zones/${zone}/networkEndpointGroups/retrofitlink-test-proxy`,
        balancingMode: "RATE",
        maxRatePerEndpoint: 1000,
        capacityScaler: 1,
      })),
    );
    assert.deepEqual([protocol, loadBalancingScheme], ["HTTP", "EXTERNAL_MANAGED"]);
    assert.deepEqual(negAnnotation(80, "retrofitlink-test-proxy"), {
      "cloud.google.com/neg": '{"exposed_ports":{"80":{"name":"retrofitlink-test-proxy"}}}',
    });
  });

  it("takes its timeouts from the timeout chain, and drains instead of cutting", async () => {
    const recording = await build();
    const backend = named(recording, "public-backend");
    assert.deepEqual([backend["timeoutSec"], backend["connectionDrainingTimeoutSec"]], [14, 30]);
    assert.equal(named(recording, "public-https")["httpKeepAliveTimeoutSec"], 610);
    const cloudflare = timeoutChain({ maxRequestSeconds: 10, cloud: "gcp", cdn: "cloudflare" });
    const behind = await build({ ...LOCKED, timeouts: cloudflare });
    assert.equal(named(behind, "public-https")["httpKeepAliveTimeoutSec"], 920);
  });

  it("lets long-lived routes live for an hour, on a backend service of their own", async () => {
    const recording = await build();
    assert.equal(named(recording, "public-tunnels")["timeoutSec"], 3600);
    assert.deepEqual(named(recording, "public-routes")["pathMatchers"][0].pathRules, [
      { paths: ["/socket.io/*", "/events", "/events/*"], service: "https://compute/backend" },
    ]);
    const without = await build({ longLivedPaths: [] });
    assert.ok(!without.typesAndNames().some((line) => line.includes("tunnels")));
  });

  it("answers to its own hosts, and sends every other to the first", async () => {
    const routes = named(await build(), "public-routes");
    assert.deepEqual(routes["hostRules"], [{ hosts: ["app.example.com"], pathMatcher: "proxy" }]);
    assert.deepEqual(routes["defaultUrlRedirect"], {
      hostRedirect: "app.example.com",
      httpsRedirect: true,
      stripQuery: false,
    });
  });

  it("speaks TLS 1.2 and above, without early data, and redirects port 80", async () => {
    const recording = await build();
    assert.deepEqual(named(recording, "public-tls"), {
      project: "example-project",
      profile: "MODERN",
      minTlsVersion: "TLS_1_2",
    });
    assert.equal(named(recording, "public-https")["tlsEarlyData"], "DISABLED");
    assert.deepEqual(named(recording, "public-redirect")["defaultUrlRedirect"], {
      httpsRedirect: true,
      stripQuery: false,
      redirectResponseCode: "MOVED_PERMANENTLY_DEFAULT",
    });
    assert.deepEqual(
      ["public-https-rule", "public-http-rule"].map((name) => [
        named(recording, name)["portRange"],
        named(recording, name)["ipAddress"],
      ]),
      [
        ["443", "203.0.113.10"],
        ["80", "203.0.113.10"],
      ],
    );
  });

  it("opens the proxy's port to Google's front ends, and no other to anybody", async () => {
    const recording = await build();
    assert.deepEqual(recording.only("gcp:compute/firewall:Firewall").inputs, {
      project: "example-project",
      network: "main",
      direction: "INGRESS",
      description: "Load balancer and its health checks to the proxy",
      sourceRanges: ["35.191.0.0/16", "130.211.0.0/22"],
      allows: [{ protocol: "tcp", ports: ["8080"] }],
    });
    assert.ok(!JSON.stringify(recording.resources).includes("0.0.0.0/0"));
  });

  it("asks the proxy itself how it is", async () => {
    const found = named(await build(), "public-health");
    assert.deepEqual(found["httpHealthCheck"], { port: 8080, requestPath: "/healthz" });
    assert.deepEqual([found["checkIntervalSec"], found["unhealthyThreshold"]], [5, 2]);
  });

  interface Rule {
    readonly priority: number;
    readonly action: string;
    readonly preview?: boolean;
    readonly match: { config?: { srcIpRanges: string[] }; expr?: { expression: string } };
    readonly rateLimitOptions?: Record<string, unknown>;
  }
  const rulesOf = async (change?: Partial<GcpLoadBalancerArgs>): Promise<Rule[]> =>
    pulumi.runtime.unwrapRpcSecret(named(await build(change), "public-firewall")["rules"]) as Rule[];

  it("refuses what looks like an attack, bans who asks too much, and lets nobody else pass", async () => {
    const rules = await rulesOf();
    assert.deepEqual(
      rules.map(({ priority, action, preview = false }) => [priority, action, preview]),
      [
        ...[1000, 1001, 1002, 1003, 1004, 1005].map((priority) => [priority, "deny(403)", false]),
        [2000, "rate_based_ban", false],
        [2_147_483_647, "deny(403)", false],
      ],
    );
    assert.equal(
      rules[0]?.match.expr?.expression,
      "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})",
    );
    assert.deepEqual(rules[6]?.rateLimitOptions, {
      enforceOnKey: "IP",
      rateLimitThreshold: { count: 6000, intervalSec: 300 },
      banDurationSec: 300,
      conformAction: "allow",
      exceedAction: "deny(429)",
    });
    assert.deepEqual(rules[6]?.match.config?.srcIpRanges, ["*"]);
  });

  it("watches for floods that no rule foresees", async () => {
    assert.deepEqual(named(await build(), "public-firewall")["adaptiveProtectionConfig"], {
      layer7DdosDefenseConfig: { enable: true, ruleVisibility: "STANDARD" },
    });
  });

  it("only previews in count mode, and lets the sources pass all the same", async () => {
    const rules = await rulesOf({ firewall: { mode: "count", requestsPerFiveMinutes: 100 } });
    assert.deepEqual(
      rules.filter(({ preview }) => preview !== true).map(({ priority, action }) => [priority, action]),
      [
        [3000, "allow"],
        [2_147_483_647, "deny(403)"],
      ],
    );
  });

  it("lets only Cloudflare's ranges pass, knows clients by its header, and demands the origin lock first", async () => {
    const recording = await build(LOCKED);
    const raw = named(recording, "public-firewall");
    assert.ok(pulumi.runtime.isRpcSecret(raw["rules"]), "the rule with the secret is a secret");
    const rules = pulumi.runtime.unwrapRpcSecret(raw["rules"]) as Rule[];
    assert.equal(
      rules[0]?.match.expr?.expression,
      "!has(request.headers['x-origin-verify']) || request.headers['x-origin-verify'] != 's3cret'",
    );
    const rated = rules.filter(({ action }) => action === "rate_based_ban");
    assert.deepEqual(
      rated.flatMap(({ match }) => match.config?.srcIpRanges ?? []),
      [...CLOUDFLARE_RANGES.v4, ...CLOUDFLARE_RANGES.v6],
    );
    assert.ok(rated.every(({ match }) => (match.config?.srcIpRanges.length ?? 0) <= 10));
    assert.ok(rated.every(({ rateLimitOptions }) => rateLimitOptions?.["enforceOnKey"] === "USER_IP"));
    assert.deepEqual(raw["advancedOptionsConfig"].userIpRequestHeaders, ["CF-Connecting-IP"]);
    assert.ok(!recording.typesAndNames().some((line) => line.includes("http-rule")));
  });

  it("leaves counting to CloudFront, and passes on whatever host the CDN names", async () => {
    const cloudfront = { ...LOCKED, sources: { kind: "cloudfront" } } as const;
    assert.deepEqual(
      (await rulesOf(cloudfront)).slice(-2).map(({ action }) => action),
      ["allow", "deny(403)"],
    );
    const routes = named(await build(cloudfront), "public-routes");
    assert.deepEqual(routes["hostRules"], [{ hosts: ["*"], pathMatcher: "proxy" }]);
    assert.equal(routes["defaultService"], "https://compute/backend");
  });

  it("proves a managed certificate in the hosts' zone, and takes one that is there as it is", async () => {
    const recording = await build();
    assert.deepEqual(named(recording, "public-proof-record-app.example.com"), {
      project: "example-project",
      managedZone: "example-zone",
      name: "_acme.app.example.com.",
      type: "CNAME",
      rrdatas: ["x.authorize.goog."],
      ttl: 300,
    });
    const id = "projects/example-project/locations/global/certificates/mine";
    const existing = await build({ certificate: { kind: "existing", id, names: ["*.example.com"] } });
    assert.deepEqual(named(existing, "public-certificates-app.example.com")["certificates"], [id]);
    assert.ok(!existing.typesAndNames().some((line) => line.includes("DnsAuthorization")));
  });

  it("names what it makes for a host as Certificate Manager takes it, also where the host is long or begins with a digit", async () => {
    const hosts = ["app.example.com", "1.example.com", `${"a".repeat(63)}.${"b".repeat(63)}.example.com`];
    const recording = await build({ hosts });
    const made = [
      ...recording.ofType("gcp:certificatemanager/dnsAuthorization:DnsAuthorization"),
      ...recording.ofType("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"),
    ].map(({ inputs }) => String(inputs["name"]));
    assert.equal(made.length, 6);
    assert.equal(new Set(made).size, 3, "two hosts have one name");
    for (const name of made) assert.match(name, /^retrofitlink-test-[-a-z0-9]{1,45}$/);
  });

  it("serves its certificate for the CDN's hosts, too, which only the CDN knows, and for no other host without one", async () => {
    const entries = async (change?: Partial<GcpLoadBalancerArgs>): Promise<unknown[]> =>
      (await build(change))
        .ofType("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry")
        .map(({ inputs }) => inputs["hostname"] ?? inputs["matcher"]);
    assert.deepEqual(await entries(LOCKED), ["app.example.com", "PRIMARY"]);
    assert.deepEqual(await entries(), ["app.example.com"]);
  });

  it("keeps its logs in a bucket of the stack", async () => {
    const id = async (prefix: string): Promise<unknown> =>
      named(await build({ prefix }), "public-access-logs")["bucketId"];
    assert.equal(await id("retrofitlink-production"), "retrofitlink-production-access-logs");
    assert.equal(await id("retrofitlink-staging"), "retrofitlink-staging-access-logs");
  });

  it("logs a chosen share of the requests, and keeps them as long as told", async () => {
    const recording = await build({ logSampleRate: 0.1 });
    assert.deepEqual(named(recording, "public-backend")["logConfig"], { enable: true, sampleRate: 0.1 });
    const bucket = named(recording, "public-access-logs");
    assert.deepEqual([bucket["retentionDays"], bucket["location"]], [30, "europe-west3"]);
    assert.equal(
      named(recording, "public-access-logs-sink")["filter"],
      'resource.type="http_load_balancer" AND resource.labels.url_map_name="routes"',
    );
  });
});

describe("gcpLoadBalancerIssues", () => {
  const cases: [string, Partial<GcpLoadBalancerArgs>, string][] = [
    [
      "a zone of another region",
      { location: { ...args.location, zones: ["europe-west1-b"] } },
      'location.zones[0]: got "europe-west1-b"; allowed is a zone of europe-west3, like europe-west3-a, once. Name the zones of the cluster\'s nodes; see `gcloud container clusters describe`.',
    ],
    [
      "no zone",
      { location: { ...args.location, zones: [] } },
      "location.zones: got a list, []; allowed is at least one zone. Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
    ],
    [
      "more requests than Cloud Armor counts",
      { firewall: { mode: "block", requestsPerFiveMinutes: 10_001 } },
      "firewall.requestsPerFiveMinutes: got 10001; allowed is at most 10000 (requests in five minutes), for Cloud Armor counts no further. Lower it; the rate limit of the proxy is another.",
    ],
    [
      "a certificate of another cloud",
      { certificate: { kind: "existing", id: "arn:aws:acm:x", names: ["*.example.com"] } },
      'certificate.id: got "arn:aws:acm:x"; allowed is projects/<project>/locations/global/certificates/<name>. See `gcloud certificate-manager certificates list`.',
    ],
    [
      "the timeout chain of another cloud",
      { timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }) },
      "timeouts.idle.proxyClient: got 75; allowed is at least 620 (seconds), for the load balancer keeps idle connections for 600 s. Derive the timeout chain for gcp.",
    ],
  ];
  for (const [what, change, message] of cases) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(
        gcpLoadBalancerIssues({ ...args, ...change }).map((found) => describeIssue(found)),
        [message],
      );
    });
  }
});
