import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";

import {
  CloudFront,
  cloudFrontIssues,
  type CloudFrontArgs,
} from "../../../../../components/edge/cloudfront/cloudfront";
import { describeIssue } from "../../../../../components/shared/issues";
import { publicKey } from "../../../../helpers/cdn";
import { record } from "../../../../helpers/pulumi";
import { LOCK, cloudFront } from "../fixtures";

const { timeouts } = cloudFront;

function curveKey(namedCurve: string): string {
  const { publicKey: key } = generateKeyPairSync("ec", { namedCurve });
  return key.export({ type: "spki", format: "pem" }).toString();
}

describe("CloudFront that cannot be built", () => {
  const problems = (change: Partial<CloudFrontArgs>): string[] =>
    cloudFrontIssues({ ...cloudFront, ...change }).map((found) => describeIssue(found));
  const cases: [string, Partial<CloudFrontArgs>, string][] = [
    [
      "a host of another zone",
      { hosts: ["www.example.org"] },
      'hosts[0]: got "www.example.org"; allowed is example.com or a name below it. The certificate is proved through the zone; give the host\'s own zone, or another host.',
    ],
    [
      "no host",
      { hosts: [] },
      "hosts: got a list, []; allowed is at least one host name. Give the names that clients use, or that the CDN does.",
    ],
    [
      "a lock in a header that belongs to a CDN",
      { originLock: { headerName: "CF-Lock", headerValue: LOCK } },
      'originLock.headerName: got "CF-Lock"; allowed is a name of letters, digits and hyphens that no CDN keeps for itself. Choose another name, like X-Origin-Lock.',
    ],
    [
      "a wait that CloudFront does not have",
      { timeouts: { ...timeouts, request: { ...timeouts.request, edge: 121 } } },
      "timeouts.request.edge: got 121; allowed is a whole number from 1 to 120 (seconds). Shorten the longest request of the service behind the load balancer.",
    ],
    [
      "clients that ask for nothing",
      { traffic: { ...cloudFront.traffic, peakRps: 0 } },
      "traffic.peakRps: got 0; allowed is a number above 0 and at most 100,000,000 (requests/s). Give the highest rate of all requests of clients, before any cache.",
    ],
    [
      "a third key",
      { publicKeys: [...cloudFront.publicKeys, publicKey()] },
      "publicKeys: got 3; allowed is at most 2 keys, the old and the new one. Remove those that no service signs with any more.",
    ],
    [
      "text in place of a key",
      { publicKeys: ["ssh-rsa AAAA"] },
      "publicKeys[0]: got text that is none; allowed is a public key of RSA with 2048 bits or of the curve P-256, PEM. Make one: `openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`.",
    ],
    [
      "a key of another curve",
      { publicKeys: [curveKey("secp384r1")] },
      "publicKeys[0]: got a key of the curve secp384r1; allowed is a public key of RSA with 2048 bits or of the curve P-256, PEM. Make one: `openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`.",
    ],
    [
      "more names than a certificate",
      { hosts: Array.from({ length: 101 }, (_, index) => `a${index}.example.com`) },
      "hosts: got 101 names; allowed is at most 100, which one certificate and one distribution hold. Lead the others to one of these by a redirect.",
    ],
    [
      "logs for no time",
      { site: { ...cloudFront.site, logDays: 0 } },
      "site.logDays: got 0; allowed is a whole number from 1 to 3,650 (days). Say how long logs are kept.",
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`has ${what}`, () => assert.deepEqual(problems(change), [expected]));
  }

  it("takes keys of RSA and of the curve P-256", () => {
    assert.deepEqual(problems({ publicKeys: [publicKey(), curveKey("prime256v1")] }), []);
  });

  it("cannot even be written down without an origin lock", () => {
    const { originLock, ...open } = cloudFront;
    assert.ok(originLock);
    // @ts-expect-error -- the lock is no optional argument
    const args: CloudFrontArgs = open;
    assert.equal("originLock" in args, false);
  });

  it("names the key of the stack file", async () => {
    const build = record(() => new CloudFront("cdn", { ...cloudFront, hosts: [] }));
    await assert.rejects(build, {
      message:
        'CloudFront "cdn" cannot be built:\n' +
        "  - retrofitlink:cdn.hosts: got a list, []; allowed is at least one host name. Give the names that clients use, or that the CDN does.",
    });
  });
});
