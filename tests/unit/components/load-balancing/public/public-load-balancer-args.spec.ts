import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import { timeoutChain } from "../../../../../budget/timeouts/timeouts";
import {
  completePublicArgs,
  publicLoadBalancerIssues,
  type CompletePublicArgs,
  type PublicLoadBalancerArgs,
} from "../../../../../components/load-balancing/public/public-load-balancer-args";
import { allowedRange } from "../../../../../budget/core/ranges";
import { certificateCovers } from "../../../../../budget/load-balancing/rules";
import { isHostName } from "../../../../../budget/load-balancing/settings";
import { describeIssue } from "../../../../../components/shared/issues";

type Args = CompletePublicArgs<PublicLoadBalancerArgs>;

const args: Args = completePublicArgs("aws", {
  configKey: "retrofitlink:loadBalancer.public",
  namespace: "retrofitlink",
  proxy: {
    serviceName: "nginx-load-balancer",
    servicePort: 80,
    podPort: 8080,
    protocol: "HTTP",
    healthPath: "/healthz",
  },
  hosts: ["app.example.com"],
  dnsZone: "Z1",
  certificate: { kind: "managed" },
  sources: { kind: "internet" },
  accessLogDays: 30,
  firewall: { mode: "block", requestsPerFiveMinutes: 6000 },
  budget: DEFAULT_BUDGET,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
});

const lock = { headerName: "x-origin-verify", headerValue: pulumi.secret("s3cret") };

const withoutZone = Object.fromEntries(
  Object.entries(args).filter(([key]) => key !== "dnsZone"),
) as unknown as Args;

describe("publicLoadBalancerIssues", () => {
  const cases: [string, Args, string][] = [
    [
      "no host",
      { ...args, hosts: [] },
      "hosts: got a list, []; allowed is at least one host name. Give the names that clients use, or that the CDN does.",
    ],
    [
      "a wildcard as a host",
      { ...args, hosts: ["*.example.com"] },
      'hosts[0]: got "*.example.com"; allowed is a host name in lower case, like app.example.org. Leave https:// and the port out; write other letters in Punycode, xn--….',
    ],
    [
      "a host twice",
      { ...args, hosts: ["app.example.com", "app.example.com"] },
      'hosts: got a list, ["app.example.com","app.example.com"]; allowed is each name once. Remove the second.',
    ],
    [
      "a certificate that nobody can prove",
      withoutZone,
      "dnsZone: got nothing; allowed is the zone of the hosts. Name the zone, in which the certificate is proved, or give a certificate that is there.",
    ],
    [
      "a certificate for another name",
      { ...args, certificate: { kind: "existing", id: "x", names: ["*.example.org", "example.com"] } },
      'certificate.names: got a list, ["*.example.org","example.com"]; allowed is names that cover every host; app.example.com is not covered. Choose a certificate for this name, or let one be made with certificate: managed.',
    ],
    [
      "a CDN without an origin lock",
      { ...args, sources: { kind: "cloudfront" } },
      "originLock: got nothing; allowed is an origin lock, for cloudfront is the source. Pass the lock that the CDN sends: its addresses are those of all its customers.",
    ],
    [
      "everybody, said as a range",
      { ...args, sources: { kind: "ranges", ranges: ["0.0.0.0/0"] } },
      'sources.ranges[0]: got "0.0.0.0/0"; allowed is a range that is not everybody, at the widest /8. Give the range of an office or a partner; everybody is said with sources: internet.',
    ],
    [
      "an empty list of ranges",
      { ...args, sources: { kind: "ranges", ranges: [] } },
      "sources.ranges: got a list, []; allowed is at least one range. Name the ranges, or say internet.",
    ],
    [
      "a rate of zero",
      { ...args, firewall: { mode: "block", requestsPerFiveMinutes: 0 } },
      "firewall.requestsPerFiveMinutes: got 0; allowed is a whole number from 10 to 2,000,000,000 (requests in five minutes). Give what the busiest honest client asks, several times over; at most 10,000 on gcp. Behind CloudFront its own firewall counts.",
    ],
    [
      "logs that are kept for no day",
      { ...args, accessLogDays: 0 },
      "accessLogDays: got 0; allowed is a whole number from 1 to 3,653 (days). Say how long access logs are kept.",
    ],
    [
      "a port that is none",
      { ...args, proxy: { ...args.proxy, podPort: 70_000 } },
      "proxy.podPort: got 70000; allowed is a whole number from 1 to 65,535. Give the port that it listens on.",
    ],
  ];
  for (const [what, wrong, message] of cases) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(
        publicLoadBalancerIssues(wrong).map((found) => describeIssue(found)),
        [message],
      );
    });
  }

  it("refuses a timeout chain that does not hold", () => {
    const timeouts = { ...args.timeouts, idle: { ...args.timeouts.idle, proxyClient: 30 } };
    const [found, ...more] = publicLoadBalancerIssues({ ...args, timeouts });
    assert.deepEqual([found?.path, found?.got, more], [["timeouts", "idle", "proxyClient"], "30", []]);
  });

  it("accepts a CDN with a lock", () => {
    assert.deepEqual(
      publicLoadBalancerIssues({ ...args, sources: { kind: "cloudflare" }, originLock: lock }),
      [],
    );
  });
});

describe("what names and ranges say", () => {
  it("knows which hosts a certificate is good for", () => {
    assert.ok(certificateCovers(["example.com"], "example.com"));
    assert.ok(certificateCovers(["*.example.com"], "app.example.com"));
    assert.ok(!certificateCovers(["*.example.com"], "example.com"));
    assert.ok(!certificateCovers(["*.example.com"], "a.b.example.com"));
    assert.ok(!certificateCovers([], "example.com"));
  });

  it("knows a host from what is none", () => {
    for (const host of ["app.example.com", "a-b.c1.de", "xn--bcher-kva.example"])
      assert.ok(isHostName(host), host);
    for (const host of [
      "localhost",
      "App.example.com",
      "-a.example.com",
      "a..b.com",
      "10.0.0.1",
      "",
      "a.b/c",
    ]) {
      assert.ok(!isHostName(host), host);
    }
  });

  it("knows a named range from everybody and from what is none", () => {
    for (const range of ["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "2001:db8::1/128", "::1/128"])
      assert.equal(allowedRange(range), undefined, range);
    for (const range of [
      "10.0.0.0",
      "10.0.0.0/33",
      "x/8",
      "10.0.0.0/8/8",
      "::ffff:10.0.0.0/104",
      "fe80::1%eth0/64",
    ])
      assert.equal(allowedRange(range), "a range in CIDR notation, like 203.0.113.0/24", range);
    // The halves of the internet are as good as the whole.
    for (const range of ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7"])
      assert.equal(allowedRange(range), "a range that is not everybody, at the widest /8", range);
    for (const range of ["::/0", "2000::/3"])
      assert.equal(allowedRange(range), "a range that is not everybody, at the widest /16", range);
    for (const [range, alone] of [
      ["203.0.113.5/24", "203.0.113.5/32"],
      ["2001:db8::1/32", "2001:db8::1/128"],
      ["2001:db8:1::/32", "2001:db8:1::/128"],
    ] as const) {
      const allowed = `a range without bits behind its prefix; one address alone is ${alone}`;
      assert.equal(allowedRange(range), allowed, range);
    }
  });
});
